"""What arrived, as raw, the stream and the rollups of trends have it, as far as it may matter."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.audit import archive, deliveries
from transform.audit.items import Items
from transform.aws import forgotten, lake_sums, shard_reading, unreadable
from transform.aws.audit_sources import DAY_MS, Asked, Sources
from transform.aws.buckets import Bucket, Forbidden
from transform.aws.lake_sums import Stands
from transform.aws.lake_writer import CONNECTIONS, Days
from transform.aws.unreadable import reading
from transform.counts import streamed
from transform.lake import duck, keys, watermark
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import OVERLAP_MS, Object, State
from transform.trends import rollups

BATCH_BYTES, BATCH_OBJECTS = 256 * 2**20, 20_000
"""What of raw is compared at a time."""


def shards_of(sources: Sources) -> Iterator[str]:
    if sources.kinesis:
        yield from shard_reading.shards(sources.kinesis, sources.stream)


def since(read: Items, shards: list[str], asked: Asked) -> int:
    """Tell from when on something of what arrived may be uncounted (epoch milliseconds): all that
    came before the newest memory of its shard is counted, of whichever film, for batches of a shard
    come one after another."""
    oldest = asked.now - streamed.FORGET_AFTER_S * 1000
    if asked.deep:
        return oldest
    newest = read.newest()
    known = [newest[name][1] for name in map(streamed.memory_name, shards) if name in newest]
    known = known or [arrived_s for _, arrived_s in newest.values()]
    if not known:
        return oldest
    return max(oldest, min(known) * 1000 - OVERLAP_MS)


def raw_since(bucket: Bucket, state: State, since: int) -> Iterator[tuple[Object, bool]]:
    """Give the raw objects that were written from a time on, or are not merged yet, and whether
    they are merged."""
    first = min(since, state.watermark or since) - OVERLAP_MS
    after = watermark.listed_after(State(watermark=max(1, first + watermark.DAYS_BACK * DAY_MS)))
    listed = list(bucket.list(watermark.RAW, after))
    new = {one.key for one in watermark.new(state, listed)}
    for one in listed:
        if one.key in state.failed:
            continue
        if one.key in new or one.modified >= since:
            yield one, one.key not in new


def downloaded(bucket: Bucket, raw: Sequence[Object], folder: Path) -> dict[Path, str]:
    """Download raw objects; gives the files, and the keys that they are of."""
    paths = [folder / f"raw-{number}.parquet" for number in range(len(raw))]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        etags = list(pool.map(bucket.download, [one.key for one in raw], paths))
    told = zip(paths, raw, etags, strict=True)
    return {path: one.key for path, one, etag in told if etag}


def on_stream(
    sources: Sources, cursor: DuckDBPyConnection, shards: list[str], since: int, asked: Asked
) -> pa.Table:
    """Give what the stream has of each shard beyond the newest that raw has; all, if asked."""
    found = [deliveries.EMPTY]
    newest = deliveries.newest(cursor)
    for shard_id in shards:
        assert sources.kinesis
        known = newest.get(streamed.memory_name(shard_id))
        start = known[1] if known and not asked.deep else since
        records = shard_reading.records(sources.kinesis, sources.stream, shard_id, start)
        found.append(deliveries.of_records(records))
    return pa.concat_tables(found)


def tracked(bucket: Bucket, some: range) -> Iterator[rollups.Rollup]:
    for one in bucket.list(keys.ROLLUPS, keys.rollup(some.start * DAY_HOURS - 1)):
        hour = keys.rollup_hour(one.key)
        if hour is not None and hour // DAY_HOURS in some:
            yield unreadable.of(bucket, one.key, partial(rollups.decode, hour))


class Compared(NamedTuple):
    """Likes that raw has and the lake lacks (`archive.SCHEMA`); that the lake has by the stream and
    raw lacks, with all columns; and that the lake has otherwise than they came
    (`archive.OTHERWISE`)."""

    missing: pa.Table
    unarchived: pa.Table
    otherwise: pa.Table


def compare(
    days: Days, there: Stands, state: State, cursor: DuckDBPyConnection, asked: Asked
) -> Compared:
    """Compare what arrived within some days, and was merged, with the lake, in all columns."""
    first = 0 if asked.raw_days is None else (asked.now // DAY_MS - asked.raw_days + 1) * DAY_MS
    after = "" if asked.raw_days is None else watermark.day_prefix(keys.day_name(first // DAY_MS))
    merged = watermark.merged(state, list(days.bucket.list(watermark.RAW, after)))
    merged = [one for one in merged if one.key not in state.failed]
    found = [archive.EMPTY]
    prints = [pa.table({"print": pa.array([], pa.uint64())})]
    batches = list(watermark.batches(merged, BATCH_BYTES, BATCH_OBJECTS))
    for batch in batches:
        with _raw(days, batch) as files:
            named = archive.hold(cursor, files)
            prints.append(archive.held(cursor))
            for some in (sorted(named), sorted(set(there.likes) - named)):
                for day in some:
                    if archive.left(cursor):
                        with _likes(days, there, [day]) as likes:
                            archive.take_out(cursor, likes)
            if archive.left(cursor):
                found.append(archive.missing(cursor, files))
    cursor.register("raw_prints", pa.concat_tables(prints))
    since = _surely_kept(merged, first, asked)
    doubted = _doubted(days, there, cursor, since, asked)
    came = [archive.CAME.empty_table()]
    for batch in batches if len(doubted) else ():
        with _raw(days, batch) as files:
            came.append(archive.having(cursor, files, doubted))
    rows = pa.concat_tables(came)
    if len(rows):
        again = pa.concat_tables(lake_sums.repeats_of(days, there, rows))
        rows = archive.but_repeats(cursor, rows, again, doubted)
        rows = pa.concat_tables([rows, _anonymous(days, cursor, doubted, rows)])
    return Compared(
        pa.concat_tables(found),
        archive.unarchived(doubted, rows),
        archive.otherwise(cursor, doubted, rows),
    )


def _anonymous(days: Days, cursor: DuckDBPyConnection, likes: pa.Table, came: pa.Table) -> pa.Table:
    """Give what came without who was forgotten since, whom raw tells of until they are searched for
    again; to who may not read of whom that is, as it is told where the lake names nobody."""
    try:
        return forgotten.read(days.bucket)[0].anonymous(came)
    except Forbidden:
        return archive.as_if_forgotten(cursor, likes, came)


@contextmanager
def _raw(days: Days, batch: Sequence[Object]) -> Iterator[dict[Path, str]]:
    with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
        files = downloaded(days.bucket, batch, Path(folder))
        with reading(files):
            yield files


def _surely_kept(merged: Sequence[Object], first: int, asked: Asked) -> int:
    """Tell from when on raw must have what arrived, in epoch milliseconds: no stage lets raw expire
    before its third day; of what is older, it must from the oldest object on that is left."""
    listed = first + OVERLAP_MS if first else 0  # may lie below the day before
    oldest = min((one.modified for one in merged if one.modified), default=asked.now)
    return max(listed, min(oldest + OVERLAP_MS, (asked.now // DAY_MS - 1) * DAY_MS))


def _doubted(
    days: Days, there: Stands, cursor: DuckDBPyConnection, since: int, asked: Asked
) -> pa.Table:
    """Give the likes of the lake that raw should have, and has not so."""
    found = [archive.NO_LIKES]
    last = asked.now - asked.archive_grace_ms
    for day in sorted(there.likes):
        # Older days may hold late likes; those are compared where all of raw is.
        if asked.raw_days is None or day >= since // DAY_MS - 1:
            with _likes(days, there, [day]) as files:
                found.append(archive.doubted(cursor, files, since, last))
    return pa.concat_tables(found)


def known(days: Days, there: Stands, cursor: DuckDBPyConnection, lacking: pa.Table) -> pa.Table:
    """Give deliveries that raw lacks, and tell of which the lake has them all the same."""
    if not len(lacking):
        return lacking
    named = {one // DAY_MS for one in lacking["liked_at"].to_pylist() if one is not None}
    again = pa.concat_tables([days.repeats(there.repeats.get(day))[0] for day in sorted(named)])
    with _likes(days, there, sorted(named)) as files:
        likes = [
            f"SELECT event_id, received_at FROM ({duck.select(some, columns)})"
            for columns, some in duck.alike(duck.kinds(cursor, files))
        ]
        nothing = "SELECT NULL::VARCHAR AS event_id, NULL::TIMESTAMP AS received_at WHERE false"
        return deliveries.of_which(cursor, lacking, " UNION ALL ".join(likes) or nothing, again)


@contextmanager
def _likes(days: Days, there: Stands, some: list[int]) -> Iterator[dict[Path, str]]:
    with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
        files = lake_sums.download(days, there, some, Path(folder))
        with reading(files):
            yield files
