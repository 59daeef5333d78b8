"""SQL's paths into JSON, lax and strict: https://trino.io/docs/current/functions/json.html"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa

from queries.engine.trino import jsontext, pathlang
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.jsontext import NoJson, Number
from queries.engine.trino.pathlang import NoPath
from queries.engine.trino.pathvalues import Big, Unmet
from queries.engine.trino.typed import text

_STEP = re.compile(
    r"""\s*(?:\.\s*(?P<key>[A-Za-z_]\w*(?!\w*\s*\()|\*)|\.\s*"(?P<quoted>[^"\\]*)"
    |\[\s*(?P<all>\*)\s*\]|\[\s*(?P<from>\d{1,9}|last)\s*(?:to\s+(?P<to>\d{1,9}|last)\s*)?\])""",
    re.VERBOSE,
)
_CONSTANT = re.compile(r'"[^"\\]*"|-?\d{1,9}|true|false|null')


@lru_cache(maxsize=256)
def compiled(path: str) -> tuple[bool, tuple[Any, ...]]:
    """Whether it is strict, and its steps; or the constant that it is, alone in a list.

    `NoPath` where it is more than names and places; `pathlang` knows the rest of the language.
    """
    found = re.match(r"\s*(lax|strict)\s+", path)
    if found is None:
        raise NoPath(f"A path of SQL's begins with lax or strict: '{path}'")
    rest = path[found.end() :].strip()
    if _CONSTANT.fullmatch(rest):
        return False, ([jsontext.parse(rest)],)
    if not rest.startswith("$") or re.match(r"\$\w", rest):
        raise NoPath(f"The JSON path '{path}' is not known here")
    place, steps = 1, []
    while place < len(rest):
        step = _STEP.match(rest, place)
        if step is None:
            raise NoPath(f"The JSON path '{path}' is not known here")
        steps.append(step.groupdict())
        place = step.end()
    return found[1] == "strict", tuple(steps)


def items(value: Any, path: str) -> list[Any]:
    """The items at a path of names and places; `Unmet` where a strict one is not met."""
    strict, steps = compiled(path)
    taken = 0
    for step in steps:  # objects one in another, each with the name: most paths are no more
        name = isinstance(step, dict) and (step["quoted"] or (step["key"] != "*" and step["key"]))
        if not name or not isinstance(value, dict) or name not in value:
            break
        value = value[name]
        taken += 1
    found = [value]
    for step in steps[taken:]:
        if isinstance(step, list):
            return step
        found = [each for item in found for each in _step(item, step, strict)]
    return found


def _step(item: Any, step: dict[str, str | None], strict: bool) -> list[Any]:
    name = step["key"] or step["quoted"]
    if step["all"] or step["from"]:
        return _elements(item, step, strict)
    if isinstance(item, list) and not strict:
        return [each for one in item if isinstance(one, dict) for each in _step(one, step, False)]
    if not isinstance(item, dict):
        if strict:
            raise Unmet
        return []
    if step["key"] == "*":
        return list(item.values())
    if name not in item:
        if strict:
            raise Unmet
        return []
    return [item[name]]


def _elements(item: Any, step: dict[str, str | None], strict: bool) -> list[Any]:
    if not isinstance(item, list):
        if strict:
            raise Unmet
        item = [item]
    if step["all"]:
        return list(item)
    first = _place(step["from"], len(item))
    last = _place(step["to"], len(item)) if step["to"] else first
    if strict and not 0 <= first <= last < len(item):
        raise Unmet
    return list(item[max(first, 0) : last + 1]) if last >= 0 else []


def _place(told: str | None, length: int) -> int:
    return length - 1 if told == "last" else int(told or 0)


@python("t_json_path(VARCHAR, VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _path(told: str, path: str, how: str) -> str:
    """ "=" and the value; "n" for a null, "e" for nothing there, "x" for an error. Of json_value, a
    letter for the value's type stands in place of the "=": text, integer, double or boolean.

    A number with a point or an exponent is a double, as in Trino's `SqlJsonLiteralConverter`; one
    that is no bigint is an error.
    """
    try:
        compiled(path)
    except NoPath:
        told_with: str = _path_with(told, path, how, "{}")
        return told_with
    write: Callable[[Any], str] = jsontext.dumps
    try:
        if how.startswith("query"):
            value, write = jsontext.written(told)
        else:
            value = jsontext.values(told)
        return _told(items(value, path), how, write)
    except (NoJson, Unmet):
        return "x"


@python("t_json_path_with(VARCHAR, VARCHAR, VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _path_with(told: str, path: str, how: str, variables: str) -> str:
    """The same of a path with filters, arithmetic, methods or variables: these in JSON, by their
    names, where a bigint is alone in a list."""
    passed = {
        name: Big(value[0]) if isinstance(value, list) else value
        for name, value in jsontext.values(variables).items()
    }
    ask = pathlang.compiled(path, tuple((name, "") for name in passed))
    try:
        found = ask(pathlang.State(jsontext.values(told), passed))
        return _told([_plain(each) for each in found], how, jsontext.dumps)
    except (NoJson, Unmet):
        return "x"


def _plain(item: Any) -> Any:
    """An item as JSON's text has it."""
    if isinstance(item, float):
        return Number(repr(item))
    return int(item) if isinstance(item, Big) else item


