"""Which JSON lines a condition in SQL keeps."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from infra.cli.backfill import conditions
from infra.cli.backfill.conditions import literal, quoted
from infra.cli.backfill.source_files import SourceError
from transform.event.likes import MAX_DEPTH

_BOM = b"\xef\xbb\xbf"
# Arithmetic on the unsigned fails below 0, and what is of several types compares as its text.
_TYPES = {"UBIGINT": "BIGINT", "HUGEINT": "BIGINT", "JSON": "VARCHAR", "NULL": "VARCHAR"}
_MOST_BRACKETS = 100
"""A line with more may be nested deeper than DuckDB tells types of: 128 levels."""
_decode = msgspec.json.Decoder().decode


class Where:
    """A condition over the fields of JSON objects, which stand for columns.

    Their types are told once, by a sample, and then hold for every line: a value that is not of
    its field's type is null. Many threads may ask at once, and it can be pickled.
    """

    def __init__(self, condition: str, sample: bytes) -> None:
        """Take the condition and the first lines of the file, decompressed.

        Raises `SourceError` for what is no condition, or names a field that no line has.
        """
        names = {name.casefold() for name in conditions.check(condition)}
        self.condition = condition
        known = _structure(sample)
        self.types = {name: type_ for name, type_ in known.items() if name.casefold() in names}
        self._connection.register("lines", pa.table({"line": _texts([])}))
        try:
            self._connection.sql(
                f"SELECT true FROM ({self._fields}) WHERE {conditions.bracketed(condition)} LIMIT 0"
            ).fetchall()
        except duckdb.Error as error:
            raise SourceError(
                f"--where {condition!r} cannot be asked: {conditions.fault(error)}. "
                f"The fields are: {conditions.listed(known)}."
            ) from None

    def __getstate__(self) -> dict[str, Any]:
        """Give what makes it anew in another process."""
        return {"condition": self.condition, "types": self.types}

    def keep(self, lines: Sequence[bytes]) -> list[bool]:
        """Tell for each line whether to keep it: where the condition holds, and where the line is
        no JSON object, so that it is rejected with its reason.

        Raises `SourceError` where the condition fails for a value.
        """
        self._connection.register("lines", pa.table({"line": _texts(lines)}))
        condition = conditions.bracketed(self.condition)
        query = f"SELECT coalesce({condition}::BOOLEAN, false) AS keep FROM ({self._fields})"
        try:
            kept = self._connection.sql(query).to_arrow_table()["keep"].to_pylist()
        except duckdb.Error as error:
            raise SourceError(
                f"--where {self.condition!r} fails: {conditions.fault(error)}."
            ) from None
        finally:
            self._connection.unregister("lines")
        return [keep or not _is_object(line) for keep, line in zip(kept, lines, strict=True)]

    @cached_property
    def _of_thread(self) -> threading.local:
        return threading.local()

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The thread's own: what one thread shows a connection, another would see."""
        own = self._of_thread
        if not hasattr(own, "connection"):
            own.connection = conditions.connect()
        connection: duckdb.DuckDBPyConnection = own.connection
        return connection

    @property
    def _fields(self) -> str:
        """The query that gives each line's fields, as far as the condition names them."""
        if not self.types:
            return "SELECT 1 FROM lines"
        shape = literal(msgspec.json.encode(self.types).decode())
        columns = (
            f"struct_extract(fields, {literal(name)}) AS {quoted(name)}" for name in self.types
        )
        return (
            f"SELECT {', '.join(columns)} FROM (SELECT "
            f"CASE WHEN json_valid(line) THEN json_transform(line, {shape}) END AS fields "
            f"FROM lines)"
        )


def _structure(sample: bytes) -> dict[str, Any]:
    """Infer the fields of the objects in a sample, and their types."""
    lines = [
        line
        for line in sample.split(b"\n")
        if line.count(b"[") + line.count(b"{") <= _MOST_BRACKETS and _is_object(line)
    ]
    connection = conditions.connect()
    connection.register("sample", pa.table({"line": _texts(lines)}))
    query = "SELECT json_group_structure(line::JSON) FROM sample WHERE json_valid(line)"
    row = connection.execute(query).fetchone()
    told = msgspec.json.decode(row[0]) if row and row[0] else None
    shape = _typed(told)
    return shape if isinstance(shape, dict) else {}


def _typed(shape: Any, depth: int = 0) -> Any:
    """Give a structure of DuckDB's as one it can transform to: names differ by more than case,
    and what is nested deeper than a like may be is text."""
    if depth == MAX_DEPTH and not isinstance(shape, str):
        return "VARCHAR"
    if isinstance(shape, dict):
        fields: dict[str, Any] = {}
        folded: set[str] = set()
        for name, type_ in shape.items():
            if name and name.casefold() not in folded:
                folded.add(name.casefold())
                fields[name] = _typed(type_, depth + 1)
        return fields or "VARCHAR"
    if isinstance(shape, list):
        return [_typed(element, depth + 1) for element in shape]
    return _TYPES.get(shape, shape)


def _texts(lines: Sequence[bytes]) -> pa.Array[Any]:
    """Give lines as texts; null for those that are not UTF-8."""
    plain = pa.array([line.removeprefix(_BOM) for line in lines], pa.binary())
    try:
        return plain.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(list(map(_text, lines)), pa.string())


def _text(line: bytes) -> str | None:
    try:
        return line.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        return None


def _is_object(line: bytes) -> bool:
    """Tell whether a line is a JSON object as the rules of a like read it."""
    try:
        return isinstance(_decode(line.removeprefix(_BOM)), dict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
