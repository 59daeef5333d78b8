"""Columns of a table as one JSON object a row, in the spelling that likes are read from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from infra.cli.backfill.conditions import literal
from transform.event import likes

Unit = Literal["s", "ms", "us", "ns"]

TIMES = {"liked_at", likes.ALIASES["liked_at"]}
TEXTS = {*likes.FIELDS, *likes.ALIASES.values()} - TIMES
"""Fields of an event, in both spellings: its times, and its texts."""
_IDS = {name for name in TEXTS if name.endswith(("_id", "Id"))}
_WHOLE = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
}
_FLOATS = {"FLOAT", "DOUBLE"}
# Of an epoch in a unit, whole: how it becomes milliseconds, and how many of it make one.
_MILLISECONDS = {"s": "{} * 1000", "ms": "{}"}
_MAKE_ONE = {"us": 1_000, "ns": 1_000_000}
# Of one with a fraction: a double holds today's seconds to less than a microsecond.
_FRACTIONS = {
    "s": "floor(round({} * 1000, 3))",
    "ms": "floor({})",
    "us": "floor({} / 1000)",
    "ns": "floor({} / 1000000)",
}


def row(
    columns: Mapping[str, tuple[str, str]],
    unit: Unit,
    zone: str | None = None,
    ours: bool = False,
    written: bool = False,
) -> str:
    """Give the SQL of a row as a JSON object: by key, the SQL of a value, and its DuckDB type.

    Nulls, and numbers that JSON cannot write, are left out. What an event has as text is text;
    its time is epoch milliseconds, of a number or text of digits in `unit`; with `zone`, one that
    tells none is text. The column `extra` of rows of `ours` is the fields in it. Of a file in which
    all is `written` as text, ids may be whole numbers with `.0`, as pandas writes them in a column
    where one is missing.
    """
    parts = (
        _fields(sql)
        if ours and key == "extra"
        else f"{literal(msgspec.json.encode(key).decode() + ':')} || "
        f"{_value(key, _whole_id(sql) if written and key in _IDS else sql, type_, unit, zone)}"
        for key, (sql, type_) in columns.items()
    )
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'"


def column(
    key: str, sql: str, type_: str, unit: Unit, zone: str | None = None, written: bool = False
) -> str | None:
    """Give the SQL of one value of such a row: a text that an event has as it is, else JSON. None
    where an event has a text, and the value is none."""
    if key not in TEXTS:
        return _value(key, sql, type_, unit, zone)
    if _is_nested(type_):
        return None
    return _text(_whole_id(sql) if written and key in _IDS else sql, type_)


def _whole_id(sql: str) -> str:
    is_whole = f"regexp_full_match({sql}, '[ \\t]*[1-9][0-9]{{0,15}}[.]0')"
    return f"CASE WHEN ends_with({sql}, '.0') AND {is_whole} THEN trim({sql})[:-3] ELSE {sql} END"


def _fields(sql: str) -> str:
    """Give the SQL of the fields in the text of an object; null where there are none."""
    inner = f"trim({sql}[2:-2], ' ' || chr(9) || chr(10) || chr(13))"
    is_object = f"json_valid({sql}) AND starts_with({sql}, '{{')"
    other = f"'\"extra\":' || to_json({sql})::VARCHAR"
    return f"CASE WHEN {is_object} THEN nullif({inner}, '') ELSE {other} END"


def _value(key: str, sql: str, type_: str, unit: Unit, zone: str | None) -> str:
    """Give the SQL of a value as JSON text; null where there is none."""
    if key in TIMES:
        if zone is not None and (type_ == "DATE" or _is_naive(type_)):
            return f"to_json({sql}::VARCHAR)"
        return _time(sql, type_, unit)
    if key in TEXTS and not _is_nested(type_):
        return f"to_json({_text(sql, type_)})"
    json = f"to_json({sql})::VARCHAR"
    if type_ in _FLOATS:
        return f"CASE WHEN isfinite({sql}) THEN {json} END"
    return f"CASE WHEN {sql} IS NOT NULL THEN {json} END"


def _is_naive(type_: str) -> bool:
    return type_.startswith("TIMESTAMP") and not type_.endswith("ZONE")


def is_number(type_: str) -> bool:
    """Tell whether a DuckDB type is one of numbers."""
    return type_ in _WHOLE or type_ in _FLOATS or (type_.startswith("DECIMAL") and "[" not in type_)


def double(sql: str, type_: str) -> str | None:
    """Give the SQL of a number's double, which its text spells too; None where that may differ."""
    if type_ in _WHOLE:
        return f"{sql}::DOUBLE"
    return f"(CASE WHEN isfinite({sql}) THEN {sql} END)" if type_ == "DOUBLE" else None


