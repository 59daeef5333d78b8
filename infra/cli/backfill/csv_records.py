"""Records of a CSV file: those that are whole as tables of text, the others named."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv

from infra.cli.backfill.layout import PLAIN, Layout
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.source_files import SourceError
from transform.event.stream_records import BadLine

_DELIMITERS = ",;\t|"
_BOM = b"\xef\xbb\xbf"
_UNIT = b"\x1f"
"""Stands for a delimiter of several characters: the unit separator, whose meaning that is."""
_ESCAPE = re.compile(r"\\(.)")
_NULL = "\x1c"
_STANDS_FOR = {"N": _NULL, "n": "\x1e", "r": "\x1d", "t": "\\\t"}
_MEANT = str.maketrans({"\x1c": "N", "\x1e": "\n", "\x1d": "\r"})


class Batch(NamedTuple):
    """Rows as a table, and the number of each in its file."""

    numbers: Sequence[int]
    table: pa.Table


class _Dialect(NamedTuple):
    """`quoted` says that fields may stand in quotes, `given` is what divides them in the file."""

    delimiter: str
    names: list[str]
    escape: bool = False
    quoted: bool = True
    given: bytes = b""


def records(
    name: str, chunks: Iterable[Chunk], most: int, layout: Layout = PLAIN
) -> Iterator[Batch | BadLine]:
    r"""Give a CSV file's records (RFC 4180), at most so many a table, all columns text.

    Fields are divided by a comma, semicolon, tab or bar, whichever the first line has most of, or
    as `layout` says: by several characters they are divided wherever these stand, quotes or not.
    The first table has no rows. A number is that of the line a record starts in; the first line
    has the names of the columns, unless `layout` has them. Where `\` escapes, `\N` is null, and
    `\n` and `\t` are what C means by them (PostgreSQL's COPY, "Text Format"). A record with a
    stray quote, more or fewer fields than names, or bytes that are not UTF-8, is a `BadLine`, and
    reading goes on with the line after its first.

    Raises `SourceError` where the first line names no columns.
    """
    dialect, rest, number = None, b"", 1
    for chunk in chunks:
        data = rest + chunk.data
        number, rest = chunk.first - rest.count(b"\n"), b""
        if dialect is None:
            dialect, used = _header(name, data, layout)
            number += data[:used].count(b"\n")
            data = data[used:]
            empty = pa.table([_texts(())] * len(dialect.names), names=dialect.names)
            yield Batch(range(0), empty)
        if dialect.given:
            data = data.replace(dialect.given, _UNIT)
        table = _simple(data, dialect)
        if table is not None:
            yield from _divided(number, table, most)
        else:
            rest = yield from _parsed(number, data, dialect, most, last=False)
    if dialect is None:
        raise SourceError(f"{name} is empty; the first line of a CSV file names its columns.")
    if rest:
        number = chunk.first + chunk.data.count(b"\n") - rest.count(b"\n")
        yield from _parsed(number, rest, dialect, most, last=True)


def distinct(names: Iterable[str]) -> list[str]:
    """Give names that differ by more than case, as columns in SQL must."""
    folded: set[str] = set()
    given = []
    for at, name in enumerate(names):
        base = unique = name or f"column{at}"
        count = 0
        while unique.casefold() in folded:
            count += 1
            unique = f"{base}_{count}"
        folded.add(unique.casefold())
        given.append(unique)
    return given


def _header(name: str, data: bytes, layout: Layout) -> tuple[_Dialect, int]:
    """Read the names of the columns; give how many bytes they took, too."""
    text = data.removeprefix(_BOM)
    start = len(data) - len(text)
    given = layout.delimiter or ""
    if layout.columns:
        first = text.partition(b"\n")[0].decode(errors="replace").removesuffix("\r")
        used = start + (text.find(b"\n") + 1 or len(text)) if layout.header else start
        return _dialect(given or _divides(first), list(layout.columns), layout), used
    names, found, _ = text.partition(b"\n")
    used = start + len(names) + len(found)
    try:
        line = names.decode().removesuffix("\r")
    except UnicodeDecodeError:
        raise SourceError(f"{name} is not in UTF-8, as a CSV file is.") from None
    if not line.strip():
        raise SourceError(
            f"The first line of {name} is blank; that of a CSV file names its columns."
        )
    delimiter = given or _divides(line)
    cells = line.split(delimiter) if len(delimiter) > 1 else _cells(line, delimiter)
    if not cells or (line.count('"') % 2 and len(delimiter) == 1):
        raise SourceError(f"The first line of {name} is no CSV; it names the columns.")
    return _dialect(delimiter, [cell.strip() for cell in cells], layout), used


def _divides(line: str) -> str:
    return max(_DELIMITERS, key=lambda each: len(_cells(line, each)))


def _dialect(delimiter: str, names: Sequence[str], layout: Layout) -> _Dialect:
    if len(delimiter) > 1:
        given = delimiter.encode()
        return _Dialect(_UNIT.decode(), distinct(names), layout.escape, False, given)
    return _Dialect(delimiter, distinct(names), layout.escape)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True, delimiter=delimiter))
    except csv.Error:
        return []


def _simple(data: bytes, dialect: _Dialect) -> pa.Table | None:
    """Read lines that need no care, fast: every line a record, none of them quoted, all whole."""
    if dialect.quoted and b'"' in data or dialect.escape and b"\\" in data:
        return None
    if b"\n\n" in data or b"\n\r\n" in data:
        return None
    if data.startswith((b"\n", b"\r", _BOM)):
        return None
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n") or not data:
        return None
    names = [str(at) for at in range(len(dialect.names))]
    try:
        return pacsv.read_csv(
            io.BytesIO(data),
            pacsv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pacsv.ParseOptions(delimiter=dialect.delimiter, quote_char=False),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        ).rename_columns(dialect.names)
    except pa.ArrowInvalid:
        return None


def _divided(first: int, table: pa.Table, most: int) -> Iterator[Batch]:
    for at in range(0, table.num_rows, most):
        part = table.slice(at, most)
        yield Batch(range(first + at, first + at + part.num_rows), part)


class _Lines:
    """Lines as texts for a reader of CSV, from `at` on, up to one that is not UTF-8."""

    def __init__(self, data: bytes) -> None:
        self.raw = data.split(b"\n")
        self.open = bool(self.raw[-1])  # the last line has no line break
        if not self.open:
            self.raw.pop()
        self.at = 0

    def size(self, start: int) -> int:
        """Give how many bytes the lines from one on take."""
        return sum(map(len, self.raw[start:])) + len(self.raw) - start - self.open

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at == len(self.raw):
            raise StopIteration
        try:
            text = self.raw[self.at].decode()
        except UnicodeDecodeError:
            raise StopIteration from None
        self.at += 1
        return text + "\n"


def _parsed(
    first: int, data: bytes, dialect: _Dialect, most: int, last: bool
) -> Generator[Batch | BadLine, None, bytes]:
    """Read lines with care; return those of a record that the next chunk may go on with."""
    lines = _Lines(data)
    bad: deque[BadLine] = deque()
    numbers: list[int] = []
    rows: list[list[str]] = []
    start, rest = 0, b""
    while start < len(lines.raw):
        lines.at = start
        why = "This is not UTF-8."
        try:
            for row in _reader(lines, dialect):
                if len(row) == len(dialect.names):
                    numbers.append(first + start)
                    rows.append(row)
                elif row:
                    why = f"A row has {len(dialect.names)} fields; this has {len(row)}."
                    break
                start = lines.at
        except csv.Error as error:
            if not last and lines.at == len(lines.raw) and "end of data" in str(error):
                rest = data[len(data) - lines.size(start) :]
                break
            why = f"This is no CSV: {error}."
        if start < len(lines.raw):
            raw = (
                lines.raw[start].replace(_UNIT, dialect.given)
                if dialect.given
                else lines.raw[start]
            )
            bad.append(BadLine(first + start, raw, "not_csv", why))
            start += 1
    columns = zip(*rows, strict=True) if rows else [()] * len(dialect.names)
    table = pa.table([_texts(column) for column in columns], names=dialect.names)
    for batch in _divided(0, table, most):
        own = numbers[batch.numbers[0] : batch.numbers[-1] + 1]
        while bad and bad[0].number < own[-1]:  # whoever has all of a table has all before its end
            yield bad.popleft()
        yield Batch(own, batch.table)
    yield from bad
    return rest


def _reader(lines: Iterable[str], dialect: _Dialect) -> Iterator[list[str]]:
    """Read rows, with what is escaped as what it means."""
    quoting = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    if not dialect.escape:
        yield from csv.reader(lines, strict=True, delimiter=dialect.delimiter, quoting=quoting)  # type: ignore[arg-type]
        return
    rows = csv.reader(
        (_ESCAPE.sub(_meant, line) for line in lines),
        strict=True,
        delimiter=dialect.delimiter,
        quoting=quoting,  # type: ignore[arg-type]
        escapechar="\\",
    )
    for row in rows:
        yield ["" if cell == _NULL else cell.translate(_MEANT) for cell in row]


def _meant(escaped: re.Match[str]) -> str:
    """Give what Python's `csv` makes what is meant of: a character of ours for a line break."""
    return _STANDS_FOR.get(escaped[1], escaped[0])


def _texts(column: Sequence[str]) -> pa.Array[Any]:
    return pa.array([text or None for text in column], pa.string())
