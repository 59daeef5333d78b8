"""CompactLake: whatever is delivered, and whatever happens, the lake holds each like once."""

import errno
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace

import pytest

from tests import aws, raw_likes
from tests.bucket import Objects
from tests.examples import examples, some
from tests.fakes import DynamoDB, refusal
from tests.raw_likes import HOUR
from tests.small_lake import (
    DAY,
    NOW,
    POWER,
    assert_totals_are_derived,
    deliver,
    lake,
    like,
    read,
    run,
    state,
    totals,
)
from transform.aws import compacting, lake_writer, standing, tending
from transform.aws.buckets import Bucket, Forbidden
from transform.aws.compacting import divide
from transform.aws.lake_writer import Contended, Power
from transform.handlers import compact
from transform.lake import compaction, keys, raw_files, staging, tombstones, watermark
from transform.lake.division import WHOLE, Division
from transform.lake.errors import NoRoom
from transform.lake.watermark import OVERLAP_MS, State

STATE = watermark.KEY
TODAY = keys.likes(DAY, WHOLE)
LAKE = {"use_deprecated_int96_timestamps": False, "coerce_timestamps": "ms"}
DIVISIONS = [Division(), Division(False, 2), Division(True), Division(True, 3)]


class Crash(Exception):
    """The end of a process, anywhere."""


@pytest.fixture
def s3(monkeypatch):
    fake = Objects()
    fake.now = NOW
    monkeypatch.setattr(compact, "_s3", lambda: fake)
    monkeypatch.setattr(compact, "_dynamodb", DynamoDB)
    monkeypatch.setenv("COUNTS_TABLE", "counts")
    # One call at a time, so that what happens between two of them happens there each time.
    monkeypatch.setattr(compacting, "CONNECTIONS", 1)
    monkeypatch.setattr(lake_writer, "CONNECTIONS", 1)
    monkeypatch.setenv("LAKE_BUCKET", "raw-likes-bucket-test")
    return fake


@pytest.fixture
def bucket(s3):
    return Bucket(s3, "raw-likes-bucket-test")


def made_up(chance, count):
    """Give rows: over hours and days, some late; and copies, as `copied` makes them."""
    rows = []
    for _ in range(count):
        if rows and chance.random() < 0.3:
            rows.append(copied(chance, chance.choice(rows)))
            continue
        liked = NOW - chance.choice([0, 1, HOUR - 1, HOUR, 30 * HOUR, chance.randrange(HOUR)])
        more = {"action": chance.choice(["like", "unlike"]), "source": chance.choice([None, "tv"])}
        row = like(f"{chance.getrandbits(40):x}", liked, chance.choice("abc"), NOW)
        rows.append(row._replace(**more))
    return rows


def copied(chance, row):
    """Give a copy, which came at another time and may name another of its event."""
    liked = row.liked_at + chance.choice([0, 0, 0, 1, HOUR, 5 * HOUR, -HOUR, 24 * HOUR, -30 * HOUR])
    return row._replace(liked_at=liked, received_at=row.received_at + chance.randrange(-5, 5))


