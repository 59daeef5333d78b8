"""Dates and times as text: how Trino tells them, and how it reads them."""

import re
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from queries.engine.trino import times
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.time_zones import NoTime, in_utc, zone_id
from queries.engine.trino.typed import Typed

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


def stamp_text(value: Typed, between: str = " ") -> str:
    """A timestamp as Trino tells it, with as many digits of a second as it has."""
    precision = value.type.precision
    form = f"%m-%d{between}%H:%M:%S"
    if precision == 0:
        return f"t_stamp_text({times.micros(value)}, '{form}')"
    told = f"t_stamp_text({times.micros(value)}, '{form}.%f')"
    if precision < 6:
        return f"left({told}, -{6 - precision})"
    if precision == 6:
        return told
    return f"({told} || left(lpad(CAST({times.picos(value)} AS VARCHAR), 6, '0'), {precision - 6}))"


def clock_text(sql: str, precision: int) -> str:
    """A time of day, of its picoseconds, as Trino tells it."""
    told = f"t_clock_text({sql})"
    if precision == 0:
        return told
    return f"({told} || '.' || t_digits_of({sql} % {10**12}, {precision}))"


# Reading

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


class Moment(NamedTuple):
    """What a text tells: microseconds since 1970 on its clock, picoseconds more, digits, zone."""

    micros: int
    picos: int
    digits: int
    zone: str | None


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
    clock = _of_day(found[1], found[2], found[3], found[4])
    if found["sign"] is None:
        return clock, len(found[4] or ""), None
    minutes = int(found[7]) * 60 + int(found[8])
    if int(found[8]) > 59 or minutes > 14 * 60:
        raise NoTime(f"'{written}' is no time")
    return clock, len(found[4] or ""), -minutes if found["sign"] == "-" else minutes


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


def _fits(micros: int) -> bool:
    return -(2**63) // 2 < micros < 2**63 // 2


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
