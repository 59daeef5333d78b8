"""Arrays, maps and rows compared as Trino compares them, in DuckDB's SQL.

Each function writes SQL that names its operands more than once: give it short ones.
"""

from collections.abc import Callable

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import numeric, types
from queries.engine.trino.helpers import macro
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type, field_names, quoted

NESTED = ("array", "map", "row")
_FLOATS = ("real", "double")

# Of booleans some of which may be null.
macro(
    "t_any(l)",
    "CASE WHEN l IS NULL THEN NULL WHEN list_bool_or(l) THEN true "
    "WHEN list_count(l) <> len(l) THEN NULL ELSE false END",
)
macro(
    "t_all(l)",
    "CASE WHEN l IS NULL THEN NULL WHEN NOT list_bool_and(l) THEN false "
    "WHEN list_count(l) <> len(l) THEN NULL ELSE true END",
)
macro("t_null(l)", "list_count(l) <> len(l)")

# Of two values in order: -1, 0, 1, or 9 where there is a null in them, 8 where there is a NaN.
macro("t_first_unequal(l)", 'coalesce(list_filter(l, lambda "c$": "c$" <> 0)[1], 0)')
macro(
    "t_ordered(c)",
    "CASE WHEN c = 9 THEN CAST(t_fail('Values with nulls in them have no order') AS INTEGER) "
    "ELSE c END",
)
macro(
    "t_ordered_or_nan(c)",
    "CASE WHEN c = 8 THEN CAST(t_refuse('Values with NaN in them are not ordered here') "
    "AS INTEGER) ELSE t_ordered(c) END",
)


def _fields(sql: str, kind: Type) -> list[tuple[str, Type]]:
    names = field_names(kind)
    pairs = zip(names, kind.types, strict=True)
    return [(f"({sql}).{quoted(name)}", part) for name, part in pairs]


def equal(a: str, b: str, kind: Type, depth: int = 0) -> str:
    """Whether two values of a type are equal: null where nulls in them leave that open."""
    match kind.name:
        case "array":
            x, i = f'"x{depth}$"', f'"i{depth}$"'
            each = equal(x, f"({b})[{i}]", kind.element, depth + 1)
            return (
                f"(CASE WHEN len({a}) <> len({b}) THEN false WHEN {a} IS NULL OR {b} IS NULL "
                f"THEN NULL ELSE t_all(list_transform({a}, lambda {x}, {i}: {each})) END)"
            )
        case "row":
            parts = zip(_fields(a, kind), _fields(b, kind), strict=True)
            each = " AND ".join(equal(x, y, part, depth) for (x, part), (y, _) in parts)
            return f"({each})"
        case "map":
            value = kind.types[1]
            x = f'"x{depth}$"'
            each = equal(f"({x}).value", at(b, f"({x}).key", kind, depth + 1), value, depth + 1)
            return (
                f"(CASE WHEN cardinality({a}) <> cardinality({b}) THEN false "
                f"WHEN {a} IS NULL OR {b} IS NULL THEN NULL "
                f"ELSE t_all(list_transform(map_entries({a}), lambda {x}: "
                f"CASE WHEN {has(b, f'({x}).key', kind, depth + 1)} THEN {each} "
                f"ELSE false END)) END)"
            )
    return numeric.compare("eq", Typed(a, kind), Typed(b, kind)).sql


def _ordered(told: str) -> str:
    # Only where there may be a NaN: what may be refused is refused within TRY.
    return f"t_ordered_or_nan({told})" if "isnan(" in told else f"t_ordered({told})"


def order(a: str, b: str, kind: Type, depth: int = 0) -> str:
    """-1, 0 or 1 as one value comes before, with or behind the other; 8 or 9 for no order."""
    nulls = f"WHEN {a} IS NULL OR {b} IS NULL THEN 9"
    match kind.name:
        case "array":
            x, i = f'"x{depth}$"', f'"i{depth}$"'
            each = order(x, f"({b})[{i}]", kind.element, depth + 1)
            prefix = f"({a})[1:least(len({a}), len({b}))]"
            rest = f"CAST(sign(len({a}) - len({b})) AS INTEGER)"
            return (
                f"(CASE {nulls} ELSE coalesce(list_filter(list_transform({prefix}, "
                f'lambda {x}, {i}: {each}), lambda "c$": "c$" <> 0)[1], {rest}) END)'
            )
        case "row":
            parts = zip(_fields(a, kind), _fields(b, kind), strict=True)
            each = ", ".join(order(x, y, part, depth) for (x, part), (y, _) in parts)
            return f"(CASE {nulls} ELSE t_first_unequal([{each}]) END)"
        case "map":
            raise BadSQL(f"{kind} has no order.")
    if kind.name in _FLOATS:
        nulls += f" WHEN isnan({a}) OR isnan({b}) THEN 8"
    less = numeric.compare("lt", Typed(a, kind), Typed(b, kind)).sql
    more = numeric.compare("gt", Typed(a, kind), Typed(b, kind)).sql
    return f"(CASE {nulls} WHEN {less} THEN -1 WHEN {more} THEN 1 ELSE 0 END)"