def _is_nested(type_: str) -> bool:
    return type_.endswith("]") or type_.startswith(("STRUCT(", "MAP(", "UNION("))


def _text(sql: str, type_: str) -> str:
    """Give the SQL of a value as text: of a whole number without a fraction, as ids became
    floats wherever pandas held one that was missing."""
    if type_ == "BLOB":
        return f"coalesce(try(decode({sql})), {sql}::VARCHAR)"
    if type_ in _FLOATS or type_.startswith("DECIMAL"):
        whole = f"try_cast({sql} AS HUGEINT)"
        not_number = f"isnan({sql})" if type_ in _FLOATS else "false"
        return (
            f"CASE WHEN {not_number} THEN NULL WHEN {whole} = {sql} "
            f"THEN {whole}::VARCHAR ELSE {sql}::VARCHAR END"
        )
    return f"{sql}::VARCHAR"


def _time(sql: str, type_: str, unit: Unit) -> str:
    """Give the SQL of an event time as JSON: epoch milliseconds, else its text, to be judged."""
    text = f"to_json({sql}::VARCHAR)"
    if type_.startswith("TIMESTAMP") or type_ == "DATE":
        # Not epoch_ms, which rounds.
        if type_.endswith("_NS"):
            return f"coalesce(({_floor(f'epoch_ns({sql})', 1_000_000)})::VARCHAR, {text})"
        moment = f"{sql}::TIMESTAMP" if type_ == "DATE" else sql
        return f"coalesce(({_floor(f'epoch_us({moment})', 1_000)})::VARCHAR, {text})"
    if type_ in _WHOLE or (type_.startswith("DECIMAL") and type_.endswith(",0)")):
        return f"coalesce({_whole(sql, unit)}, {text})"
    if type_ in _FLOATS or type_.startswith("DECIMAL"):
        number = f"{sql}::DOUBLE"
        milliseconds = f"try_cast({_FRACTIONS[unit].format(f'({number})')} AS HUGEINT)::VARCHAR"
        return f"CASE WHEN NOT isnan({number}) THEN coalesce({milliseconds}, {text}) END"
    if type_ == "VARCHAR":
        digits = (  # the first is told much faster, and of most
            f"NOT contains({sql}, '-') AND "
            f"regexp_full_match({sql}, '[ \\t\\r\\n]*[0-9]+[ \\t\\r\\n]*')"
        )
        trimmed = f"trim({sql}, ' ' || chr(9) || chr(10) || chr(13))"
        return f"CASE WHEN {digits} THEN coalesce({_whole(trimmed, unit)}, {text}) ELSE {text} END"
    return f"CASE WHEN {sql} IS NOT NULL THEN to_json({sql})::VARCHAR END"


def _whole(sql: str, unit: Unit) -> str:
    """Give the SQL of a whole epoch as milliseconds; null where it is too large for that."""
    number = f"try_cast({sql} AS HUGEINT)"
    if unit == "us" or unit == "ns":
        return f"({_floor(number, _MAKE_ONE[unit])})::VARCHAR"
    return f"try({_MILLISECONDS[unit].format(number)})::VARCHAR"


def _floor(sql: str, by: int) -> str:
    """Give the SQL of a whole division that rounds down; DuckDB's rounds towards 0."""
    return f"({sql} - (({sql} % {by} + {by}) % {by})) // {by}"
