"""The merge of a round into the hours that its likes belong to, which lie in local files."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from transform import duck
from transform.arrivals import Round
from transform.duck import FIRST, HOUR
from transform.ordering import Ordering, counted
from transform.parquet import ROW_GROUP, SCHEMA, Writer
from transform.watermark import MAX_BUCKETS

pc: Any = pyarrow.compute  # its types lack what runs consist of

_COLUMNS = ", ".join(SCHEMA.names)
_ORDER = "movie_id, liked_at, event_id"
IN_MEMORY = 256 * 2**20
"""About the bytes of rows that are sorted in memory."""
_ROW = 160  # bytes of a row without `extra`, about


class Merged(msgspec.Struct, frozen=True):
    """An hour: its files by bucket, its rows, and how many of them it did not have before.

    Where rows move between buckets, `whole` holds them all, to stand for them while they do.
    `totals` has what its likes come to by film, sorted: `movie_id`, `likes`, `unlikes`.
    """

    files: dict[int, Path] = {}
    totals: Path | None = None
    whole: Path | None = None
    rows: int = 0
    new: int = 0


def merge(
    round_: Round,
    stands: Mapping[int, Mapping[int, Path]],
    buckets: int,
    folder: Path,
    threads: int = 1,
) -> Iterator[tuple[int, Merged]]:
    """Merge a round's rows of epoch hours with the files each has, by bucket.

    Writes to `folder`, and gives each hour once it is written. The same rows give the same bytes,
    however they were divided, and whatever hours are merged with them. Raises `NoRoom`.
    """
    files = [path for of_hour in stands.values() for path in of_hour.values()]
    with round_.session() as cursor, ThreadPoolExecutor(threads) as pool, duck.room():
        ordering = round_.ordering()
        if ordering and not files and buckets == 1:
            yield from _merge_new(ordering, set(stands), folder, pool)
            return
        rows = f"SELECT {_COLUMNS}, hour FROM round WHERE hour IN ({', '.join(map(str, stands))})"
        if files:
            # What another backfill brought stays as it stands, for it may be counted already.
            cursor.execute(f"CREATE TEMP TABLE copies AS SELECT *, false AS stays FROM ({rows})")
            stays = "backfill IS DISTINCT FROM (SELECT max(backfill) FROM round)"
            for columns, some in duck.alike(duck.kinds(cursor, files)):
                standing = duck.select(some, columns)
                cursor.execute(f"INSERT INTO copies SELECT *, {HOUR}, {stays} FROM ({standing})")
            first = f"backfill IS NOT NULL AND NOT stays, {FIRST}"
            duck.drop_copies(cursor, "copies", "hour, event_id", first)
            rows = f"SELECT {_COLUMNS}, hour FROM copies"
        had = duck.counts(cursor, files)
        wholes = {}
        for hour in _moving(cursor, stands, buckets):
            wholes[hour] = folder / f"{hour}-whole.parquet"
            _write_one(cursor, f"SELECT * FROM ({rows}) WHERE hour = {hour}", wholes[hour])
        empty = set(stands)
        written = _write(cursor, rows, buckets, folder, pool, 2 * threads)
        totals = _totals(cursor, rows, folder)
        for hour, of_hour in groupby(written, _hour):
            found = {place % MAX_BUCKETS: (path, count) for place, path, count in of_hour}
            count = sum(count for _, count in found.values())
            empty.discard(hour)
            yield (
                hour,
                Merged(
                    {bucket: path for bucket, (path, _) in found.items()},
                    totals[hour],
                    wholes.get(hour),
                    count,
                    count - sum(had[path] for path in stands[hour].values()),
                ),
            )
        yield from ((hour, Merged()) for hour in empty)


def _merge_new(
    ordering: Ordering, hours: set[int], folder: Path, pool: Executor
) -> Iterator[tuple[int, Merged]]:
    """Merge hours of which nothing stands yet: the order of their rows is all there is to find."""

    def write(hour: int) -> tuple[int, Merged]:
        likes = ordering.sorted(hour)
        if not len(likes):
            return hour, Merged()
        path = _path(folder, hour * MAX_BUCKETS)
        _write_file(likes, path)
        totals = _write_totals(folder, hour, counted(likes))
        return hour, Merged({0: path}, totals, None, len(likes), len(likes))

    there = hours.intersection(ordering.places)
    yield from ((hour, Merged()) for hour in hours - there)
    yield from pool.map(write, sorted(there))


def brought(
    connection: DuckDBPyConnection, files: Sequence[Path], number: int
) -> dict[str, tuple[int, int]]:
    """Give what a backfill brought into these files: likes and unlikes of each film."""
    told = duck.kinds(connection, files)
    paths = [path for path in files if "backfill" in told[path]]
    if not paths:
        return {}
    found = connection.execute(
        f"""
        SELECT movie_id, count(*) FILTER (action = 'like'), count(*) FILTER (action = 'unlike')
        FROM read_parquet({duck.listed(paths)}) WHERE backfill = {number} GROUP BY movie_id"""
    )
    return {film: (likes, unlikes) for film, likes, unlikes in found.fetchall()}


Written = tuple[int, Path, int]
"""A place, its file, and the rows in it. A place is an hour and a bucket."""


def _hour(written: Written) -> int:
    return written[0] // MAX_BUCKETS


def _write(
    cursor: DuckDBPyConnection, rows: str, buckets: int, folder: Path, pool: Executor, most: int
) -> Iterator[Written]:
    """Write rows to a file a place, and give these in the order of places; not before asked."""
    sizes = cursor.execute(f"SELECT sum({_ROW} + coalesce(strlen(extra), 0)) FROM ({rows})")
    [(size,)] = sizes.fetchall()
    if size is None:
        return
    place = f"(hour * {MAX_BUCKETS} + {duck.bucket(buckets)})::BIGINT AS place"
    placed = f"SELECT *, {place} FROM ({rows})"
    if size <= IN_MEMORY:
        held = cursor.sql(placed).to_arrow_table()
        ordering = Ordering(held, held["place"])

        def write(place: int) -> Written:
            path, likes = _path(folder, place), ordering.sorted(place)
            _write_file(likes, path)
            return place, path, len(likes)

        yield from pool.map(write, ordering.places)
    else:
        yield from _write_in_turn(cursor, placed, folder, pool, most)


def _write_in_turn(
    cursor: DuckDBPyConnection, rows: str, folder: Path, pool: Executor, most: int
) -> Iterator[Written]:
    """Write rows as DuckDB gives them, which spills what memory does not hold."""
    waiting: deque[tuple[Written, Future[None]]] = deque()
    for place, batches in _divided(cursor, f"{rows} ORDER BY place, {_ORDER}"):
        path = _path(folder, place)
        count, writer = 0, Writer(path)
        for batch in batches:
            writer.add(batch)
            count += batch.num_rows
        waiting.append(((place, path, count), pool.submit(writer.close)))
        while len(waiting) > (most if writer.is_small else 0):
            written, closed = waiting.popleft()
            closed.result()
            yield written
    for written, closed in waiting:
        closed.result()
        yield written


def _path(folder: Path, place: int) -> Path:
    hour, bucket = divmod(place, MAX_BUCKETS)
    return folder / f"{hour}-{bucket}.parquet"


def _divided(
    cursor: DuckDBPyConnection, rows: str
) -> Iterator[tuple[int, Iterator[pa.RecordBatch]]]:
    """Give rows in their order, those of a place together."""
    reader = cursor.sql(rows).to_arrow_reader(ROW_GROUP)
    pieces = (piece for batch in reader for piece in _runs(batch, "place"))
    for place, group in groupby(pieces, itemgetter(0)):
        yield place, (likes.select(SCHEMA.names) for _, likes in group)


def _runs(rows: Any, column: str) -> Iterator[tuple[int, Any]]:
    """Give the rows, of a batch or a table, that follow each other with the same value."""
    values = rows[column]
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    runs = pc.run_end_encode(values)
    ends = runs.run_ends.to_pylist()
    for value, (first, last) in zip(runs.values.to_pylist(), pairwise([0, *ends]), strict=True):
        yield value, rows.slice(first, last - first)


def _write_one(cursor: DuckDBPyConnection, rows: str, path: Path) -> None:
    writer = Writer(path)
    for batch in cursor.sql(f"SELECT {_COLUMNS} FROM ({rows}) ORDER BY {_ORDER}").to_arrow_reader():
        writer.add(batch)
    writer.close()


def _write_file(likes: pa.Table, path: Path) -> None:
    writer = Writer(path)
    for batch in likes.to_batches():
        writer.add(batch)
    writer.close()


def _totals(cursor: DuckDBPyConnection, rows: str, folder: Path) -> dict[int, Path]:
    """Write what the likes of each hour come to."""
    totals = cursor.sql(
        f"""
        SELECT hour, movie_id, count(*) FILTER (action = 'like') AS likes,
          count(*) FILTER (action = 'unlike') AS unlikes
        FROM ({rows}) GROUP BY hour, movie_id ORDER BY hour, movie_id"""
    ).to_arrow_table()
    found = {}
    for hour, of_hour in _runs(totals, "hour"):
        found[hour] = _write_totals(folder, hour, of_hour.drop_columns("hour").combine_chunks())
    return found


def _write_totals(folder: Path, hour: int, totals: pa.Table) -> Path:
    path = folder / f"{hour}-totals.parquet"
    pq.write_table(totals, path, compression="zstd", store_schema=False)
    return path


def _moving(
    cursor: DuckDBPyConnection, stands: Mapping[int, Mapping[int, Path]], buckets: int
) -> set[int]:
    """Give the hours of which a row has to leave its bucket, for one that it is not in yet."""
    places = {
        str(path): (hour, number)
        for hour, of_hour in stands.items()
        for number, path in of_hour.items()
    }
    if buckets == 1 or not places:
        return set()
    found = cursor.execute(
        f"""
        SELECT DISTINCT filename, {duck.bucket(buckets)}
        FROM read_parquet({duck.listed(map(Path, places))}, filename = true)"""
    ).fetchall()
    return {places[name][0] for name, bucket in found if bucket != places[name][1]}
