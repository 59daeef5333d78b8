"""Casts of JSON to other types and of these to JSON."""

import json
import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import casts, json_common, jsontext, types
from queries.engine.trino.casts import define
from queries.engine.trino.helpers import python
from queries.engine.trino.json_leaves import failed, leaf
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import INTEGERS, Type, field_names

_SCALARS = (*INTEGERS, "boolean", "decimal", "real", "double", "varchar")
_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
_CONTEXT = Context(prec=100, rounding=ROUND_HALF_UP)


# To JSON


@python("t_json_float(VARCHAR)", "VARCHAR", pa.string())
def _float(told: str) -> str:
    if told in ("nan", "-nan"):
        return '"NaN"'
    if told in ("inf", "-inf"):
        return '"Infinity"' if told == "inf" else '"-Infinity"'
    return jsontext.java_digits(told)


def _written(sql: str, kind: Type, depth: int = 0) -> str:
    """The JSON text of a value; null for a null."""
    match kind.name:
        case "unknown":
            return f"CAST({sql} AS VARCHAR)"
        case "json":
            return sql
        case "boolean" | "decimal":
            return casts.cast(Typed(sql, kind), types.VARCHAR).sql
        case "real" | "double":
            return f"t_json_float(CAST({sql} AS VARCHAR))"
        case "varchar":
            return f"CAST(to_json({sql}) AS VARCHAR)"
        case "date" | "timestamp":
            return f"('\"' || {casts.cast(Typed(sql, kind), types.VARCHAR).sql} || '\"')"
        case "array":
            x = f'"j{depth}$"'
            each = f"coalesce({_written(x, kind.element, depth + 1)}, 'null')"
            made = f"array_to_string(list_transform({sql}, lambda {x}: {each}), ',')"
            return f"(CASE WHEN {sql} IS NOT NULL THEN '[' || coalesce({made}, '') || ']' END)"
        case "map":
            return _object(sql, kind, depth)
        case "row":
            named = zip(field_names(kind), kind.fields, kind.types, strict=True)
            parts = [
                f"{text(jsontext.quoted(name or '') + ':')} || coalesce("
                f"{_written(f'({sql}).{types.quoted(field)}', part, depth)}, 'null')"
                for field, name, part in named
            ]
            members = " || ',' || ".join(parts)
            return f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || {members} || '}}' END)"
    if kind.name in INTEGERS:
        return f"CAST({sql} AS VARCHAR)"
    raise BadSQL(f"{kind} cannot be cast to json.")


def _object(sql: str, kind: Type, depth: int) -> str:
    key, value = kind.types
    if key.name not in (*_SCALARS, "unknown"):
        raise BadSQL(f"{kind} cannot be cast to json.")
    e, m = f'"j{depth}$"', '"m$"'
    name = f"CAST(({e}).key AS VARCHAR)" if key.name == "varchar" else _written(f"({e}).key", key)
    if key.name in ("real", "double"):
        name = f"trim({name}, '\"')"
    made = f"coalesce({_written(f'({e}).value', value, depth + 1)}, 'null')"
    members = (
        f"list_sort(list_transform(map_entries({sql}), "
        f"lambda {e}: struct_pack(k := {name}, v := {made})))"
    )
    told = f"lambda {m}: CAST(to_json(({m}).k) AS VARCHAR) || ':' || ({m}).v"
    return (
        f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || "
        f"coalesce(array_to_string(list_transform({members}, {told}), ','), '') || '}}' END)"
    )


@define(f"{','.join(_SCALARS)},date,timestamp,array,map,row", "json")
def _to_json(value: Typed, _: Type) -> str:
    return _written(value.sql, value.type)


# From JSON


def _told(leaf: Any) -> str:
    return ("true" if leaf else "false") if isinstance(leaf, bool) else str(leaf)


def _made(value: Any, kind: Type) -> Any:
    """The value as JSON that DuckDB reads as the type, its leaves as text."""
    if kind.name == "json":
        return jsontext.dumps(value)
    if value is None:
        return None
    match kind.name:
        case "array":
            if not isinstance(value, list):
                raise failed(value, kind)
            return [_made(each, kind.element) for each in value]
        case "map":
            if not isinstance(value, dict):
                raise failed(value, kind)
            key, other = kind.types
            found = {_told(leaf(k, key)): _made(v, other) for k, v in value.items()}
            if len(found) < len(value):
                raise ValueError(f"Cannot cast to {kind}. Duplicate keys are not allowed")
            return found
        case "row":
            return _fields(value, kind)
    return _told(leaf(value, kind))


def _fields(value: Any, kind: Type) -> Any:
    names = field_names(kind)
    if isinstance(value, list):
        if len(value) != len(names):
            raise failed(value, kind)
        parts = value
    elif isinstance(value, dict) and all(kind.fields):
        known = {name.lower(): each for name, each in value.items()}
        if len(known) < len(value):
            raise ValueError(f"Cannot cast to {kind}. There is a field twice")
        parts = [known.get(name.lower(), jsontext.MISSING) for name in names]
    else:
        raise failed(value, kind)
    return {
        name: None if part is jsontext.MISSING else _made(part, of)
        for name, part, of in zip(names, parts, kind.types, strict=True)
    }


@lru_cache(maxsize=256)
def _type(told: str) -> Type:
    return types.parse(told)


@python("t_json_cast(VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _cast(value: str, kind: str) -> str | None:
    target = _type(kind)
    found = _made(jsontext.parse(value), target)
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False)


def _castable(kind: Type) -> bool:
    match kind.name:
        case "map":
            return kind.types[0].name in _SCALARS and _castable(kind.types[1])
        case "array" | "row":
            return all(_castable(part) for part in kind.types)
    return kind.name in (*_SCALARS, "json")


def _holds(kind: Type, name: str) -> bool:
    return kind.name == name or any(_holds(part, name) for part in kind.types)


_FRACTION = re.compile(r"[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+")


def _check_numbers(told: str, target: Type) -> None:
    """Refuse a constant whose numbers are no doubles, where Trino's versions differ: older ones
    take the nearest double, newer ones all digits (https://github.com/trinodb/trino/issues/28867).
    """
    for number in _FRACTION.findall(told):
        near = float(number)
        is_double = math.isfinite(near) and Decimal(repr(near)) == Decimal(number)
        if _holds(target, "decimal") and not is_double:
            raise Refused(f"The JSON number {number}, which is no double, is no decimal here.")
        if _holds(target, "boolean") and math.isinf(near):
            raise Refused(f"The JSON number {number}, which is no double, is no boolean here.")


@define("json", f"{','.join(_SCALARS)},array,map,row")
def _from_json(value: Typed, target: Type) -> str:
    if not _castable(target):
        raise BadSQL(f"{value.type} cannot be cast to {target}.")
    if isinstance(value.value, str):
        _check_numbers(value.value, target)
    if json_common.is_common(target):
        return f"t_json_{target.name}_{target.types[-1].name}({value.sql})"
    made = f"t_json_cast({value.sql}, {text(str(target))})"
    if target.name == "varchar":
        return made
    if target.name in _SCALARS:
        return f"CAST({made} AS {target.duckdb})"
    return f"CAST(CAST({made} AS JSON) AS {target.duckdb})"
