"""What arrived: raw files of likes, read into the staging area."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from glue import tables
from transform.lake import duck, event_ids
from transform.lake.staging import Staging

BATCH = 20_480
"""Rows that are read at a time, for an `extra` may have 4 KB."""

_RAW = tables.read("likes_raw")
_REQUIRED = ("event_id", "movie_id", "action", "liked_at", "received_at")
# What DuckDB may find in a file for each: the INT96 of Firehose is TIMESTAMP to it.
_TIMESTAMPS = {"TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_READ_AS = {type_: {found} for type_, found in duck.SQL_TYPES.items()} | {"timestamp": _TIMESTAMPS}
_OF_RAW = {column.name for column in _RAW.columns}


class Loaded(msgspec.Struct, frozen=True):
    """What was staged: rows read, rows left of each epoch hour, and what was unreadable."""

    rows: int
    hours: dict[int, int]
    failed: dict[str, str]


class _Unfit(ValueError):
    """A file that is no raw likes."""


def load(staging: Staging, parts: Iterable[Mapping[str, Path]]) -> Loaded:
    """Stage the rows of raw files, by name, in parts, each event id once.

    A file that is no raw likes is left out whole. Raises `NoRoom`.
    """
    staging.begin()
    rows = 0
    failed: dict[str, str] = {}
    for files in parts:
        rows += _load_fit(staging, files, failed)
    return Loaded(rows, staging.once(), failed)


def _load_fit(staging: Staging, files: Mapping[str, Path], failed: dict[str, str]) -> int:
    """Add raw files, and tell of those that are none; gives the rows."""
    try:
        return staging.add(_read(staging.connection, files.values()))
    except (duckdb.Error, OSError, _Unfit) as error:  # Arrow tells those of DuckDB as OSError
        duck.raise_if_full(error)
        if len(files) > 1:
            return sum(_load_fit(staging, {name: files[name]}, failed) for name in files)
        [(name, path)] = files.items()
        failed[name] = str(error).splitlines()[0].replace(str(path), name)
        return 0


def _read(connection: DuckDBPyConnection, paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Give the rows of raw files."""
    found = duck.kinds(connection, paths)
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
        for batch in connection.sql(rows).to_arrow_reader(BATCH):
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
