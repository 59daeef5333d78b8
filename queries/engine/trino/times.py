"""Dates and times to the picosecond, as DuckDB holds them: parts, zones, rounding, text, reading.

A timestamp to the microsecond is DuckDB's own, a finer one that beside its picoseconds; a time of
day is its picoseconds, with a zone that of its clock beside the minutes of its offset.
"""

import re
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa

from queries.engine.trino import types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.typed import Typed, text, zoned
from queries.engine.trino.types import Type

DAY = 86_400 * 10**12
"""The picoseconds of a day."""

_UTC = frozenset(["utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal", "zulu"])
_OFFSET = re.compile(r"(?:utc|gmt|ut)?([+-])(\d{1,2})(?::(\d\d))?")
_BLANK = " \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
_DATE = re.compile(r"([-+]?\d+)-(\d{1,2})-(\d{1,2})", re.ASCII)
_TIMESTAMP = re.compile(
    r"(?P<date>[-+]?\d{4,}-\d{1,2}-\d{1,2})"
    r"( (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(?P<zone>.+)?)?",
    re.ASCII,
)
_TIME = re.compile(
    r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?\s*((?P<sign>[+-])(\d\d):(\d\d))?", re.ASCII
)


class NoTime(ValueError):
    """Text that is no date, time or zone; the message is a sentence."""


class Moment(NamedTuple):
    """What a text tells: microseconds since 1970 on its clock, picoseconds more, digits, zone."""

    micros: int
    picos: int
    digits: int
    zone: str | None


# Zones


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


# Parts

macro(
    "t_long(m, q)",
    "CASE WHEN m IS NOT NULL THEN struct_pack(t := m, p := CAST(q AS INTEGER)) END",
)


def micros(value: Typed) -> str:
    """A timestamp to the microsecond."""
    return value.sql if value.type.precision <= 6 else f"CAST(({value.sql}).t AS TIMESTAMP)"


def picos(value: Typed) -> str:
    """A timestamp's picoseconds within its microsecond."""
    return "0" if value.type.precision <= 6 else f"CAST(({value.sql}).p AS INTEGER)"


def stamp(time: str, rest: str, precision: int) -> Typed:
    """A timestamp of its parts."""
    kind = types.timestamp(precision)
    return Typed(time if precision <= 6 else f"t_long({time}, {rest})", kind)


def moment(value: Typed) -> Typed:
    """Of a time with a zone: its timestamp in UTC."""
    return Typed(value.moment, types.timestamp(value.type.precision))


def local(value: Typed) -> Typed:
    """The timestamp that clocks show: of a timestamp itself, of one with a zone in that."""
    if value.type.name != "timestamp with time zone":
        return value
    utc = moment(value)
    return stamp(to_local(micros(utc), value.zone), picos(utc), value.type.precision)


def in_zone(utc: Typed, zone: str) -> Typed:
    """A moment of UTC in a zone."""
    return zoned(utc.sql, zone, types.zoned(utc.type.precision))


def at_zone(clock: Typed, zone: str) -> Typed:
    """The moment at which a zone's clocks show a timestamp, in that zone."""
    utc = stamp(to_utc(micros(clock), zone), picos(clock), clock.type.precision)
    return in_zone(utc, zone)


def changed(value: Typed, by: "str", precision: int | None = None) -> Typed:
    """A timestamp whose microseconds are put through a template with `{t}`."""
    made = by.replace("{t}", micros(value))
    return stamp(made, picos(value), value.type.precision if precision is None else precision)


# Rounding, halves up

macro("t_floor(a, b)", "((a // b) - CASE WHEN a % b < 0 THEN 1 ELSE 0 END)")
macro("t_rounded(x, unit)", "make_timestamp(t_floor(epoch_us(x) + unit // 2, unit) * unit)")
macro("t_nearest(x)", "make_timestamp(epoch_us((x).t) + (x).p // 500000)")
macro("t_long_rounded(x, unit)", "t_carried((x).t, ((x).p + unit // 2) // unit * unit)")
macro("t_carried(m, q)", "t_long(make_timestamp(epoch_us(m) + q // 1000000), q % 1000000)")
macro("t_clock_rounded(x, unit)", f"(((x + unit // 2) // unit * unit) % {DAY})")


def rounded(value: Typed, precision: int) -> Typed:
    """A timestamp of other digits."""
    source = value.type.precision
    kind = types.timestamp(precision)
    if precision >= source:
        return stamp(micros(value), picos(value), precision) if source != precision else value
    if precision > 6:
        return Typed(f"t_long_rounded({value.sql}, {10 ** (12 - precision)})", kind)
    if precision == 6:
        return Typed(f"t_nearest({value.sql})", kind)
    return Typed(f"t_rounded({micros(value)}, {10 ** (6 - precision)})", kind)


