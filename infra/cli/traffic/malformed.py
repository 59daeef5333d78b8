"""Lines that can never become a like, in the ways in which producers get it wrong."""

import json
import random
from collections.abc import Callable

YEAR_2099 = 4_070_908_800_000  # epoch milliseconds


def _json(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


# Each kind: why it is refused, and the line for a token of its own and a time (epoch milliseconds).
_KINDS: tuple[tuple[str, Callable[[str, int], bytes]], ...] = (
    ("missing_movie_id", lambda token, time: _json(event_id=token, liked_at=time)),
    ("bad_movie_id", lambda token, time: _json(event_id=token, movie_id="tt0111161 tt0068646")),
    ("bad_movie_id", lambda token, time: _json(event_id=token, movie_id=111161)),
    ("bad_action", lambda token, time: _json(event_id=token, movie_id="tt0111161", action="love")),
    (
        "bad_liked_at",  # a local time that does not say where
        lambda token, time: _json(
            event_id=token, movie_id="tt0133093", liked_at="2026-01-31T20:15:00"
        ),
    ),
    (
        "liked_at_too_early",  # seconds where milliseconds are meant
        lambda token, time: _json(event_id=token, movie_id="tt1375666", liked_at=time // 1000),
    ),
    (
        "liked_at_ahead",
        lambda token, time: _json(event_id=token, movie_id="tt0816692", liked_at=YEAR_2099),
    ),
    ("bad_user_id", lambda token, time: _json(event_id=token, movie_id="tt0245429", user_id=[1])),
    ("not_an_object", lambda token, time: json.dumps(["tt0110912", token]).encode()),
    ("not_json", lambda token, time: _json(event_id=token, movie_id="tt6751668")[:-1]),
    ("not_json", lambda token, time: f"tt0137523;{token};{time};like".encode()),
    ("not_json", lambda token, time: b'{"movie_id":"Am\xe9lie","event_id":"%s"}' % token.encode()),
)
REASONS = frozenset(reason for reason, _ in _KINDS)
OF_FILES = {"bad_liked_at": "liked_at_without_offset"}
"""What a backfill calls a reason, as it takes more times than the API and says what lacks."""


def malformed(rng: random.Random, time: int) -> tuple[bytes, str]:
    """Give a malformed line, unlike any other, and the reason for which it must be refused."""
    reason, make = _KINDS[int(rng.random() * len(_KINDS))]
    return make(f"bad-{rng.getrandbits(80):020x}", time), reason
