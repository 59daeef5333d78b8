"""Event times as other people's files write them, past the RFC 3339 that the API takes."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from infra.cli.backfill.json_rows import Unit

_MAKE_ONE: dict[Unit, int] = {"ms": 1, "us": 1_000, "ns": 1_000_000}
"""Units of a time that is told as a number, and how many of it make a millisecond."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"(?:[Tt ] *(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?"
    r" *([Zz]|[A-Za-z]+(?:/[A-Za-z_+-]+\d*)*|([+-])(\d\d)(?::?([0-5]\d))?(?:\[[\w/+-]+\])?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d\d?)?", re.ASCII)
_UTC = ("z", "utc", "gmt")


class WithoutOffset(ValueError):
    """A time of day that may be anywhere on earth."""


def read(told: object, unit: Unit, zone: str | None) -> int | None:
    """Give a time in epoch milliseconds, digits past them cut off; None where it is none.

    A number, or text of one, is in `unit`. `zone` is the time zone of times that name no offset,
    where a date alone is its first moment, in UTC if there is no zone. Of an hour that a clock
    shows twice it is the first one, and one that it leaves out counts as if it had not been put
    forward yet (PEP 495).

    Raises `WithoutOffset` where neither the time nor `zone` says where it is.
    """
    if isinstance(told, bool):
        return None
    if isinstance(told, int | float):
        return milliseconds(told, unit)
    if not isinstance(told, str):
        return None
    text = told.strip()
    if _NUMBER.fullmatch(text) and "-" not in text[1:]:
        return milliseconds(float(text) if not text.isdigit() else int(text), unit)
    return _written(text, zone)


def milliseconds(moment: float, unit: Unit) -> int | None:
    """Give a number of a unit in whole milliseconds; digits past them are cut off."""
    if isinstance(moment, int):
        return moment * 1_000 if unit == "s" else moment // _MAKE_ONE[unit]
    if not math.isfinite(moment * 1_000):
        return None
    if unit == "s":  # a double holds today's seconds to less than a microsecond
        return math.floor(round(moment * 1_000, 3))
    return math.floor(moment // _MAKE_ONE[unit])


@lru_cache(maxsize=65_536)
def _written(text: str, zone: str | None) -> int | None:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    year, _, month, day, hour, minute, second, fraction, offset, *parts = match.groups()
    clock = [int(part or 0) for part in (year, month, day, hour, minute, second)]
    try:
        moment = datetime(*clock)  # type: ignore[arg-type]  # six numbers
        where = _offset(offset, parts) if offset else _zone(zone or ("" if hour else "UTC"))
        if where is None:
            return None
        elapsed = moment.replace(tzinfo=where) - _EPOCH
    except (ValueError, OverflowError) as error:
        if isinstance(error, WithoutOffset):
            raise
        return None
    cut = int((fraction or "0").ljust(3, "0")[:3])
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000 + cut


def _offset(told: str, parts: list[str | None]) -> tzinfo | None:
    sign, hours, minutes = parts
    if sign is None:
        return UTC if told.lower() in _UTC else _zone(told) if "/" in told else None
    away = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-away if sign == "-" else away)


@lru_cache
def _zone(name: str) -> tzinfo | None:
    """Give a time zone of the IANA database; None where there is none of that name."""
    if not name:
        raise WithoutOffset
    if name.lower() in _UTC:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def is_zone(name: str) -> bool:
    """Tell whether there is a time zone of that name."""
    return bool(name) and _zone(name) is not None