@pytest.mark.parametrize("seed", range(examples(2)))
def test_any_files_runs_crashes_and_runs_in_between_leave_each_like_once(
    seed, s3, bucket, monkeypatch
):
    """A copy may name another hour or day than the like. Between any two calls another process may
    merge or divide, and after or before any call this one may end; raw files come late, and with
    earlier times than files that are merged. Some make their calls at the same time, some merge few
    days together."""
    monkeypatch.setattr(lake_writer, "CONNECTIONS", 1 + seed % 3)
    monkeypatch.setattr(lake_writer, "TOGETHER", 1 + seed % 4)
    monkeypatch.setattr(staging, "HELD", seed % 5 * 2_000)
    chance = random.Random(seed)
    sent, inside = [], False

    def act():
        if chance.random() < 0.25:
            divide(bucket, chance.choice(DIVISIONS), POWER)
        else:
            run(bucket, **chance.choice([{}, {}, {"everything": True}, {"day": "2026-01-31"}]))

    def between(call, key):
        nonlocal inside
        if inside:
            return
        draw = chance.random()
        if draw < 0.03:
            raise Crash
        if draw < 0.06:
            inside = True
            try:
                act()
            finally:
                inside = False

    for number in range(4):
        for part in range(chance.randint(0, 3)):
            rows = made_up(chance, chance.randint(1, 8)) + chance.sample(sent, min(len(sent), 2))
            rows += [copied(chance, row) for row in chance.sample(sent, min(len(sent), 2))]
            sent += rows
            late = chance.choice([0, 0, chance.randrange(OVERLAP_MS)])
            deliver(s3, f"{number}-{part}", *rows, at=s3.now, modified=s3.now - late)
        s3.before = s3.after = between
        with suppress(Crash, Contended):
            act()
        s3.before = s3.after = lambda call, key: None
        s3.now += 5 * 60_000
    run(bucket)
    assert lake(s3) == raw_likes.days(sent, state(s3).division)
    assert totals(s3) == raw_likes.sums(sent)
    assert_totals_are_derived(s3)
    run(bucket)
    before = dict(s3.objects)
    s3.writes.clear()
    for asked in ({}, {"everything": True}, {"day": "2026-01-31"}):
        assert run(bucket, **asked).days == 0
    divide(bucket, state(s3).division, POWER)
    assert s3.objects == before and set(s3.writes) <= {STATE}


def test_the_first_run_tells_what_it_did_and_the_next_finds_nothing(s3, bucket):
    a = deliver(s3, "a", like("1"), like("2", NOW - HOUR, "n"), like("1", received_at=NOW + 1))
    deliver(s3, "b", like("2", NOW - HOUR, "n"), like("3"), at=NOW + 5)
    told = []
    done = run(bucket, tell=lambda *step: told.append(step))
    assert (done.objects, done.rows, done.new, done.duplicates, done.days) == (2, 5, 3, 2, 1)
    assert done.bytes == sum(len(b) for k, b in s3.objects.items() if k.startswith("likes/"))
    assert told[0] == (0, 2) and told[-1] == (2, 2) and sorted(told) == told
    assert state(s3).watermark == NOW + 5 and state(s3).recent[a].modified == NOW
    s3.writes.clear()
    assert run(bucket) == compacting.Done() and s3.writes == []


def test_a_run_that_finds_nothing_makes_no_engine(s3, bucket, monkeypatch):
    deliver(s3, "a", like("1"))
    run(bucket)
    made = []
    engine = lake_writer.duck.engine
    monkeypatch.setattr(lake_writer.duck, "engine", lambda *how: made.append(how) or engine(*how))
    assert run(bucket) == compacting.Done() and made == []
    deliver(s3, "b", like("2"), at=NOW + 1)
    assert run(bucket).new == 1 and len(made) == 1


@pytest.mark.parametrize("division", [Division(), Division(True)])
def test_only_what_is_new_is_read_and_only_what_it_belongs_to_is_touched(s3, bucket, division):
    divide(bucket, division, POWER)
    rows = [like("1"), like("2", NOW - HOUR), like("3", NOW - 24 * HOUR)]
    deliver(s3, "a", *rows)
    run(bucket)
    run(bucket)
    s3.now += 2 * OVERLAP_MS
    calls = []
    s3.before = lambda *call: calls.append(call)
    run(bucket)
    assert {key for call, key in calls if call == "get"} == {STATE, tombstones.PEOPLE}
    assert [key for _, key in calls].count(tombstones.PEOPLE) == 1  # it is quiet
    calls.clear()
    rows.append(like("4", NOW - HOUR, received_at=s3.now))
    new = deliver(s3, "b", rows[-1], at=s3.now)
    run(bucket)
    touched = keys.likes(DAY, "hour-11.parquet" if division.by_hour else WHOLE)
    sums = {keys.totals(DAY), keys.totals(DAY - 1)}
    arrived = keys.ids(NOW, division.by_hour)
    known = {STATE, tombstones.PEOPLE}
    assert {key for call, key in calls if call == "get"} == {touched, new, arrived} | sums | known
    assert [key for key in s3.writes if key.startswith(("likes/", "totals/"))][-2:] == [
        touched, keys.totals(DAY)]  # fmt: skip
    assert lake(s3) == raw_likes.days(rows, division) and totals(s3) == raw_likes.sums(rows)