def clock_rounded(sql: str, source: int, target: int) -> str:
    """Picoseconds of a day with other digits of a second."""
    return sql if target >= source else f"t_clock_rounded({sql}, {10 ** (12 - target)})"


macro("t_of_day(us)", "((us % 86400000000) + 86400000000) % 86400000000")


def clock(value: Typed) -> str:
    """The picoseconds of a timestamp's day."""
    return f"(t_of_day(epoch_us({micros(value)})) * 1000000 + {picos(value)})"


# Text

macro(
    "t_day_text(x)",
    "CASE WHEN x BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN CAST(x AS VARCHAR) "
    "WHEN x IS NOT NULL THEN t_year(year(x)) || strftime(x, '-%m-%d') END",
)
macro(
    "t_year(y)",
    "CASE WHEN y < 0 THEN '-' ELSE '' END || lpad(CAST(abs(y) AS VARCHAR), "
    "CAST(greatest(4, length(CAST(abs(y) AS VARCHAR))) AS INTEGER), '0')",
)
macro(
    "t_stamp_text(x, form)",
    "CASE WHEN x BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' "
    "THEN strftime(x, '%Y-' || form) WHEN x IS NOT NULL THEN CASE WHEN year(x) > 9999 THEN '+' "
    "ELSE '' END || t_year(year(x)) || strftime(x, '-' || form) END",
)
macro("t_digits_of(q, n)", "left(lpad(CAST(q AS VARCHAR), 12, '0'), n)")
macro("t_clock_text(x)", "strftime(make_timestamp(x // 1000000), '%H:%M:%S')")
macro(
    "t_offset_text(n)",
    "CASE WHEN n < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(n) // 60 AS VARCHAR), 2, '0') || ':' "
    "|| lpad(CAST(abs(n) % 60 AS VARCHAR), 2, '0')",
)


def stamp_text(value: Typed, between: str = " ") -> str:
    """A timestamp as Trino tells it, with as many digits of a second as it has."""
    precision = value.type.precision
    form = f"%m-%d{between}%H:%M:%S"
    if precision == 0:
        return f"t_stamp_text({micros(value)}, '{form}')"
    told = f"t_stamp_text({micros(value)}, '{form}.%f')"
    if precision < 6:
        return f"left({told}, -{6 - precision})"
    if precision == 6:
        return told
    return f"({told} || left(lpad(CAST({picos(value)} AS VARCHAR), 6, '0'), {precision - 6}))"


def clock_text(sql: str, precision: int) -> str:
    """A time of day, of its picoseconds, as Trino tells it."""
    told = f"t_clock_text({sql})"
    if precision == 0:
        return told
    return f"({told} || '.' || t_digits_of({sql} % {10**12}, {precision}))"


# Reading


def days_of(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date of any year; `NoTime` where there is none."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        raise NoTime("There is no such date")
    cycles, year_ = divmod(year, 400)  # each of 146,097 days; year 2000 begins one
    return (date(year_ + 2000, month, day) - date(1970, 1, 1)).days + (cycles - 5) * 146_097


def read_date(written: str) -> int:
    """Days since 1970 of a date as text."""
    found = _DATE.fullmatch(written.strip(_BLANK))
    if found is None:
        raise NoTime(f"'{written}' is no date")
    return days_of(int(found[1]), int(found[2]), int(found[3]))


def _of_day(hour: str | None, minute: str | None, second: str | None, digits: str | None) -> int:
    """Picoseconds of a time of day."""
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    if h > 23 or m > 59 or s > 59 or len(digits or "") > 12:
        raise NoTime("There is no such time")
    return ((h * 60 + m) * 60 + s) * 10**12 + int((digits or "").ljust(12, "0"))


def read_timestamp(written: str) -> Moment:
    """A timestamp as text, with or without a zone."""
    found = _TIMESTAMP.fullmatch(written)
    if found is None:
        raise NoTime(f"'{written}' is no timestamp")
    day = read_date(found["date"])
    whole, rest = divmod(_of_day(found[3], found[4], found[5], found[6]), 10**6)
    zone = zone_id(found["zone"].strip()) if found["zone"] else None
    return Moment(day * 86_400_000_000 + whole, rest, len(found[6] or ""), zone)


def read_time(written: str) -> tuple[int, int, int | None]:
    """A time of day as text: picoseconds, digits, and the minutes of its offset if it has one."""
    found = _TIME.fullmatch(written)
    if found is None:
        raise NoTime(f"'{written}' is no time")
    clock_ = _of_day(found[1], found[2], found[3], found[4])
    if found["sign"] is None:
        return clock_, len(found[4] or ""), None
    minutes = int(found[7]) * 60 + int(found[8])
    if int(found[8]) > 59 or minutes > 14 * 60:
        raise NoTime(f"'{written}' is no time")
    return clock_, len(found[4] or ""), -minutes if found["sign"] == "-" else minutes


def in_utc(micros_: int, zone: str) -> int:
    """Microseconds since 1970 in UTC of those that a zone's clocks show: the earlier of two."""
    minutes = offset_minutes(zone)
    if minutes is not None:
        return micros_ - minutes * 60_000_000
    seconds, rest = divmod(micros_, 1_000_000)
    try:
        clock_ = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=ZoneInfo(zone))
        return int(clock_.timestamp()) * 1_000_000 + rest
    except (ValueError, OverflowError, OSError):
        raise NoTime("A time of such a year is not known in a zone") from None


