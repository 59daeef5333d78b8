"""Answers for programs: CSV, JSON and JSON lines, written as the rows come, and losing nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import pyarrow as pa
import pyarrow.csv as pcsv

from infra.cli.output import texts
from infra.cli.output.formats import Export

_ROWS = 16_384  # rendered together


def write(schema: pa.Schema, batches: Iterable[pa.RecordBatch], form: Export, out: TextIO) -> int:
    """Write the rows, and give how many there were.

    JSON is one array of objects, an object a line; JSON lines are the objects alone. Columns of the
    same name are told apart there: a, a_1. CSV has a header, and quotes all texts and nothing else:
    so `""` is an empty text, and nothing is null.
    """
    if form == "csv":
        return _csv(schema, batches, out)
    names = texts.distinct(schema.names)
    start, between, end = ("[", ",\n ", "]\n") if form == "json" else ("", "\n", "\n")
    out.write(start)
    rows = 0
    for batch in batches:
        if batch.num_rows:
            out.write(between if rows else "")
            out.write(texts.joined(texts.objects(names, batch.columns), between))
            rows += batch.num_rows
    out.write(end if rows or form == "json" else "")
    return rows


def _csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch], out: TextIO) -> int:
    header = pa.schema([pa.field(name, pa.string()) for name in schema.names])
    out.write(_records(header.empty_table(), include_header=True))
    rows = 0
    for batch in batches:
        columns = [texts.for_csv(column) for column in batch.columns]
        out.write(_records(pa.table(columns, names=schema.names), include_header=False))
        rows += batch.num_rows
    return rows


def _records(table: pa.Table, *, include_header: bool) -> str:
    sink = pa.BufferOutputStream()
    options = pcsv.WriteOptions(include_header=include_header, batch_size=_ROWS)
    pcsv.write_csv(table, sink, options)
    return str(sink.getvalue(), "utf-8")
