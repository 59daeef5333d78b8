"""Answers for programs: CSV, JSON and JSON lines, written as the rows come, and losing nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TextIO

import pyarrow as pa

from infra.cli.output import texts
from infra.cli.output.formats import Export


class _Frame(NamedTuple):
    """What stands before, between and behind the rows, and behind them where there are none."""

    start: str
    between: str
    end: str
    empty: str


def write(schema: pa.Schema, batches: Iterable[pa.RecordBatch], form: Export, out: TextIO) -> int:
    """Write the rows, and give how many there were.

    CSV has a header; JSON is one array of objects, an object a line; JSON lines are the objects
    alone. Columns of the same name are told apart in JSON: a, a_1.
    """
    frame, line = _form(schema.names, form)
    out.write(frame.start)
    rows = 0
    for batch in batches:
        if batch.num_rows:
            out.write(frame.between if rows else "")
            out.write(texts.joined(line(batch.columns), frame.between))
            rows += batch.num_rows
    out.write(frame.end if rows else frame.empty)
    return rows


def _form(names: list[str], form: Export) -> tuple[_Frame, Callable[[list[Any]], Any]]:
    if form == "csv":
        header = texts.records([pa.array([name]) for name in names]).to_pylist()[0]
        return _Frame(f"{header}\n", "\n", "\n", ""), texts.records
    keys = texts.distinct(names)
    frame = _Frame("[", ",\n ", "]\n", "]\n") if form == "json" else _Frame("", "\n", "\n", "")
    return frame, lambda columns: texts.objects(keys, columns)