def _told(found: list[Any], how: str, write: Callable[[Any], str]) -> str:
    if how == "exists":
        return "=" if found else "e"
    if not found:
        return "e"
    return _value(found) if how == "value" else _query(found, how, write)


_NAMES = re.compile(r"lax \$((?:\.[A-Za-z_][A-Za-z0-9_]*)+)")


def value_at(value: str, path: str) -> str:
    """DuckDB's SQL for what json_value finds, by its own functions where they find the same: in
    JSON without escapes that has each name of the path once, at the names alone."""
    exact = f"t_json_path({value}, {text(path)}, 'value')"
    found = _NAMES.fullmatch(path)
    if found is None:
        return exact
    names = found[1][1:].split(".")
    once = " AND ".join(f"""t_json_count({value}, '"{name}"') = 1""" for name in names)
    at = f"{value}, '$.{'.'.join(names)}'"
    return (
        f"CASE WHEN NOT t_json_plain({value}) OR contains({value}, '\\') THEN {exact} "
        f"""WHEN NOT contains({value}, '"{names[-1]}"') THEN 'e' WHEN {once} THEN """
        f"coalesce(t_json_held(json_type({at}), json_extract_string({at})), {exact}) "
        f"ELSE {exact} END"
    )


macro("t_json_count(x, name)", "(length(x) - length(replace(x, name, ''))) // length(name)")
macro(
    "t_json_held(kind, told)",
    "CASE kind WHEN 'VARCHAR' THEN 't' || told WHEN 'BOOLEAN' THEN 'b' || told "
    "WHEN 'NULL' THEN 'n' WHEN 'OBJECT' THEN 'x' WHEN 'ARRAY' THEN 'x' "
    "WHEN 'UBIGINT' THEN CASE WHEN length(told) < 19 THEN 'i' || told END END",
)


def _value(found: list[Any]) -> str:
    if len(found) > 1 or isinstance(found[0], dict | list):
        return "x"
    [item] = found
    if item is None:
        return "n"
    if isinstance(item, bool):
        return "btrue" if item else "bfalse"
    if isinstance(item, Number) and not item.is_whole:
        return f"d{float(item)!r}"
    if isinstance(item, Number | int):
        return f"i{int(item)}" if -(2**63) <= int(item) < 2**63 else "x"
    return "t" + jsontext.valid(item)


def _query(found: list[Any], how: str, write: Callable[[Any], str]) -> str:
    if "unconditional" in how or (
        "conditional" in how and (len(found) > 1 or not isinstance(found[0], dict | list))
    ):
        found = [found]
    if len(found) > 1:
        return "x"
    [item] = found
    if "omit" in how and isinstance(item, str) and not isinstance(item, Number):
        return "=" + jsontext.valid(item)
    return "=" + write(item)


@python("t_json_text(VARCHAR)", "VARCHAR", pa.string())
def _text(value: str) -> str:
    return jsontext.dumps(jsontext.parse(value))
