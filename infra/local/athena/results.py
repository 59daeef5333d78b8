"""Results as files: CSV with every value quoted and nulls bare, plain lines for all but queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pcsv

from infra.local.athena.kinds import Column
from infra.local.athena.text import texts, zoned

_QUOTING = pcsv.WriteOptions(include_header=False, quoting_style="all_valid")
_VALUE = re.compile(rb'(?:"((?:[^"]|"")*+)"|())([,\n])')
_PART = 1 << 20  # bytes of a result that are read at a time
_MOST_BYTES = 4 << 20  # of a page's text, so that a page of long values is held easily

Row = list[str | None]
Read = Callable[[int, int], bytes]
"""Gives bytes of a file: from a place on, so many at most; none where the file ends."""


def write_csv(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], out: BinaryIO) -> int:
    """Write a query's result, with the columns' names first; gives the number of rows.

    A column of times with a zone holds rows of a moment in UTC and a zone's name, or texts.
    """
    names = (column.name.replace('"', '""') for column in columns)
    out.write((",".join(f'"{name}"' for name in names) + "\n").encode())
    schema = pa.schema([(str(place), pa.string()) for place in range(len(columns))])
    rows = 0
    with pcsv.CSVWriter(out, schema, write_options=_QUOTING) as writer:
        for batch in batches:
            shown = map(_shown, columns, batch.columns)
            writer.write_batch(pa.record_batch(list(shown), schema=schema))
            rows += batch.num_rows
    return rows


def _shown(column: Column, values: pa.Array[Any]) -> pa.Array[Any]:
    with_zones = column.type == "timestamp with time zone" and pa.types.is_struct(values.type)
    return zoned(values) if with_zones else texts(values)


def page(read: Read, start: int | None, rows: int, *, csv: bool) -> tuple[list[Row], int | None]:
    """Up to that many rows of a result from the byte `start`, and where the next page begins.

    A page ends early where its text grows beyond 4 MiB. The first row of a CSV file is that of the
    columns' names. None where nothing follows.
    """
    found: list[Row] = []
    begin = at = start or 0
    for row, at in _rows(read, begin, csv):
        found.append(row)
        if len(found) == rows or at - begin > _MOST_BYTES:
            break
    return found, at if read(at, 1) else None


def _rows(read: Read, at: int, csv: bool) -> Iterator[tuple[Row, int]]:
    """Each row and where it ends."""
    held = b""
    while True:
        part = read(at + len(held), _PART)
        held += part
        taken = 0
        while (row := (_csv_row if csv else _line)(held, taken)) is not None:
            values, taken = row
            yield values, at + taken
        at, held = at + taken, held[taken:]
        if not part:
            return


def _csv_row(data: bytes, at: int) -> tuple[Row, int] | None:
    """The row that begins there, and where it ends; None where its end is not there yet."""
    values: Row = []
    while match := _VALUE.match(data, at):
        quoted, _, mark = match.groups()
        values.append(None if quoted is None else quoted.replace(b'""', b'"').decode())
        at = match.end()
        if mark == b"\n":
            return values, at
    return None


def _line(data: bytes, at: int) -> tuple[Row, int] | None:
    end = data.find(b"\n", at)
    return None if end < 0 else ([data[at:end].decode()], end + 1)
