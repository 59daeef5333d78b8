"""JSON lines whose fields have other names than a like's, or whose times have another unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from infra.cli.backfill.json_rows import Unit
from transform.event import likes

_MAKE_ONE: dict[Unit, int] = {"ms": 1, "us": 1_000, "ns": 1_000_000}
"""Units of a time that is told as a number, and how many of it make a millisecond."""
_BOM = b"\xef\xbb\xbf"
_TEXTS = {*likes.FIELDS} - {"liked_at"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def remap(line: bytes, fields: Mapping[str, str], unit: Unit) -> bytes:
    """Give a line with the fields that a like has; one that is no JSON object stays as it is.

    `fields` names, for fields of a like, those they are read from, which then no longer stand under
    their own names, or what is in one (`film.id`). Numbers become text where a like has text,
    and milliseconds where they are a time.
    """
    try:
        event = _decode(line.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return line
    if not isinstance(event, dict):
        return line
    found = {field: _find(event, path) for field, path in fields.items()}
    for path in fields.values():
        event.pop(path, None)
    for field, value in found.items():
        event.pop(field, None)
        if value is not None:
            is_number = type(value) in (int, float) and field in _TEXTS
            event[field] = _encode(value).decode() if is_number else value
    for name in ("liked_at", "likedAt"):
        moment = event.get(name)
        if type(moment) is int or type(moment) is float:
            event[name] = _milliseconds(moment, unit)
    return _encode(event)


def _milliseconds(moment: float, unit: Unit) -> float:
    """Give a time in whole milliseconds; digits past them are cut off. One too large stays."""
    if unit != "s":
        return math.floor(moment // _MAKE_ONE[unit])
    if isinstance(moment, int):
        return moment * 1_000
    told = round(moment * 1_000, 3)  # a double holds today's seconds to less than a microsecond
    return math.floor(told) if math.isfinite(told) else moment


def _find(event: Mapping[str, Any], path: str) -> Any:
    """Give the field of that name, or else what is within others."""
    if path in event:
        return event[path]
    found: Any = event
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
