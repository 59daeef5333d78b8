"""What arrived: raw files of likes, read into the staging area."""

from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from glue import tables
from transform.lake import duck, event_ids, staging
from transform.lake.ahead import Ahead
from transform.lake.staging import Staging

BATCH = 20_480
"""Rows that are read at a time, for an `extra` may have 4 KB."""

READERS = 2
"""Threads that read parts, each one of its own: DuckDB gives a query's rows by one alone."""

_RAW = tables.read("likes_raw")
_REQUIRED = ("event_id", "movie_id", "action", "liked_at", "received_at")
# What DuckDB may find in a file for each: the INT96 of Firehose is TIMESTAMP to it.
_TIMESTAMPS = {"TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_READ_AS = {type_: {found} for type_, found in duck.SQL_TYPES.items()} | {"timestamp": _TIMESTAMPS}
_OF_RAW = {column.name for column in _RAW.columns}


class Loaded(msgspec.Struct, frozen=True):
    """What was staged: rows read, rows left of each epoch hour, and what was unreadable.

    `last` names the last file that was read, where others are left for another time.
    """

    rows: int
    hours: dict[int, int]
    failed: dict[str, str]
    last: str | None = None


class _Unfit(ValueError):
    """A file that is no raw likes."""


def load(area: Staging, parts: Iterable[Mapping[str, Path]]) -> Loaded:
    """Stage the rows of raw files, by name, in parts, each event id once.

    A file that is no raw likes is left out whole. Parts are left once `staging.MOST` is reached:
    how much there is in a file is seen only when it is read. Raises `NoRoom`.
    """
    area.begin()
    rows, last = 0, None
    failed: dict[str, str] = {}
    with (
        ThreadPoolExecutor(READERS) as pool,
        closing(_begun(area.connection, parts, pool)) as begun,
    ):
        for files, read in begun:
            with closing(read):
                rows += _load_fit(area, files, read, failed)
            if area.bytes >= staging.MOST:
                last = [*files][-1] if files else None
                break
    return Loaded(rows, area.once(), failed, last)


def _begun(
    connection: DuckDBPyConnection, parts: Iterable[Mapping[str, Path]], pool: Executor
) -> Generator[tuple[Mapping[str, Path], Ahead[pa.Table]], None, None]:
    """Give parts and what is read of them, each while the next are read, too."""
    waiting: deque[tuple[Mapping[str, Path], Ahead[pa.Table]]] = deque()
    try:
        for files in parts:
            read = Ahead(pool, partial(_read, connection, files.values()), _size)
            waiting.append((files, read))
            if len(waiting) == READERS:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for _, read in waiting:
            read.close()


def _load_fit(
    area: Staging, files: Mapping[str, Path], rows: Iterable[pa.Table], failed: dict[str, str]
) -> int:
    """Add the rows of raw files, and tell of those that are none; gives how many."""
    try:
        return area.add(rows)
    except (duckdb.Error, OSError, _Unfit) as error:  # Arrow tells those of DuckDB as OSError
        duck.raise_if_full(error)
        if len(files) > 1:
            return sum(
                _load_fit(area, {name: path}, _read(area.connection, [path]), failed)
                for name, path in files.items()
            )
        [(name, path)] = files.items()
        failed[name] = str(error).splitlines()[0].replace(str(path), name)
        return 0


def _size(rows: pa.Table) -> int:
    return rows.nbytes


def _read(connection: DuckDBPyConnection, paths: Iterable[Path]) -> Generator[pa.Table, None, None]:
    """Give the rows of raw files."""
    with duck.cursor(connection) as cursor:
        found = duck.kinds(cursor, paths)
        for kinds in found.values():
            for column in _RAW.columns:
                kind = kinds.get(column.name)
                if kind is None and column.name in _REQUIRED:
                    raise _Unfit(f"It has no column {column.name}.")
                if kind is not None and kind not in _READ_AS[column.type]:
                    raise _Unfit(f"Its column {column.name} is {kind}, not {column.type}.")
        for columns, group in duck.alike(found):
            place = event_ids.PLACE if "place" in columns else "NULL"
            rows = duck.select(group, _OF_RAW & columns, f", {place}::INTEGER AS place")
            for batch in cursor.sql(rows).to_arrow_reader(BATCH):
                for name in _REQUIRED:
                    if batch[name].null_count:
                        raise _Unfit(f"It has rows without {name}.")
                yield pa.Table.from_batches([batch])


def encode(rows: pa.Table, on_aws: bool) -> bytes:
    """Give a raw file of rows with times of the same type as Firehose's beside it: INT96 on AWS,
    microseconds on the emulator; else tools that hold all files to one schema refuse the table.

    https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
    """
    sink = pa.BufferOutputStream()
    how: Any = {"use_deprecated_int96_timestamps": True} if on_aws else {"coerce_timestamps": "us"}
    pq.write_table(rows, sink, compression="snappy", store_schema=False, **how)
    return sink.getvalue().to_pybytes()