def test_a_day_is_merged_again_without_a_look_at_the_others(s3, bucket):
    rows = [like("1"), like("2", NOW - 24 * HOUR), like("3")]
    deliver(s3, "a", rows[0])
    deliver(s3, "b", rows[1], at=NOW - 24 * HOUR)
    run(bucket)
    stood = state(s3)
    for key in [key for key in s3.objects if key.startswith(("likes/", "totals/"))]:
        del s3.objects[key]
    assert run(bucket, day="2026-01-30").objects == 1
    assert lake(s3) == raw_likes.days([rows[1]])
    assert state(s3).watermark == stood.watermark
    deliver(s3, "c", rows[2], at=NOW + 1)
    assert run(bucket, everything=True).objects == 3
    assert lake(s3) == raw_likes.days(rows) and state(s3).watermark == NOW + 1


def test_a_day_merged_before_an_older_one_does_not_hide_that(s3, bucket):
    rows = [like("1"), like("2", NOW - 24 * HOUR)]
    for number, row in enumerate(rows):
        deliver(s3, f"{number}", row, at=row.liked_at)
    run(bucket, day="2026-01-31")
    assert lake(s3) == raw_likes.days(rows[:1])
    run(bucket)
    assert lake(s3) == raw_likes.days(rows)


def test_a_run_that_divides_as_it_was_told_before_does_its_days_again(s3, bucket):
    rows = made_up(random.Random(2), 40)
    deliver(s3, "a", *rows)
    turns = []

    def other(call, key):
        if call == "get" and key.startswith("raw/"):
            turns.append("read")
        if call == "put" and key.startswith("likes/") and turns == ["read"]:
            turns.append(key)
            divide(bucket, Division(True, 3), POWER)

    s3.before = other
    run(bucket)
    assert len(turns) == 2 and lake(s3) == raw_likes.days(rows, Division(True, 3))
    assert totals(s3) == raw_likes.sums(rows)


def test_a_long_backlog_is_merged_in_batches_and_ends_when_time_does(s3, bucket, monkeypatch):
    monkeypatch.setattr(compacting, "BATCH_OBJECTS", 2)
    rows = [like(str(n), NOW - n * HOUR) for n in range(7)]
    for n, row in enumerate(rows):
        deliver(s3, str(n), row, at=NOW + n)
    context = SimpleNamespace(**vars(aws.CONTEXT) | {"get_remaining_time_in_millis": lambda: 1})
    assert [compact.handler({}, context)["objects"] for _ in range(4)] == [2, 2, 2, 1]
    assert lake(s3) == raw_likes.days(rows)
    assert compact.handler({}, context)["more"] is True  # totals were not looked at
    assert run(bucket).more is False


