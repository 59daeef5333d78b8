"""Rows as people and programs read them: a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from pandas import DataFrame

Format = Literal["table", "json", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "csv")
_PIPE_WIDTH = 10_000  # a pipe has no width: nothing is cut


def write(
    columns: Sequence[str], rows: Iterable[Sequence[object]], form: Format, out: TextIO
) -> None:
    """Write rows. JSON is one array of objects, an object a line; CSV has a header."""
    cells = ([_plain(cell) for cell in row] for row in rows)
    if form == "json":
        lines = (json.dumps(dict(zip(columns, row, strict=True)), default=str) for row in cells)
        out.write("[" + ",\n ".join(lines) + "]\n")
    elif form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(cell) for cell in row] for row in cells)
    else:
        _table(columns, cells, out)


def write_one(told: str, fields: Mapping[str, object], form: Format, out: TextIO) -> None:
    """Write what a command came to: in words, if there are any, or as one row for programs."""
    if form == "table":
        out.write(f"{told}\n" if told else "")
    else:
        write(list(fields), [list(fields.values())], form, out)


def write_next(fields: Mapping[str, object], form: Format, out: TextIO, *, first: bool) -> None:
    """Write the next row of what goes on: a JSON object a line, or CSV with a header at first."""
    row = io.StringIO()
    write(list(fields), [list(fields.values())], form, row)
    text = row.getvalue()
    if form == "json":
        text = text[1:-2] + "\n"  # without the array around it
    elif not first:
        text = text.partition("\n")[2]
    out.write(text)
    out.flush()


def write_frame(frame: DataFrame, form: Format, out: TextIO) -> None:
    """Write the rows of a DataFrame; what is missing is null, empty in CSV."""
    filled = frame.astype(object).where(frame.notna(), None)
    write([str(name) for name in frame.columns], filled.itertuples(index=False), form, out)


def counted(number: int, what: str) -> str:
    """Say how many there are: 1 row, 1,234 rows."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _plain(cell: object) -> object:
    """Times in ISO 8601, numbers of numpy as Python's own."""
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    item = getattr(cell, "item", None)
    return item() if callable(item) and getattr(cell, "ndim", None) == 0 else cell


def _text(cell: object) -> object:
    """A cell that can be nothing but text: lines one after the other, what has names as JSON."""
    if isinstance(cell, list | tuple):
        return " ".join(map(str, cell))
    return json.dumps(cell, default=str) if isinstance(cell, dict) else cell


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]], out: TextIO) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = list(rows)
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    for i, name in enumerate(columns):
        numbers = any(isinstance(row[i], int | float) for row in listed)
        table.add_column(Text(name), justify="right" if numbers else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(_shown(name, cell)) for name, cell in zip(columns, row, strict=True)))
    console = Console(file=out, highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(table)


def _shown(column: str, cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int) and not isinstance(cell, bool) and not column.endswith("year"):
        return f"{cell:,}"
    # Control characters of a foreign payload must not reach the terminal.
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(cell))
