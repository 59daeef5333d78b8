"""A copy of a like that names another time of its event: the one that arrived first stays."""

import pytest

from infra.cli.backfill import segment
from tests import raw_likes
from tests.bucket import Objects
from tests.raw_likes import HOUR
from tests.small_lake import (
    DAY,
    NOW,
    POWER,
    assert_totals_are_derived,
    deliver,
    lake,
    like,
    run,
    state,
    totals,
)
from transform.aws import arrivals, lake_writer
from transform.aws.buckets import Bucket
from transform.aws.compacting import divide
from transform.aws.lake_writer import opened
from transform.aws.settling import settle
from transform.lake import event_ids, keys, staging
from transform.lake.division import WHOLE, Division
from transform.lake.watermark import OVERLAP_MS

DAYS = 24 * HOUR


@pytest.fixture
def s3():
    fake = Objects()
    fake.now = NOW
    return fake


@pytest.fixture
def bucket(s3):
    return Bucket(s3, "bucket")


def passed(s3, time):
    """Let time pass; gives the moment that it then is."""
    s3.now += time
    return s3.now


def ids(s3):
    return sorted(key for key in s3.objects if key.startswith("ids/"))


def test_a_client_that_tries_again_after_midnight_liked_once(s3, bucket):
    first = like("1", NOW)
    deliver(s3, "a", first, like("2"))
    run(bucket)
    later = passed(s3, 13 * HOUR)
    deliver(s3, "b", like("1", later), like("3", later), at=later)
    done = run(bucket)
    assert (done.rows, done.new, done.duplicates) == (2, 1, 1)
    assert lake(s3) == raw_likes.days([first, like("2"), like("3", later)])
    assert totals(s3) == raw_likes.sums([first, like("2"), like("3", later)])


@pytest.mark.parametrize("days", [1, 6, 7])
@pytest.mark.parametrize("division", [Division(), Division(False, 2), Division(True)])
def test_it_is_known_for_seven_days_of_arrival_whatever_it_says_of_its_time(
    s3, bucket, days, division
):
    divide(bucket, division, POWER)
    deliver(s3, "a", first := like("1", NOW - 400 * DAYS, received_at=NOW))
    run(bucket)
    for day in range(days):
        now = passed(s3, DAYS)
        deliver(s3, "b", like(f"of {day}", now), at=now)
        run(bucket)
    others = [like(f"of {day}", NOW + (day + 1) * DAYS) for day in range(days)]
    deliver(s3, "c", like("1", NOW - 30 * DAYS, received_at=s3.now), at=s3.now)
    assert run(bucket).new == 0
    assert lake(s3) == raw_likes.days([first, *others], division)


def test_among_the_hours_of_a_divided_day_it_is_known_too(s3, bucket):
    divide(bucket, Division(True), POWER)
    deliver(s3, "a", first := like("1", NOW - 5 * HOUR, received_at=NOW), like("2", NOW - HOUR))
    run(bucket)
    deliver(s3, "b", like("1", NOW - HOUR, received_at=NOW + 1))
    run(bucket)
    assert lake(s3) == raw_likes.days([first, like("2", NOW - HOUR)], Division(True))


@pytest.mark.parametrize("held", [10**9, 0], ids=["in memory", "spilled"])
def test_one_that_arrived_first_and_is_merged_last_takes_its_place(s3, bucket, monkeypatch, held):
    """The copy goes once the like is there, so that no reader misses it; and with the last like of
    a day go its object and its totals."""
    monkeypatch.setattr(staging, "HELD", held)
    copy, first = like("1", NOW - 2 * DAYS, received_at=NOW + 5), like("1", NOW, received_at=NOW)
    deliver(s3, "b", copy, like("2"))
    run(bucket)
    seen = []
    s3.after = lambda call, key: seen.append(sorted(
        row for rows in lake(s3).values() for row in rows if row.event_id == "1"
    ))  # fmt: skip
    deliver(s3, "a", first, at=NOW + 6)
    assert run(bucket).new == 0
    assert seen[0] == [copy] and seen[-1] == [first] and [] not in seen
    assert lake(s3) == raw_likes.days([first, like("2")])
    assert keys.totals(DAY - 2) not in s3.objects
    assert totals(s3) == raw_likes.sums([first, like("2")])
    assert_totals_are_derived(s3)


def test_totals_of_a_day_that_a_killed_run_emptied_go_with_the_next(s3, bucket):
    deliver(s3, "a", like("1"), like("2", NOW - 2 * DAYS))
    run(bucket)
    del s3.objects[keys.likes(DAY - 2, WHOLE)]
    deliver(s3, "b", like("3"), at=NOW + 1)
    run(bucket)
    assert keys.totals(DAY - 2) not in s3.objects and keys.totals(DAY) in s3.objects


def test_a_hash_only_says_where_to_look(s3, bucket, monkeypatch):
    monkeypatch.setattr(event_ids, "HASH", "7")
    rows = [like("1"), like("2", NOW - 2 * DAYS), like("3", NOW - HOUR)]
    for number, row in enumerate(rows):
        deliver(s3, f"{number}", row, at=NOW + number)
        run(bucket)
    assert lake(s3) == raw_likes.days(rows)