def test_objects_of_which_there_is_much_once_they_are_read_are_merged_a_few_at_a_time(
    s3, bucket, monkeypatch
):
    """Of a few bytes, snappy may make twenty times as many: only reading them tells."""
    monkeypatch.setattr(staging, "MOST", 3_000)
    monkeypatch.setattr(compacting, "AT_ONCE", 1)
    rows = [like(str(n), NOW - n * HOUR, extra="x" * 2_000) for n in range(7)]
    for n, row in enumerate(rows):
        deliver(s3, str(n), row, at=NOW + n)
        deliver(s3, f"{n}-gone", row, at=NOW + n)
    monkeypatch.setattr(compacting, "AHEAD", 2)
    told, read = [], Counter()

    def remove(call, key):
        read[key] += call == "get" and key.startswith("raw/")
        if call == "get" and "-gone" in key:
            s3.objects.pop(key, None)

    s3.before = remove
    done = compacting.compact(bucket, power=POWER, tell=lambda *progress: told.append(progress))
    assert (done.objects, done.new, done.more) == (7, 7, False)
    assert len(done.gone) == len(set(done.gone)) == 7
    assert {0, 4, 8, 12, 14} <= {at for at, _ in told}  # up to each second that is there
    assert told == sorted(told) and told[-1] == (14, 14)
    assert read.total() <= 14 + 3 * (compacting.AHEAD + raw_files.READERS)
    assert lake(s3) == raw_likes.days(rows)
    assert run(bucket).objects == 0


def test_an_object_that_is_too_much_by_itself_is_merged_all_the_same(s3, bucket, monkeypatch):
    monkeypatch.setattr(staging, "MOST", 1)
    rows = [like(str(n), NOW, extra="x" * 2_000) for n in range(20)]
    deliver(s3, "a", *rows[:10])
    deliver(s3, "b", *rows[10:])
    assert run(bucket).new == 20
    assert lake(s3) == raw_likes.days(rows)


def test_totals_that_a_crash_left_unwritten_or_stale_are_written_with_the_same_day(s3, bucket):
    deliver(s3, "a", like("1"))
    run(bucket)

    def crash(call, key):
        if call == "put" and key.startswith("totals/"):
            raise Crash

    deliver(s3, "b", like("2"), at=NOW + 1)
    s3.before = crash
    with pytest.raises(Crash):
        run(bucket)
    assert totals(s3) == raw_likes.sums([like("1")])
    s3.before = lambda call, key: None
    assert run(bucket).days == 0
    assert totals(s3) == raw_likes.sums([like("1"), like("2")])


@pytest.mark.parametrize("when", ["before", "after"])
def test_totals_of_a_run_that_was_overtaken_do_not_replace_newer_ones(s3, bucket, when):
    """Overtaken before it writes the totals, or already after it wrote the hour."""
    deliver(s3, "a", like("1"))
    late = []

    def overtake(call, key):
        place = {"before": "totals/", "after": "likes/"}[when]
        if call == "put" and key.startswith(place) and not late:
            late.append(deliver(s3, "b", like("2"), at=NOW + 1))
            run(bucket)

    setattr(s3, when, overtake)
    run(bucket)
    assert totals(s3) == raw_likes.sums([like("1"), like("2")])


def test_totals_of_a_day_that_somebody_replaced_are_made_anew(s3, bucket):
    """By an older object, say, or by hand: they name what they are of."""
    rows = [like("1"), like("2"), like("3", NOW - 24 * HOUR)]
    deliver(s3, "a", *rows)
    run(bucket)
    s3.now += 2 * OVERLAP_MS
    s3.add(TODAY, raw_likes.encode(raw_likes.of_the_lake(rows[:1]), **LAKE))
    run(bucket)
    assert totals(s3) == raw_likes.sums([rows[0], rows[2]])
    assert_totals_are_derived(s3)
    del s3.objects[keys.totals(DAY - 1)]
    run(bucket)
    assert_totals_are_derived(s3)


@pytest.mark.parametrize("before", DIVISIONS)
@pytest.mark.parametrize("after", DIVISIONS)
def test_who_reads_while_days_are_divided_sees_each_like_once(s3, bucket, before, after):
    """Whoever does not heed `whole.parquet` sees some twice, but misses none."""
    rows = made_up(random.Random(1), 20)
    deliver(s3, "a", *rows)
    divide(bucket, before, POWER)
    run(bucket)
    assert lake(s3) == raw_likes.days(rows, before)
    everything = sorted(raw_likes.first(rows).values(), key=str)
    seen = []

    def look(call, key):
        seen.append(call)
        assert sorted(read(s3), key=str) == everything
        assert {row for held in lake(s3).values() for row in held} == set(everything)

    s3.after = look
    steps = []
    done = divide(bucket, after, POWER, tell=lambda *step: steps.append(step))
    assert lake(s3) == raw_likes.days(rows, after) and ("put" in seen) == (before != after)
    assert before == after or done.days == steps[-1][0] == steps[-1][1] > 1 and steps[0][0] == 0
    assert totals(s3) == raw_likes.sums(rows)
    assert_totals_are_derived(s3)


