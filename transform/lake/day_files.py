"""Rows of days into files, in the order of the table."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from transform.lake import duck, parquet, totals
from transform.lake.ahead import Ahead
from transform.lake.division import DAY_HOURS, MAX_BUCKETS, Division
from transform.lake.parquet import ROW_GROUP, SCHEMA, Writer
from transform.lake.sorting import Ordering

pc: Any = pyarrow.compute  # its types lack what runs consist of

_COLUMNS = ", ".join(SCHEMA.names)
_ORDER = "movie_id, liked_at, event_id"
IN_MEMORY = 256 * 2**20
"""About the bytes of rows that are sorted in memory."""
AT_ONCE = 8_192
"""Rows that DuckDB gives at a time, for an `extra` may have 4 KB."""
_ROW = 160  # bytes of a row without `extra`, about

_Piece = tuple[pa.Table, pa.Table | None]
Written = tuple[int, Path, int]
"""A place, as `Division` numbers them, its file, and the rows in it."""


def day_of(written: Written) -> int:
    """Give the epoch day of a place that is written."""
    return written[0] // MAX_BUCKETS // DAY_HOURS


def divided(
    cursor: DuckDBPyConnection,
    rows: str,
    division: Division,
    folder: Path,
    pool: Executor,
    most: int,
) -> Iterator[tuple[Written, pa.Table]]:
    """Write rows to a file a place, and give these in the order of places, and what the likes of
    each come to; not before asked. Where DuckDB sums, a day's first place has what all come to."""
    sizes = cursor.execute(f"SELECT sum({_ROW} + coalesce(strlen(extra), 0)) FROM ({rows})")
    [(size,)] = sizes.fetchall()
    if size is None:
        return
    placed = f"SELECT *, {duck.place(division)} AS place FROM ({rows})"
    if size <= IN_MEMORY:
        held = cursor.sql(placed).to_arrow_table()
        ordering = Ordering(held, held["place"])
        yield from in_memory(ordering, ordering.places, division, folder, pool)
        return
    sums = totals.by_day(cursor, rows)
    for written in _write_in_turn(cursor, placed, division, folder, pool, most):
        yield written, sums.pop(day_of(written), totals.EMPTY)


def in_memory(
    ordering: Ordering, places: Sequence[int], division: Division, folder: Path, pool: Executor
) -> Iterator[tuple[Written, pa.Table]]:
    """Write the likes of places to a file each; gives these, and what the likes come to.

    The largest is begun with, so that no thread has it left when the others are done; and while
    some of its rows are written, the next are gathered.
    """
    with ThreadPoolExecutor(len(places) or 1) as gathering:

        def write(place: int) -> tuple[Written, pa.Table]:
            path, sums = path_of(folder, place), totals.EMPTY

            def gather() -> Generator[_Piece, None, None]:
                nonlocal sums
                kept = []
                for likes in ordering.sorted(place):
                    kept.append(likes.select(totals.OF))
                    yield likes, parquet.row_group(likes)
                sums = totals.of(pa.concat_tables(kept)) if kept else sums

            is_large = ordering.size(place) > ROW_GROUP
            writer, rows = Writer(path, division.number), 0
            with closing(Ahead(gathering, gather, _size) if is_large else gather()) as pieces:
                for likes, group in pieces:
                    writer.add_group(likes, group)
                    rows += len(likes)
            writer.close()
            return (place, path, rows), sums

        begun = {
            place: pool.submit(write, place)
            for place in sorted(places, key=ordering.size, reverse=True)
        }
        yield from (begun[place].result() for place in places)


def _size(piece: _Piece) -> int:
    return piece[0].nbytes


def _write_in_turn(
    cursor: DuckDBPyConnection,
    rows: str,
    division: Division,
    folder: Path,
    pool: Executor,
    most: int,
) -> Iterator[Written]:
    """Write rows as DuckDB gives them, which spills what memory does not hold."""
    waiting: deque[tuple[Written, Future[None]]] = deque()
    for place, batches in _divided(cursor, f"{rows} ORDER BY place, {_ORDER}"):
        path = path_of(folder, place)
        count, writer = 0, Writer(path, division.number)
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


def path_of(folder: Path, place: int) -> Path:
    """Give where the file of a place is written."""
    return folder / f"{place}.parquet"


def _divided(
    cursor: DuckDBPyConnection, rows: str
) -> Iterator[tuple[int, Iterator[pa.RecordBatch]]]:
    """Give rows in their order, those of a place together."""
    reader = cursor.sql(rows).to_arrow_reader(AT_ONCE)
    pieces = (piece for batch in reader for piece in runs(batch, "place"))
    for place, group in groupby(pieces, itemgetter(0)):
        yield place, (likes.select(SCHEMA.names) for _, likes in group)


def runs(rows: Any, column: str) -> Iterator[tuple[int, Any]]:
    """Give the rows, of a batch or a table, that follow each other with the same value."""
    values = rows[column]
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    runs = pc.run_end_encode(values)
    ends = runs.run_ends.to_pylist()
    for value, (first, last) in zip(runs.values.to_pylist(), pairwise([0, *ends]), strict=True):
        yield value, rows.slice(first, last - first)


def whole(cursor: DuckDBPyConnection, rows: str, division: Division, path: Path) -> None:
    """Write the rows of a day to one file, in their order, however they are divided."""
    writer = Writer(path, division.number)
    found = cursor.sql(f"SELECT {_COLUMNS} FROM ({rows}) ORDER BY {_ORDER}")
    for batch in found.to_arrow_reader(AT_ONCE):
        writer.add(batch)
    writer.close()
