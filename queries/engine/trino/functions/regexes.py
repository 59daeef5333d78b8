"""Regular expressions: https://trino.io/docs/current/functions/regexp.html

DuckDB's own where a pattern is a constant that means the same to it, else Python's, on each
distinct value.
"""

from functools import lru_cache
from typing import Any

import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import patterns, types
from queries.engine.trino.helpers import python
from queries.engine.trino.patterns import NoPattern, compiled
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.typed import text
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_TEXTS = pa.list_(pa.string())
_PIECES = 'STRUCT("before" VARCHAR, "groups" VARCHAR[])[]'
_PIECES_ARROW = pa.list_(pa.struct([("before", pa.string()), ("groups", _TEXTS)]))


def _pattern(call: Call) -> str | None:
    """The pattern where it is a constant, which is then known to be one."""
    pattern = call.args[1].value
    if not isinstance(pattern, str):
        return None
    try:
        compiled(pattern)
    except NoPattern as error:
        raise (BadSQL if error.certain else Refused)(f"{error}.") from None
    return pattern


@python("t_regexp_like(VARCHAR, VARCHAR)", "BOOLEAN", pa.bool_())
def _py_like(value: str, pattern: str) -> bool:
    return compiled(pattern).search(value) is not None


@python("t_regexp_extract(VARCHAR, VARCHAR, BIGINT)", "VARCHAR", pa.string())
def _py_extract(value: str, pattern: str, group: int) -> str | None:
    found = compiled(pattern)
    _check_group(found.groups, group)
    match = found.search(value)
    return None if match is None else match[group]


@python("t_regexp_extract_all(VARCHAR, VARCHAR, BIGINT)", "VARCHAR[]", _TEXTS)
def _py_extract_all(value: str, pattern: str, group: int) -> list[str | None]:
    found = compiled(pattern)
    _check_group(found.groups, group)
    return [match[group] for match in found.finditer(value)]


@python("t_regexp_count(VARCHAR, VARCHAR)", "BIGINT", pa.int64())
def _py_count(value: str, pattern: str) -> int:
    return sum(1 for _ in compiled(pattern).finditer(value))


@python("t_regexp_split(VARCHAR, VARCHAR)", "VARCHAR[]", _TEXTS)
def _py_split(value: str, pattern: str) -> list[str]:
    parts, last = [], 0
    for match in compiled(pattern).finditer(value):
        parts.append(value[last : match.start()])
        last = match.end()
    return [*parts, value[last:]]