def cut_off_anywhere(s3, act, more_than):
    """Act from where the bucket stands, ended before the first write, then before the second, and
    so on until it is not, which is after more than so many writes; lets each time be looked at."""
    stood = dict(s3.objects)
    for number in count():
        s3.objects.clear()
        s3.objects |= stood
        left = iter(range(number))

        def end(call, key, left=left):
            if call in ("put", "delete") and next(left, None) is None:
                raise Crash

        s3.before, ended = end, False
        with suppress(Crash):
            act()
            ended = True
        s3.before = lambda call, key: None
        yield
        if ended:
            assert number > more_than
            return


@pytest.mark.parametrize(
    ("after", "next_"),
    some(zip(DIVISIONS, ["compact", "divide", "backfill", "compact"], strict=True), 2),
)
def test_a_division_that_is_killed_anywhere_is_ended_by_whoever_runs_next(s3, bucket, after, next_):
    before = DIVISIONS[DIVISIONS.index(after) - 1]
    rows = made_up(random.Random(2), 12)
    deliver(s3, "a", *rows)
    divide(bucket, before, POWER)
    run(bucket)
    everything = sorted(raw_likes.first(rows).values(), key=str)
    for _ in cut_off_anywhere(s3, lambda: divide(bucket, after, POWER), more_than=5):
        assert sorted(read(s3), key=str) == everything
        there = tending.listed(bucket)
        division = state(s3).division
        done = lake(s3) == raw_likes.days(rows, division)
        assert bool(tending.undivided(there, division)) != done
        if next_ == "compact":
            run(bucket)
        elif next_ == "divide":
            divide(bucket, division, POWER)
        else:
            with lake_writer.opened(bucket, POWER) as days:
                tending.divide(days, tending.listed(bucket))
            run(bucket)
        assert lake(s3) == raw_likes.days(rows, division)
        assert totals(s3) == raw_likes.sums(rows)
        assert_totals_are_derived(s3)


def by_an_earlier_version(s3, rows, buckets=1):
    """Have a stage as it was when hours were objects."""
    hours, sums = {}, {}
    for row in raw_likes.first(rows).values():
        hour = row.liked_at // HOUR
        name = f"hour-{hour % 24:02}-{raw_likes.bucket(row.event_id, buckets):02}.parquet"
        hours.setdefault(f"likes/{day_of(row)}/{name}", []).append(row)
        sums.setdefault(f"totals/hour={day_of(row)[4:]}T{hour % 24:02}.parquet", []).append(row)
    for key, held in hours.items():
        s3.add(key, raw_likes.encode(raw_likes.of_the_lake(held), **LAKE), NOW - HOUR)
    for key in sums:
        s3.add(key, b"of an earlier version", NOW - HOUR)
    s3.objects[STATE] = b'{"watermark":%d,"recent":{},"failed":{},"buckets":%d}' % (NOW, buckets)


def day_of(row):
    return datetime.fromtimestamp(row.liked_at / 1000, UTC).strftime("day=%Y-%m-%d")


