"""Rows of CSV and Parquet files as chunks of JSON lines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from infra.cli.backfill import (
    conditions,
    csv_records,
    json_rows,
    line_chunks,
    source_bytes,
    source_files,
)
from infra.cli.backfill.conditions import bracketed, listed, literal, quoted
from infra.cli.backfill.csv_records import Batch
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.source_bytes import Cut, Unreadable
from infra.cli.backfill.source_files import Source, SourceError
from transform.event.stream_records import BadLine

pc: Any = pyarrow.compute

_FILMS = {"movie_id", "movieId"}
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"


def rows(
    source: Source,
    path: Path,
    fields: Mapping[str, str],
    where: str | None,
    unit: Unit,
    chunk_rows: int = 50_000,
) -> Iterator[Chunk | BadLine]:
    """Give each row of a CSV or Parquet file as a line of JSON, in order; `path` is where it lies.

    `fields` names, for fields of the event, the columns they are read from, or what is in one
    (`film.id`); such a column no longer stands under its own name, and a column called like the
    field gives way. `where` is a condition in SQL over the file's own columns; those of a CSV file
    are text, but for such as hold nothing but numbers in its first rows. Rows of a Parquet file
    are numbered from 1, those of a CSV file as its lines, of which the first names the columns. The
    same file gives the same bytes.

    Raises `Unreadable` where the file is broken, after the rows before that, and `SourceError`
    for columns that it does not have and conditions that cannot be asked of it.
    """
    if where is not None:
        conditions.check(where)
    read = _parquet if source.kind == "parquet" else _csv
    query: _Query | None = None
    for batch in read(source, path, chunk_rows):
        if isinstance(batch, BadLine):
            yield batch
            continue
        if not batch.numbers and source.kind == "csv":
            _Query(source.name, batch.table.schema, fields, None, unit)  # what it has is told
            continue
        if query is None:
            texts = _numeric(batch.table) if where and source.kind == "csv" else []
            query = _Query(source.name, batch.table.schema, fields, where, unit, texts)
        chunk = query.ask(batch) if batch.numbers else None
        if chunk is not None:
            yield chunk


def _csv(source: Source, path: Path, most: int) -> Iterator[Batch | BadLine]:
    chunks = line_chunks.lines(source, _never, copy=path)
    return csv_records.records(source.name, chunks, most)


def _never() -> NoReturn:
    raise AssertionError("A file that lies here is not asked of S3.")


def _parquet(source: Source, path: Path, most: int) -> Iterator[Batch]:
    known = source.version if source_files.place(source.name) is None else None
    number = 1
    try:
        source_bytes.unchanged(os.stat(path), known)
        with pq.ParquetFile(path, buffer_size=2**20, coerce_int96_timestamp_unit="us") as file:
            names = csv_records.distinct(file.schema_arrow.names)
            yield Batch(range(0), file.schema_arrow.empty_table().rename_columns(names))
            size = _rows_at_once(file.metadata, most)
            # A group after the other, so that those before a broken one are read.
            groups = ([group] for group in range(file.num_row_groups))
            for batch in (b for group in groups for b in file.iter_batches(size, group)):
                table = pa.Table.from_batches([batch]).rename_columns(names)
                table.validate(full=True)  # a text may be no UTF-8
                yield Batch(range(number, number + table.num_rows), table)
                number += table.num_rows
        source_bytes.unchanged(os.stat(path), known)
    except Cut as cut:
        raise Unreadable(source.name, number - 1, str(cut)) from None
    except FileNotFoundError:
        raise Unreadable(source.name, number - 1, "it is gone") from None
    except (pa.ArrowException, OSError) as error:
        why = f"it is no whole Parquet file ({source_files.reason(error)})"
        raise Unreadable(source.name, number - 1, why) from None


def _rows_at_once(told: pq.FileMetaData, most: int) -> int:
    """Give how many rows fit in a chunk's memory, by how long they are."""
    groups = (told.row_group(at).total_byte_size for at in range(told.num_row_groups))
    each = sum(groups) // max(told.num_rows, 1)
    return min(most, max(line_chunks.CHUNK // max(each, 1), 1))


def _numeric(table: pa.Table) -> list[str]:
    """Give the columns of text that hold nothing but numbers, as far as these rows tell."""
    found = []
    for name in table.column_names:
        texts = pc.drop_null(pc.utf8_trim_whitespace(table[name]))
        texts = pc.filter(texts, pc.not_equal(texts, ""))
        if len(texts) and pc.all(pc.match_substring_regex(texts, _NUMBER)).as_py():
            found.append(name)
    return found


class _Query:
    """What is asked of each batch of a file, in a DuckDB that sees nothing else."""

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        fields: Mapping[str, str],
        where: str | None,
        unit: Unit,
        numeric: Sequence[str] = (),
    ) -> None:
        self.name, self.where, self.known = name, where, schema.names
        self.connection = conditions.connect()
        self.number = csv_records.distinct((*schema.names, "row number"))[-1]
        values = self._values(schema, fields)
        if not _FILMS & values.keys():
            raise SourceError(
                f"{name} has no column movie_id or movieId, and none is mapped to it. {self._told}"
            )
        self.query = f"SELECT {quoted(self.number)}, {json_rows.row(values, unit)} FROM rows"
        if where is not None:
            numbers = (f"TRY_CAST({quoted(n)} AS DOUBLE) AS {quoted(n)}" for n in numeric)
            seen = f"* REPLACE ({', '.join(numbers)})" if numeric else "*"
            self.query += (
                f" SEMI JOIN (FROM (SELECT {seen} FROM rows) WHERE {bracketed(where)}) AS kept "
                f"USING ({quoted(self.number)}) ORDER BY {quoted(self.number)}"
            )
        try:
            self.connection.sql(f"{self.query} LIMIT 0").fetchall()
        except duckdb.Error as error:
            raise SourceError(
                f"--where {where!r} cannot be asked of {name}: {conditions.fault(error)}. "
                f"{self._told}"
            ) from None

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
        numbers, lines = answer.column(0).to_pylist(), answer.column(1).to_pylist()
        if not lines:
            return None
        lines.append("")
        simple = numbers[-1] - numbers[0] == len(numbers) - 1
        return Chunk(numbers[0], "\n".join(lines).encode(), None if simple else numbers)

    @property
    def _told(self) -> str:
        return f"Its columns are: {listed(self.known)}."

    def _show(self, table: pa.Table, numbers: pa.Array[Any]) -> None:
        self.connection.register("rows", table.append_column(self.number, numbers))

    def _values(self, schema: pa.Schema, fields: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Give by key what a row's object holds: its SQL and its type."""
        try:
            self._show(schema.empty_table(), pa.array([], pa.int64()))
            types = self._types("*")
        except duckdb.Error as error:
            raise Unreadable(self.name, 0, conditions.fault(error)) from None
        folded = {name.casefold(): name for name in self.known}
        values, mapped = {}, set()
        for key, column in sorted(fields.items()):
            name = folded.get(column.casefold())
            sql = self._path(key, column, folded) if name is None else quoted(name)
            values[key] = (sql, self._types(sql)[0])
            mapped.add(name)
        own = zip(self.known, types, strict=False)
        others = {name: (quoted(name), type_) for name, type_ in own if name not in mapped}
        return {**others, **values}

    def _path(self, key: str, column: str, folded: Mapping[str, str]) -> str:
        """Give the SQL of what lies in a column: `film.id`."""
        first, *inner = column.split(".")
        sql = quoted(folded.get(first.casefold(), first))
        for part in inner:
            sql = f"struct_extract({sql}, {literal(part)})"
        try:
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
