"""JSON lines whose fields have other names than a like's, or whose times have another unit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from infra.cli.backfill import times
from infra.cli.backfill.json_rows import Unit
from transform.event import likes

_BOM = b"\xef\xbb\xbf"
_TEXTS = {*likes.FIELDS} - {"liked_at"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def remap(
    line: bytes,
    fields: Mapping[str, str],
    unit: Unit,
    only: bool = False,
    values: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> bytes:
    """Give a line with the fields that a like has; one that is no JSON object stays as it is.

    `fields` names, for fields of a like, those they are read from, which then no longer stand under
    their own names, or what is in one (`film.id`), or several, of which the first counts that there
    is (`user|visitor`). `only` leaves all others out; `values` gives what stands for a value of a
    field, where one that it does not have stays. Numbers become text where a like has text,
    and milliseconds where they are a time.
    """
    try:
        event = _decode(line.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return line
    if not isinstance(event, dict):
        return line
    found = {field: _first(event, path) for field, path in fields.items()}
    if only:
        event = {}
    for path in fields.values():
        for each in (path, *path.split("|")):
            event.pop(each, None)
    for field, value in found.items():
        event.pop(field, None)
        if field in values and isinstance(value, str):
            value = values[field].get(value, value)
        if value is not None:
            event[field] = _text(value) if field in _TEXTS else value
    for name in ("liked_at", "likedAt"):
        moment = event.get(name)
        if type(moment) is int or type(moment) is float:
            known = times.milliseconds(moment, unit)
            event[name] = moment if known is None else known
    return _encode(event)


def _text(value: Any) -> Any:
    """Give a number as text: a whole one without a fraction, as ids became floats wherever pandas
    held one that was missing."""
    if type(value) is float and value.is_integer():
        return str(int(value))
    return _encode(value).decode() if type(value) in (int, float) else value


def _first(event: Mapping[str, Any], paths: str) -> Any:
    """Give the first field that there is, of those a bar divides."""
    each = (paths,) if paths in event else paths.split("|")
    return next((one for path in each if (one := _find(event, path)) is not None), None)


def _find(event: Mapping[str, Any], path: str) -> Any:
    """Give the field of that name, or else what is within others."""
    if path in event:
        return event[path]
    found: Any = event
    for name in path.split("."):
        found = _named(found, name) if isinstance(found, list) else (
            found.get(name) if isinstance(found, dict) else None
        )  # fmt: skip
    return found


def _named(pairs: list[Any], name: str) -> Any:
    """Give the value of a key in pairs of the two: `[{"key": "k", "value": {"string_value":
    "v"}}]`, of which BigQuery's export of Google Analytics has one value or another
    ("event_params")."""
    for pair in pairs:
        if isinstance(pair, dict) and pair.get("key") == name:
            value = pair.get("value")
            if isinstance(value, dict):
                return next((one for one in value.values() if one is not None), None)
            return value
    return None
