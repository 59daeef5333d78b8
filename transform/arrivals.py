"""What arrived: a round of likes, each once, until it is merged."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from glue import tables
from transform import duck
from transform.duck import HOUR_MS
from transform.ordering import Ordering
from transform.watermark import MAX_BUCKETS

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

HELD = 192 * 2**20
"""Bytes of rows, as Arrow has them, that a round holds in memory; of more, all lie in DuckDB."""
BATCH = 20_480
"""Rows that are read at a time, for an `extra` may have 4 KB."""

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


class Round:
    """Likes that are merged together: in memory, or in DuckDB, which spills, if they are many.

    SQL knows them as `round`: the columns of `likes`, and the epoch `hour`, null for a row that
    is not of the round any more.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """Begin with no rows."""
        self.connection = connection
        self.begin()

    def begin(self) -> None:
        """Begin anew, with no rows."""
        self._held: list[pa.Table] = []
        self._spilled = False
        self._ordering: tuple[int, Ordering] | None = None
        self.connection.execute(f"CREATE OR REPLACE TABLE round ({_TYPED}, hour BIGINT)")

    def load(self, parts: Iterable[Mapping[str, Path]]) -> Loaded:
        """Begin with the rows of raw files, by name, which may come in parts, each event id once.

        A file that is no raw likes is left out whole. Raises `NoRoom`.
        """
        self.begin()
        rows = 0
        failed: dict[str, str] = {}
        for files in parts:
            rows += self._load_fit(files, failed)
        return Loaded(rows, self.once(), failed)

    def add(self, parts: Iterable[pa.Table]) -> int:
        """Add rows with the columns of `likes`, all or, where a part raises, none; tells how many.

        Raises `NoRoom`.
        """
        held, spilled, count = list(self._held), self._spilled, 0
        with duck.cursor(self.connection) as cursor, duck.room():
            cursor.begin()
            try:
                for rows in parts:
                    moments = rows["liked_at"].cast(pa.int64())
                    held.append(rows.append_column("hour", pc.divide(moments, HOUR_MS)))
                    count += len(rows)
                    if spilled or sum(some.nbytes for some in held) > HELD:
                        cursor.register("lines", pa.concat_tables(held))
                        cursor.execute("INSERT INTO round FROM lines")
                        held, spilled = [], True
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise
        self._held, self._spilled = held, spilled
        return count

    def once(self) -> dict[int, int]:
        """Leave each event id once; gives how many rows each epoch hour then has.

        Copies of a like are found wherever they are in the round. One that comes in a later round
        with another event time, in another hour, is not: there only the rows of its hour are
        looked at. Raises `NoRoom`.
        """
        with duck.room():
            if self._spilled:
                duck.drop_copies(self.connection, "round", "event_id")
            elif self._held:
                rows = pa.concat_tables(self._held).unify_dictionaries()
                self._held = []
                if rows["hour"].null_count:  # copies that an earlier call found
                    rows = rows.filter(pc.is_valid(rows["hour"]))
                self._held = [_without_copies(self.connection, _in_one_piece(rows))]
            with self.session() as cursor:
                counts = "SELECT hour, count(*) FROM round WHERE hour IS NOT NULL GROUP BY hour"
                return dict(sorted(cursor.execute(counts).fetchall()))

    @contextmanager
    def session(self) -> Iterator[DuckDBPyConnection]:
        """Give a session that can read `round`."""
        with duck.cursor(self.connection) as cursor:
            if self._held:
                cursor.register("round", self._held[0])
            yield cursor

    def ordering(self, buckets: int) -> Ordering | None:
        """Give the order of the rows in so many buckets; None where memory does not hold them."""
        if not self._held:
            return None
        if self._ordering is None or self._ordering[0] != buckets:
            [rows] = self._held
            number = _buckets(self.connection, rows, buckets) if buckets > 1 else 0
            places = pc.add(pc.multiply(rows["hour"], MAX_BUCKETS), number)
            self._ordering = buckets, Ordering(rows, places)
        return self._ordering[1]

    def _load_fit(self, files: Mapping[str, Path], failed: dict[str, str]) -> int:
        """Add raw files, and tell of those that are none; gives the rows."""
        try:
            return self.add(_read(self.connection, files.values()))
        except (duckdb.Error, OSError, _Unfit) as error:  # Arrow tells those of DuckDB as OSError
            duck.raise_if_full(error)
            if len(files) > 1:
                return sum(self._load_fit({name: files[name]}, failed) for name in files)
            [(name, path)] = files.items()
            failed[name] = str(error).splitlines()[0].replace(str(path), name)
            return 0


def _read(connection: DuckDBPyConnection, paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Give the rows of raw files."""
    found = duck.kinds(connection, paths)
    for kinds in found.values():
        for column in _RAW.columns:
            kind = kinds.get(column.name)
            if kind is None:
                raise _Unfit(f"It has no column {column.name}.")
            if kind not in _READ_AS[column.type]:
                raise _Unfit(f"Its column {column.name} is {kind}, not {column.type}.")
    for _, group in duck.alike(found):
        for batch in connection.sql(duck.select(group, _OF_RAW)).to_arrow_reader(BATCH):
            for name in _REQUIRED:
                if batch[name].null_count:
                    raise _Unfit(f"It has rows without {name}.")
            yield pa.Table.from_batches([batch])


def _in_one_piece(rows: pa.Table) -> pa.Table:
    """Give rows in one piece, a column after another, so that few are there twice meanwhile."""
    names, columns = rows.column_names, []
    while rows.num_columns:
        columns.append(rows.column(0).combine_chunks())
        rows = rows.remove_column(0)
    return pa.table(columns, names)


def _without_copies(connection: DuckDBPyConnection, rows: pa.Table) -> pa.Table:
    """Take the hour from those rows that are copies of another."""
    numbers = _numbers(rows)
    with duck.cursor(connection) as cursor:
        cursor.register("ids", rows.select(["event_id"]).append_column("number", numbers))
        shared = cursor.sql(duck.shared("ids", "event_id")).to_arrow_table()["number"]
        if not len(shared):
            return rows
        cursor.register("shared", rows.append_column("number", numbers).take(shared))
        copies = cursor.sql(duck.copies("FROM shared", "event_id")).to_arrow_table()["number"]
    copied = pc.is_in(numbers, copies.combine_chunks())
    hours = pc.if_else(copied, pa.scalar(None, pa.int64()), rows["hour"])
    return rows.set_column(rows.schema.get_field_index("hour"), "hour", hours)


def _buckets(connection: DuckDBPyConnection, rows: pa.Table, buckets: int) -> Any:
    """Give the bucket of each row."""
    with duck.cursor(connection) as cursor:
        cursor.register("ids", rows.select(["event_id"]).append_column("number", _numbers(rows)))
        found = f"SELECT ({duck.bucket(buckets)})::BIGINT AS bucket FROM ids ORDER BY number"
        return cursor.sql(found).to_arrow_table()["bucket"]


def _numbers(rows: pa.Table) -> Any:
    """Give a number for each row."""
    return pa.arange(0, len(rows))  # type: ignore[attr-defined]  # its types do not know of it
