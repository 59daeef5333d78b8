"""Event ids for likes that came without one: UUIDs that sort by time (RFC 9562)."""

import secrets
from hashlib import sha256
from uuid import UUID

_VARIANT = 0b10 << 62


def time_ordered(milliseconds: int) -> str:
    """Give a UUID version 7 for a time in epoch milliseconds: 48 bits of time, 48 of chance.

    `tttttttt-tttt-7000-8000-rrrrrrrrrrrr`. Where RFC 9562 (5.7) lets a counter stand before the
    chance there are 26 zeros: each bit of chance is kept in the lake for ever. Only ids of the same
    millisecond can be equal, each pair with a chance of 2**-48. At 10,000 likes a second, evenly,
    there are 45 pairs a millisecond, and 3.15e10 of those a year: 0.005 equal ids. Should all come
    500 a request, whose ids share a millisecond: 2.5 million pairs a second, 0.3 a year. Whoever
    guesses the id of a like whose millisecond is known has to try 1.4e14 times on average.
    """
    return _uuid(milliseconds, 7, secrets.randbits(48))


def derived(milliseconds: int, origin: str) -> str:
    """Give a UUID version 8 for what arrived at a time from an origin: the same for the same."""
    digest = int.from_bytes(sha256(origin.encode()).digest()[:10], "big")
    return _uuid(milliseconds, 8, digest & ((1 << 74) - 1))


def _uuid(milliseconds: int, version: int, rest: int) -> str:
    high = (milliseconds & 0xFFFFFFFFFFFF) << 16 | version << 12 | rest >> 62
    return str(UUID(int=high << 64 | _VARIANT | rest & ((1 << 62) - 1)))
