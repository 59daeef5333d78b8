"""What was changed by hand in the lake, its repeats or totals is named, and made anew from raw."""

import copy
import io
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.audited import World
from tests.examples import some
from tests.small_lake import NOW
from transform.aws import mending
from transform.aws.audit_sources import Asked
from transform.lake import keys, repeats, totals

HOUR = 3_600_000
DAY = NOW // HOUR // 24
LIKES = keys.likes(DAY, "whole.parquet")


class Crash(Exception):
    """The end of a process, anywhere."""


@pytest.fixture
def world(monkeypatch):
    """A stage with two films, liked an hour before on two shards, one like of them twice."""
    world = World(monkeypatch)
    world.now = NOW - HOUR
    for number in range(6):
        world.put(world.like(f"early-{number}", "ab"[number % 2]), shard=number % 2)
    world.put(world.like("early-0", "a"))
    world.all()
    world.passes(60)
    return world


def changed(table, name, value):
    """Give rows of which the first has another value."""
    column = [value, *table[name].to_pylist()[1:]]
    field = table.schema.field(name)
    return table.set_column(table.schema.names.index(name), field, pa.array(column, field.type))


def rewrite(world, how):
    sink = io.BytesIO()
    pq.write_table(how(pq.read_table(io.BytesIO(world.s3.objects[LIKES]))), sink)
    world.s3.add(LIKES, sink.getvalue(), world.now)


def film(world):
    rewrite(world, lambda rows: changed(rows, "movie_id", "z"))


def action(world):
    rewrite(world, lambda rows: changed(rows, "action", "unlike"))


def time(world):
    def earlier(rows):
        return changed(rows, "liked_at", rows["liked_at"][0].as_py() - timedelta(hours=2))

    rewrite(world, earlier)


def doubled(world):
    rewrite(world, lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]))


def moved(world):
    sink = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(world.s3.objects[LIKES])).slice(0, 1), sink)
    rewrite(world, lambda rows: rows.slice(1))
    world.s3.add(keys.likes(DAY - 3, "whole.parquet"), sink.getvalue(), world.now)


def no_repeats(world):
    del world.s3.objects[keys.repeats(DAY)]


def repeats_of_another_film(world):
    rows = repeats.decode(world.s3.objects[keys.repeats(DAY)])
    world.s3.add(keys.repeats(DAY), repeats.encode(changed(rows, "movie_id", "b")), world.now)


def backfilled(world):
    rows, source = totals.decode(world.s3.objects[keys.totals(DAY)])
    body = totals.encode(changed(rows, "backfilled", 1), source)
    world.s3.add(keys.totals(DAY), body, world.now)


@pytest.mark.parametrize(
    ("fault", "named"),
    some(
        [
            (film, [("compaction", "a", -1, -1), ("compaction", "z", -1, 1)]),
            (action, [("compaction", "a", -1, -2)]),
            (time, [("compaction", "a", -3, 1), ("compaction", "a", -1, -1)]),
            (doubled, [("compaction", "a", -1, 1)]),
            (moved, [("compaction", "a", -1, 1)]),
            (no_repeats, [("compaction", "a", -1, -1)]),
            (repeats_of_another_film, [("compaction", "a", -1, -1), ("compaction", "b", -1, 1)]),
            (backfilled, [("adjust", "a", None, 1), ("totals", "a", -1, 1)]),
        ],
        2,
    ),
)
def test_what_was_changed_is_named_and_made_anew(world, fault, named):
    stood = {key: world.s3.objects[key] for key in (LIKES, keys.repeats(DAY), keys.totals(DAY))}
    fault(world)
    assert world.off() == named
    done = mend(world)
    assert done.left == [] and world.off() == []
    assert counted(world) == {"a": 3, "b": 3}
    rows = pq.read_table(io.BytesIO(world.s3.objects[LIKES]))
    assert rows.equals(pq.read_table(io.BytesIO(stood[LIKES])))
    for key, decode in ((keys.repeats(DAY), repeats.decode), (keys.totals(DAY), told)):
        assert decode(world.s3.objects[key]) == decode(stood[key])


def counted(world):
    return {film: likes for film, likes in world.table.likes().items() if likes}


def told(body):
    return totals.decode(body)[0]


def mend(world):
    asked = Asked(world.now, raw_days=None, tracked_days=8, deep=True)
    return mending.reconcile(world.sources(), asked, world.compact)


def test_a_like_that_nobody_sent_is_named_and_left(world):
    def invented(rows):
        return pa.concat_tables([rows, changed(rows.slice(0, 1), "event_id", "invented")])

    rewrite(world, invented)
    done = mend(world)
    assert [(one.step, one.movie_id, one.number) for one in done.left] == [("compaction", "a", 1)]


@pytest.mark.parametrize("part", some([0.6, 0.85], 2))
def test_one_that_was_cut_off_anywhere_is_gone_on_with(world, part):
    film(world)
    stood = copy.deepcopy((world.s3.objects, world.s3.modified, world.table.items))
    calls, last = 0, 10**9

    def count(*call):
        nonlocal calls
        calls += 1
        if calls >= last:
            raise Crash

    world.s3.before = world.s3.after = count
    mend(world)
    world.s3.objects, world.s3.modified, world.table.items = stood
    last, calls = round(calls * part), 0
    with pytest.raises(Crash):
        mend(world)
    world.s3.before = world.s3.after = lambda *call: None
    assert mend(world).left == [] and world.off() == []
    assert counted(world) == {"a": 3, "b": 3}
