"""Payloads made to break a parser, the same for the same seed."""

import json
import random
from collections.abc import Iterator
from typing import Any

_NAMES = ["event_id", "movie_id", "user_id", "action", "liked_at", "source"]
_ALIASES = ["movieId", "userId", "eventId", "likedAt", "extra", "received_at", "", "x", "\u0000"]
_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", " ", "a", " a ", "m" * 65, "u" * 129, "é\u200b😀",
    "a\u0000b", "a\x7fb", "a\u00a0", "\u00a0a", "a b", "'; DROP TABLE likes; --", "like", "unlike",
    "tt0111161", 1779998400123, 1780000600000, 1780000600001, 1262303999999, 1779998400, [], {},
    [[]], {"a": {"b": [1, 2.5]}}, "2026-05-28T20:00:00Z", "2026-05-28T20:00:00+02:00",
    "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-05-28 20:00:00.5z", "\\ud800", "\\",
]  # fmt: skip
_FRAGMENTS = [
    b"\x00", b"\xef\xbb\xbf", b"\xff", b"NaN", b"Infinity", b"-", b"1e400", b"[" * 2000, b"{" * 50,
    b'"\\ud800"', b"\\u0000", b"\xed\xa0\x80", b'"', b"}", b"]", b",", b":", b"\r", b"\t", b" ",
    b"9" * 400, b"//", b"null", b"{}", b'{"movie_id":"m"}', b'"movie_id":"z",', b"\xc3", b"'",
]  # fmt: skip


def hostile_payloads(seed: int, number: int) -> Iterator[bytes]:
    """Give `number` payloads without line breaks: likes, near-likes, broken and random bytes."""
    chance = random.Random(seed)
    for _ in range(number):
        payload = json.dumps(
            _fields(chance),
            ensure_ascii=chance.random() < 0.5,
            separators=chance.choice([(",", ":"), (", ", ": ")]),
        ).encode("utf-8", "surrogatepass")
        if chance.random() < 0.5:
            payload = _broken(payload, chance)
        yield payload.replace(b"\n", b" ")


def _fields(chance: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event_id": f"e-{chance.getrandbits(64):x}",
        "movie_id": f"tt{chance.randrange(10**7):07}",
        "action": chance.choice(["like", "like", "unlike"]),
        "liked_at": 1780000000000 - chance.randrange(10**9),
        "user_id": f"u-{chance.randrange(10**6)}",
        "source": chance.choice(["web", "ios"]),
    }
    for name in chance.sample(_NAMES, chance.choice([0, 0, 1, 2, 4])):
        del fields[name]
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        fields[chance.choice(_NAMES + _ALIASES)] = chance.choice(_VALUES)
    items = list(fields.items())
    if chance.random() < 0.3:
        chance.shuffle(items)
    return dict(items)


def _broken(payload: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(payload) + 1)
    match chance.randrange(6):
        case 0:
            return payload[:place]
        case 1:
            return payload[:place] + chance.choice(_FRAGMENTS) + payload[place:]
        case 2:
            cut = chance.randrange(1, 20)
            return payload[:place] + chance.randbytes(cut) + payload[place + cut :]
        case 3:
            return payload[:place] + payload[place:][1:]
        case 4:
            return payload + chance.choice(_FRAGMENTS) + payload
        case _:
            return chance.randbytes(chance.randrange(200))
