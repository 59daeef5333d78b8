"""JSON: https://trino.io/docs/current/functions/json.html"""

import re
from collections.abc import Callable

import pyarrow as pa

from queries.engine.errors import BadSQL
from queries.engine.trino import json_casts, jsontext, types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.jsontext import MISSING, Members, NoJson, Number
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.typed import Typed, text

__all__ = ["functions", "json_casts", "literal", "operators"]

functions = Family()
operators = Family()


def literal(written: str) -> Typed:
    """The value of `JSON '…'`."""
    try:
        made = jsontext.dumps(jsontext.parse(written), ordered=True)
    except NoJson as error:
        raise BadSQL(f"{error}.") from None
    return Typed(text(made), types.JSON, written)


@python("t_json_parse(VARCHAR)", "VARCHAR", pa.string())
def _parse(value: str) -> str:
    return jsontext.normal(value)


@python("t_json_extract(VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _extract(value: str, path: str) -> str | None:
    found = jsontext.extract(value, jsontext.path(path))
    return None if found is MISSING else jsontext.dumps(found)


@python("t_json_extract_scalar(VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _extract_scalar(value: str, path: str) -> str | None:
    return _scalar(jsontext.extract(value, jsontext.path(path)))


def _scalar(found: object) -> str | None:
    if found is True or found is False:
        return "true" if found else "false"
    return jsontext.valid(str(found)) if isinstance(found, str) else None


@python("t_json_size(VARCHAR, VARCHAR)", "BIGINT", pa.int64())
def _size(value: str, path: str) -> int | None:
    found = jsontext.extract(value, jsontext.path(path))
    if found is MISSING:
        return None
    return len(found) if isinstance(found, dict | list) else 0


def _array(value: str) -> list[object] | None:
    try:
        found = jsontext._kept.decode(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and not isinstance(found, Members) else None


@python("t_json_array_length(VARCHAR)", "BIGINT", pa.int64())
def _length(value: str) -> int | None:
    found = _array(value)
    return None if found is None else len(found)


@python("t_json_array_get(VARCHAR, BIGINT)", "VARCHAR", pa.string())
def _get(value: str, place: int) -> str | None:
    found = _array(value)
    if found is None or not -len(found) <= place < len(found):
        return None
    each = found[place]
    if each is None:
        return None
    scalar = _scalar(each)
    return jsontext.dumps(each) if scalar is None else scalar


@python("t_json_contains_text(VARCHAR, VARCHAR)", "BOOLEAN", pa.bool_())
def _contains_text(value: str, sought: str) -> bool | None:
    found = _array(value)
    if found is None:
        return None
    return any(isinstance(e, str) and not isinstance(e, Number) and e == sought for e in found)


@python("t_json_contains_boolean(VARCHAR, BOOLEAN)", "BOOLEAN", pa.bool_())
def _contains_boolean(value: str, sought: bool) -> bool | None:
    found = _array(value)
    return None if found is None else any(e is sought for e in found)


@python("t_json_contains_whole(VARCHAR, BIGINT)", "BOOLEAN", pa.bool_())
def _contains_whole(value: str, sought: int) -> bool | None:
    found = _array(value)
    if found is None:
        return None
    return any(isinstance(e, Number) and e.is_whole and int(e) == sought for e in found)


@python("t_json_contains_double(VARCHAR, DOUBLE)", "BOOLEAN", pa.bool_())
def _contains_double(value: str, sought: float) -> bool | None:
    found = _array(value)
    if found is None:
        return None
    return any(isinstance(e, Number) and not e.is_whole and float(e) == sought for e in found)


@python("t_is_json_scalar(VARCHAR)", "BOOLEAN", pa.bool_())
def _is_scalar(value: str) -> bool:
    try:
        return not isinstance(jsontext.parse(value), dict | list)
    except NoJson:
        raise ValueError(f"Invalid JSON value: {value}") from None


# DuckDB takes commas before a bracket and NaN, too, and tells other numbers in its own way.
macro(
    "t_json_plain(x)",
    r"json_valid(x) AND NOT regexp_matches(x, ',\s*[\]}]|[Nn]a[Nn]|[Ii]nf')",
)
macro(
    "t_json_scalar(x, path)",
    "CASE WHEN NOT t_json_plain(x) THEN t_json_extract_scalar(x, path) "
    "WHEN json_type(x, path) IN ('VARCHAR', 'UBIGINT', 'BOOLEAN') THEN json_extract_string(x, path)"
    " WHEN coalesce(json_type(x, path), 'NULL') IN ('NULL', 'OBJECT', 'ARRAY') THEN NULL"
    " ELSE t_json_extract_scalar(x, path) END",
)


# Text that DuckDB writes as Jackson does: no escapes, and of numbers whole ones that are no -0.
macro(
    "t_json_at(x, path)",
    "CASE WHEN NOT t_json_plain(x) THEN t_json_extract(x, path) "
    "WHEN json_type(x, path) IS NULL THEN NULL "
    r"WHEN regexp_matches(CAST(json_extract(x, path) AS VARCHAR), '\\|[0-9][.eE]|-0|[0-9]{19}') "
    "THEN t_json_extract(x, path) ELSE CAST(json_extract(x, path) AS VARCHAR) END",
)


_PLAIN = re.compile(r"(\$(?:\.[A-Za-z_]\w*)*)(\[(?:0|[1-9]\d{0,5})\])?", re.ASCII)


def at(quick: str, exact: str, value: str, path: object, told: str) -> str:
    """DuckDB's SQL for what is at a path: by its own functions, of the macro `quick`, where the
    path is a constant of names alone, with a place in an array behind them maybe. In an object,
    Trino takes the place as a name."""
    plain = _PLAIN.fullmatch(path) if isinstance(path, str) else None
    found, slow = f"{quick}({value}, {told})", f"{exact}({value}, {told})"
    if plain is None:
        return slow
    if plain[2] is None:
        return found
    return (
        f"(CASE WHEN NOT t_json_plain({value}) THEN {slow} "
        f"WHEN json_type({value}, {text(plain[1])}) = 'OBJECT' THEN {slow} ELSE {found} END)"
    )


def _at(quick: str, exact: str) -> Callable[[Call], str]:
    return lambda call: at(quick, exact, call[0], call.args[1].value, call[1])


functions("json_parse(varchar) -> json", "t_json_parse({0})")
functions("json_format(json) -> varchar", "{0}")
for _kind in ("json", "varchar"):
    functions(f"json_extract({_kind}, varchar) -> json", _at("t_json_at", "t_json_extract"))
    functions(
        "json_extract_scalar(json, varchar) -> varchar"
        if _kind == "json"
        else "json_extract_scalar(varchar(x), varchar) -> varchar(x)",
        _at("t_json_scalar", "t_json_extract_scalar"),
    )
    functions(f"json_size({_kind}, varchar) -> bigint", "t_json_size({0}, {1})")
    functions(f"json_array_length({_kind}) -> bigint", "t_json_array_length({0})")
    functions(f"json_array_get({_kind}, bigint) -> json", "t_json_array_get({0}, {1})")
    functions(f"is_json_scalar({_kind}) -> boolean", "t_is_json_scalar({0})")
    for _sought, _name in (
        ("varchar", "text"),
        ("boolean", "boolean"),
        ("bigint", "whole"),
        ("double", "double"),
    ):
        functions(
            f"json_array_contains({_kind}, {_sought}) -> boolean",
            f"t_json_contains_{_name}({{0}}, {{1}})",
        )
