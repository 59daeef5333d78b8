"""The like event, version 1: what a producer may send, and the one normal form it becomes."""

import re
from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Literal, NoReturn

import msgspec

from transform.event import movie_ids
from transform.event.invalid import InvalidLike
from transform.event.movie_ids import BLANKS, is_movie_id

Action = Literal["like", "unlike"]

MAX_PAYLOAD_BYTES = 16_384
MAX_EXTRA_BYTES = 4_096
MAX_DEPTH = 32
EARLIEST_MS = 1_262_304_000_000
"""2010-01-01T00:00:00Z in epoch milliseconds, where the partitions of `likes` begin."""
AHEAD_MS = 10 * 60 * 1000
"""How far past its arrival a like may say it happened: clocks differ."""

ALIASES = {
    "event_id": "eventId",
    "movie_id": "movieId",
    "user_id": "userId",
    "liked_at": "likedAt",
}
MAX_CHARACTERS = {"event_id": 64, "user_id": 128, "source": 32}
"""The texts that an event may have, besides the film, and how long each is at most."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# RFC 3339, section 5.6, without leap seconds; the blank in place of the T is its own note's.
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)


def _text_of(name: str) -> msgspec.Meta:
    return msgspec.Meta(min_length=1, max_length=MAX_CHARACTERS[name])


class Like(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One like, or one taken back, in its normal form, which is also its line on the stream.

    `liked_at` is the event time in epoch milliseconds.
    """

    event_id: Annotated[str, _text_of("event_id")]
    movie_id: str
    action: Action
    liked_at: int
    user_id: Annotated[str, _text_of("user_id")] | None = None
    source: Annotated[str, _text_of("source")] | None = None

    extra: ClassVar[str | None] = None
    """All other fields of the event: the JSON text of an object."""


FIELDS = Like.__struct_fields__


class LikeWithExtra(Like, frozen=True, gc=False):
    """A like whose event had fields that the lake has no column for."""

    extra: str = "{}"  # type: ignore[misc]  # a field here, a constant where there is nothing


_texts = attrgetter(*MAX_CHARACTERS)
_decode_like = msgspec.json.Decoder(Like).decode
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def parse(payload: bytes, arrived_at: int, make_id: Callable[[], str], skew: int = 0) -> Like:
    """Give the like that `payload` holds, a JSON object in UTF-8.

    `arrived_at` (epoch milliseconds) is the event time where none is told, and what "ahead" is
    judged against, give or take `skew` (milliseconds); `make_id` gives the event id where none
    is told.

    Raises `InvalidLike` for a payload that breaks a rule of the event, and nothing else.
    """
    latest = arrived_at + AHEAD_MS + skew
    like = normal(payload, latest, is_plain(payload))
    return like or _normalise(payload, arrived_at, latest, make_id)


