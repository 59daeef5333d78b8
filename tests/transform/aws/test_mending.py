"""What is off is mended as far as anything tells what is right, while likes keep coming."""

import copy

import pytest

from tests.audited import World
from tests.examples import every
from tests.small_lake import NOW
from transform.aws import mending, retracking
from transform.aws.audit_sources import Asked
from transform.lake import keys, totals

HOUR = 3_600_000
DAY = NOW // HOUR // 24


@pytest.fixture
def world(monkeypatch):
    """A stage with two films, liked an hour before on two shards."""
    world = World(monkeypatch)
    world.now = NOW - HOUR
    for number in range(6):
        world.put(world.like(f"early-{number}", "ab"[number % 2]), shard=number % 2)
    world.all()
    world.passes(60)
    return world


def mend(world, **more):
    asked = Asked(world.now, raw_days=None, tracked_days=8, deep=True)
    return mending.reconcile(world.sources(), asked, world.compact, **more)


def assert_well(world, done, **likes):
    assert done.left == [] and world.off() == []
    found = {film: number for film, number in world.table.likes().items() if number}
    assert found == {"a": 3, "b": 3} | likes
    world.put(world.like("after", "a"))
    world.all()
    assert world.off() == []
    assert world.table.likes()["a"] == found["a"] + 1


def test_nothing_to_mend(world):
    done = mend(world)
    assert done.found == [] and done.set == done.counted == 0
    assert_well(world, done)


def test_counts_changed_by_hand(world):
    world.table.items["a"]["likes"] = {"N": "9"}
    world.table.items["b"]["likes"] = {"N": "-1"}
    world.table.items["z"] = {"movie_id": {"S": "z"}, "likes": {"N": "2"}}
    done = mend(world)
    assert done.set == 3
    assert_well(world, done)


def test_adjusted_changed_by_hand_and_an_item_gone(world):
    world.table.items["a"]["adjusted"] = {"N": "4"}
    del world.table.items["b"]
    done = mend(world)
    assert_well(world, done)


def test_a_count_that_is_too_high_is_left_where_the_lake_may_have_lost_more(world):
    world.table.items["a"]["likes"] = {"N": "9"}
    sources = world.sources()
    early = type(sources)(*[getattr(sources, n) for n in sources.__slots__][:5], began=1)
    world.sources = lambda: early
    assert [d.number for d in mend(world).left] == [6]
    assert world.table.likes()["a"] == 9
    assert_well(world, mend(world, accept=True))


def test_a_batch_that_was_not_counted_is_counted_once_even_if_the_mapping_comes_late(world):
    world.put(world.like("1", "a"), world.like("2", "a"))
    world.put(world.like("3", "b", action="unlike"), shard=1)
    before = dict(world.at)
    list(world.pending("count"))
    world.all()
    world.passes(11)
    done = mend(world)
    assert done.counted == 3
    world.at = before | {key: n for key, n in world.at.items() if key[0] != "count"}
    world.count()
    assert_well(world, done, a=5, b=2)


def test_a_batch_that_is_counted_between_the_look_and_the_write(world):
    before = dict(world.at)
    world.put(world.like("1", "a"))
    list(world.pending("count"))
    world.all()
    world.passes(11)

    def busy(call, table):
        if call == "update":
            world.table.fate = lambda *call: None
            world.at |= {key: n for key, n in before.items() if key[0] == "count"}
            world.count()

    world.table.fate = busy
    done = mend(world)
    assert (done.counted, done.set) == (0, 0)
    assert_well(world, done, a=4)


def test_memory_that_moved_past_what_was_not_counted(world):
    world.put(world.like("1", "a"))
    list(world.pending("count"))
    world.put(world.like("2", "a"))
    world.all()
    world.passes(11)
    done = mend(world)
    assert done.found[0].number == -1 and done.set == 1
    assert_well(world, done, a=5)


def test_a_batch_that_the_archive_lost_and_the_stream_has(world):
    world.put(world.like("1", "a"), world.like("2", "b"))
    list(world.pending("deliver"))
    world.put(world.like("3", "a"))
    world.all()
    world.passes(31)
    done = mend(world)
    assert done.brought == 1
    assert_well(world, done, a=5, b=4)


def test_what_neither_raw_nor_the_stream_has_is_named_and_left(world):
    world.put(world.like("1", "a"), world.like("2", "b"))
    [key] = world.deliver()
    del world.s3.objects[key]
    world.all()
    world.stream.shards = {name: [] for name in world.stream.shards}
    world.at = {}
    world.passes(31)
    done = mend(world)
    hour = NOW // HOUR
    assert [(d.step, d.movie_id, d.hour, d.number) for d in done.left] == [
        ("archive", "a", hour, -1),
        ("archive", "b", hour, -1),
    ]
    assert world.table.likes() == {"a": 4, "b": 4}
    done = mend(world, accept=True)
    assert world.table.likes() == {"a": 3, "b": 3}


def test_raw_objects_that_went_after_they_were_merged_are_put_back_from_the_lake(world):
    world.put(world.like("1", "a"), world.like("early-1", "b"))
    [key] = world.deliver()
    world.all()
    del world.s3.objects[key]
    world.passes(31)
    before = world.table.likes()
    done = mend(world)
    assert done.restored == 1 and world.table.likes() == before
    assert_well(world, done, a=4)


@pytest.mark.parametrize("settled", [False, True])
def test_a_day_that_is_gone_is_merged_again(world, settled):
    whole = world.s3.objects.pop(keys.likes(DAY, "whole.parquet"))
    if settled:
        world.compact()
    done = mend(world)
    assert done.merged == 6 and world.s3.objects[keys.likes(DAY, "whole.parquet")] == whole
    assert_well(world, done)


