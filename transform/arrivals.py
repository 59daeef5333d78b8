"""What arrived: a round of likes, each once, that lies in DuckDB until it is merged."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
from duckdb import DuckDBPyConnection

from glue import tables
from transform import duck
from transform.duck import HOUR

_TABLE, _RAW = tables.read("likes"), tables.read("likes_raw")
_TYPED = ", ".join(f"{column.name} {duck.SQL_TYPES[column.type]}" for column in _TABLE.columns)
_REQUIRED = ("event_id", "movie_id", "action", "liked_at", "received_at")
# What DuckDB may find in a file for each: the INT96 of Firehose is TIMESTAMP to it.
_READ_AS = {
    "string": {"VARCHAR"},
    "timestamp": {"TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
}
_OF_RAW = {column.name for column in _RAW.columns}


class Loaded(msgspec.Struct, frozen=True):
    """A round: rows as they were read, each epoch hour's that are left, and what was unreadable."""

    rows: int
    hours: dict[int, int]
    failed: dict[str, str]


class _Unfit(ValueError):
    """A file that is no raw likes."""


def begin(connection: DuckDBPyConnection) -> None:
    """Begin a round, in place of the one before: it has no rows yet."""
    connection.execute(f"CREATE OR REPLACE TABLE round ({_TYPED}, hour BIGINT)")


def load(connection: DuckDBPyConnection, parts: Iterable[Mapping[str, Path]]) -> Loaded:
    """Begin a round of raw files, by name, which may come in parts.

    A file that is no raw likes is left out whole. Raises `NoRoom`.
    """
    begin(connection)
    rows = 0
    failed: dict[str, str] = {}
    with duck.room():
        for files in parts:
            rows += _read_fit(connection, files, failed)
    return Loaded(rows, once(connection), failed)


def add(connection: DuckDBPyConnection, rows: pa.Table, number: int) -> None:
    """Add rows as `transform.backfill` gives them, and `received_at`, to a round.

    They are those of a backfill, by its `number`. Raises `NoRoom`.
    """
    told = {"backfill": str(number)}
    columns = ", ".join(told.get(column.name, column.name) for column in _TABLE.columns)
    with duck.cursor(connection) as cursor, duck.room():
        cursor.register("lines", rows)
        cursor.execute(f"INSERT INTO round SELECT {columns}, {HOUR} FROM lines")


def once(connection: DuckDBPyConnection) -> dict[int, int]:
    """Leave each event id once in a round; gives how many rows each epoch hour then has.

    Copies of a like are found wherever they are in the round. One that comes in a later round with
    another event time, in another hour, is not: there only the rows of its hour are looked at.
    Raises `NoRoom`.
    """
    with duck.room():
        duck.drop_copies(connection, "round", "event_id")
        hours = connection.execute("SELECT hour, count(*) FROM round GROUP BY hour ORDER BY hour")
        return dict(hours.fetchall())


def _read_fit(
    connection: DuckDBPyConnection, files: Mapping[str, Path], failed: dict[str, str]
) -> int:
    """Add raw files to what arrived, and tell of those that are none; gives the rows."""
    try:
        return _read(connection, files.values())
    except (duckdb.Error, _Unfit) as error:
        duck.raise_if_full(error)
        if len(files) > 1:
            return sum(_read_fit(connection, {name: files[name]}, failed) for name in files)
        [(name, path)] = files.items()
        failed[name] = str(error).splitlines()[0].replace(str(path), name)
        return 0


def _read(connection: DuckDBPyConnection, paths: Iterable[Path]) -> int:
    """Add raw files to what arrived, all or none; gives their rows."""
    found = duck.kinds(connection, paths)
    for kinds in found.values():
        for column in _RAW.columns:
            kind = kinds.get(column.name)
            if kind is None:
                raise _Unfit(f"It has no column {column.name}.")
            if kind not in _READ_AS[column.type]:
                raise _Unfit(f"Its column {column.name} is {kind}, not {column.type}.")
    connection.begin()
    try:
        for _, group in duck.alike(found):
            connection.execute(
                f"INSERT INTO round SELECT *, {HOUR} FROM ({duck.select(group, _OF_RAW)})"
            )
        for name in _REQUIRED:
            null = f"SELECT 1 FROM round WHERE {name} IS NULL LIMIT 1"
            if connection.execute(null).fetchone():
                raise _Unfit(f"It has rows without {name}.")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return sum(duck.counts(connection, list(found)).values())