@pytest.mark.parametrize("buckets", some([1, 3], 2))
def test_a_stage_of_an_earlier_version_is_brought_over_wherever_it_is_cut_off(s3, bucket, buckets):
    rows = made_up(random.Random(6), 12)
    new = like("new", NOW - 30 * HOUR, received_at=NOW)
    by_an_earlier_version(s3, rows, buckets)
    deliver(s3, "a", new, rows[0], at=NOW + 1)
    old = sorted(raw_likes.first(rows).values(), key=str)
    for _ in cut_off_anywhere(s3, lambda: run(bucket), more_than=10):
        assert sorted((r for r in read(s3) if r.event_id != "new"), key=str) == old
        run(bucket)
        assert lake(s3) == raw_likes.days([*rows, new])
        assert totals(s3) == raw_likes.sums([*rows, new])
        assert_totals_are_derived(s3)


def test_days_for_which_there_is_no_time_are_left_to_the_next_run(s3, bucket, monkeypatch):
    monkeypatch.setattr(lake_writer, "TOGETHER", 1)
    rows = [like(str(n), NOW - n * 24 * HOUR) for n in range(5)]
    by_an_earlier_version(s3, rows)
    for left in (4, 3, 2, 1, 0):
        steps = iter([True, False])
        done = run(bucket, more_time=lambda steps=steps: next(steps, False))
        assert done.days == 1 and done.more
        division = state(s3).division
        assert len(tending.undivided(tending.listed(bucket), division)) == left
    assert not run(bucket).more and totals(s3) == raw_likes.sums(rows)


@pytest.mark.parametrize("at", some(range(0, 40, 3), 2))
def test_who_follows_an_earlier_division_removes_nothing_that_others_rely_on(s3, bucket, at):
    """The day is divided the other way between any two of his calls: objects of the same rows come
    back under the same names while he still removes them."""
    divide(bucket, Division(True), POWER)
    rows = [like("1"), like("2", NOW - HOUR), like("3", NOW - 2 * HOUR)]
    deliver(s3, "a", *rows)
    run(bucket)
    calls = count()

    def back(call, key):
        if next(calls) == at:
            s3.before = s3.after = lambda call, key: None
            divide(bucket, Division(True), POWER)

    s3.before = s3.after = back
    with suppress(Contended):
        divide(bucket, Division(), POWER)
    s3.before = s3.after = lambda call, key: None
    assert sorted(read(s3)) == sorted(rows)
    run(bucket)
    assert lake(s3) == raw_likes.days(rows, state(s3).division)


def test_who_sets_another_division_last_is_followed_and_the_other_is_told(s3, bucket):
    deliver(s3, "a", *made_up(random.Random(1), 20))
    run(bucket)
    turns = []

    def other(call, key):
        if call == "put" and key.startswith("likes/") and not turns:
            turns.append(key)
            divide(bucket, Division(False, 3), POWER)

    s3.before = other
    with pytest.raises(Contended, match="another division"):
        divide(bucket, Division(True), POWER)
    assert state(s3).division.is_like(Division(False, 3))


def test_an_object_that_cannot_be_read_is_kept_in_mind_and_tried_again(s3, bucket, capsys):
    deliver(s3, "a", like("1"))
    bad = raw_likes.raw_key("b", NOW)
    s3.add(bad, raw_likes.encode([like("2")])[:-20], NOW)
    context = SimpleNamespace(**vars(aws.CONTEXT) | {"get_remaining_time_in_millis": lambda: 1})
    told = compact.handler({}, context)
    assert "magic bytes" in told["failed"][bad]
    assert '"RawObjectsFailed":[1.0]' in capsys.readouterr().out
    assert state(s3).failed == told["failed"] and lake(s3) == raw_likes.days([like("1")])
    s3.now = NOW + 20 * OVERLAP_MS  # however long ago
    deliver(s3, "c", like("3"), at=s3.now)
    assert list(run(bucket).failed) == [bad]
    s3.add(bad, raw_likes.encode([like("2")]), NOW)
    assert run(bucket).failed == {} and state(s3).failed == {}
    assert {row.event_id for held in lake(s3).values() for row in held} == {"1", "2", "3"}


