"""A second look at lines that the event's rules refuse: what is sure to be meant is taken."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from infra.cli.backfill import constants, times
from infra.cli.backfill.json_rows import Unit
from transform.event import likes
from transform.event.stream_records import BadLine

_BOM = b"\xef\xbb\xbf"
_TIMES = ("liked_at", likes.ALIASES["liked_at"])
_REASONS = {"not_json", "bad_liked_at"}
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Amended(NamedTuple):
    """Lines that may be likes now, with their numbers, and those that are none."""

    lines: list[bytes]
    numbers: list[int]
    bad: list[BadLine]


def amend(bad: list[BadLine], unit: Unit, zone: str | None) -> Amended:
    """Look again at lines that are no likes; what is changed is as `times` and `constants` say."""
    found = Amended([], [], [])
    for one in bad:
        line: bytes | BadLine | None = None
        if one.reason in _REASONS:
            line = _amend(one, unit, zone)
        if isinstance(line, bytes):
            found.lines.append(line)
            found.numbers.append(one.number)
        else:
            found.bad.append(line or one)
    return found


def _amend(one: BadLine, unit: Unit, zone: str | None) -> bytes | BadLine | None:
    line = one.payload.removeprefix(_BOM)
    if one.reason == "not_json":
        line = constants.without(line) or b""
    try:
        fields = _decode(line)
        # The spelling that the event's rules read: the second where there is none of the first.
        told = {name: _value(fields[name]) for name in _TIMES if name in fields}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    for name, value in told.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if one.reason == "not_json" and type(value) is int and unit == "ms":
            return line
        try:
            moment = times.read(value, unit, zone)
        except times.WithoutOffset:
            return msgspec.structs.replace(
                one,
                reason="liked_at_without_offset",
                detail="liked_at has no offset; --time-zone says what time zone it is in.",
            )
        if moment is None:
            return None
        fields[name] = msgspec.Raw(_encode(moment))
        return _encode(fields)
    return line if one.reason == "not_json" else None
