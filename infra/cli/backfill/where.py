"""Which JSON lines a condition in SQL keeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute

from infra.cli.backfill import conditions, judging, number_sql, syntax
from infra.cli.backfill.conditions import literal
from infra.cli.backfill.judging import Field, Fields
from infra.cli.backfill.source_files import SourceError

pc: Any = pyarrow.compute

_BOM = b"\xef\xbb\xbf"
_MOST_BRACKETS = 100
"""A line with more may be nested deeper than DuckDB tells types of: 128 levels."""
_MANY_DIGITS = r"[0-9]{8}\.[0-9]|\.[0-9]{8}|[0-9]{16}[eE]"
"""A number that may have more digits than a double has: DuckDB's JSON would cut them off."""
_SHORT = f"(NOT regexp_matches(line, {literal(_MANY_DIGITS)}))"


class _AnyObject(msgspec.Struct):
    """An object, of whose fields none is kept."""


_decode = msgspec.json.Decoder(_AnyObject).decode


class Where:
    """A condition over the fields of JSON objects, which stand for columns.

    The first lines of a file tell which fields there are, and nothing else: each line is judged by
    itself. Many threads may ask at once, and it can be pickled.
    """

    def __init__(self, condition: str, sample: bytes) -> None:
        """Take the condition and the first lines of the file, decompressed.

        Raises `SourceError` for what is no condition, or names a field that no line has.
        """
        conditions.check(condition)
        known = _structure(sample)
        self.condition = condition
        self.paths: list[tuple[str, ...]] = []
        self._known: dict[str, Any] = known
        connection = self._connection
        connection.register("lines", pa.table({"line": pa.array([], pa.string())}))
        fields = Fields(connection, self._field, self._source, self._exact, _SHORT)
        try:
            self.sql = judging.write(condition, fields)
        except (duckdb.Error, KeyError, syntax.NotOne) as error:
            why = (
                conditions.fault(error)
                if isinstance(error, duckdb.Error)
                else f"there is no field {error.args[0]}"
            )
            raise SourceError(
                f"--where {condition!r} cannot be asked: {why}. "
                f"The fields are: {conditions.listed(known)}."
            ) from None

    def __getstate__(self) -> dict[str, Any]:
        """Give what makes it anew in another process."""
        return {"condition": self.condition, "paths": self.paths, "sql": self.sql}

    def keep(self, lines: Sequence[bytes] | pa.Array[Any]) -> pa.Array[Any]:
        """Tell for each line whether to keep it: where the condition holds, and where the line is
        no JSON object, so that it is rejected with its reason.

        Raises `SourceError` where the condition fails for a value.
        """
        given = lines if isinstance(lines, pa.Array) else pa.array(lines, pa.binary())
        self._connection.register("lines", pa.table({"line": _texts(given)}))
        query = f"SELECT coalesce({self.sql}::BOOLEAN, false) AS keep FROM {self._source()}"
        try:
            holds = self._connection.sql(query).to_arrow_table()["keep"].combine_chunks()
        except duckdb.Error as error:
            raise SourceError(
                f"--where {self.condition!r} fails: {conditions.fault(error)}."
            ) from None
        finally:
            self._connection.unregister("lines")
        others: list[Any] = given.filter(pc.invert(holds)).to_pylist()
        no_objects = pa.array([not _is_object(line) for line in others], pa.bool_())
        kept: pa.Array[Any] = pc.replace_with_mask(holds, pc.invert(holds), no_objects)
        return kept

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

    def _field(self, path: tuple[str, ...]) -> Field:
        """Find a field, by the spelling that lines have of it."""
        found, known = [], self._known
        for name in path:
            if not isinstance(known, dict):
                raise KeyError(".".join(path))
            folded = {each.casefold(): each for each in reversed(known)}
            own = name if name in known else folded.get(name.casefold())
            if own is None:
                raise KeyError(".".join(path))
            found.append(own)
            known = known[own]
        told = tuple(found)
        if told not in self.paths:
            self.paths.append(told)
        at = self.paths.index(told)
        return Field(
            f'"text {at}"',
            f'from_json("json {at}", \'["VARCHAR"]\')',
            f"(json_type(\"json {at}\") = 'ARRAY')",
            path=told,
            number=f'"number {at}"',
        )

    def _source(self) -> str:
        """The query that gives each line's fields, as far as the condition names them."""
        if not self.paths:
            return "lines"
        pointers = ["".join(f"/{_escaped(name)}" for name in path) for path in self.paths]
        asked = f"[{', '.join(map(literal, pointers))}]"
        texts = f"TRY(json_extract_string(line, {asked}))"  # of what is no JSON, null
        columns = ", ".join(
            f'texts[{at + 1}] AS "text {at}", CASE WHEN json_valid(line) '
            f'THEN json_extract(line, {literal(pointer)}) END AS "json {at}"'
            for at, pointer in enumerate(pointers)
        )
        told = f"SELECT {columns}, line FROM (SELECT *, {texts} AS texts FROM lines)"
        numbers = (number_sql.double(f'"text {at}"') for at in range(len(pointers)))
        named = ", ".join(f'{sql} AS "number {at}"' for at, sql in enumerate(numbers))
        return f"(SELECT *, {named} FROM ({told}))"  # so each is read once

    @staticmethod
    def _exact(tree: list[Any], fields: Sequence[Field]) -> str:
        paths = number_sql.told([each.path for each in fields])
        texts = f"[{', '.join(each.text for each in fields)}]"
        by_text = f"exactly({number_sql.told(tree)}, {texts})"
        if not all(each.path for each in fields):
            return by_text
        by_line = f"exactly_in_line({number_sql.told(tree)}, {paths}, line)"
        return f"CASE WHEN {_SHORT} THEN {by_text} ELSE {by_line} END"


def _escaped(name: str) -> str:
    """Give a name as a part of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _structure(sample: bytes) -> dict[str, Any]:
    """Tell the fields of the objects in a sample, and those within them."""
    lines = [
        line
        for line in sample.split(b"\n")
        if line.count(b"[") + line.count(b"{") <= _MOST_BRACKETS and _is_object(line)
    ]
    connection = conditions.connect()
    connection.register("sample", pa.table({"line": _texts(pa.array(lines, pa.binary()))}))
    query = "SELECT json_group_structure(line::JSON) FROM sample WHERE json_valid(line)"
    row = connection.execute(query).fetchone()
    told = msgspec.json.decode(row[0]) if row and row[0] else None
    return told if isinstance(told, dict) else {}


def _texts(lines: pa.Array[Any]) -> pa.Array[Any]:
    """Give lines as texts; null for those that are not UTF-8."""
    given: Callable[[], list[Any]] = lines.to_pylist
    if pc.any(pc.starts_with(lines, _BOM)).as_py():
        lines = pa.array([line.removeprefix(_BOM) for line in given()], pa.binary())
    try:
        return lines.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(list(map(_text, given())), pa.string())


def _text(line: bytes) -> str | None:
    try:
        return line.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        return None


def _is_object(line: bytes) -> bool:
    """Tell whether a line is a JSON object, in UTF-8."""
    text = line.removeprefix(_BOM)
    try:
        _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return text.isascii() or _text(text) is not None
