"""Rows of CSV and Parquet files, in parts, with what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from infra.cli.backfill import conditions, csv_records, line_chunks, parquet_records
from infra.cli.backfill.csv_records import Batch
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.layout import PLAIN, Layout, partitions
from infra.cli.backfill.row_query import Part, Query
from infra.cli.backfill.source_files import Source
from transform.event.stream_records import BadLine


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
) -> Iterator[Part | BadLine]:
    """Give the rows of a CSV or Parquet file, in order; `path` is where it lies.

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
    query: Query | None = None
    for batch in batches:
        if isinstance(batch, BadLine):
            yield batch
            continue
        batch = batch._replace(table=parquet_records.shown(batch.table, folders))
        if not batch.numbers and source.kind != "parquet":
            none = None, unit, zone, True, only, values
            Query(source.name, batch.table.schema, fields, *none)  # what it has is told
            continue
        if query is None:
            how = where, unit, zone, source.kind != "parquet", only, values
            query = Query(source.name, batch.table.schema, fields, *how)
        if batch.numbers:
            yield Part(query, batch)


def _csv(source: Source, path: Path, most: int, layout: Layout) -> Iterator[Batch | BadLine]:
    chunks = line_chunks.lines(source, _never, copy=path)
    return csv_records.records(source.name, chunks, most, layout)


def _never() -> NoReturn:
    raise AssertionError("A file that lies here is not asked of S3.")
