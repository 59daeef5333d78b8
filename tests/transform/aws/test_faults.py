"""Faults of each kind, and some together: what is named, and what is left once it was mended."""

import io
from datetime import timedelta

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.audited import told
from tests.examples import some
from tests.faulty import (
    EARLY,
    HOUR,
    LATE,
    LONG_AGO,
    OLD,
    TRUTH,
    YESTERDAY,
    Stage,
    changed,
)
from tests.small_lake import NOW, like
from transform.aws import adjusting
from transform.lake import keys, watermark
from transform.lake.division import WHOLE
from transform.trends import rollups

DAY, OLD_DAY = keys.likes(YESTERDAY, WHOLE), keys.likes(LONG_AGO, WHOLE)
ROLLUP = keys.rollup(NOW // HOUR + LATE)
LEDGER = f"{keys.BACKFILLS}000001.json"
A_DAY = [("compaction", "a", EARLY, -4), ("compaction", "b", EARLY, -2)]
OLD_LIKES = [("lake", "c", OLD, -2)]


@pytest.fixture(scope="module")
def kept():
    with pytest.MonkeyPatch.context() as patch:
        yield Stage(patch)


@pytest.fixture
def stage(kept):
    return kept.renewed()


def gone(*some):
    def do(stage):
        for key in some:
            stage.gone(key)

    return do


def raw(stage):
    stage.gone(stage.raw(EARLY)[0])


def all_raw(stage):
    for key in [key for key in stage.s3.objects if key.startswith("raw/")]:
        stage.gone(key)


def all_ids(stage):
    for key in [key for key in stage.s3.objects if key.startswith(keys.IDS)]:
        stage.gone(key)


def count(stage):
    stage.table.items["a"]["likes"] = {"N": "20"}


def rewritten(key, name, value, row=0):
    return lambda stage: stage.rewrite(key, changed(name, value, row))


def truncated(key):
    def do(stage):
        stage.s3.add(key, stage.s3.objects[key][:-20], stage.now)

    return do


def broken(key):
    """Break the first page, and leave the footer."""

    def do(stage):
        body = stage.s3.objects[key]
        stage.s3.add(key, body[:4] + b"x" * 56 + body[60:], stage.now)

    return do


def truncated_raw(stage):
    truncated(stage.raw(EARLY)[0])(stage)


def raw_without_pages(stage):
    broken(stage.raw(EARLY)[0])(stage)


def another(key, other):
    """Have what another object holds in the place of one."""
    return lambda stage: stage.s3.add(key, stage.s3.objects[other], stage.now)


def moved(stage):
    """Have a like in the object of another day, and of its own no more."""
    like = pq.read_table(io.BytesIO(stage.s3.objects[DAY])).slice(0, 1)
    stage.rewrite(OLD_DAY, lambda rows: pa.concat_tables([rows, like.cast(rows.schema)]))
    stage.rewrite(DAY, lambda rows: rows.slice(1))


def repeats_moved(stage):
    another(keys.repeats(LONG_AGO), keys.repeats(YESTERDAY))(stage)
    stage.gone(keys.repeats(YESTERDAY))


def item(stage):
    del stage.table.items["c"]


def one_up_one_down(stage):
    for film, likes in (("a", 11), ("b", 1)):
        stage.table.items[film]["likes"] = {"N": str(likes)}


def emptied(key):
    return lambda stage: stage.s3.add(key, b"", stage.now)


def folded_back(stage):
    """Have a rollup that names older batches than are in it."""
    told = rollups.decode(NOW // HOUR + LATE, stage.s3.objects[ROLLUP])
    older = msgspec.structs.replace(told, folded=dict.fromkeys(told.folded, "0" * 56))
    stage.s3.add(ROLLUP, rollups.encode(older), stage.now)


def ahead(stage):
    """Have what compaction remembers five days ahead, before a like comes."""
    state = watermark.decode(stage.s3.objects[watermark.KEY])
    later = msgspec.structs.replace(state, watermark=state.watermark + 5 * 24 * HOUR)
    stage.s3.add(watermark.KEY, watermark.encode(later), stage.now)
    stage.put(stage.like("x", "c"))
    stage.all()
    stage.passes(40)


def no_versions(stage):
    stage.s3.old.clear()


def expired(stage):
    stage.expire()


def older_day(stage):
    """Have a backfilled day as it was before another backfill."""
    rows = [like(f"new-{n}", NOW + OLD * HOUR, "c", backfill=2) for n in range(3)]
    stage.backfill(*rows, number=2)
    stage.compact()
    stage.tell_trends()
    stage.older(OLD_DAY)


def lost_and_uncounted(stage):
    """Have two likes of a film and an hour: one is not counted, the other not archived."""
    stage.put(stage.like("x1", "a"))
    list(stage.pending("count"))
    stage.deliver()
    stage.put(stage.like("x2", "a"))
    list(stage.pending("deliver"))
    stage.all()
    stage.passes(40)


TRENDS_OFF = [("trends", "a", LATE, -5), ("trends", "b", LATE, -2)]
IN_OLD_DAY = [("compaction", "a", EARLY, 4), ("compaction", "b", EARLY, 2)]
KINDS = {
    "nothing": ([], []),
    "counts and an item": (
        [one_up_one_down, item],
        [("count", "a", None, 3), ("count", "b", None, -3), ("adjust", "c", None, -2)],
    ),
    "a raw object and a count": ([raw, count], [("raw", "a", EARLY, -1), ("count", "a", None, 12)]),
    "a day and a count": ([gone(DAY), count], [*A_DAY, ("count", "a", None, 12)]),
    "a day, all raw, no stream": (
        [gone(DAY), all_raw, expired],
        [("lake", "a", EARLY, -4), ("lake", "b", EARLY, -2),
         ("raw", "a", LATE, -4), ("raw", "b", LATE, -2)],
    ),
    "a backfilled day": ([gone(OLD_DAY)], OLD_LIKES),
    "a backfilled day, and all that is made of it": (
        [gone(OLD_DAY, keys.totals(LONG_AGO), keys.trends(LONG_AGO))], OLD_LIKES,
    ),
    "an older backfilled day": ([older_day], [("lake", "c", OLD, -3)]),
    "a day that is another": (
        [another(DAY, OLD_DAY)], [*A_DAY, ("compaction", "c", OLD, 2)],
    ),
    "a backfilled day that is another": (
        [another(OLD_DAY, DAY)],
        [*IN_OLD_DAY, *OLD_LIKES, ("count", "a", None, -4), ("count", "b", None, -2)],
    ),
    "a like in another day": (
        [moved], [("compaction", "a", EARLY, -1), ("compaction", "a", EARLY, 1)],
    ),
    "columns": (
        [
            rewritten(DAY, "movie_id", "z"),
            rewritten(DAY, "user_id", "z", 1),
            rewritten(DAY, "source", "z", 2),
            rewritten(DAY, "extra", None, 3),
            rewritten(DAY, "liked_at", lambda at: at + timedelta(minutes=5), 4),
            rewritten(DAY, "received_at", lambda at: at + timedelta(seconds=5), 5),
        ],
        [("compaction", "a", EARLY, -1), ("compaction", "z", EARLY, 1),
         ("compaction", "a", EARLY, 3), ("compaction", "b", EARLY, 2)],
    ),
    "repeats": ([gone(keys.repeats(YESTERDAY))], [("compaction", "a", EARLY, -1)]),
    "repeats in another day": (
        [repeats_moved], [("compaction", "a", EARLY, -1), ("compaction", "a", EARLY, 1)],
    ),
    "what is made anew unasked": (
        [
            another(keys.likes(YESTERDAY, "hour-01.parquet"), OLD_DAY),
            all_ids,
            emptied(adjusting.KEY),
            gone(watermark.KEY),
            truncated(keys.totals(YESTERDAY)),
        ],
        [],
    ),
    "days of trends": (
        [gone(keys.trends(YESTERDAY)), rewritten(keys.trends(LONG_AGO), "likes", 9)],
        [("trends", "a", EARLY, -4), ("trends", "b", EARLY, -2), ("trends", "c", OLD, 7)],
    ),
    "a rollup": ([gone(ROLLUP)], TRENDS_OFF),
    "a rollup that names older batches": (
        [folded_back], [*TRENDS_OFF, ("trends", "a", LATE, 5), ("trends", "b", LATE, 2)],
    ),
    "compaction ahead of what comes": ([ahead], [("compaction", "c", 1, -1)]),
    "a ledger": ([gone(LEDGER)], [("ledger", "", None, 1)]),
    "a like uncounted, another unarchived": (
        [lost_and_uncounted], [("archive", "a", 1, -1), ("count", "a", None, -1)],
    ),
    "raw broken, no versions, no stream": (
        [raw_without_pages, no_versions, expired],
        [("raw", "a", EARLY, -1), ("raw", "", None, 1)],
    ),
    "objects that are cut off, or empty": (
        [truncated_raw, emptied(OLD_DAY), truncated(ROLLUP)],
        [*OLD_LIKES, *TRENDS_OFF, ("raw", "a", EARLY, -1), ("raw", "", None, 1),
         ("lake", "", None, 1), ("trends", "", None, 1)],
    ),
    "a day truncated, no versions": (
        [truncated(DAY), no_versions], [*A_DAY, ("lake", "", None, 1)],
    ),
    "a day broken": ([broken(DAY)], [*A_DAY, ("lake", "", None, 1)]),
    "what compaction remembers and repeats, truncated": (
        [truncated(watermark.KEY), truncated(keys.repeats(YESTERDAY))],
        [("compaction", "a", EARLY, -1), ("compaction", "", None, 1), ("compaction", "", None, 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", some(KINDS, 2))
def test_what_is_wrong_is_named_and_mended(stage, kind):
    faults, named = KINDS[kind]
    for fault in faults:
        fault(stage)
    done = stage.mend()
    assert sorted(told(done.found), key=str) == sorted(named, key=str)
    assert done.left == []
    more = {"c": 3} if kind == "an older backfilled day" else {}
    more |= {"c": 1} if kind.startswith("compaction ahead") else {}
    more |= {"a": 2} if kind.startswith("a like uncounted") else {}
    assert stage.likes() == {film: n + more.get(film, 0) for film, n in TRUTH.items()}


LEFT = {
    "a backfilled day, no versions": ([gone(OLD_DAY), no_versions], OLD_LIKES),
    "a ledger, no versions": ([gone(LEDGER), no_versions], [("ledger", "", None, 1)]),
    "a backfilled day truncated, no versions": ([truncated(OLD_DAY), no_versions], OLD_LIKES),
}


@pytest.mark.parametrize("kind", some(LEFT, 2))
def test_what_nothing_tells_any_more_is_named_and_left(stage, kind):
    faults, left = LEFT[kind]
    for fault in faults:
        fault(stage)
    assert told(stage.mend().left) == left


def test_the_keys_of_what_cannot_be_read_are_named(stage):
    broken(DAY)(stage)
    [found] = [one for one in stage.audit().differences if one.key]
    assert found.key == DAY and found.detail.startswith(f"{DAY} cannot be read: ")
