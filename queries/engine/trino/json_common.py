"""Casts of JSON to maps and arrays of the commonest types, without a way by JSON's text."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pyarrow as pa

from queries.engine.trino import jsontext, types
from queries.engine.trino.helpers import python
from queries.engine.trino.json_leaves import failed, leaf
from queries.engine.trino.jsontext import Number
from queries.engine.trino.types import Type

_COMMON: dict[str, tuple[str, pa.DataType]] = {
    "varchar": ("VARCHAR", pa.string()),
    "json": ("VARCHAR", pa.string()),
    "bigint": ("BIGINT", pa.int64()),
    "double": ("DOUBLE", pa.float64()),
    "boolean": ("BOOLEAN", pa.bool_()),
}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _held(value: Any, kind: Type) -> Any:
    if kind.name == "json":
        return jsontext.dumps(value)
    if value is None:
        return None
    found = leaf(Number(value) if type(value) is int else value, kind)
    return float(found) if kind.name == "double" else found


def _map_of(kind: Type) -> Callable[[str], Any]:
    target = Type("map", (types.VARCHAR, kind))

    def made(value: str) -> Any:
        if kind.name == "json":  # the text of a JSON value has no white space that is none of it
            with suppress(msgspec.MsgspecError, UnicodeError):
                found = _members.decode(value)
                return [(key, str(memoryview(raw), "utf-8")) for key, raw in found.items()]
        told = jsontext.parse(value) if kind.name == "json" else jsontext.values(value)
        if told is None:
            return None
        if not isinstance(told, dict):
            raise failed(told, target)
        return [(key, _held(each, kind)) for key, each in told.items()]

    return made


def _array_of(kind: Type) -> Callable[[str], Any]:
    target = Type("array", (kind,))

    def made(value: str) -> Any:
        found = jsontext.parse(value) if kind.name == "json" else jsontext.values(value)
        if found is None:
            return None
        if not isinstance(found, list):
            raise failed(found, target)
        return [_held(each, kind) for each in found]

    return made


for _name, (_duckdb, _arrow) in _COMMON.items():
    _kind = types.parse(_name)
    _map = pa.map_(pa.string(), _arrow)
    python(f"t_json_map_{_name}(VARCHAR)", f"MAP(VARCHAR, {_duckdb})", _map)(_map_of(_kind))
    python(f"t_json_array_{_name}(VARCHAR)", f"{_duckdb}[]", pa.list_(_arrow))(_array_of(_kind))


def is_common(kind: Type) -> bool:
    """Whether a map from any text, or an array, of one of the commonest types."""
    if kind.name not in ("map", "array") or (kind.name == "map" and kind.types[0] != types.VARCHAR):
        return False
    return kind.types[-1].name in _COMMON and kind.types[-1] in map(types.parse, _COMMON)
