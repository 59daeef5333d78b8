"""What the API answers, in words."""

from __future__ import annotations

import msgspec


def message(body: bytes) -> str:
    """Give the API's own message, or the start of whatever it said."""
    try:
        told = msgspec.json.decode(body, type=dict[str, object]).get("message")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        told = None
    return str(told or body[:200].decode(errors="replace").strip() or "no message")
