"""JSON with the constants that JavaScript and Python write where JSON has none."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_CONSTANTS = (b"NaN", b"Infinity", b"nan", b"inf")
_encode = msgspec.json.Encoder().encode


def without(line: bytes) -> bytes | None:
    """Give a line of JSON with null for NaN, Infinity and -Infinity, which it then holds none of.

    Python's `json`, and with it pandas and many tools, writes them (its documentation, "Infinite
    and NaN Number Values"); RFC 8259, section 6, has no such numbers. None where that makes no
    JSON.
    """
    if not any(constant in line for constant in _CONSTANTS):
        return None
    try:
        return _encode(
            json.loads(line, parse_constant=_null, parse_int=_number, parse_float=_number)
        )
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def _null(_: str) -> None:
    return None


def _number(text: str) -> Any:
    return msgspec.Raw(text.encode())  # as it is written, however long