def test_an_object_that_vanishes_is_named_and_forgotten(s3, bucket):
    deliver(s3, "a", like("1"))
    gone = deliver(s3, "b", like("2"))
    s3.before = lambda call, key: s3.objects.pop(gone, None) if (call, key) == ("get", gone) else 0
    done = run(bucket)
    assert (done.gone, done.objects, done.failed) == ([gone], 1, {})
    assert lake(s3) == raw_likes.days([like("1")]) and gone not in state(s3).recent
    s3.objects[STATE] = watermark.encode(State(failed={gone: "why"}))
    assert run(bucket).gone == [gone] and state(s3).failed == {}


@pytest.mark.parametrize("call", ["get", "put", "list"])
def test_what_is_forbidden_is_one_sentence_that_names_the_object(s3, bucket, call):
    raw = deliver(s3, "a", like("1"))
    place = {"get": raw, "put": TODAY, "list": "raw/"}[call]

    def refuse(*made):
        if made == (call, place):
            raise refusal("AccessDenied")

    s3.before = refuse
    with pytest.raises(Forbidden, match=rf"^s3://{bucket.name}/{place}: \w+: AccessDenied\.$"):
        run(bucket)
    assert STATE not in s3.objects


def test_a_full_disk_leaves_the_watermark_where_it_is(s3, bucket, monkeypatch):
    raw = deliver(s3, "a", like("1"))

    class Full:
        def read(self, size):
            raise OSError(errno.ENOSPC, "No space left on device")

    get = s3.get_object
    monkeypatch.setattr(
        s3, "get_object",
        lambda Bucket, Key: {"Body": Full(), "ETag": "1"} if Key == raw else get(Bucket, Key),
    )  # fmt: skip
    with pytest.raises(NoRoom, match="no room to merge.*No space left"):
        run(bucket)
    assert STATE not in s3.objects


@pytest.mark.parametrize("place", [TODAY, STATE])
def test_an_object_that_others_change_for_ever_is_given_up(s3, bucket, place):
    deliver(s3, "a", like("1"))
    run(bucket)
    deliver(s3, "b", like("2"), at=NOW + 1)
    changes = []

    def change(call, key):
        if (call, key) == ("put", place):
            changes.append(key)
            other = [like("1"), like(f"x{len(changes)}")]
            body = raw_likes.encode(other) if place != STATE else s3.objects[STATE] + b" "
            s3.objects[place] = body

    s3.before = change
    with pytest.raises(Contended, match="was changed by others 8 times"):
        run(bucket)


def test_what_a_service_raises_is_raised(s3, bucket):
    deliver(s3, "a", like("1"))

    def slow(call, key):
        if call == "put":
            raise refusal("SlowDown")

    s3.before = slow
    with pytest.raises(Exception, match="SlowDown"):
        run(bucket)


@pytest.mark.parametrize(
    ("most", "together", "sizes"),
    [
        # With 27 bytes for the row of each: the first with whatever size, the next where they fit.
        (0, 256, 7 * [1]),
        (2 * standing.ROW_BYTES, 256, [2, 2, 2, 1]),
        (12 * 2**20, 3, [3, 3, 1]),
        (12 * 2**20, 256, [7]),
    ],
)
def test_days_are_merged_together_up_to_a_number_and_a_size(
    s3, bucket, monkeypatch, most, together, sizes
):
    rows = [like(str(n), NOW - n * 24 * HOUR) for n in range(7)]
    deliver(s3, "a", *rows)
    monkeypatch.setattr(lake_writer, "MOST_BYTES", most)
    monkeypatch.setattr(lake_writer, "TOGETHER", together)
    groups = record_merges(monkeypatch)
    told = []
    assert run(bucket, tell=lambda *step: told.append(step)).new == 7
    assert [len(group) for group in groups] == sizes
    assert [day for group in groups for day in group] == list(range(DAY - 6, DAY + 1))
    assert lake(s3) == raw_likes.days(rows) and told == sorted(told)
    more = [like(f"{n}'", NOW - n * 24 * HOUR) for n in range(7)]
    deliver(s3, "b", *more, at=NOW + 1)
    monkeypatch.setattr(lake_writer, "CONNECTIONS", 16)
    done = compacting.compact(bucket, power=Power(256, 4))
    assert (done.new, done.days) == (7, 7) and lake(s3) == raw_likes.days([*rows, *more])


