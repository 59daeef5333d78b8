"""Maps: https://trino.io/docs/current/functions/map.html"""

import pyarrow as pa

from queries.engine.trino import casts, nested, types
from queries.engine.trino.helpers import python
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.types import Type, field_names, quoted

functions = Family()
operators = Family()

_E = '"e$"'


def _made(keys: str, values: str, kind: Type) -> str:
    """A map; DuckDB itself refuses a key that is null, or is there twice."""
    of = kind.types[0]
    made = f"map({keys}, {values})"
    wrong = []
    if of.name in nested.NESTED:
        hole = nested.open_(_E, of)
        wrong.append(
            f"WHEN len(list_filter({keys}, lambda {_E}: {hole})) > 0 "
            f"THEN t_none(t_fail('A map key cannot have a null in it'), {made})"
        )
    if not nested.is_simple(of):
        told = f"list_transform({keys}, lambda {_E}: {nested.key(_E, of)})"
        wrong.append(
            f"WHEN len(list_distinct({told})) < len({keys}) "
            f"THEN t_none(t_fail('Duplicate map keys are not allowed'), {made})"
        )
    return f"CASE {' '.join(wrong)} ELSE {made} END" if wrong else made


def _map(call: Call) -> str:
    return _made(call[0], call[1], call.result)


functions(
    "map() -> map(K, V)",
    "map([]::INTEGER[], []::INTEGER[])",
    result=lambda _: types.map_of(types.UNKNOWN, types.UNKNOWN),
)
functions("map(array(K), array(V)) -> map(K, V)", _map)


def _subscript(call: Call) -> str:
    m, key, whole = call[0], call[1], call.args[0].type
    kind = whole.types[0]
    told = "'Key not present in map'"
    if ("varchar" in kind.name) or kind.name in types.INTEGERS:
        told += f" || ': ' || {casts.cast(call.args[1], types.VARCHAR).sql}"
    return (
        f"CASE WHEN {m} IS NULL OR {key} IS NULL THEN NULL WHEN {nested.has(m, key, whole)} "
        f"THEN {nested.at(m, key, whole)} "
        f"ELSE t_none(t_fail({told}), {nested.at(m, key, whole)}) END"
    )


def _element_at(call: Call) -> str:
    return nested.at(call[0], call[1], call.args[0].type)


operators("subscript(map(K, V), K) -> V", _subscript)
functions("element_at(map(K, V), K) -> V", _element_at)
functions("cardinality(map(K, V)) -> bigint", "cardinality({0})")
functions("map_keys(map(K, V)) -> array(K)", "map_keys({0})")
functions("map_values(map(K, V)) -> array(V)", "map_values({0})")


def _row_of(bound: Binding) -> Type:
    kinds = [bound["K"], bound["V"]]
    return types.row((None, kind) for kind in kinds if isinstance(kind, Type))


def _entries(call: Call) -> str:
    first, second = (quoted(name) for name in field_names(call.result.element))
    packed = f"struct_pack({first} := ({_E}).key, {second} := ({_E}).value)"
    return (
        f"CASE WHEN {call[0]} IS NOT NULL THEN "
        f"list_transform(map_entries({call[0]}), lambda {_E}: {packed}) END"
    )


functions(
    "map_entries(map(K, V)) -> array(K)", _entries, result=lambda bound: types.array(_row_of(bound))
)


def _parts(call: Call) -> tuple[str, str]:
    """The keys and the values of an array of entries."""
    names = field_names(call.args[0].type.element)
    keys, values = (
        f"list_transform({call[0]}, lambda {_E}: ({_E}).{quoted(name)})" for name in names
    )
    return keys, values


def _checked(call: Call, made: str) -> str:
    return (
        f"CASE WHEN t_null({call[0]}) THEN t_none(t_fail('map entry cannot be null'), {made}) "
        f"ELSE {made} END"
    )


def _from_entries(call: Call) -> str:
    keys, values = _parts(call)
    return _checked(call, _made(keys, values, call.result))


def _multimap(call: Call) -> str:
    keys, values = _parts(call)
    nested.simple(call.result.types[0])
    unique = f'list_filter({keys}, lambda "v$", "n$": list_position({keys}, "v$") = "n$")'
    of_key = (
        f'list_transform(list_filter({call[0]}, lambda "h$": '
        f'("h$").{quoted(field_names(call.args[0].type.element)[0])} = {_E}), lambda "h$": '
        f'("h$").{quoted(field_names(call.args[0].type.element)[1])})'
    )
    made = _made(unique, f"list_transform({unique}, lambda {_E}: {of_key})", call.result)
    return _checked(call, made)


