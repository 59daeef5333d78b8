"""Event ids for likes that came without one: UUIDs that sort by time (RFC 9562)."""

import secrets
from hashlib import sha256
from uuid import UUID

_VARIANT = 0b10 << 62


def time_ordered(milliseconds: int) -> str:
    """Give a UUID version 7 for a time in epoch milliseconds: 48 bits of time, 74 of chance."""
    return _uuid(milliseconds, 7, secrets.randbits(74))


def derived(milliseconds: int, origin: str) -> str:
    """Give a UUID version 8 for what arrived at a time from an origin: the same for the same."""
    digest = int.from_bytes(sha256(origin.encode()).digest()[:10], "big")
    return _uuid(milliseconds, 8, digest & ((1 << 74) - 1))


def _uuid(milliseconds: int, version: int, rest: int) -> str:
    high = (milliseconds & 0xFFFFFFFFFFFF) << 16 | version << 12 | rest >> 62
    return str(UUID(int=high << 64 | _VARIANT | rest & ((1 << 62) - 1)))
