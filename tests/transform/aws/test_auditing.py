"""What an audit finds: nothing where nothing is wrong, else what, where and by which step."""

import pytest

from tests.audited import World
from tests.small_lake import NOW
from transform.lake import keys

HOUR = 3_600_000
DAY = NOW // HOUR // 24


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def filled(world):
    """Have two films liked on two shards, an hour before."""
    world.now = NOW - HOUR
    for number in range(6):
        film = "ab"[number % 2]
        world.put(world.like(f"early-{number}", film), shard=number % 2)
    world.all()
    world.passes(60)
    return world


def test_nothing_is_off_where_nothing_is(world):
    assert filled(world).off(deep=False) == []
    assert world.audit().numbers["archived"] == 6


@pytest.mark.parametrize("steps", ["c", "d", "t", "cd", "ct", "dt", "cdt", "dm", "dmc", ""])
def test_what_is_under_way_is_no_difference(world, steps):
    """A record is counted, delivered, tracked and merged, or not yet, in any combination."""
    filled(world)
    world.put(world.like("1", "a"), world.like("2", "c"), world.like("3", "a"), shard=0)
    world.put(world.like("4", "b", action="unlike"), shard=2)
    for step in steps:
        {"c": world.count, "d": world.deliver, "t": world.track, "m": world.compact}[step]()
    world.compact = lambda: None
    assert world.off() == []
    world.passes(5)
    assert world.off() == []


def test_repeats_and_backfills_are_no_difference(world):
    filled(world)
    world.put(world.like("early-0", "a"), world.like("early-1", "b"))
    world.all()
    assert world.off() == []
    assert world.table.likes() == {"a": 3, "b": 3}


def test_a_count_changed_by_hand(world):
    filled(world)
    world.table.items["a"]["likes"] = {"N": "9"}
    world.table.items["z"] = {"movie_id": {"S": "z"}, "likes": {"N": "2"}}
    assert world.off() == [("count", "a", None, 6), ("count", "z", None, 2)]


def test_what_the_lake_adjusts_changed_by_hand(world):
    filled(world)
    world.table.items["a"]["adjusted"] = {"N": "4"}
    assert world.off() == [("adjust", "a", None, 4), ("count", "a", None, -4)]


def test_an_item_that_is_gone(world):
    filled(world)
    del world.table.items["a"]
    assert world.off() == [("count", "a", None, -3)]


def test_a_batch_that_was_not_counted_shows_after_ten_minutes(world):
    filled(world)
    world.put(world.like("1", "a"), world.like("2", "a"))
    list(world.pending("count"))
    world.all()
    assert world.off() == []
    world.passes(11)
    assert world.off() == [("count", "a", None, -2)]


def test_a_batch_that_the_archive_lost(world):
    filled(world)
    world.put(world.like("1", "a"), world.like("2", "b"))
    list(world.pending("deliver"))
    world.all()
    assert world.off() == []
    world.passes(31)
    assert world.off() == [("archive", "a", 0, -1), ("archive", "b", 0, -1)]
    world.put(world.like("3", "a"))
    world.all()
    assert world.off() == [("archive", "a", 0, -1), ("archive", "b", 0, -1)]
    world.stream.shards = {name: [] for name in world.stream.shards}  # it expired
    assert world.off() == [("archive", "a", 0, -1), ("archive", "b", 0, -1)]


def test_a_raw_object_that_went_before_it_was_merged(world):
    filled(world)
    world.put(world.like("1", "a"))
    [key] = world.deliver()
    del world.s3.objects[key]
    world.all()
    world.stream.shards = {name: [] for name in world.stream.shards}
    assert world.off() == [("archive", "a", 0, -1)]


@pytest.mark.parametrize("kept", [True, False])
def test_raw_objects_that_go_after_they_were_merged(world, kept):
    """The lake has the likes: no count differs, whether the stream still has the records or not."""
    filled(world)
    world.put(world.like("1", "a"), world.like("early-1", "b"))
    [key] = world.deliver()
    world.all()
    del world.s3.objects[key]
    if not kept:
        world.stream.shards = {name: [] for name in world.stream.shards}
    world.passes(31)
    assert world.off(deep=True) == [("raw", "a", 0, -1)]
    world.put(world.like("2", "b"))
    world.all()
    assert world.off() == [("raw", "a", 0, -1)]


def test_a_day_of_the_lake_that_is_gone(world):
    filled(world)
    del world.s3.objects[keys.likes(DAY, "whole.parquet")]
    assert world.off() == [("compaction", "a", -1, -3), ("compaction", "b", -1, -3)]
    world.compact()
    assert world.off() == [("compaction", "a", -1, -3), ("compaction", "b", -1, -3)]


def test_a_day_of_the_lake_that_is_an_older_one(world):
    filled(world)
    older = world.s3.objects[keys.likes(DAY, "whole.parquet")]
    world.put(world.like("1", "a"))
    world.all()
    world.s3.add(keys.likes(DAY, "whole.parquet"), older)
    assert world.off() == [("compaction", "a", 0, -1)]


def test_what_was_not_tracked(world):
    filled(world)
    world.put(world.like("1", "a"))
    list(world.pending("track"))
    world.all()
    world.put(world.like("2", "b"))
    world.all()
    world.passes(11)
    assert world.off() == [("trends", "a", 0, -1)]