def compare(name: str, left: Typed, right: Typed) -> Typed:
    """A comparison of two values of any type."""
    left, right = numeric.comparable(left, right)
    if left.type.name not in NESTED:
        return numeric.compare(name, left, right)
    a, b, kind = left.sql, right.sql, left.type
    if name in ("eq", "neq"):
        same = equal(a, b, kind)
        return Typed(f"(NOT {same})" if name == "neq" else same, types.BOOLEAN)
    sign = numeric.COMPARISONS[name]
    return Typed(
        f"(CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN "
        f"{_ordered(order(a, b, kind))} {sign} 0 END)",
        types.BOOLEAN,
    )


def distinct(left: Typed, right: Typed, *, is_not: bool) -> Typed:
    """IS DISTINCT FROM of two values of any type."""
    left, right = numeric.comparable(left, right)
    if left.type.name not in NESTED:
        return numeric.distinct(left, right, is_not=is_not)
    a, b = key(left.sql, left.type), key(right.sql, right.type)
    return Typed(f"({a} IS {'NOT ' if is_not else ''}DISTINCT FROM {b})", types.BOOLEAN)


def _mapped(sql: str, kind: Type, write: Callable[[str, Type, int], str], depth: int) -> str:
    """The value with each of its parts written again."""
    if kind.name == "array":
        x = f'"x{depth}$"'
        body = write(x, kind.element, depth + 1)
        return sql if body == x else f"list_transform({sql}, lambda {x}: {body})"
    parts = [(part, write(part, of, depth)) for part, of in _fields(sql, kind)]
    if all(part == made for part, made in parts):
        return sql
    names = field_names(kind)
    packed = ", ".join(f"{quoted(n)} := {m}" for n, (_, m) in zip(names, parts, strict=True))
    return f"(CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END)"


def key(sql: str, kind: Type, depth: int = 0) -> str:
    """What is the same in DuckDB for values that Trino finds not distinct."""
    match kind.name:
        case "array" | "row":
            return _mapped(sql, kind, key, depth)
        case "map":
            x = f'"x{depth}$"'
            found, value = (
                key(f"({x}).{part}", of, depth + 1)
                for part, of in zip(("key", "value"), kind.types, strict=True)
            )
            return (
                f"list_sort(list_transform(map_entries({sql}), lambda {x}: "
                f"struct_pack(k := {found}, v := {value})))"
            )
        case "timestamp with time zone" | "time with time zone":
            return Typed(sql, kind).moment
    return sql


def ranked(sql: str, kind: Type, depth: int = 0) -> str:
    """What DuckDB orders as Trino's array_max does, with NaN before all numbers."""
    if kind.name in _FLOATS:
        return f"struct_pack(n := NOT isnan({sql}), v := {sql})"
    if kind.name in ("array", "row"):
        return _mapped(sql, kind, ranked, depth)
    return key(sql, kind, depth)


def open_(sql: str, kind: Type, depth: int = 0) -> str:
    """Whether there is a null in a value, at any depth, or it is null."""
    match kind.name:
        case "array":
            x = f'"x{depth}$"'
            each = open_(x, kind.element, depth + 1)
            return _any_open(sql, sql, x, each)
        case "row":
            each = " OR ".join(open_(part, of, depth) for part, of in _fields(sql, kind))
            return f"({sql} IS NULL OR {each})"
        case "map":
            x = f'"x{depth}$"'
            each = open_(x, kind.types[1], depth + 1)
            return _any_open(sql, f"map_values({sql})", x, each)
    return f"({sql} IS NULL)"


def _any_open(sql: str, parts: str, x: str, each: str) -> str:
    found = f"list_bool_or(list_transform({parts}, lambda {x}: {each}))"
    return f"({sql} IS NULL OR coalesce({found}, false))"


def is_simple(kind: Type) -> bool:
    """Whether DuckDB finds keys of the type in a map as Trino does."""
    if kind.name == "map" or kind.name.endswith("zone"):
        return False
    return all(is_simple(part) for part in kind.types)


def has(m: str, k: str, kind: Type, depth: int = 0) -> str:
    """Whether a map of a type has a key."""
    if is_simple(kind.types[0]):
        return f"map_contains({m}, {k})"
    return f"(len({_entries_at(m, k, kind, depth)}) > 0)"


def at(m: str, k: str, kind: Type, depth: int = 0) -> str:
    """What a map of a type has at a key; null where it has none."""
    if is_simple(kind.types[0]):
        return f"({m})[{k}]"
    return f"(({_entries_at(m, k, kind, depth)})[1]).value"


def _entries_at(m: str, k: str, kind: Type, depth: int) -> str:
    e, of = f'"m{depth}$"', kind.types[0]
    same = f"{key(f'({e}).key', of, depth + 1)} = {key(k, of, depth + 1)}"
    return f"list_filter(map_entries({m}), lambda {e}: {same})"


def simple(kind: Type) -> None:
    """That DuckDB finds keys of the type in a map as Trino does; `Refused` where not."""
    if not is_simple(kind):
        raise Refused(f"A map with keys of {kind} is not known here.")