@python("t_regexp_position(VARCHAR, VARCHAR, BIGINT, BIGINT)", "BIGINT", pa.int64())
def _py_position(value: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1:
        raise ValueError("start position cannot be smaller than 1")
    if occurrence < 1:
        raise ValueError("occurrence cannot be smaller than 1")
    if start > len(value):
        return -1
    for number, match in enumerate(compiled(pattern).finditer(value, start - 1), 1):
        if number == occurrence:
            return match.start() + 1
    return -1


@lru_cache(maxsize=512)
def _replacement(replacement: str, pattern: str) -> list[str | int]:
    return patterns.replacement(replacement, compiled(pattern))


@python("t_regexp_replace(VARCHAR, VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _py_replace(value: str, pattern: str, replacement: str) -> str:
    pieces = _replacement(replacement, pattern)
    return compiled(pattern).sub(
        lambda match: "".join(p if isinstance(p, str) else match[p] or "" for p in pieces), value
    )


def _check_group(groups: int, group: int) -> None:
    if not 0 <= group <= groups:
        raise ValueError(f"Pattern has {groups} groups. Cannot access group {group}")


def _like(call: Call) -> str:
    pattern = _pattern(call)
    fast = None if pattern is None else patterns.re2(pattern, only_tested=True)
    if fast is None:
        return f"t_regexp_like({call[0]}, {call[1]})"
    return f"regexp_matches({call[0]}, {text(fast)})"


def _extract(call: Call) -> str:
    pattern = _pattern(call)
    group = call.args[2].value if len(call.args) > 2 else 0
    number = call[2] if len(call.args) > 2 else "0"
    fast = None if pattern is None else patterns.re2(pattern)
    certain = group == 0 or (pattern is not None and patterns.is_certain(pattern))
    if fast is None or pattern is None or not isinstance(group, int) or not certain:
        return f"t_regexp_extract({call[0]}, {call[1]}, {number})"
    try:
        _check_group(compiled(pattern).groups, group)
    except ValueError as error:
        raise BadSQL(f"{error}.") from None
    # DuckDB has '' where nothing matches, which no match of a pattern that is taken here can be.
    if group == 0:
        return f"nullif(regexp_extract({call[0]}, {text(fast)}), '')"
    return (
        f"CASE WHEN regexp_matches({call[0]}, {text(fast)}) "
        f"THEN regexp_extract({call[0]}, {text(fast)}, {group}) END"
    )


def _replace(call: Call) -> str:
    pattern = _pattern(call)
    value = call.args[2].value if len(call.args) > 2 else ""
    if isinstance(value, str) and pattern is not None:
        try:
            pieces = patterns.replacement(value, compiled(pattern))
        except NoPattern as error:
            raise BadSQL(f"{error}.") from None
        fast = patterns.re2(pattern)
        if fast is not None and all(isinstance(p, str) or p < 10 for p in pieces):
            again = "".join(
                p.replace("\\", "\\\\") if isinstance(p, str) else f"\\{p}" for p in pieces
            )
            return f"regexp_replace({call[0]}, {text(fast)}, {text(again)}, 'g')"
    other = call[2] if len(call.args) > 2 else "''"
    return f"t_regexp_replace({call[0]}, {call[1]}, {other})"


def _split(call: Call) -> str:
    pattern = _pattern(call)
    fast = None if pattern is None else patterns.re2(pattern)
    if fast is None:
        return f"t_regexp_split({call[0]}, {call[1]})"
    return f"string_split_regex({call[0]}, {text(fast)})"


def _checked(template: str):  # type: ignore[no-untyped-def]
    def write(call: Call) -> str:
        _pattern(call)
        return call.write(template)

    return write


functions("regexp_like(varchar, varchar) -> boolean", _like)
functions("regexp_extract(varchar(x), varchar) -> varchar(x)", _extract)
functions("regexp_extract(varchar(x), varchar, bigint) -> varchar(x)", _extract)
functions(
    "regexp_extract_all(varchar(x), varchar) -> array(varchar(x))",
    _checked("t_regexp_extract_all({0}, {1}, 0)"),
)
functions(
    "regexp_extract_all(varchar(x), varchar, bigint) -> array(varchar(x))",
    _checked("t_regexp_extract_all({0}, {1}, {2})"),
)
functions("regexp_count(varchar, varchar) -> bigint", _checked("t_regexp_count({0}, {1})"))
functions("regexp_split(varchar(x), varchar) -> array(varchar(x))", _split)
functions(
    "regexp_position(varchar, varchar) -> integer",
    _checked("CAST(t_regexp_position({0}, {1}, 1, 1) AS INTEGER)"),
)
functions(
    "regexp_position(varchar, varchar, bigint) -> integer",
    _checked("CAST(t_regexp_position({0}, {1}, {2}, 1) AS INTEGER)"),
)
functions(
    "regexp_position(varchar, varchar, bigint, bigint) -> integer",
    _checked("CAST(t_regexp_position({0}, {1}, {2}, {3}) AS INTEGER)"),
)


def _longest(bound: Binding) -> Type:
    """A varchar of the length that Trino declares: each place is replaced, and so is the end."""
    x, y = bound["x"], bound["y"]
    if not isinstance(x, int) or not isinstance(y, int):
        return types.VARCHAR
    length = x + max(x * y // 2, y) * (x + 1)
    return types.varchar(length) if length < 2**31 - 1 else types.VARCHAR


@python("t_regexp_pieces(VARCHAR, VARCHAR)", _PIECES, _PIECES_ARROW)
def _py_pieces(value: str, pattern: str) -> list[dict[str, Any]]:
    """What stands before each match, with the match's groups; and what stands behind the last."""
    pieces: list[dict[str, Any]] = []
    last = 0
    for match in compiled(pattern).finditer(value):
        pieces.append({"before": value[last : match.start()], "groups": list(match.groups())})
        last = match.end()
    return [*pieces, {"before": value[last:], "groups": None}]


def _replace_by(call: Call) -> str:
    """Each match replaced by what a lambda makes of its groups; null where it makes a null."""
    _pattern(call)
    piece, made = call.name("piece"), call.name("made")
    new = call.function(2).apply(f"({piece}).groups")
    parts = (
        f"list_transform(t_regexp_pieces({call[0]}, {call[1]}), lambda {piece}: "
        f"({piece}).before || CASE WHEN ({piece}).groups IS NULL THEN '' ELSE {new} END)"
    )
    return (
        f"list_transform([{parts}], lambda {made}: CASE WHEN t_null({made}) THEN NULL "
        f"ELSE list_aggregate({made}, 'string_agg', '') END)[1]"
    )


functions("regexp_replace(varchar(x), varchar) -> varchar(x)", _replace)
functions(
    "regexp_replace(varchar, varchar, function(array(varchar), varchar)) -> varchar", _replace_by
)
functions(
    "regexp_replace(varchar(x), varchar, varchar(y)) -> varchar(x)", _replace, result=_longest
)