def test_a_day_that_is_an_older_one_is_merged_again(world):
    older = world.s3.objects[keys.likes(DAY, "whole.parquet")]
    world.put(world.like("1", "a"), world.like("early-0", "a"))
    world.all()
    world.s3.add(keys.likes(DAY, "whole.parquet"), older)
    done = mend(world)
    assert_well(world, done, a=4)


def test_totals_that_tell_otherwise_are_made_anew(world):
    key = keys.totals(DAY)
    sums, source = totals.decode(world.s3.objects[key])
    world.s3.add(key, totals.encode(sums.slice(1), source), world.now)
    assert world.off()[0] == ("totals", "a", -1, -3)
    done = mend(world)
    assert_well(world, done)


def test_what_was_not_tracked_is(world):
    world.put(world.like("1", "a"))
    list(world.pending("track"))
    world.all()
    world.put(world.like("2", "b"))
    world.all()
    world.passes(11)
    done = mend(world)
    assert done.hours == 1
    assert_well(world, done, a=4, b=4)


def test_what_a_consumer_that_is_behind_has_not_tracked_is_left_to_it(world):
    before = {key: n for key, n in world.at.items() if key[0] == "track"}
    world.put(world.like("1", "a"))
    list(world.pending("track"))
    world.all()
    world.at |= before
    world.passes(11)
    done = mend(world)
    assert [one.step for one in done.left] == ["trends"]
    world.put(world.like("2", "a"))
    world.all()
    assert_well(world, mend(world), a=5)


def test_what_no_consumer_can_track_any_more_is_told_at_once(world):
    world.put(world.like("1", "a"))
    list(world.pending("track"))
    world.all()
    world.stream.shards = {name: [] for name in world.stream.shards}
    world.at = {}
    world.passes(11)
    assert_well(world, mend(world), a=4)


def test_hours_that_are_told_again_have_what_is_tracked_and_not_archived_yet(world):
    world.put(world.like("1", "a"))
    list(world.pending("track"))
    world.all()
    world.put(world.like("2", "b"))
    world.count()
    world.track()
    world.passes(11)
    assert mend(world).hours == 1
    world.all()
    done = mend(world)
    assert done.found == []
    assert_well(world, done, a=4, b=4)


def test_hours_that_are_added_to_meanwhile_are_left_for_the_next_look(world, monkeypatch):
    world.put(world.like("1", "a"))
    list(world.pending("track"))
    world.all()
    world.put(world.like("2", "b"))
    world.all()
    world.passes(11)
    look = retracking._stands

    def busy(bucket, hour):
        monkeypatch.setattr(retracking, "_stands", look)
        world.put(world.like("3", "b", world.now - 11 * 60_000))
        world.count()
        world.track()
        return look(bucket, hour)

    monkeypatch.setattr(retracking, "_stands", busy)
    mend(world)
    world.all()
    assert_well(world, mend(world), a=4, b=5)


def test_after_the_emulator_was_killed(world):
    """Tables and stream are as at its last start, objects as at the kill."""
    items, shards, at = copy.deepcopy((world.table.items, world.stream.shards, world.at))
    world.put(world.like("1", "a"), world.like("2", "c"))
    world.put(world.like("3", "b"), shard=1)
    world.all()
    world.put(world.like("4", "b"), shard=1)
    world.deliver()
    world.table.items, world.stream.shards, world.at = items, shards, at
    world.passes(1)
    asked = Asked(world.now, None, 8, True, grace_ms=0)
    done = mending.reconcile(world.sources(), asked, world.compact)
    assert {d.step for d in done.found} == {"count", "trends"}
    assert_well(world, done, a=4, b=5, c=1)


class Crash(Exception):
    """The end of a process, anywhere."""


def test_a_repair_that_was_cut_off_anywhere_is_gone_on_with(world):
    """Everything at once: a count changed, a batch uncounted, one unarchived, a day gone."""
    world.put(world.like("1", "a"))
    list(world.pending("count"))
    world.put(world.like("2", "b"), shard=1)
    list(world.pending("deliver"))
    world.all()
    world.table.items["a"]["likes"] = {"N": "9"}
    del world.s3.objects[keys.likes(DAY, "whole.parquet")]
    world.passes(31)
    of = ((world.s3, "objects"), (world.s3, "modified"), (world.table, "items"))
    of += ((world.stream, "shards"), (world, "at"))
    stood = copy.deepcopy([getattr(*one) for one in of])
    calls = 0

    def count(*call):
        nonlocal calls
        calls += 1
        if calls >= last:
            raise Crash

    def hooked():
        world.s3.before = world.s3.after = world.table.fate = count

    def free():
        world.s3.before = world.s3.after = world.table.fate = lambda *call: None

    last = 10**9
    hooked()
    mend(world)
    free()
    whole = calls
    for part in (0.1, 0.4, 0.6, 0.8, 0.95)[:: every(2)]:
        last, calls = round(whole * part), 0
        for one, value in zip(of, copy.deepcopy(stood), strict=True):
            setattr(*one, value)
        hooked()
        with pytest.raises(Crash):
            mend(world)
        free()
        assert_well(world, mend(world), a=4, b=4)


def test_likes_that_are_counted_between_the_look_and_the_write(world):
    world.table.items["a"]["likes"] = {"N": "9"}
    more = iter(range(3))

    def busy(call, table):
        if call == "update" and (number := next(more, None)) is not None:
            world.table.fate, fate = lambda *call: None, world.table.fate
            world.put(world.like(f"busy-{number}", "a"))
            world.count()
            world.table.fate = fate

    world.table.fate = busy
    done = mend(world)
    world.table.fate = lambda *call: None
    world.deliver()
    world.track()
    world.compact()
    assert done.left == []
    assert_well(world, done, a=6)
