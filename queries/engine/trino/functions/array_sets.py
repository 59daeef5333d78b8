"""Arrays as sets, and what is looked for in them."""

from queries.engine.trino import nested
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_E = '"e$"'

# Looking for one

macro(
    "t_found(l)",
    'list_filter(l, lambda "c$": "c$" IN (1, 9))[1]',
)
macro(
    "t_contains(l)",
    "CASE WHEN l IS NULL THEN NULL WHEN t_found(l) = 9 THEN t_fail('Values with nulls in them are "
    "not compared here') WHEN t_found(l) = 1 THEN true WHEN list_contains(l, 2) THEN NULL "
    "ELSE false END",
)
macro(
    "t_place(l, n)",
    "CASE WHEN l IS NULL THEN NULL WHEN t_found(l) = 9 THEN CAST(t_fail('Values with nulls in them "
    "are not compared here') AS BIGINT) ELSE coalesce(t_places(l)[n], 0) END",
)
macro(
    "t_places(l)",
    'list_filter(list_transform(l, lambda "c$", "i$": CASE WHEN "c$" = 1 THEN "i$" END), '
    'lambda "p$": "p$" IS NOT NULL)',
)


def _compared(call: Call) -> str:
    """For each element 1 where it is the value, 0 where not, 2 for a null, 9 for no answer."""
    kind = call.args[0].type.element
    same = nested.equal(_E, call[1], kind)
    return (
        f"list_transform({call[0]}, lambda {_E}: CASE WHEN {_E} IS NULL THEN 2 WHEN {same} THEN 1 "
        f"WHEN NOT {same} THEN 0 ELSE 9 END)"
    )


def _sought(call: Call, made: str) -> str:
    return f"CASE WHEN {call[1]} IS NOT NULL THEN {made} END"


def _contains(call: Call) -> str:
    return _sought(call, f"t_contains({_compared(call)})")


def _position(call: Call) -> str:
    instance = "1"
    if len(call.args) == 3:
        instance = f"t_instance({call[2]})"
    return _sought(call, f"t_place({_compared(call)}, {instance})")


def _remove(call: Call) -> str:
    flags = _compared(call)
    kept = f'list_filter({call[0]}, lambda "v$", "n$": ({flags})["n$"] <> 1)'
    if call.args[0].type.element.name not in nested.NESTED:
        same = nested.equal(_E, call[1], call.args[0].type.element)
        return _sought(call, f"list_filter({call[0]}, lambda {_E}: {_E} IS NULL OR NOT {same})")
    failed = "t_fail('Values with nulls in them are not compared here')"
    return _sought(
        call,
        f"CASE WHEN list_contains({flags}, 9) THEN t_none({failed}, {call[0]}) ELSE {kept} END",
    )


macro(
    "t_instance(n)",
    "CASE WHEN n = 0 THEN CAST(t_fail('array_position cannot take a 0-valued instance argument.') "
    "AS BIGINT) ELSE n END",
)
functions("contains(array(T), T) -> boolean", _contains)
functions("array_position(array(T), T) -> bigint", _position)
functions("array_position(array(T), T, bigint) -> bigint", _position)
functions("array_remove(array(T), T) -> array(T)", _remove)


def _contains_sequence(call: Call) -> str:
    kind = call.args[0].type
    a, b = nested.key(call[0], kind), nested.key(call[1], kind)
    same = f"({a})[{_E}:{_E} + len({b}) - 1] IS NOT DISTINCT FROM {b}"
    return (
        f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN len({b}) = 0 THEN true ELSE "
        f"coalesce(list_bool_or(list_transform(range(1, len({a}) - len({b}) + 2), "
        f"lambda {_E}: {same})), false) END"
    )


functions("contains_sequence(array(T), array(T)) -> boolean", _contains_sequence)

# As sets, in which a null is one element


def _keys(array: str, kind: Type) -> str:
    made = nested.key(_E, kind)
    return array if made == _E else f"list_transform({array}, lambda {_E}: {made})"


def _first_of_each(array: str, kind: Type, condition: str = "") -> str:
    """Each distinct element where it first stands; `condition` is of its key, `"k$"`."""
    keys = _keys(array, kind)
    key = nested.key('"v$"', kind)
    more = f" AND {condition.format(key)}" if condition else ""
    return f'list_filter({array}, lambda "v$", "n$": list_position({keys}, {key}) = "n$"{more})'


def _distinct(call: Call) -> str:
    return _first_of_each(call[0], call.args[0].type.element)


def _both(call: Call) -> tuple[str, str, Type]:
    return call[0], call[1], call.args[0].type.element


def _union(call: Call) -> str:
    a, b, kind = _both(call)
    return _first_of_each(f"t_concat({a}, {b})", kind)


def _except(call: Call) -> str:
    a, b, kind = _both(call)
    made = _first_of_each(a, kind, f"list_position({_keys(b, kind)}, {{}}) IS NULL")
    return f"CASE WHEN {b} IS NOT NULL THEN {made} END"


def _intersect(call: Call) -> str:
    """In the order of the longer array."""
    a, b, kind = _both(call)
    met = "list_position({}, {{}}) IS NOT NULL"
    one = _first_of_each(a, kind, met.format(_keys(b, kind)))
    other = _first_of_each(b, kind, met.format(_keys(a, kind)))
    nulls = f"{a} IS NOT NULL AND {b} IS NOT NULL"
    return f"CASE WHEN {nulls} THEN CASE WHEN len({a}) < len({b}) THEN {other} ELSE {one} END END"


def _overlap(call: Call) -> str:
    a, b, kind = _both(call)
    return (
        f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL "
        f"WHEN list_has_any({_keys(a, kind)}, {_keys(b, kind)}) THEN true "
        f"WHEN len({a}) > 0 AND len({b}) > 0 AND (t_null({a}) OR t_null({b})) THEN NULL "
        "ELSE false END"
    )


def _histogram(call: Call) -> str:
    kind = call.args[0].type.element
    nested.simple(kind)
    keys = f"list_filter({_first_of_each(call[0], kind)}, lambda {_E}: {_E} IS NOT NULL)"
    count = f'len(list_filter({call[0]}, lambda "h$": "h$" = {_E}))'
    return (
        f"CASE WHEN {call[0]} IS NOT NULL THEN "
        f"map({keys}, list_transform({keys}, lambda {_E}: {count})) END"
    )


functions("array_distinct(array(T)) -> array(T)", _distinct)
functions("array_union(array(T), array(T)) -> array(T)", _union)
functions("array_except(array(T), array(T)) -> array(T)", _except)
functions("array_intersect(array(T), array(T)) -> array(T)", _intersect)
functions("arrays_overlap(array(T), array(T)) -> boolean", _overlap)
functions("array_histogram(array(T)) -> map(T, bigint)", _histogram)
