"""Rows of CSV and Parquet files as chunks of JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import duckdb
import numpy as np
import pyarrow as pa

from infra.cli.backfill import (
    conditions,
    csv_records,
    json_rows,
    judging,
    line_chunks,
    number_sql,
    own_rows,
    parquet_records,
)
from infra.cli.backfill.conditions import listed, literal, quoted
from infra.cli.backfill.csv_records import Batch
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.judging import Field, Fields
from infra.cli.backfill.layout import PLAIN, Layout, partitions
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.own_rows import Arrivals
from infra.cli.backfill.source_bytes import Unreadable
from infra.cli.backfill.source_files import Source, SourceError
from transform.event.stream_records import BadLine

_FILMS = {"movie_id", "movieId"}


def rows(
    source: Source,
    path: Path,
    fields: Mapping[str, str],
    where: str | None,
    unit: Unit,
    chunk_rows: int = 50_000,
    layout: Layout = PLAIN,
    zone: str | None = None,
    only: bool = False,
    values: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Iterator[Chunk | BadLine]:
    """Give each row of a CSV or Parquet file as a line of JSON, in order; `path` is where it lies.

    `fields` names, for fields of the event, the columns they are read from, or what is in one
    (`film.id`, also of JSON in a text), or several, of which the first counts; `only` and `values`
    are those of `mapping.remap`. Such a column no longer stands under its own name, and a column
    called like the field gives way. The folders of a file stand for columns, as Hive names them.
    `where` is a condition in SQL over the columns (see `judging`). With `zone`, times
    of Parquet without one are given as text, to be read as those of other files. Rows of a
    Parquet file are numbered from 1, those of a CSV file as its lines (see `csv_records`). The
    same file gives the same bytes.

    Raises `Unreadable` where the file is broken, after the rows before that, and `SourceError`
    for columns that it does not have and conditions that cannot be asked of it.
    """
    if where is not None:
        conditions.check(where)
    batches = (
        parquet_records.records(source, path, chunk_rows)
        if source.kind == "parquet"
        else _csv(source, path, chunk_rows, layout)
    )
    folders = partitions(source.name)
    query: _Query | None = None
    for batch in batches:
        if isinstance(batch, BadLine):
            yield batch
            continue
        batch = batch._replace(table=parquet_records.shown(batch.table, folders))
        if not batch.numbers and source.kind != "parquet":
            none = None, unit, zone, True, only, values
            _Query(source.name, batch.table.schema, fields, *none)  # what it has is told
            continue
        if query is None:
            how = where, unit, zone, source.kind != "parquet", only, values
            query = _Query(source.name, batch.table.schema, fields, *how)
        chunk = query.ask(batch) if batch.numbers else None
        if chunk is not None:
            yield chunk


def _csv(source: Source, path: Path, most: int, layout: Layout) -> Iterator[Batch | BadLine]:
    chunks = line_chunks.lines(source, _never, copy=path)
    return csv_records.records(source.name, chunks, most, layout)


def _never() -> NoReturn:
    raise AssertionError("A file that lies here is not asked of S3.")


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


def _bytes(texts: pa.Array[Any]) -> memoryview:
    """Give texts one after the other, none of which is null."""
    _, bounds, data = texts.buffers()
    wide = pa.types.is_large_string(texts.type)
    ends = np.frombuffer(memoryview(bounds or b""), np.int64 if wide else np.int32)
    return memoryview(data or b"")[ends[texts.offset] : ends[texts.offset + len(texts)]]


class _Query:
    """What is asked of each batch of a file, in a DuckDB that sees nothing else."""

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
        self.connection = conditions.connect()
        self.number = csv_records.distinct((*schema.names, "row number"))[-1]
        told = self._values(schema, fields, only, values)
        if not _FILMS & told.keys():
            raise SourceError(
                f"{name} has no column movie_id or movieId, and none is mapped to it. {self._told}"
            )
        written = written and not self.ours
        row = json_rows.row(told, unit, zone, self.ours, written)
        self.query = f"SELECT {quoted(self.number)}, {row} || chr(10){self._arrival} FROM rows"
        if where is not None:
            self.query += f" WHERE {self._judge(where)}"
        try:
            self.connection.sql(f"{self.query} LIMIT 0").fetchall()
        except duckdb.Error as error:
            raise self._unasked(conditions.fault(error)) from None

    def _judge(self, where: str) -> str:
        """Give the SQL of a condition over the file's own columns."""
        fields = Fields(self.connection, self._field, lambda: "rows", _exact)
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

    def ask(self, batch: Batch) -> Chunk | None:
        """Give the rows that the condition keeps; None where there are none."""
        self._show(batch.table, pa.array(batch.numbers, pa.int64()))
        try:
            answer = self.connection.sql(self.query).to_arrow_table()
        except duckdb.Error as error:
            why = conditions.fault(error)
            if self.where is not None:
                raise SourceError(f"--where {self.where!r} fails for {self.name}: {why}.") from None
            raise Unreadable(self.name, batch.numbers[0] - 1, why) from None
        numbers = answer.column(0).to_numpy()
        if not len(numbers):
            return None
        first, simple = int(numbers[0]), numbers[-1] - numbers[0] == len(numbers) - 1
        arrivals = None
        if self.ours:
            ids, moments = (answer.column(at).combine_chunks() for at in (2, 3))
            arrivals = Arrivals(ids, moments)
        data = b"".join(map(_bytes, answer.column(1).chunks))
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
        self.connection.register("rows", table.append_column(self.number, numbers))

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
            for row in self.connection.sql(f"DESCRIBE SELECT {sql} FROM rows").fetchall()
        ]
