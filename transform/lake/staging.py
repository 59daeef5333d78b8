"""The staging area: likes that are merged together, each once; in memory while they are few."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from glue import tables
from transform.lake import duck, sorting
from transform.lake.division import MAX_BUCKETS, Division
from transform.lake.parquet import SCHEMA
from transform.lake.sorting import Ordering

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

HELD = 192 * 2**20
"""Bytes of rows, as Arrow has them, that are staged in memory; of more, all lie in DuckDB."""
TOGETHER, LARGE = 200_000, 4_096
"""Rows that are put in the order of hours together, and of how many on they may stay as they are,
as each step takes its time whatever the rows."""

_TYPED = ", ".join(
    f"{column.name} {duck.SQL_TYPES[column.type]}" for column in tables.read("likes").columns
)


class Staging:
    """Likes that are merged together: in memory, or in DuckDB, which spills, if they are many.

    SQL knows them as `staged`: the columns of `likes`, and the epoch `hour`, null for a row that
    is not staged any more.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """Begin with no rows."""
        self.connection = connection
        self.begin()

    def begin(self) -> None:
        """Begin anew, with no rows."""
        self._held = _Held()
        self._rows: pa.Table | None = None
        self._ordering: tuple[Division, Ordering] | None = None
        self._spilled = False
        self.connection.execute(f"CREATE OR REPLACE TABLE staged ({_TYPED}, hour BIGINT)")

    def add(self, parts: Iterable[pa.Table]) -> int:
        """Add rows with the columns of `likes`, all or, where a part raises, none; tells how many.

        Raises `NoRoom`.
        """
        self._rows = self._ordering = None
        held, before = self._held.copy(), self._held.count
        left = iter(parts)
        with duck.room():
            while not self._spilled and held.bytes <= HELD:
                rows = next(left, None)
                if rows is None:
                    self._held = held
                    return held.count - before
                held.add(rows)
            more = self._spill(chain([held.rows()], map(_with_hour, left)))
        self._held, self._spilled = _Held(), True
        return more - before

    def _spill(self, parts: Iterable[pa.Table]) -> int:
        """Insert rows, all or none; tells how many."""
        count = 0
        with duck.cursor(self.connection) as cursor:
            cursor.begin()
            try:
                for rows in parts:
                    cursor.register("lines", rows)
                    cursor.execute("INSERT INTO staged FROM lines")
                    count += len(rows)
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise
        return count

    def once(self) -> dict[int, int]:
        """Leave each event id once; gives how many rows each epoch hour then has.

        To be called once all rows are added. Copies of a like are found wherever they are among
        what is staged. One that is staged later with another event time, in another hour, is not:
        there only the rows of its hour are looked at. Raises `NoRoom`.
        """
        with duck.room():
            if self._spilled:
                duck.drop_copies(self.connection, "staged", "event_id")
                counts = "SELECT hour, count(*) FROM staged GROUP BY hour"
                return dict(sorted(self.connection.execute(counts).fetchall()))
            rows = self._held.rows()
            self._hours = rows["hour"]
            self._rows = _without_copies(self.connection, rows)
            found = pc.value_counts(self._rows["hour"].drop_null())
            return dict(sorted(zip(*(part.to_pylist() for part in found.flatten()), strict=True)))

    @contextmanager
    def session(self) -> Iterator[DuckDBPyConnection]:
        """Give a session that can read `staged`."""
        with duck.cursor(self.connection) as cursor:
            if self._rows is not None:
                cursor.register("staged", self._rows)
            yield cursor

    def ordering(self, division: Division) -> Ordering | None:
        """Give the order of the rows of each place, by day or hour, not by bucket; None where
        memory does not hold them."""
        if self._ordering and self._ordering[0] == division:
            return self._ordering[1]
        if not self._rows:
            return None
        first = pc.multiply(pc.divide(self._hours, division.hours), division.hours)
        self._ordering = division, Ordering(self._rows, pc.multiply(first, MAX_BUCKETS))
        return self._ordering[1]


class _Held:
    """Rows in memory, with their `hour`, mostly those of an hour together."""

    def __init__(self) -> None:
        self.bytes = self.count = 0
        self._parts: list[pa.Table] = []
        self._loose: list[pa.Table] = []

    def copy(self) -> "_Held":
        """Give another with the same rows."""
        other = _Held()
        other.count = self.count
        other.bytes, other._parts, other._loose = self.bytes, self._parts[:], self._loose[:]
        return other

    def add(self, rows: pa.Table) -> None:
        """Add rows with the columns of `likes`."""
        self.bytes += rows.nbytes
        self.count += len(rows)
        if len(rows) >= LARGE and sorting.is_by_hour(rows):
            self._parts.append(_with_hour(rows))
            return
        self._loose.append(rows)
        if sum(map(len, self._loose)) >= TOGETHER:
            self._put_together()

    def rows(self) -> pa.Table:
        """Give them all."""
        if self._loose:
            self._put_together()
        if not self._parts:
            return _with_hour(SCHEMA.empty_table())
        return pa.concat_tables(self._parts).unify_dictionaries()

    def _put_together(self) -> None:
        self._parts.append(_with_hour(sorting.by_hour(pa.concat_tables(self._loose))))
        self._loose = []


def _with_hour(rows: pa.Table) -> pa.Table:
    return rows.append_column("hour", sorting.hours(rows))


def _without_copies(connection: DuckDBPyConnection, rows: pa.Table) -> pa.Table:
    """Take the hour from those rows that are copies of another."""
    numbers = _numbers(rows)
    with duck.cursor(connection) as cursor:
        cursor.register("ids", rows.select(["event_id"]).append_column("number", numbers))
        shared = cursor.sql(duck.shared("ids", "event_id")).to_arrow_table()["number"]
        if not len(shared):
            return rows
        alike = pc.is_in(numbers, shared.combine_chunks())
        cursor.register("shared", rows.append_column("number", numbers).filter(alike))
        copies = cursor.sql(duck.copies("FROM shared", "event_id")).to_arrow_table()["number"]
    copied = pc.is_in(numbers, copies.combine_chunks())
    hours = pc.if_else(copied, pa.scalar(None, pa.int64()), rows["hour"])
    return rows.set_column(rows.schema.get_field_index("hour"), "hour", hours)


def _numbers(rows: pa.Table) -> Any:
    """Give a number for each row."""
    return pa.arange(0, len(rows))  # type: ignore[attr-defined]  # its types do not know of it