def test_days_that_stand_are_as_large_as_they_are_and_few_are_looked_at_where_few_fit(
    s3, bucket, monkeypatch
):
    days = [n * 20 for n in range(20)]  # so far apart that each is listed
    rows = [like(str(n), NOW - n * 24 * HOUR) for n in days]
    deliver(s3, "a", *rows)
    assert run(bucket).days == 20
    monkeypatch.setattr(lake_writer, "MOST_BYTES", 2_000)  # each has about 1,450
    groups, looked = record_merges(monkeypatch), Counter()
    s3.before = lambda call, key: looked.update(
        [key] if (call, key[:10]) == ("list", "likes/day=") else ()
    )
    divide(bucket, Division(True), POWER)
    assert [len(group) for group in groups] == 20 * [1]
    assert sum(looked.values()) < 20 + 4 * 20 and len(looked) == 20


def record_merges(monkeypatch):
    """Give the days of each merge that will be made."""
    groups, merge = [], compaction.merge

    def recorded(staging, stands, *more):
        groups.append(sorted(stands))
        return merge(staging, stands, *more)

    monkeypatch.setattr(compaction, "merge", recorded)
    return groups


@pytest.mark.parametrize("call", ["get", "put"])
def test_a_day_that_somebody_else_changes_is_merged_again_and_the_others_stand(
    s3, bucket, monkeypatch, call
):
    """Changed after it was listed, or after it was read."""
    rows = [like(str(n), NOW - n * 24 * HOUR) for n in range(5)]
    deliver(s3, "a", *rows)
    run(bucket)
    more = [like(f"{n}'", NOW - n * 24 * HOUR) for n in range(5)]
    deliver(s3, "b", *more, at=NOW + 1)
    place, theirs = keys.likes(DAY - 2, WHOLE), like("theirs", NOW - 48 * HOUR)
    changes = []

    def change(*made):
        if made == (call, place) and not changes:
            changes.append(made)
            s3.add(place, raw_likes.encode([rows[2], theirs]))

    s3.before = change
    groups = record_merges(monkeypatch)
    s3.writes.clear()
    done = run(bucket)
    five = [DAY - n for n in (4, 3, 2, 1, 0)]
    left = [day for day in five if day != DAY - 2]
    assert groups == [left if call == "get" else five, [DAY - 2]]
    assert (done.new, done.days) == (5, 5)
    assert lake(s3) == raw_likes.days([*rows, *more, theirs])
    assert totals(s3) == raw_likes.sums([*rows, *more, theirs])
    written = Counter(key for key in s3.writes if key.startswith("likes/"))
    assert written == Counter(keys.likes(day, WHOLE) for day in five)


def test_a_day_that_is_divided_after_it_was_listed_is_listed_again(s3, bucket):
    """Else its totals would be those of the one object that was listed."""
    rows = made_up(random.Random(3), 60)
    deliver(s3, "a", *rows)
    run(bucket)
    turns = []

    def other(call, key):
        if call == "get" and key.startswith("likes/") and not turns:
            turns.append(key)
            divide(bucket, Division(True, 3), POWER)

    s3.before = other
    with pytest.raises(Contended, match="another division"):
        divide(bucket, Division(False, 2), POWER)
    assert turns and totals(s3) == raw_likes.sums(rows)


def test_other_objects_among_the_days_are_left_alone(s3, bucket):
    odd = keys.likes(DAY, "hour-12-0x.parquet")
    s3.add(odd, b"odd")
    deliver(s3, "a", like("1"))
    run(bucket)
    divide(bucket, Division(True, 2), POWER)
    assert s3.objects.pop(odd) == b"odd"
    assert lake(s3) == raw_likes.days([like("1")], Division(True, 2))
