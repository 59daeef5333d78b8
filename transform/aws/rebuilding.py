"""Makes likes anew from raw, of films and hours of which raw and the lake tell otherwise.

What raw has of them is taken out of the lake, wherever it stands there, and merged again: rows
that were changed, doubled or moved are then as they came, and so are their repeats. Between the two
writes a reader misses them; whoever is cut off there leaves what the next repair merges again.
"""

import tempfile
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from transform.audit import archive
from transform.aws import arrived, lake_sums
from transform.aws.audit_sources import Sources
from transform.aws.buckets import Conflict
from transform.aws.lake_writer import Days, opened
from transform.lake import duck, keys, repeats, watermark
from transform.lake.duck import HOUR_MS
from transform.lake.watermark import Object

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand


def take_out(sources: Sources, some: Set[tuple[str, int]]) -> pa.Table:
    """Take out of the lake what raw has of films and epoch hours; gives it, as it came
    (`archive.SCHEMA`). Raises what a service raises."""
    with opened(sources.bucket, sources.power) as days:
        state, _ = days.state()
        listed = watermark.merged(state, list(sources.bucket.list(watermark.RAW)))
        wanted = pa.table(
            {
                "movie_id": pa.array([film for film, _ in some], pa.string()),
                "hour": pa.array([hour for _, hour in some], pa.int64()),
            }
        )
        with duck.cursor(days.staging.connection) as cursor:
            cursor.register("wanted", wanted)
            readable = [one for one in listed if one.key not in state.failed]
            found = _found(days, cursor, readable)
        remove(days, found.select(["event_id"]))
        _tidy_repeats(days)
        return found


def remove(days: Days, likes: pa.Table) -> None:
    """Take likes out of the days that they stand on, by the column `event_id`."""
    ids = likes.group_by("event_id").aggregate([])
    with duck.cursor(days.staging.connection) as cursor:
        cursor.register("ids", ids)
        there = lake_sums.stands(days)
        holding = [day for day in there.likes if _holds(days, there, cursor, day)]
    days.staging.begin()
    days.merge(dict.fromkeys(sorted(holding), {}), days.state()[0].division, gone=ids)


def _tidy_repeats(days: Days) -> None:
    """Take repeats out of the objects of other days than their own; these are noted again."""
    for day, one in lake_sums.by_day(days.bucket, keys.REPEATS).items():
        rows, etag = days.repeats(one)
        own = rows.filter(pc.equal(repeats.days(rows), day))
        if len(own) < len(rows):
            with suppress(Conflict):
                days.bucket.put(one.key, repeats.encode(own), etag)


def _found(days: Days, cursor: DuckDBPyConnection, raw: list[Object]) -> pa.Table:
    found = [archive.EMPTY]
    for batch in watermark.batches(raw, arrived.BATCH_BYTES, arrived.BATCH_OBJECTS):
        with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
            paths = arrived.downloaded(days.bucket, batch, Path(folder))
            for columns, group in duck.alike(duck.kinds(cursor, paths)):
                hour = f"epoch_ms(liked_at) // {HOUR_MS}"
                rows: pa.Table = cursor.sql(
                    f"SELECT * FROM ({duck.select(group, columns)}) "
                    f"WHERE (movie_id, {hour}) IN (SELECT (movie_id, hour) FROM wanted)"
                ).to_arrow_table()
                found.append(archive.as_likes(cursor, rows))
    return pa.concat_tables(found)


def _holds(days: Days, there: lake_sums.Stands, cursor: DuckDBPyConnection, day: int) -> bool:
    with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
        paths = lake_sums.download(days, there, [day], Path(folder))
        files = f"read_parquet({duck.listed(paths)})"
        has = f"SELECT 1 FROM {files} WHERE event_id IN (SELECT event_id FROM ids) LIMIT 1"
        return bool(paths) and bool(cursor.execute(has).fetchall())