@pytest.mark.parametrize("lost", ["none are there", "they are hashed otherwise"])
def test_ids_that_are_not_there_are_read_from_what_was_delivered(s3, bucket, lost, monkeypatch):
    """So a stage of an earlier version needs nobody's care."""
    monkeypatch.setattr(arrivals, "AT_ONCE", 2)
    rows = [like(str(number), NOW + number) for number in range(5)]
    for number, row in enumerate(rows):
        deliver(s3, f"{number}", row, at=row.liked_at)
    run(bucket)
    del s3.objects[ids(s3)[0]]
    if lost == "they are hashed otherwise":
        with monkeypatch.context() as context:
            context.setattr(event_ids, "_function", lambda cursor: "another")
            context.setattr(event_ids, "HASH", "0")
            deliver(s3, "5", like("5", NOW + 5), at=NOW + 5)
            run(bucket)
        rows.append(like("5", NOW + 5))
    later = passed(s3, DAYS)
    copies = [row._replace(liked_at=later, received_at=later) for row in rows]
    deliver(s3, "copies", *copies, at=later)
    assert run(bucket).new == 0
    assert lake(s3) == raw_likes.days(rows)
    assert len(ids(s3)) == 2


def test_what_is_read_is_bounded_by_the_days_of_arrival(s3, bucket):
    """Twenty days on, the first's ids are not looked at; and nothing is, where nothing arrives."""
    for _ in range(20):
        deliver(s3, "a", like(f"{s3.now}", s3.now), at=s3.now)
        run(bucket)
        passed(s3, DAYS)
    calls = []
    s3.before = lambda *call: calls.append(call)
    run(bucket)
    assert not [key for _, key in calls if key.startswith("ids/") and key != "ids/"]
    deliver(s3, "a", like("new", s3.now), at=s3.now)
    run(bucket)
    read = {key for call, key in calls if call == "get" and key.startswith("ids/")}
    since = keys.ids_day(s3.now - 8 * DAYS)
    assert read == {key for key in ids(s3) if key > since} and len(read) == 9


def test_an_object_of_ids_is_an_arrival_day_or_hour_and_small(s3, bucket):
    rows = [like(f"{number:032x}", NOW - number) for number in range(20_000)]
    deliver(s3, "a", *rows)
    run(bucket)
    assert ids(s3) == ["ids/arrival_day=2026-01-31/whole.parquet"]
    assert len(s3.objects[ids(s3)[0]]) < 8.5 * len(rows)  # fewer the more there are
    divide(bucket, Division(True), POWER)
    deliver(s3, "b", like("x"), at=NOW + 1)
    run(bucket)
    assert ids(s3)[0] == "ids/arrival_day=2026-01-31/hour-12.parquet"
    s3.now += 2 * OVERLAP_MS
    stood = dict(s3.objects)
    assert run(bucket, everything=True).new == 0 and s3.objects == stood


def test_a_backfilled_copy_of_what_arrived_lately_is_not_brought_in(s3, bucket):
    deliver(s3, "a", first := like("1", NOW, received_at=NOW))
    run(bucket)
    brought = [like("1", NOW - 3 * DAYS, backfill=1), like("2", NOW - 3 * DAYS, backfill=1)]
    with opened(bucket, POWER) as days:
        days.staging.add([raw_likes.of_the_lake(brought)])
        known = arrivals.Arrivals(days, [state(s3).watermark])
        assert settle(days, days.staging.once(), lambda part: None, known).new == 1
    assert lake(s3) == raw_likes.days([first, brought[1]])
    assert segment.settle is settle


def test_two_that_merge_copies_at_the_same_time_leave_one(s3, bucket):
    """Each merges before it tells, and looks after it has told: whoever is later sees the other."""
    first, copy = like("1", NOW - DAYS, received_at=NOW), like("1", NOW, received_at=NOW + 9)
    deliver(s3, "copy", copy, like("2"))

    def other(call, key):
        if call == "put" and key == keys.likes(DAY, WHOLE):
            s3.after = lambda call, key: None
            deliver(s3, "first", first, at=NOW + 10)
            run(bucket)

    s3.after = other
    run(bucket)
    run(bucket)
    assert lake(s3) == raw_likes.days([first, like("2")])


def test_ids_that_others_change_for_ever_are_given_up(s3, bucket):
    deliver(s3, "a", like("1"))
    others = iter(range(100))

    def change(call, key):
        if call == "put" and key.startswith("ids/"):
            with opened(bucket, POWER) as days, days.staging.session() as cursor:
                of = {f"{next(others):016}"}
                s3.add(key, event_ids.encode(cursor, event_ids.SCHEMA.empty_table(), of))

    s3.before = change
    with pytest.raises(lake_writer.Contended, match="ids/arrival_day=2026-01-31"):
        run(bucket)
    s3.before = lambda call, key: None
    assert run(bucket).objects == 1 and lake(s3) == raw_likes.days([like("1")])