functions("map_from_entries(array(row(K, V))) -> map(K, V)", _from_entries)
functions("multimap_from_entries(array(row(K, V))) -> map(K, array(V))", _multimap)


def _concat(call: Call) -> str:
    nested.simple(call.result.types[0])
    nulls = " AND ".join(f"{arg.sql} IS NOT NULL" for arg in call.args)
    # DuckDB takes no map whose values are all null beside one of a type.
    maps = ", ".join(f"CAST({arg.sql} AS {call.result.duckdb})" for arg in call.args)
    return f"CASE WHEN {nulls} THEN map_concat({maps}) END"


functions("map_concat(map(K, V), map(K, V), map(K, V)...) -> map(K, V)", _concat)
functions("map_concat(map(K, V), map(K, V)) -> map(K, V)", _concat)


def _applied(call: Call) -> str:
    """A lambda over the entries of a map."""
    e = call.name("e")
    return f"lambda {e}: {call.function(1).apply(f'({e}).key', f'({e}).value')}"


def _filter(call: Call) -> str:
    kept = f"list_filter(map_entries({call[0]}), {_applied(call)})"
    keys = f"list_transform({kept}, lambda {_E}: ({_E}).key)"
    values = f"list_transform({kept}, lambda {_E}: ({_E}).value)"
    return f"CASE WHEN {call[0]} IS NOT NULL THEN map({keys}, {values}) END"


def _transform_keys(call: Call) -> str:
    keys = f"list_transform(map_entries({call[0]}), {_applied(call)})"
    made = _made(keys, f"map_values({call[0]})", call.result)
    return f"CASE WHEN {call[0]} IS NOT NULL THEN {made} END"


def _transform_values(call: Call) -> str:
    values = f"list_transform(map_entries({call[0]}), {_applied(call)})"
    return f"CASE WHEN {call[0]} IS NOT NULL THEN map(map_keys({call[0]}), {values}) END"


def _zip_with(call: Call) -> str:
    a, b = call[0], call[1]
    nested.simple(call.result.types[0])
    more = f"list_filter(map_keys({b}), lambda {_E}: NOT map_contains({a}, {_E}))"
    keys, k = f"list_concat(map_keys({a}), {more})", call.name("k")
    value = call.function(2).apply(k, f"({a})[{k}]", f"({b})[{k}]")
    return (
        f"CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN "
        f"map({keys}, list_transform({keys}, lambda {k}: {value})) END"
    )


functions("map_filter(map(K, V), function(K, V, boolean)) -> map(K, V)", _filter)
functions("transform_keys(map(K, V), function(K, V, R)) -> map(R, V)", _transform_keys)
functions("transform_values(map(K, V), function(K, V, R)) -> map(K, R)", _transform_values)
functions("map_zip_with(map(K, V), map(K, W), function(K, V, W, R)) -> map(K, R)", _zip_with)

# Text that is one


def _pairs(value: str, entry: str, pair: str) -> list[tuple[str, str]]:
    if not entry:
        raise ValueError("entryDelimiter is empty")
    if not pair:
        raise ValueError("keyValueDelimiter is empty")
    if entry == pair:
        raise ValueError("entryDelimiter and keyValueDelimiter must not be the same")
    parts = value.split(entry)
    if parts[-1] == "":
        parts.pop()
    found = []
    for part in parts:
        pieces = part.split(pair)
        if len(pieces) != 2:
            raise ValueError(
                f"Key-value delimiter must appear exactly once in each entry. Bad input: '{part}'"
            )
        found.append((pieces[0], pieces[1]))
    return found


@python(
    "t_split_to_map(VARCHAR, VARCHAR, VARCHAR)",
    "MAP(VARCHAR, VARCHAR)",
    pa.map_(pa.string(), pa.string()),
)
def _split_to_map(value: str, entry: str, pair: str) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for key, other in _pairs(value, entry, pair):
        if key in found:
            raise ValueError(f"Duplicate keys ({key}) are not allowed")
        found[key] = other
    return list(found.items())


@python(
    "t_split_to_multimap(VARCHAR, VARCHAR, VARCHAR)",
    "MAP(VARCHAR, VARCHAR[])",
    pa.map_(pa.string(), pa.list_(pa.string())),
)
def _split_to_multimap(value: str, entry: str, pair: str) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for key, other in _pairs(value, entry, pair):
        found.setdefault(key, []).append(other)
    return list(found.items())


functions(
    "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)",
    "t_split_to_map({0}, {1}, {2})",
)
functions(
    "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
    "t_split_to_multimap({0}, {1}, {2})",
)
