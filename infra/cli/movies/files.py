"""Films out of a file: CSV, JSON lines or Parquet, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from transform.lake import movies
from transform.lake.movies import InvalidMovie, Movie

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowException, UnicodeDecodeError)

Row = tuple[str, dict[str, Any]]
"""Where it stands, and its fields."""


class BadFile(Exception):
    """A file that is not taken; the message says where it is wrong, and how."""


def read(path: Path) -> list[Movie]:
    """Give the films of a file, by what it holds, whatever it is called: CSV with a header, JSON an
    object a line, both plain or gzip, or Parquet. Columns and keys count in small letters.

    Raises `BadFile` for the first row that is no film, or another film than a row before it of the
    same id; and where there is none.
    """
    try:
        return _films(_rows(path.read_bytes()))
    except BadFile as error:
        raise BadFile(f"{path}: {error}") from None
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BadFile(f"{path} cannot be read: {reason}.") from None


def _films(rows: Iterable[Row]) -> list[Movie]:
    found: dict[str, tuple[Movie, str]] = {}
    for place, fields in rows:
        named = {name.strip().casefold(): value for name, value in fields.items()}
        try:
            movie = movies.parse(named)
        except InvalidMovie as error:
            raise BadFile(f"{place}: {error}") from None
        first, at = found.setdefault(movie.movie_id, (movie, place))
        if first != movie:
            raise BadFile(f"{movie.movie_id} is {first} in {at} and {movie} in {place}.")
    if not found:
        raise BadFile("there are no films in it.")
    return [movie for movie, _ in found.values()]


def _rows(body: bytes) -> Iterator[Row]:
    if body.startswith(_GZIP):
        body = gzip.decompress(body)
    if body.startswith(_PARQUET):
        return _parquet(body)
    try:
        text = body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BadFile(f"line {line} is neither UTF-8 nor gzip nor Parquet.") from None
    return _json(text) if text.lstrip().startswith("{") else _csv(text)


def _parquet(body: bytes) -> Iterator[Row]:
    file = pq.ParquetFile(pa.BufferReader(body))
    names = file.schema_arrow.names
    ours = [name for name in names if name.strip().casefold() in movies.FIELDS]
    number = 0
    for batch in file.iter_batches(columns=ours or names):
        for row in batch.to_pylist():
            number += 1
            yield f"row {number}", row


def _json(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.MsgspecError, RecursionError) as error:
                raise BadFile(f"line {number} is no JSON object ({error}).") from None


def _csv(text: str) -> Iterator[Row]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header, number = next(rows, []), rows.line_num
        for row in rows:
            place, number = f"line {number + 1}", rows.line_num
            if len(row) not in (0, len(header)):
                raise BadFile(f"{place} has {len(row)} values for {len(header)} columns.")
            if row:
                yield place, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise BadFile(f"line {rows.line_num} is no CSV ({error}).") from None
