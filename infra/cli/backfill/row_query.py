"""What is asked of the rows of a CSV or Parquet file, in a DuckDB that sees nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute

from infra.cli.backfill import (
    conditions,
    csv_records,
    json_rows,
    judging,
    line_arrays,
    number_sql,
    own_rows,
)
from infra.cli.backfill.conditions import listed, literal, quoted
from infra.cli.backfill.csv_records import Batch
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.judging import Field, Fields
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.own_rows import Arrivals
from infra.cli.backfill.source_bytes import Unreadable
from infra.cli.backfill.source_files import SourceError
from transform.event import bulk, likes
from transform.event.bulk import Values

pc: Any = pyarrow.compute

_FILMS = {"movie_id", likes.ALIASES["movie_id"]}
_IDS = {"event_id", likes.ALIASES["event_id"]}
_MOST_BYTES = likes.MAX_PAYLOAD_BYTES // 6
"""What values have at most together, of which JSON may write a byte as six, or the line of a row
may be too long for a like."""


class Rows(NamedTuple):
    """The numbers of rows, and by field what they hold."""

    numbers: pa.Array[Any]
    fields: dict[str, Values]


def _either(found: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Give the SQL of the first of values that there is, and its type: text, if they have
    several."""
    types = {type_ for _, type_ in found}
    cast = "::VARCHAR" if len(types) > 1 else ""
    told = f"coalesce({', '.join(sql + cast for sql, _ in found)})"
    return told, "VARCHAR" if cast else types.pop()


def _stood_for(sql: str, values: Mapping[str, str]) -> tuple[str, str]:
    cases = " ".join(f"WHEN {literal(one)} THEN {literal(to)}" for one, to in values.items())
    return f"CASE {sql}::VARCHAR {cases} ELSE {sql}::VARCHAR END", "VARCHAR"


def _exact(tree: list[Any], fields: Sequence[Field]) -> str:
    return f"exactly({number_sql.told(tree)}, [{', '.join(each.text for each in fields)}])"


def _values(key: str, column: pa.Array[Any]) -> Values:
    held = column.cast(pa.binary())
    if key in json_rows.TEXTS:
        return Values(held, True)
    if key not in json_rows.TIMES or not len(held):
        return Values(held, False)
    quoted = pc.starts_with(held, b'"')
    texts = pc.binary_slice(held, 1, -1)
    if pc.all(quoted).as_py():
        return Values(texts, True)
    if not pc.any(quoted).as_py():
        return Values(held, False)
    return Values(pc.if_else(quoted, texts, b""), True)  # a number among texts is judged by itself


