"""The staging area: likes that are merged together, each once; in memory while they are few."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from glue import tables
from transform.lake import duck, event_ids, sorting
from transform.lake.division import MAX_BUCKETS, Division
from transform.lake.parquet import SCHEMA
from transform.lake.sorting import Ordering
from transform.lake.tombstones import NOBODY, Forgotten

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

HELD = 192 * 2**20
"""Bytes of rows, as Arrow has them, that are staged in memory; of more, all lie in DuckDB."""

MOST = 512 * 2**20
"""Bytes of rows that are staged together where more can wait: DuckDB takes some three times as much
in all."""

_LOST, _ELSEWHERE = (
    "SELECT DISTINCT event_id, hour, place FROM copies",
    "WHERE hour <> kept OR place <> kept_place",
)

_COLUMNS = {column.name: duck.SQL_TYPES[column.type] for column in tables.read("likes").columns}
_TYPED = ", ".join(
    f"{name} {type_}" for name, type_ in (_COLUMNS | {"place": "INTEGER", "hour": "BIGINT"}).items()
)
_EMPTY = SCHEMA.append(pa.field("place", pa.int32())).empty_table()


class Staging:
    """Likes that are merged together: in memory, or in DuckDB, which spills, if they are many.

    SQL knows them as `staged`: the columns of `likes`, the hash of the `place` on the stream that
    each came from, null where it came otherwise, and the epoch `hour`, null for a row that is not
    staged any more. Likes of those who are forgotten are anonymous from the moment on that they
    are here.
    """

    def __init__(self, connection: DuckDBPyConnection, forgotten: Forgotten = NOBODY) -> None:
        """Begin with no rows."""
        self.connection = connection
        self.forgotten = forgotten
        self.begin()

    def begin(self) -> None:
        """Begin anew, with no rows."""
        self._held = _Held()
        self._rows: pa.Table | None = None
        self._ordering: tuple[Division, Ordering] | None = None
        self._spilled = False
        self.bytes = 0
        """How many the rows are that were added, as Arrow has them."""
        self.lost = event_ids.PLACES.empty_table()
        self.connection.execute(f"CREATE OR REPLACE TABLE staged ({_TYPED})")

    def add(self, parts: Iterable[pa.Table]) -> int:
        """Add rows with the columns of `likes`, and perhaps their `place`, all or, where a part
        raises, none; tells how many.

        Raises `NoRoom`.
        """
        self._rows = self._ordering = None
        held, before = self._held.copy(), self._held.count
        left = map(self.forgotten.anonymous, map(_placed, parts))
        with duck.room():
            while not self._spilled and held.bytes <= HELD:
                rows = next(left, None)
                if rows is None:
                    self._held, self.bytes = held, held.bytes
                    return held.count - before
                held.add(rows)
            more, size = self._spill(chain([held.rows()], map(_with_hour, left)))
        self.bytes += size - self._held.bytes
        self._held, self._spilled = _Held(), True
        return more - before

    def _spill(self, parts: Iterable[pa.Table]) -> tuple[int, int]:
        """Insert rows, all or none; tells how many, and their bytes."""
        count = size = 0
        with duck.cursor(self.connection) as cursor:
            cursor.begin()
            try:
                for rows in parts:
                    cursor.register("lines", rows)
                    cursor.execute("INSERT INTO staged FROM lines")
                    count += len(rows)
                    size += rows.nbytes
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise
        return count, size

    def once(self) -> dict[int, int]:
        """Leave each event id once; gives how many rows each epoch hour then has.

        To be called once all rows are added. Copies of a like are found wherever they are among
        what is staged; `lost` then has the places of those that were of another hour, where they
        may stand from an earlier run, or from another place of the stream. Raises `NoRoom`.
        """
        with duck.room():
            if self._spilled:
                shared = duck.shared("(SELECT *, rowid AS number FROM staged)", "event_id")
                self.connection.execute(f"CREATE TEMP TABLE copies AS {_copies(shared)}")
                lost = self.connection.sql(f"{_LOST} {_ELSEWHERE}")
                self.lost = lost.to_arrow_table().cast(event_ids.PLACES)
                which = "rowid IN (SELECT number FROM copies)"
                self.connection.execute(f"UPDATE staged SET hour = NULL WHERE {which}")
                self.connection.execute("DROP TABLE copies")
                counts = "SELECT hour, count(*) FROM staged WHERE hour IS NOT NULL GROUP BY hour"
                return dict(sorted(self.connection.execute(counts).fetchall()))
            rows = self._held.rows()
            self._hours = rows["hour"]
            ids = self._hashed(rows)
            self._rows = self._without_copies(rows, ids["id"].combine_chunks(), ids["number"])
            self._ids = ids.select(event_ids.SCHEMA.names)
            found = pc.value_counts(self._rows["hour"].drop_null())
            return dict(sorted(zip(*(part.to_pylist() for part in found.flatten()), strict=True)))

    def drop(self, likes: pa.Table) -> None:
        """Take likes back, by the column `event_id`."""
        if not len(likes):
            return
        if self._rows is not None:
            taken = pc.is_in(self._rows["event_id"], likes["event_id"].combine_chunks())
            self._rows, self._ordering = _without_hour(self._rows, taken), None
            return
        with duck.cursor(self.connection) as cursor:
            cursor.register("taken", likes)
            which = "event_id IN (SELECT event_id FROM taken)"
            cursor.execute(f"UPDATE staged SET hour = NULL WHERE {which}")

    def forget(self, forgotten: Forgotten) -> None:
        """Make the likes anonymous of who is forgotten now, once all rows are added."""
        self.forgotten, self._ordering = forgotten, None
        if self._rows is not None:
            self._rows = forgotten.anonymous(self._rows)
            return
        with duck.cursor(self.connection) as cursor:
            forgotten_rows = duck.forgotten(cursor, "staged", forgotten)
            cursor.begin()
            cursor.execute(f"DELETE FROM staged WHERE {forgotten_rows}")
            cursor.execute("INSERT INTO staged FROM anonymous")
            cursor.commit()

    @contextmanager
    def session(self) -> Iterator[DuckDBPyConnection]:
        """Give a session that can read `staged`."""
        with duck.cursor(self.connection) as cursor:
            if self._rows is not None:
                cursor.register("staged", self._rows)
            yield cursor

    def ids(self) -> pa.Table:
        """Give the ids of what is staged, as `event_ids` has them."""
        if self._rows is not None and self._ids is not None:
            return event_ids.once(self._ids.cast(event_ids.SCHEMA))
        with self.session() as cursor:
            return event_ids.of_rows(cursor, "staged")

    def _hashed(self, rows: pa.Table) -> pa.Table:
        """Give the hash of each event id, and the number, hour and place of its row, in their
        order."""
        with duck.cursor(self.connection) as cursor:
            numbered = rows.select(["event_id", "hour", "place"])
            cursor.register("ids", numbered.append_column("number", _numbers(rows)))
            hashed = f"SELECT {event_ids.HASH} AS id, number, hour, place FROM ids"
            ids: pa.Table = cursor.sql(f"{hashed} ORDER BY {event_ids.ORDER}").to_arrow_table()
            return ids

    def _without_copies(self, rows: pa.Table, ids: Any, numbers: Any) -> pa.Table:
        """Take the hour from those rows that are copies of another, by ids in their order."""
        same = pc.equal(ids.slice(1), ids.slice(0, max(0, len(ids) - 1)))
        if not pc.any(same).as_py():
            return rows
        no = pa.array([False])
        shared = pc.or_(pa.concat_arrays([same, no]), pa.concat_arrays([no, same]))
        # To take rows by their numbers, Arrow would first put all pieces together.
        few = _marked(len(rows), numbers.filter(shared))
        with duck.cursor(self.connection) as cursor:
            numbered = rows.filter(few).append_column("number", pc.indices_nonzero(few))
            cursor.register("shared", numbered)
            copies = cursor.sql(_copies("FROM shared")).to_arrow_table()
            cursor.register("copies", copies)
            self.lost = cursor.sql(f"{_LOST} {_ELSEWHERE}").to_arrow_table().cast(event_ids.PLACES)
        return _without_hour(rows, _marked(len(rows), copies["number"]))

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
    """Rows in memory, with their `hour`."""

    def __init__(self) -> None:
        self.bytes = self.count = 0
        self._parts: list[pa.Table] = []

    def copy(self) -> "_Held":
        """Give another with the same rows."""
        other = _Held()
        other.bytes, other.count, other._parts = self.bytes, self.count, self._parts[:]
        return other

    def add(self, rows: pa.Table) -> None:
        """Add rows with the columns of `likes`, and their place."""
        self.bytes += rows.nbytes
        self.count += len(rows)
        self._parts.append(_with_hour(rows))

    def rows(self) -> pa.Table:
        """Give them all, in the pieces they came in, which may lie in files that are mapped."""
        return pa.concat_tables(self._parts or [_with_hour(_EMPTY)]).unify_dictionaries()


def _placed(rows: pa.Table) -> pa.Table:
    if "place" in rows.column_names:
        return rows
    return rows.append_column("place", pa.nulls(len(rows), pa.int32()))


def _with_hour(rows: pa.Table) -> pa.Table:
    return rows.append_column("hour", sorting.hours(rows))


def _copies(rows: str) -> str:
    """Give SQL for the copies among rows: their numbers and hours, and the hour of the like."""
    return f"""
        SELECT
          number, event_id, hour, place,
          first_value(hour) OVER came AS kept, first_value(place) OVER came AS kept_place
        FROM ({rows})
        WINDOW came AS (PARTITION BY event_id ORDER BY {duck.FIRST})
        QUALIFY row_number() OVER came > 1"""


def _without_hour(rows: pa.Table, which: Any) -> pa.Table:
    hours = pc.if_else(which, pa.scalar(None, pa.int64()), rows["hour"])
    return rows.set_column(rows.schema.get_field_index("hour"), "hour", hours)


def _marked(count: int, numbers: Any) -> Any:
    """Tell for each of so many rows whether its number is among these."""
    which = bytearray(count)
    for number in numbers.to_pylist():
        which[number] = True
    told = pa.Array.from_buffers(pa.uint8(), count, [None, pa.py_buffer(which)])
    return told.cast(pa.bool_())


def _numbers(rows: pa.Table) -> Any:
    """Give a number for each row."""
    return pa.arange(0, len(rows))  # type: ignore[attr-defined]  # its types do not know of it
