"""Time zones: their names, their offsets from UTC, and what their clocks show."""

import re
from datetime import UTC, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa

from queries.engine.trino.helpers import macro, python

_UTC = frozenset(["utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal", "zulu"])
_OFFSET = re.compile(r"(?:utc|gmt|ut)?([+-])(\d{1,2})(?::(\d\d))?")


class NoTime(ValueError):
    """Text that is no date, time or zone; the message is a sentence."""


@cache
def _names() -> dict[str, str]:
    names = {name.lower(): name for name in available_timezones() if not name.startswith("Etc/")}
    return {low: name for low, name in names.items() if low not in ("factory", "localtime")}


@lru_cache(maxsize=2048)
def zone_id(name: str) -> str:
    """The zone as Trino names it: `UTC`, `+05:30` or `Europe/Berlin`; `NoTime` for none."""
    low = name.lower()
    bare = low.removeprefix("etc/")
    if bare in _UTC:
        return "UTC"
    found = _OFFSET.fullmatch(low)
    if found:
        hours, minutes = int(found[2]), int(found[3] or 0)
        if minutes > 59 or hours * 60 + minutes > 14 * 60 or (found[3] and len(found[2]) < 2):
            raise NoTime(f"'{name}' is not a valid time zone")
        return f"{found[1]}{hours:02}:{minutes:02}" if hours or minutes else "UTC"
    if low not in _names():
        raise NoTime(f"'{name}' is not a valid time zone")
    return _names()[low]


def offset_minutes(zone: str) -> int | None:
    """Minutes of a zone that is an offset; None for one with a name."""
    if zone == "UTC":
        return 0
    if zone[0] not in "+-":
        return None
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


@python("t_zone(VARCHAR)", "VARCHAR", pa.string())
def _zone(name: str) -> str:
    return zone_id(name)


# DuckDB has no zones that are offsets, and takes the later of two hours that a clock shows twice.
macro(
    "t_offset(z)",
    "CASE WHEN z = 'UTC' THEN 0 WHEN left(z, 1) IN ('+', '-') THEN (CASE WHEN left(z, 1) = '-' "
    "THEN -1 ELSE 1 END) * (TRY_CAST(substr(z, 2, 2) AS BIGINT) * 60 + "
    "TRY_CAST(substr(z, 5, 2) AS BIGINT)) END",
)
macro(
    "t_offset_text(n)",
    "CASE WHEN n < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(n) // 60 AS VARCHAR), 2, '0') || ':' "
    "|| lpad(CAST(abs(n) % 60 AS VARCHAR), 2, '0')",
)
macro("t_name(z)", "CASE WHEN left(z, 1) IN ('+', '-') THEN 'UTC' ELSE z END")
macro("t_clock_there(m, z)", "timezone(z, timezone('UTC', m))")
macro(
    "t_local(m, z)",
    "CASE WHEN left(z, 1) IN ('+', '-') THEN m + to_minutes(t_offset(z)) "
    "ELSE t_clock_there(m, t_name(z)) END",
)
macro(
    "t_utc(c, z)",
    "CASE WHEN left(z, 1) IN ('+', '-') THEN c - to_minutes(t_offset(z)) "
    "ELSE t_utc_named(c, t_name(z)) END",
)
macro("t_utc_named(c, z)", "t_earlier(c, z, timezone('UTC', timezone(z, c)))")
macro("t_earlier(c, z, m)", "t_earliest(c, z, m, c - (t_clock_there(m - to_days(1), z) - "
      "(m - to_days(1))))")  # fmt: skip
macro(
    "t_earliest(c, z, m, e)",
    "CASE WHEN e < m AND t_clock_there(e, z) = c THEN e ELSE m END",
)
# Near a moment: by its own offset where the clock has that.
macro("t_utc_near(c, z, m)", "t_kept(c, z, c - (t_local(m, z) - m))")
macro("t_kept(c, z, e)", "CASE WHEN t_local(e, z) = c THEN e ELSE t_utc(c, z) END")


def _constant(zone: str) -> str | None:
    return zone[1:-1] if re.fullmatch(r"'[^']*'", zone) else None


def to_local(moment: str, zone: str) -> str:
    """What clocks of a zone show at a moment in UTC; both are SQL, of a timestamp and a text."""
    name = _constant(zone)
    if name is None:
        return f"t_local({moment}, {zone})"
    minutes = offset_minutes(name)
    if minutes is None:
        return f"t_clock_there({moment}, {zone})"
    return f"({moment} + to_minutes({minutes}))" if minutes else moment


def to_utc(clock: str, zone: str) -> str:
    """The moment at which clocks of a zone show a timestamp: the earlier of two."""
    name = _constant(zone)
    if name is None:
        return f"t_utc({clock}, {zone})"
    minutes = offset_minutes(name)
    if minutes is None:
        return f"t_utc_named({clock}, {zone})"
    return f"({clock} - to_minutes({minutes}))" if minutes else clock


def to_utc_near(clock: str, zone: str, moment: str) -> str:
    """The moment at which clocks show a timestamp, by the offset of another moment if it can be."""
    name = _constant(zone)
    if name is not None and offset_minutes(name) is not None:
        return to_utc(clock, zone)
    return f"t_utc_near({clock}, {zone}, {moment})"


def in_utc(micros: int, zone: str) -> int:
    """Microseconds since 1970 in UTC of those that a zone's clocks show: the earlier of two."""
    minutes = offset_minutes(zone)
    if minutes is not None:
        return micros - minutes * 60_000_000
    seconds, rest = divmod(micros, 1_000_000)
    try:
        clock = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=ZoneInfo(zone))
        return int(clock.timestamp()) * 1_000_000 + rest
    except (ValueError, OverflowError, OSError):
        raise NoTime("A time of such a year is not known in a zone") from None