def normal(payload: bytes, latest: int, plain: bool) -> Like | None:
    """Give the like that `payload` holds if it is surely in its normal form already.

    All that IngestLike wrote is, and needs no second look; `parse` gives the same for it.
    `latest` (epoch milliseconds) is the last event time that is not too far ahead; `plain` says
    that `is_plain` holds for `payload`, or for more than it.
    """
    try:
        like = _decode_like(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if (
        EARLIEST_MS <= like.liked_at <= latest
        and is_movie_id[like.movie_id]
        and (plain or _is_trimmed("".join(map(str, _texts(like)))))
        and len(payload) <= MAX_PAYLOAD_BYTES
    ):
        return like
    return None


def is_plain(data: bytes) -> bool:
    """Tell that no text in JSON can hold blanks, controls or escapes, at the speed of memory."""
    return data.isascii() and not (b" " in data or b"\\" in data or b"\x7f" in data)


def _is_trimmed(texts: str) -> bool:
    return texts.isprintable() and " " not in texts


def line(like: Like) -> bytes:
    """Give the like as one line of JSON for the stream, without a line break.

    Extra fields stand beside the known ones; `parse` gives the same like for it again.
    """
    if not isinstance(like, LikeWithExtra):
        return _encode(like)
    known = Like(*(getattr(like, name) for name in FIELDS))
    return _encode(known)[:-1] + b"," + like.extra[1:].encode()


def _normalise(payload: bytes, arrived_at: int, latest: int, make_id: Callable[[], str]) -> Like:
    fields = _object(payload)
    known: dict[str, Any] = {
        "movie_id": _movie(fields),
        "action": _action(_take(fields, "action")),
        "liked_at": _liked_at(_take(fields, "liked_at"), arrived_at, latest),
    }
    for name, longest in MAX_CHARACTERS.items():
        known[name] = _text(fields, name, longest)
    known["event_id"] = known["event_id"] or make_id()
    extra = _extra(fields)
    return Like(**known) if extra is None else LikeWithExtra(**known, extra=extra)


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise InvalidLike(
            "too_large", f"A like has at most {MAX_PAYLOAD_BYTES} bytes; this has {len(payload)}."
        )
    text = payload.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise InvalidLike("empty", "There is nothing here; a like is a JSON object.")
    try:
        value = _decode(text)
    except RecursionError:
        _too_deep()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidLike("not_json", f"This is no JSON in UTF-8: {error}.") from None
    if _depth(value) > MAX_DEPTH:  # what the decoder itself takes differs by Python version
        _too_deep()
    if not isinstance(value, dict):
        raise InvalidLike(
            "not_an_object", "A like is a JSON object, and one line holds one of them."
        )
    return value


def _take(fields: dict[str, Any], name: str) -> object:
    """Take a field out of the payload; null and blank text mean that it was not given."""
    value = fields.pop(name, None)
    if isinstance(value, str):
        value = value.strip(BLANKS) or None
    alias = ALIASES.get(name)
    if value is None and alias is not None:
        value = fields.pop(alias, None)
        if isinstance(value, str):
            value = value.strip(BLANKS) or None
    return value


def _text(fields: dict[str, Any], name: str, longest: int) -> str | None:
    value = _take(fields, name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest or _CONTROL.search(value):
        raise InvalidLike(
            f"bad_{name}", f"{name} is text of 1 to {longest} characters, none of them a control."
        )
    return value


def _movie(fields: dict[str, Any]) -> str:
    value = _take(fields, "movie_id")
    if value is None:
        raise InvalidLike("missing_movie_id", "movie_id is missing; a like names its film.")
    return movie_ids.parse(value if isinstance(value, str) else "")


def _action(value: object) -> Action:
    if value is None or value == "like":
        return "like"
    if value == "unlike":
        return "unlike"
    raise InvalidLike("bad_action", "action is like or unlike.")


def _liked_at(value: object, arrived_at: int, latest: int) -> int:
    if value is None:
        return arrived_at
    if isinstance(value, str):
        moment = _rfc3339(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        moment = value
    else:
        _bad_liked_at()
    if moment < EARLIEST_MS:
        raise InvalidLike(
            "liked_at_too_early",
            "liked_at lies before 2010; as a number it is in milliseconds, not seconds.",
        )
    if moment > latest:
        raise InvalidLike("liked_at_ahead", "liked_at lies more than 10 minutes in the future.")
    return moment


def _rfc3339(text: str) -> int:
    """Give epoch milliseconds; digits past the millisecond are cut off."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        _bad_liked_at()
    *clock, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime(*map(int, clock))  # type: ignore[arg-type]  # six numbers
    except ValueError:
        _bad_liked_at()
    elapsed = moment - _EPOCH
    milliseconds = (elapsed.days * 86_400 + elapsed.seconds) * 1000
    milliseconds += int((fraction or "0").ljust(3, "0")[:3])
    if sign:
        offset = (int(hours) * 60 + int(minutes)) * 60_000
        milliseconds += -offset if sign == "+" else offset
    return milliseconds


def _bad_liked_at() -> NoReturn:
    raise InvalidLike(
        "bad_liked_at",
        "liked_at is a time with an offset, like 2026-01-31T12:00:00Z, or epoch milliseconds.",
    )


def _extra(fields: dict[str, Any]) -> str | None:
    if not fields:
        return None
    text = _encode(fields)
    if len(text) > MAX_EXTRA_BYTES:
        raise InvalidLike(
            "extra_too_large",
            f"The other fields have at most {MAX_EXTRA_BYTES} bytes as JSON; "
            f"these have {len(text)}.",
        )
    return text.decode()


def _depth(value: object) -> int:
    """Count the levels of nesting without recursion, which has a limit of its own."""
    depth, level = 0, [value]
    while nodes := [node for node in level if isinstance(node, dict | list)]:
        depth += 1
        level = [
            child for node in nodes for child in (node.values() if isinstance(node, dict) else node)
        ]
    return depth


def _too_deep() -> NoReturn:
    raise InvalidLike("too_deep", f"A like is nested at most {MAX_DEPTH} levels deep.")
