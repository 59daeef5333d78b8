"""A rejected line with what was wrong about it set right, as the line of a like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from infra.cli.backfill import mapping
from infra.cli.backfill.json_rows import Unit
from infra.cli.replay.rejects import Reject
from transform.event import event_ids, likes

_TEXTS = {*likes.FIELDS} - {"liked_at"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Rule(NamedTuple):
    """What to set right: fields read from others, a unit of times, and values; null takes away."""

    fields: Mapping[str, str] = {}
    unit: Unit = "ms"
    values: Mapping[str, Any] = {}


def values(given: Sequence[str]) -> dict[str, Any]:
    """Give what `field=value` arguments set; raises `ValueError` with a sentence for people.

    A value is text where a like has text, else JSON where it is some; nothing takes the field away.
    """
    found: dict[str, Any] = {}
    for one in given:
        field, is_, value = one.partition("=")
        field = field.strip()
        if not (is_ and field):
            raise ValueError(f"--set {one} is not FIELD=VALUE, such as source=ios.")
        if field in ("event_id", likes.ALIASES["event_id"]):
            raise ValueError("--set event_id would make one like of all lines; each keeps its own.")
        if field in found:
            raise ValueError(f"--set: {field} is named twice.")
        found[field] = _value(field, value)
    return found


def _value(field: str, value: str) -> Any:
    if not value.strip():
        return None
    if field in _TEXTS:
        return value
    try:
        return _decode(value.encode())
    except msgspec.MsgspecError:
        return value


def lines(row: Reject) -> Iterator[tuple[str, bytes]]:
    """Give the lines that a row holds, each with what it is known by: mostly it is one."""
    if row.reason != "too_many_lines":
        yield row.identity, row.data
        return
    for number, line in enumerate(row.data.split(b"\n")):
        if line and not line.isspace():
            yield f"{row.identity}+{number}", line


def mend(row: Reject, identity: str, line: bytes, rule: Rule, now: int) -> bytes:
    """Give the line of the like that a rejected line is by now; raises `InvalidLike`.

    It has its own event id, or one that follows from where it stood, and happened, where it tells
    no time, when it arrived. What lay ahead of its arrival may have come to pass by `now` (epoch
    milliseconds).
    """
    arrived_at = row.arrived_at
    if rule.fields or rule.unit != "ms":
        line = mapping.remap(line, rule.fields, rule.unit)
    if rule.values:
        line = _set(line, rule.values)
    like = likes.parse(line, arrived_at, lambda: "", max(0, now - arrived_at))
    if not like.event_id:
        at = like.liked_at if row.file is not None else arrived_at
        like = msgspec.structs.replace(like, event_id=event_ids.derived(at, identity))
    return likes.line(like)


def _set(line: bytes, values: Mapping[str, Any]) -> bytes:
    try:
        event = _decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return line  # which `parse` says
    if not isinstance(event, dict):
        return line
    for field, value in values.items():
        event.pop(likes.ALIASES.get(field, field), None)
        event.pop(field, None)
        if value is not None:
            event[field] = value
    return _encode(event)
