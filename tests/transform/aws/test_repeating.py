"""What a producer sends again counts once, whatever it says, in any order, and after any kill."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import raw_likes
from tests.bucket import Objects
from tests.examples import every, examples
from tests.fakes import DynamoDB
from tests.raw_likes import HOUR, Row
from tests.small_lake import (
    DAY,
    NOW,
    POWER,
    assert_totals_are_derived,
    deliver,
    lake,
    like,
    run,
    totals,
)
from transform.aws import adjusting
from transform.aws.adjusting import Counts
from transform.aws.buckets import Bucket
from transform.aws.compacting import divide
from transform.aws.lake_writer import Contended
from transform.lake import keys, repeats, staging
from transform.lake.division import Division

DAYS = 24 * HOUR


class Crash(Exception):
    """The end of a process, anywhere."""


class Stage:
    """A stream that is counted, its archive, and the lake."""

    def __init__(self):
        self.s3 = Objects()
        self.s3.now = NOW
        self.bucket = Bucket(self.s3, "bucket")
        self.table = DynamoDB()
        self.delivered: list[Row] = []
        self.places: dict[str, Row] = {}
        self.files = 0

    def deliver(self, *rows, again=False):
        """Have Firehose deliver what stands on the stream, which is counted once a place."""
        for row in rows:
            if row.place not in self.places:
                self.places[row.place] = row
                item = self.table.items.setdefault(row.movie_id, {"movie_id": {"S": row.movie_id}})
                likes = int(item.get("likes", {"N": "0"})["N"])
                item["likes"] = {"N": str(likes + (1 if row.action == "like" else -1))}
        self.delivered += rows
        self.files += 1
        deliver(self.s3, f"{self.files}", *rows, at=self.s3.now)

    def bucket_divided(self, division):
        """Divide the days of the lake so."""
        divide(self.bucket, division, POWER)

    def compact(self):
        run(self.bucket)
        return adjusting.adjust(self.bucket, Counts(self.table, "counts"))

    def dies(self, last):
        """Compact as a process that ends before its call of this number, or after it."""
        calls = 0

        def count(*call):
            nonlocal calls
            calls += 1
            if calls >= last:
                raise Crash

        self.s3.before = self.s3.after = self.table.fate = count
        try:
            self.compact()
        except Crash:
            return True
        finally:
            self.s3.before = self.s3.after = self.table.fate = lambda *call: None
        return False

    def counted(self):
        return {film: likes for film, likes in self.table.likes().items() if likes}

    def repeats(self):
        """Give the event ids that came again, by the day that they named."""
        return Counter(
            (keys.day_of(key), event_id)
            for key, body in self.s3.objects.items()
            if key.startswith(keys.REPEATS)
            for event_id in repeats.decode(body)["event_id"].to_pylist()
        )

    def assert_true(self, division=raw_likes.WHOLE_DAYS):
        """Lake, totals, repeats and counts are what was delivered."""
        rows = self.delivered
        assert lake(self.s3) == raw_likes.days(rows, division)
        assert totals(self.s3) == raw_likes.sums(rows)
        assert_totals_are_derived(self.s3)
        again = Counter((row.liked_at // DAYS, row.event_id) for row in raw_likes.repeats(rows))
        assert self.repeats() == again
        net = Counter()
        for row in raw_likes.first(rows).values():
            net[row.movie_id] += 1 if row.action == "like" else -1
        assert self.counted() == {film: likes for film, likes in net.items() if likes}


@pytest.fixture
def stage():
    return Stage()


def at(place, event_id, liked_at=NOW, movie_id="m", **more):
    return like(event_id, liked_at, movie_id, place=place, **more)


def test_a_request_that_was_sent_again_counts_once_within_a_compaction(stage):
    stage.deliver(at("s/1/0", "1"), at("s/1/1", "2"))
    assert stage.compact() == 0 and stage.counted() == {"m": 2}
    stage.deliver(at("s/2/0", "1", received_at=NOW + 5))
    assert stage.counted() == {"m": 3}
    assert stage.compact() == 1
    assert stage.counted() == {"m": 2}
    assert stage.table.items["m"]["adjusted"] == {"N": "-1"}
    stage.assert_true()
    stood = dict(stage.s3.objects)
    stage.s3.now += HOUR
    assert stage.compact() == 0 and stage.s3.objects == stood


def test_twice_in_one_file_and_what_firehose_delivers_twice(stage):
    stage.deliver(at("s/1/0", "1"), at("s/2/0", "1"), at("s/1/0", "1"), at("s/2/0", "1"))
    stage.compact()
    stage.assert_true()
    stage.deliver(at("s/2/0", "1"), at("s/1/0", "1"), at("s/3/0", "1"))
    stage.compact()
    stage.assert_true()
    assert stage.repeats() == {(DAY, "1"): 2}


def test_one_that_came_first_and_is_delivered_last(stage):
    """The like that stood becomes the repeat, in the day and of the film that it names."""
    stage.deliver(at("s/2/0", "1", NOW, "b", received_at=NOW + 9))
    stage.compact()
    stage.deliver(at("s/1/0", "1", NOW - 2 * DAYS, "a", received_at=NOW, action="unlike"))
    stage.compact()
    stage.assert_true()
    assert stage.repeats() == {(DAY, "1"): 1} and stage.counted() == {"a": -1}


def test_rows_of_before_there_were_places_are_no_repeats(stage):
    stage.deliver(at("s/1/0", "1"))
    deliver(stage.s3, "old", like("1", NOW, "m"), like("2", NOW, "m"))
    stage.compact()
    assert stage.repeats() == {} and [row.event_id for row in lake(stage.s3).popitem()[1]] == [
        "1",
        "2",
    ]


def test_all_that_was_delivered_merged_once_more_changes_nothing(stage):
    for number in range(4):
        stage.deliver(at(f"s/{number}/0", "1", NOW + number * DAYS, received_at=NOW + number))
        stage.compact()
    stage.assert_true()
    stood = dict(stage.s3.objects)
    run(stage.bucket, everything=True)
    assert stage.s3.objects == stood


records = st.lists(
    st.builds(
        like,
        st.sampled_from("12"),
        st.sampled_from([NOW, NOW - HOUR, NOW - 2 * DAYS]),
        st.sampled_from("ab"),
        st.integers(NOW, NOW + 3),
        action=st.sampled_from(["like", "unlike"]),
    ),
    min_size=1,
    max_size=6,
)
deliveries = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=5)
kills = st.lists(st.integers(1, 90), max_size=2)
divisions = st.sampled_from([Division(), Division(True), Division(False, 2)])


@settings(max_examples=examples(15))
@given(records, deliveries, kills, divisions, st.booleans())
def test_any_deliveries_and_kills_count_each_like_once(given, delivered, kills, division, spilled):
    """Records of the stream, of which Firehose delivers some, in any order and several times; what
    it has delivered is compacted each time, by processes that may be killed."""
    stage = Stage()
    with pytest.MonkeyPatch.context() as patch:
        if spilled:
            patch.setattr(staging, "HELD", 0)
        stage.bucket_divided(division)
        on_stream = [row._replace(place=f"s/{n}/0") for n, row in enumerate(given)]
        kills = iter(kills)
        for numbers in delivered:
            stage.deliver(*(on_stream[n % len(on_stream)] for n in numbers))
            stage.s3.now += 1
            if (last := next(kills, None)) is not None:
                stage.dies(last)
            stage.compact()
            stage.assert_true(division)


def test_a_day_whose_repeats_are_all_it_has_keeps_its_totals():
    stage = Stage()
    stage.bucket_divided(Division())
    rows = [
        like("1", NOW, "b", NOW, action="like"),
        like("1", NOW, "b", NOW, action="unlike"),
        like("1", NOW - 2 * DAYS, "a", NOW, action="like"),
    ]
    on_stream = [row._replace(place=f"s/{n}/0") for n, row in enumerate(rows)]
    for some in (on_stream, on_stream[:1]):
        stage.deliver(*some)
        stage.s3.now += 1
        stage.compact()
        stage.assert_true()


@pytest.mark.parametrize(
    ("earlier", "received", "division"),
    [
        (0, 3, Division()),
        (HOUR, -3, Division(True)),
        (DAYS, 3, Division()),
        (2 * DAYS, -3, Division()),
    ],
)
def test_two_that_merge_one_id_of_two_films_at_a_time_leave_what_came_first(
    earlier, received, division
):
    """The other delivers and merges its copy whole, between any two calls of the one."""
    for moment in range(1, 200, every(13)):
        stage, calls = Stage(), 0
        stage.bucket_divided(division)
        stage.deliver(at("s/1/0", "1", NOW, "a"))

        def other(*call, stage=stage, moment=moment):
            nonlocal calls
            calls += 1
            if calls == moment:
                quiet(stage)
                copy = at("s/2/0", "1", NOW - earlier, "b", received_at=NOW + received)
                stage.deliver(copy)
                stage.compact()

        stage.s3.before = stage.s3.after = stage.table.fate = other
        stage.compact()
        quiet(stage)
        if calls < moment:
            break
        stage.s3.now += 1
        stage.compact()
        stage.assert_true(division)
    assert moment > 20


def quiet(stage):
    stage.s3.before = stage.s3.after = stage.table.fate = lambda *call: None


def test_a_run_that_looked_earlier_does_not_adjust_later(stage):
    """Between its look and its write, another run looks and writes."""
    stage.deliver(at("s/1/0", "1"), at("s/2/0", "1", received_at=NOW + 1))
    run(stage.bucket)

    def other(call, table):
        if call == "update":
            stage.table.fate = lambda *call: None
            stage.deliver(at("s/3/0", "1", received_at=NOW + 2))
            stage.compact()

    stage.table.fate = other
    adjusting.adjust(stage.bucket, Counts(stage.table, "counts"))
    stage.assert_true()
    assert stage.counted() == {"m": 1}


def test_others_that_are_always_faster_are_told(stage):
    """And nothing is lost: the next run adjusts."""
    stage.deliver(at("s/1/0", "1"), at("s/2/0", "1", received_at=NOW + 1))
    run(stage.bucket)
    others = iter(range(100))

    def claim(call, key):
        if call == "put" and key == adjusting.KEY:
            stage.s3.add(key, b'{"runs":%d}' % (next(others) + 1_000))

    stage.s3.before = claim
    with pytest.raises(Contended, match="adjusting.json was changed by others"):
        adjusting.adjust(stage.bucket, Counts(stage.table, "counts"))
    stage.s3.before = lambda *call: None
    assert stage.compact() == 1
    stage.assert_true()


def test_counts_are_adjusted_though_the_number_of_runs_was_lost(stage):
    for number in range(4):
        stage.deliver(at(f"s/{number}/0", "1", received_at=NOW + number))
        stage.compact()
    del stage.s3.objects[adjusting.KEY]
    stage.deliver(at("s/4/0", "1", received_at=NOW + 4))
    stage.compact()
    stage.assert_true()