_PARSED = pa.struct([("t", pa.int64()), ("p", pa.int32()), ("z", pa.string())])


@python("t_read_date(VARCHAR)", "INTEGER", pa.int32())
def _read_date(written: str) -> int | None:
    try:
        days = read_date(written)
    except NoTime:
        return None
    return days if abs(days) < 2**31 else None


@python("t_read_timestamp(VARCHAR)", "STRUCT(t BIGINT, p INTEGER, z VARCHAR)", _PARSED)
def _read_timestamp(written: str) -> dict[str, object] | None:
    try:
        found = read_timestamp(written.strip(_BLANK))
    except NoTime:
        return None
    if found.zone is not None or not _fits(found.micros):
        return None
    return {"t": found.micros, "p": found.picos, "z": None}


@python("t_read_zoned(VARCHAR)", "STRUCT(t BIGINT, p INTEGER, z VARCHAR)", _PARSED)
def _read_zoned(written: str) -> dict[str, object] | None:
    try:
        found = read_timestamp(written.strip(_BLANK))
        utc = in_utc(found.micros, found.zone or "UTC")
    except NoTime:
        return None
    return {"t": utc, "p": found.picos, "z": found.zone or "UTC"} if _fits(utc) else None


def _fits(micros_: int) -> bool:
    return -(2**63) // 2 < micros_ < 2**63 // 2


@python("t_read_time(VARCHAR)", "BIGINT", pa.int64())
def _read_time(written: str) -> int | None:
    try:
        found, _, offset = read_time(written.strip(_BLANK))
    except NoTime:
        return None
    return None if offset is not None else found


_CLOCKED = pa.struct([("t", pa.int64()), ("z", pa.int32())])


@python("t_read_time_zoned(VARCHAR)", "STRUCT(t BIGINT, z INTEGER)", _CLOCKED)
def _read_time_zoned(written: str) -> dict[str, object] | None:
    try:
        found, _, offset = read_time(written.strip(_BLANK))
    except NoTime:
        return None
    return None if offset is None else {"t": found, "z": offset}


# Constants


def constant(found: Moment) -> Typed:
    """A timestamp that is known, with its zone if it has one."""
    if found.zone is None:
        return stamp(_written(found.micros), str(found.picos), found.digits)
    try:
        utc = stamp(_written(in_utc(found.micros, found.zone)), str(found.picos), found.digits)
    except NoTime:
        there = stamp(_written(found.micros), str(found.picos), found.digits)
        return at_zone(there, text(found.zone))
    return in_zone(utc, text(found.zone))


def _written(micros_: int) -> str:
    seconds, rest = divmod(micros_, 1_000_000)
    try:
        told = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest, tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return f"make_timestamp({micros_})"
    return f"TIMESTAMP '{told.isoformat(sep=' ', timespec='microseconds')}'"


def text_type(kind: Type, within: bool = False) -> Type | None:
    """The type that a value is told in where DuckDB has no type for it; None for others.

    Arrays, maps and rows of such values have one, too; a time with a zone that is `within` one is
    told with its zone.
    """
    coarse = kind.name.startswith("timestamp") and kind.precision <= 6
    if kind.name == "timestamp with time zone" and within:
        coarse = False
    if (
        kind.name == "ipaddress"
        or kind.name.startswith("interval")
        or (kind.name.startswith("time") and not coarse)
    ):
        return types.VARCHAR
    if not kind.types:
        return None
    parts = [text_type(part, within=True) for part in kind.types]
    if not any(parts):
        return None
    told = tuple(new or old for new, old in zip(parts, kind.types, strict=True))
    return Type(kind.name, told, kind.fields)