class Query:
    """What is asked of each batch of a file; many threads may ask at once."""

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        fields: Mapping[str, str],
        where: str | None,
        unit: Unit,
        zone: str | None,
        written: bool,
        only: bool,
        values: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.name, self.where, self.known = name, where, schema.names
        self.ours = not fields and zone is None and own_rows.are_ours(schema.names)
        self.number = csv_records.distinct((*schema.names, "row number"))[-1]
        self._threads = threading.local()
        told = self._values(schema, fields, only, values)
        if not _FILMS & told.keys():
            raise SourceError(
                f"{name} has no column movie_id or movieId, and none is mapped to it. {self._told}"
            )
        self.written = written = written and not self.ours
        number = quoted(self.number)
        line = json_rows.row(told, unit, zone, self.ours, written)
        self._line = f"SELECT {number}, {line} || chr(10){self._arrival} FROM rows"
        self._condition = "" if where is None else f" WHERE {self._judge(where)}"
        self._columns: dict[str, str] = {}
        if not self.ours and _IDS & told.keys() and bulk.are_clear(told):
            columns = {
                key: json_rows.column(key, *value, unit, zone, written)
                for key, value in told.items()
            }
            if all(columns.values()):
                self._columns = {key: sql for key, sql in columns.items() if sql is not None}
        self._as_it_is = {
            key: field.name
            for key in self._columns.keys() & json_rows.TEXTS
            for field in schema
            if pa.types.is_string(field.type) and told[key] == (quoted(field.name), "VARCHAR")
        }
        """Fields whose texts are those of a column, ids that end as a fraction aside."""
        try:
            for query in (self._line, self._query(self._columns)):
                self._connection.sql(f"{query}{self._condition} LIMIT 0").fetchall()
        except duckdb.Error as error:
            raise self._unasked(conditions.fault(error)) from None

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The thread's own: what one thread shows a connection, another would see."""
        if not hasattr(self._threads, "connection"):
            self._threads.connection = conditions.connect()
        connection: duckdb.DuckDBPyConnection = self._threads.connection
        return connection

    def _judge(self, where: str) -> str:
        """Give the SQL of a condition over the file's own columns."""
        fields = Fields(self._connection, self._field, lambda: "rows", _exact)
        try:
            return judging.write(where, fields)
        except duckdb.Error as error:
            raise self._unasked(conditions.fault(error)) from None
        except KeyError as error:
            raise self._unasked(f"there is no column {error.args[0]}") from None

    def _unasked(self, why: str) -> SourceError:
        return SourceError(
            f"--where {self.where!r} cannot be asked of {self.name}: {why}. {self._told}"
        )

    def _field(self, path: tuple[str, ...]) -> Field:
        """Find a column, or what is in one, for a condition."""
        first, *inner = path
        known = {name.casefold(): name for name in reversed(self.known)}
        name = first if first in self.known else known.get(first.casefold())
        if name is None:
            raise KeyError(".".join(path))
        sql = quoted(name) + "".join(f"[{literal(part)}]" for part in inner)
        type_ = self._types(sql)[0]
        if json_rows.is_number(type_):
            return Field(f"{sql}::VARCHAR", number=json_rows.double(sql, type_))
        return Field(sql) if type_ == "VARCHAR" else Field(sql, natural=sql)

    def lines(self, batch: Batch) -> Chunk | None:
        """Give the rows that the condition keeps as lines of JSON; None where there are none.

        Raises `Unreadable`, and `SourceError` where the condition fails.
        """
        return self._as_lines(batch, self._condition)

    def some_lines(self, batch: Batch, numbers: Sequence[int]) -> Chunk | None:
        """Give the rows of these numbers, whatever the condition says of them."""
        places = np.searchsorted(line_arrays.numbers(batch.numbers), numbers)
        return self._as_lines(Batch(numbers, batch.table.take(places)), "")

    def fields(self, batch: Batch) -> Rows | None:
        """Give the rows that the condition keeps by what their fields hold; None where only their
        lines tell what they are. Raises as `lines`."""
        if not self._columns:
            return None
        table = batch.table
        plain = {
            key: name
            for key, name in self._as_it_is.items()
            if not (self.written and pc.any(pc.ends_with(table[name], ".0")).as_py())
        }
        asked = [key for key in self._columns if key not in plain]
        answer = self._ask(batch, self._query(asked) + self._condition).combine_chunks()
        numbers, *columns = (each.combine_chunks() for each in answer.columns)
        held = {key: _values(key, each) for key, each in zip(asked, columns, strict=True)}
        kept = table.select([*dict.fromkeys(plain.values())])
        if len(numbers) < len(table):
            kept = kept.take(np.searchsorted(line_arrays.numbers(batch.numbers), numbers))
        held |= {key: _values(key, kept[name].combine_chunks()) for key, name in plain.items()}
        names = len("".join(held).encode())
        longest = (pc.max(pc.binary_length(each.held)).as_py() or 0 for each in held.values())
        if names + sum(longest) > _MOST_BYTES:
            return None
        return Rows(numbers, held)

    def _query(self, fields: Iterable[str]) -> str:
        columns = [quoted(self.number), *(self._columns[key] for key in fields)]
        return f"SELECT {', '.join(columns)} FROM rows"

    def _ask(self, batch: Batch, query: str) -> pa.Table:
        self._show(batch.table, pa.array(line_arrays.numbers(batch.numbers)))
        try:
            answer: pa.Table = self._connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            why = conditions.fault(error)
            if self.where is not None:
                raise SourceError(f"--where {self.where!r} fails for {self.name}: {why}.") from None
            raise Unreadable(self.name, batch.numbers[0] - 1, why) from None
        finally:
            self._connection.unregister("rows")
        return answer

    def _as_lines(self, batch: Batch, condition: str) -> Chunk | None:
        answer = self._ask(batch, self._line + condition)
        numbers = answer.column(0).to_numpy()
        if not len(numbers):
            return None
        first, simple = int(numbers[0]), numbers[-1] - numbers[0] == len(numbers) - 1
        arrivals = None
        if self.ours:
            ids, moments = (answer.column(at).combine_chunks() for at in (2, 3))
            arrivals = Arrivals(ids, moments)
        data = b"".join(map(line_arrays.joined, answer.column(1).chunks))
        return Chunk(first, data, None if simple else numbers.tolist(), arrivals)

    @property
    def _arrival(self) -> str:
        """The SQL of a row's event id, and when it arrived, if a lake of ours wrote it."""
        if not self.ours:
            return ""
        moment = 'TRY_CAST("received_at" AS TIMESTAMPTZ)'
        return f', "event_id"::VARCHAR, epoch_ms({moment})'

    @property
    def _told(self) -> str:
        return f"Its columns are: {listed(self.known)}."

    def _show(self, table: pa.Table, numbers: pa.Array[Any]) -> None:
        self._connection.register("rows", table.append_column(self.number, numbers))

    def _values(
        self,
        schema: pa.Schema,
        fields: Mapping[str, str],
        only: bool,
        stand_for: Mapping[str, Mapping[str, str]],
    ) -> dict[str, tuple[str, str]]:
        """Give by key what a row's object holds: its SQL and its type."""
        try:
            self._show(schema.empty_table(), pa.array([], pa.int64()))
            types = self._types("*")
        except duckdb.Error as error:
            raise Unreadable(self.name, 0, conditions.fault(error)) from None
        folded = {name.casefold(): name for name in self.known}
        values, mapped = {}, set()
        for key, column in sorted(fields.items()):
            whole = column.casefold() in folded
            paths = [column] if whole else column.split("|")
            found = []
            for path in paths:
                name = folded.get(path.casefold())
                try:
                    sql = self._path(key, path, folded) if name is None else quoted(name)
                except SourceError:
                    if len(paths) == 1:
                        raise
                    continue
                found.append((sql, self._types(sql)[0]))
                mapped.add(name)
            if not found:
                raise SourceError(
                    f"{self.name} has no column {column} to read {key} from. {self._told}"
                )
            values[key] = found[0] if len(found) == 1 else _either(found)
            if key in stand_for:
                values[key] = _stood_for(values[key][0], stand_for[key])
        own = zip(self.known, types, strict=False)
        others = {name: (quoted(name), type_) for name, type_ in own if name not in mapped}
        if only:
            others = {}
        if self.ours:
            others = {name: told for name, told in others.items() if name not in own_rows.DROPPED}
        return {**others, **values}

    def _path(self, key: str, column: str, folded: Mapping[str, str]) -> str:
        """Give the SQL of what lies in a column: `film.id`."""
        first, *inner = column.split(".")
        sql = quoted(folded.get(first.casefold(), first))
        try:
            if inner and self._types(sql)[0] == "VARCHAR":
                pointer = "".join(f"/{part}" for part in inner)
                sql = (
                    f"CASE WHEN json_valid({sql}) "
                    f"THEN json_extract_string({sql}, {literal(pointer)}) END"
                )
            else:
                for part in inner:
                    sql = f"struct_extract({sql}, {literal(part)})"
            self._types(sql)
        except duckdb.Error:
            raise SourceError(
                f"{self.name} has no column {column} to read {key} from. {self._told}"
            ) from None
        return sql

    def _types(self, sql: str) -> list[str]:
        return [
            str(row[1])
            for row in self._connection.sql(f"DESCRIBE SELECT {sql} FROM rows").fetchall()
        ]


class Part(NamedTuple):
    """Rows of a file, and what is asked of them."""

    query: Query
    batch: Batch

    @property
    def first(self) -> int:
        """The number of the first of them."""
        return self.batch.numbers[0]

    @property
    def last(self) -> int:
        """The number of the last of them."""
        return self.batch.numbers[-1]
