"""Aggregates that collect values: lists, texts, maps."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from queries.engine.errors import Refused
from queries.engine.trino.helpers import columns, macro
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.types import Type

pc: Any = pyarrow.compute

functions = Family()
operators = Family()

_FLOATS = ("real", "double")


functions.aggregate("array_agg(T) -> array(T)", "@list({0})")
functions.aggregate("listagg(varchar) -> varchar", "@string_agg({0}, '')")
functions.aggregate("listagg(varchar, varchar) -> varchar", "@string_agg({0}, {1})")


# Maps. Of values with one key the first stays.
def check_key(kind: Type) -> None:
    """That values of a type are keys of a map that an aggregate makes; `Refused` where not."""
    if kind.name in (*_FLOATS, "map", "json", "array", "row") or kind.name.endswith("zone"):
        raise Refused(f"A map by {kind} is not known here.")


macro(
    "t_by_key(pairs)",
    'list_sort(list_transform(pairs, lambda "p$", "i$": '
    'struct_pack(k := "p$".k, i := "i$", v := "p$".v)))',
)
# Each with the one before it, and the last before nothing, which may have a key all the same.
macro("t_beside(l)", "list_zip(l, list_prepend(NULL, l))")
macro("t_map(pairs)", "CASE WHEN pairs IS NOT NULL THEN t_map_of(t_by_key(pairs)) END")
macro(
    "t_map_of(l)",
    "t_map_from(list_filter(t_beside(l), "
    'lambda "z$": "z$"[1] IS NOT NULL AND "z$"[1].k IS DISTINCT FROM "z$"[2].k))',
)
macro(
    "t_map_from(l)",
    'map(list_transform(l, lambda "z$": "z$"[1].k), list_transform(l, lambda "z$": "z$"[1].v))',
)


def _pairs(call: Call) -> str:
    check_key(call.args[0].type)
    key, value = (f"CAST({arg.sql} AS {arg.type.duckdb})" for arg in call.args[:2])
    pairs = call.aggregate("list", f"struct_pack(k := {key}, v := {value})")
    known = f'list_filter({pairs}, lambda "p$": "p$".k IS NOT NULL)'
    return f"t_some({known})"


macro("t_some(l)", "CASE WHEN len(l) > 0 THEN l END")
functions.aggregate("map_agg(K, V) -> map(K, V)", lambda call: f"t_map({_pairs(call)})")
# A list that a lambda's body names is made for each of its rows, where it is no parameter.
macro(
    "t_multimap(pairs)",
    'CASE WHEN pairs IS NOT NULL THEN list_transform([t_by_key(pairs)], lambda "l$": '
    'list_transform([t_starts("l$")], lambda "s$": t_multimap_from("l$", "s$"))[1])[1] END',
)
macro(
    "t_starts(l)",
    'list_filter(list_transform(t_beside(l), lambda "z$", "i$": CASE WHEN "z$"[1] IS NULL '
    'OR "z$"[1].k IS DISTINCT FROM "z$"[2].k THEN "i$" END), lambda "i$": "i$" IS NOT NULL)',
)
macro(
    "t_multimap_from(l, starts)",
    'map(list_transform(starts[:-2], lambda "i$": l["i$"].k), list_transform(list_zip('
    'starts[:-2], starts[2:]), lambda "b$": list_transform(l["b$"[1]:"b$"[2] - 1], '
    'lambda "p$": "p$".v)))',
)
# Types that Arrow holds as DuckDB does.
_KEYS = ("VARCHAR", "BIGINT", "INTEGER", "DATE", "BOOLEAN")
_VALUES = (*_KEYS, "DOUBLE")


def _multimap(call: Call) -> str:
    """By Arrow for the commonest types: the macro copies the pairs for each of the keys."""
    key, value = (arg.type.duckdb for arg in call.args[:2])
    if key not in _KEYS or value not in _VALUES:
        return f"t_multimap({_pairs(call)})"
    return f"t_multimap_{key.lower()}_{value.lower()}(t_by_key({_pairs(call)}))"


def _grouped(lists: Any) -> Any:
    """A map for each list of pairs, which are sorted by key: to each key its values."""
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    pairs, lengths = lists.flatten(), pc.fill_null(pc.list_value_length(lists), 0)
    keys, values = pairs.field("k"), pairs.field("v")
    ends = np.cumsum(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)
    first = np.zeros(len(keys) + 1, bool)
    first[np.concatenate(([0], ends)).astype(np.int64)] = True
    if len(keys) > 1:
        changes = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
        first[1 : len(keys)] |= changes.to_numpy(zero_copy_only=False)
    first[len(keys)] = True
    starts = np.flatnonzero(first)
    groups = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)
    places = np.searchsorted(starts, np.concatenate(([0], ends)))
    is_null = np.append(lists.is_null().to_numpy(zero_copy_only=False), False)
    offsets: Any = pa.array(places, pa.int32(), mask=is_null)
    return pa.MapArray.from_arrays(offsets, keys.take(pa.array(starts[:-1])), groups)


for _key_type in _KEYS:
    for _value_type in _VALUES:
        columns(
            f"t_multimap_{_key_type.lower()}_{_value_type.lower()}",
            f"STRUCT(k {_key_type}, i BIGINT, v {_value_type})[]",
            f"MAP({_key_type}, {_value_type}[])",
            _grouped,
        )


functions.aggregate("multimap_agg(K, V) -> map(K, array(V))", _multimap)


def _union(call: Call) -> str:
    check_key(call.args[0].type.types[0])
    maps = call.aggregate("list", call[0])
    known = f'list_filter({maps}, lambda "m$": "m$" IS NOT NULL)'
    entries = f'flatten(list_transform({known}, lambda "m$": map_entries("m$")))'
    pair = 'lambda "e$": struct_pack(k := "e$".key, v := "e$".value)'
    return f"CASE WHEN len({known}) > 0 THEN t_map(list_transform({entries}, {pair})) END"


functions.aggregate("map_union(map(K, V)) -> map(K, V)", _union)


def _histogram(call: Call) -> str:
    check_key(call.args[0].type)
    return f"CAST({call.aggregate('histogram', call[0])} AS {call.result.duckdb})"


functions.aggregate("histogram(K) -> map(K, bigint)", _histogram)


def _reduced(call: Call) -> str:
    value, first = call.args[0].type, call.args[1].type
    if value.duckdb != first.duckdb:
        raise Refused(f"reduce_agg of {value} to {first} is not known here.")
    known = f'list_filter({call.aggregate("list", call[0])}, lambda "v$": "v$" IS NOT NULL)'
    return f"CASE WHEN len({known}) > 0 THEN list_reduce({known}, {call[2]}, {call[1]}) END"


functions.aggregate("reduce_agg(T, S, function(S, T, S), function(S, S, S)) -> S", _reduced)
