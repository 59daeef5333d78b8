"""Event ids for likes that came without one: UUIDs that sort by time (RFC 9562)."""

import secrets
from hashlib import sha256
from threading import Lock
from uuid import UUID

_TIME = (1 << 48) - 1
_VARIANT = 0b10 << 62
_REMEMBERED = 16
_lock = Lock()
_made: dict[int, set[int]] = {}
"""The chance in the ids of the last milliseconds, in the order in which they were asked for: the
requests that a process takes at the same time need not be of the same."""


def time_ordered(milliseconds: int) -> str:
    """Give a UUID version 7 for a time in epoch milliseconds: 48 bits of time, 48 of chance.

    `tttttttt-tttt-7000-8000-rrrrrrrrrrrr`. Where RFC 9562 (5.7) lets a counter stand before the
    chance there are 26 zeros: each bit of chance is kept in the lake for ever. Those that a process
    makes are distinct, whatever its threads, while it remembers their millisecond. Those of two
    processes can be equal where their millisecond is, each pair with a chance of 2**-48. Of 10,000
    likes a second, which come at any time and so many together as they like, 10,000**2 / 2 / 1,000
    = 50,000 such pairs a second are expected at most: 0.006 equal ids a year. Whoever guesses the
    id of a like whose millisecond is known has to try 1.4e14 times on average.
    """
    with _lock:
        made = _made.get(milliseconds)
        if made is None:
            if len(_made) == _REMEMBERED:
                del _made[next(iter(_made))]
            made = _made[milliseconds] = set()
        while (chance := secrets.randbits(48)) in made:
            pass
        made.add(chance)
    time = f"{milliseconds & _TIME:012x}"
    return f"{time[:8]}-{time[8:]}-7000-8000-{chance:012x}"


def derived(milliseconds: int, origin: str) -> str:
    """Give a UUID version 8 for what arrived at a time from an origin: the same for the same."""
    digest = int.from_bytes(sha256(origin.encode()).digest()[:10], "big") & ((1 << 74) - 1)
    high = (milliseconds & _TIME) << 16 | 8 << 12 | digest >> 62
    return str(UUID(int=high << 64 | _VARIANT | digest & ((1 << 62) - 1)))
