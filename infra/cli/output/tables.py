"""Rows as people and programs read them: a table, JSON, JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from infra.cli.output import boxes
from infra.cli.output.formats import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

ROWS = 100
"""Rows that a table shows of an answer, where nothing else is said."""
_WIDE = 1e15  # doubles from here on have more digits than they know


class Answer(Protocol):
    """Has rows, in batches."""

    @property
    def schema(self) -> pa.Schema: ...
    @property
    def batches(self) -> Iterator[pa.RecordBatch]: ...


def write(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    form: Format,
    out: TextIO,
    *,
    wide: bool = False,
    fold: bool = False,
) -> None:
    """Write rows. JSON is one array of objects, an object a line; CSV has a header.

    A table fits the terminal unless it is to be `wide`: with `fold`, texts go on in further lines,
    else they are cut, and columns that have no room are left out and counted.
    """
    cells = ([_plain(cell) for cell in row] for row in rows)
    if form in ("json", "jsonl"):
        lines = (json.dumps(dict(zip(columns, row, strict=True)), default=str) for row in cells)
        if form == "json":
            out.write("[" + ",\n ".join(lines) + "]\n")
        else:
            out.writelines(f"{line}\n" for line in lines)
    elif form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(cell) for cell in row] for row in cells)
    else:
        listed = list(cells)
        made = [_column(name, [row[i] for row in listed]) for i, name in enumerate(columns)]
        width = None if wide else _width(out)
        out.write(_table(made, len(listed), len(listed), width, fold=fold))


def write_one(told: str, fields: Mapping[str, object], form: Format, out: TextIO) -> None:
    """Write what a command came to: in words, if there are any, or as one row for programs."""
    if form == "table":
        out.write(f"{told}\n" if told else "")
    else:
        write(list(fields), [list(fields.values())], form, out)


def write_next(fields: Mapping[str, object], form: Format, out: TextIO, *, first: bool) -> None:
    """Write the next row of what goes on: a JSON object a line, or CSV with a header at first."""
    row = io.StringIO()
    write(list(fields), [list(fields.values())], "jsonl" if form == "json" else form, row)
    text = row.getvalue()
    if form == "csv" and not first:
        text = text.partition("\n")[2]
    out.write(text)
    out.flush()


def write_answer(
    answer: Answer,
    form: Format,
    out: TextIO,
    *,
    rows: int = ROWS,
    wide: bool = False,
    expanded: bool = False,
) -> int:
    """Write an answer, and give how many rows it has.

    Programs get all of it. A table shows the first `rows`, and says how many there are; `expanded`,
    each row is a list of its columns, whole.
    """
    if form != "table":
        from infra.cli.output import exports

        return exports.write(answer.schema, answer.batches, form, out)
    shown: list[pa.RecordBatch] = []
    total = 0
    for batch in answer.batches:
        if total < rows:
            shown.append(batch.slice(0, rows - total))
        total += batch.num_rows
    columns = _columns(answer.schema, shown)
    count = min(rows, total)
    if expanded:
        out.writelines(_expanded(columns, count))
        out.write(_notes(count, total, len(columns), len(columns)))
    else:
        out.write(_table(columns, count, total, None if wide else _width(out)))
    return total


def counted(number: int, what: str) -> str:
    """Say how many there are: 1 row, 1,234 rows."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _plain(cell: object) -> object:
    """Times in ISO 8601."""
    return cell.isoformat() if isinstance(cell, datetime | date) else cell


def _text(cell: object) -> object:
    """A cell that can be nothing but text: lines one after the other, what has names as JSON."""
    if isinstance(cell, list | tuple):
        return " ".join(map(str, cell))
    return json.dumps(cell, default=str) if isinstance(cell, dict) else cell


def _width(out: TextIO) -> int | None:
    """The terminal's; a pipe has none, and nothing is cut."""
    return shutil.get_terminal_size().columns if out.isatty() else None


def _table(
    columns: Sequence[boxes.Column],
    count: int,
    total: int,
    width: int | None,
    *,
    fold: bool = False,
) -> str:
    natural = [column.width() for column in columns]
    numbers = [column.numbers for column in columns]
    fitted = (boxes.folded if fold else boxes.fit)(natural, numbers, width)
    lines = [f"{line}\n" for line in boxes.lines(columns, fitted, fold=fold)]
    return "".join(lines) + _notes(count, total, len(fitted.widths), len(columns))


def _notes(rows: int, all_rows: int, columns: int, all_columns: int) -> str:
    """What is not shown, in words."""
    told = []
    if not all_rows:
        told.append("0 rows")
    elif rows < all_rows:
        told.append(f"{rows:,} of {all_rows:,} rows shown")
    if columns < all_columns:
        told.append(f"{columns} of {all_columns} columns shown, --wide shows all")
    return f"({'; '.join(told)})\n" if told else ""


def _columns(schema: pa.Schema, batches: Sequence[pa.RecordBatch]) -> list[boxes.Column]:
    import pyarrow as pa

    from infra.cli.output import texts

    columns = []
    for field, column in zip(schema, pa.Table.from_batches(batches, schema).columns, strict=True):
        kind = field.type
        numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        values: list[Any] = []
        for chunk in column.chunks:
            values += (chunk if numbers else texts.plain(chunk)).to_pylist()
        right = numbers or pa.types.is_decimal(kind)
        columns.append(boxes.Column(field.name, right, [_shown(field.name, v) for v in values]))
    return columns


def _column(name: str, cells: Sequence[object]) -> boxes.Column:
    numbers = any(isinstance(cell, int | float) for cell in cells)
    return boxes.Column(name, numbers, [_shown(name, cell) for cell in cells])


def _expanded(columns: Sequence[boxes.Column], count: int) -> Iterator[str]:
    longest = max((boxes.length(column.name) for column in columns), default=0)
    for row in range(count):
        yield f"─── row {row + 1:,}\n"
        for column in columns:
            pad = " " * (longest - boxes.length(column.name))
            yield f"{column.name}{pad}  {column.cells[row]}".rstrip() + "\n"


def _shown(column: str, cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return _double(cell)
    if isinstance(cell, int) and not isinstance(cell, bool) and not column.endswith("year"):
        return f"{cell:,}"
    text = str(cell)
    if text.isprintable():
        return text
    # Control characters of a foreign payload must not reach the terminal.
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _double(value: float) -> str:
    """Four significant digits, or all those before the point."""
    if not math.isfinite(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    if 1000 <= abs(value) < _WIDE:
        return f"{value:,.0f}"
    told = f"{value:.4g}"
    return told if any(c in told for c in ".e") else f"{told}.0"
