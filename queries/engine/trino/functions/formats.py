"""Times by formats: `date_format`, `format_datetime`, `parse_datetime`, ISO 8601, durations."""

import math
import re

import pyarrow as pa

from queries.engine.errors import BadSQL
from queries.engine.trino import letters, time_casts, time_text, time_zones, times, types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.time_zones import NoTime
from queries.engine.trino.typed import Typed, text, zoned

functions = Family()
operators = Family()

_PARSED = pa.struct([("t", pa.int64()), ("p", pa.int32()), ("z", pa.string())])
_STAMPS = ("timestamp(p)", "timestamp(p) with time zone")

macro(
    "t_padded(n, width)",
    "lpad(CAST(n AS VARCHAR), CAST(greatest(width, length(CAST(n AS VARCHAR))) AS INTEGER), '0')",
)
macro(
    "t_usual(x)",
    "CASE WHEN year(x) BETWEEN 1 AND 9999 THEN true WHEN x IS NOT NULL THEN "
    "t_fail('A year of more than four digits, or before 1, is not formatted here') END",
)


def _formatted(call: Call, pieces: tuple[letters.Piece, ...]) -> str:
    value = call.args[0]
    if value.type.name == "timestamp":
        shown = times.rounded(value, 3) if value.type.precision > 3 else value
        return letters.written(pieces, shown.sql, "", "")
    utc = times.moment(value)
    utc = times.rounded(utc, 3) if utc.type.precision > 3 else utc
    value = times.in_zone(utc, value.zone)
    there = times.local(value)
    return letters.written(pieces, there.sql, value.zone, time_casts.offset(value))


def _date_format(call: Call) -> str:
    return _formatted(call, letters.mysql(call.constant(1, "the format")))


def _format_datetime(call: Call) -> str:
    pieces = letters.joda(call.constant(1, "the format"))
    if not pieces:
        raise BadSQL("A format must not be empty.")
    zone = call.args[0].type.name.endswith("zone")
    if not zone and any(piece.letter in ("z", "Z") for piece in pieces):
        raise BadSQL("A timestamp without a zone has nothing for Z or z of a format.")
    return _formatted(call, pieces)


for _stamp in _STAMPS:
    functions(f"date_format({_stamp}, varchar) -> varchar", _date_format)
    functions(f"format_datetime({_stamp}, varchar) -> varchar", _format_datetime)


@python("t_date_parse(VARCHAR, VARCHAR)", "BIGINT", pa.int64())
def _py_date_parse(value: str, pattern: str) -> int | None:
    try:
        return letters.parsed(value, letters.mysql(pattern))[0]
    except NoTime:
        return None


@python("t_parse_datetime(VARCHAR, VARCHAR)", "STRUCT(t BIGINT, p INTEGER, z VARCHAR)", _PARSED)
def _py_parse_datetime(value: str, pattern: str) -> dict[str, object] | None:
    try:
        clock, zone = letters.parsed(value, letters.joda(pattern))
        utc = time_zones.in_utc(clock, zone or "UTC")
    except NoTime:
        return None
    return {"t": utc, "p": 0, "z": zone or "UTC"}


def _fast(call: Call, pieces: tuple[letters.Piece, ...]) -> str | None:
    known = letters.strptime(pieces)
    if known is None:
        return None
    pattern, form = known
    return (
        f"CASE WHEN regexp_full_match({call[0]}, {text(pattern)}) AND {call[0]} NOT LIKE '%0000%' "
        f"THEN try_strptime({call[0]}, {text(form)}) END"
    )


def _date_parse(call: Call) -> str:
    pattern = call.constant(1, "the format")
    pieces = letters.mysql(pattern)
    if not pieces:
        raise BadSQL("A format must not be empty.")
    found = f"t_read({call[0]}, t_date_parse({call[0]}, {text(pattern)}), 'a time of the format')"
    slow = f"make_timestamp({found})"
    fast = _fast(call, pieces)
    return slow if fast is None else _either(fast, slow)


def _parse_datetime(call: Call) -> Typed:
    pattern = call.constant(1, "the format")
    pieces = letters.joda(pattern)
    if not pieces:
        raise BadSQL("A format must not be empty.")
    found = f"t_parse_datetime({call[0]}, {text(pattern)})"
    slow = f"make_timestamp(t_read({call[0]}, ({found}).t, 'a time of the format'))"
    fast = _fast(call, pieces)
    if fast is not None:
        moment = _either(fast, slow)
        return zoned(moment, "'UTC'", call.result)
    return zoned(slow, f"({found}).z", call.result)


functions("date_parse(varchar, varchar) -> timestamp(3)", _date_parse)
functions("parse_datetime(varchar, varchar) -> timestamp(3) with time zone", _parse_datetime)

# ISO 8601
_ISO_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?|-W(\d{1,2})(?:-(\d))?|-(\d{3}))?", re.ASCII
)
_ISO = re.compile(
    r"(?P<date>[^T]+)(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_NANOS = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?(?:\[(?P<zone>[^\]]+)\])?",
    re.ASCII,
)


def _iso_day(written: str) -> int:
    found = _ISO_DATE.fullmatch(written)
    if found is None:
        raise NoTime(f"'{written}' is no date")
    year, month, day, week, weekday, of_year = (int(n) if n else None for n in found.groups())
    assert year is not None
    if week is not None:
        first = time_text.days_of(year, 1, 4)  # which is in the first week
        monday = first - (first + 3) % 7
        start = monday + (week - 1) * 7
        if not (1 <= week <= 53 and 1 <= (weekday or 1) <= 7) or (
            week == 53 and start + 3 > time_text.days_of(year, 12, 31)
        ):
            raise NoTime(f"'{written}' is no date")
        return start + (weekday or 1) - 1
    if of_year is not None:
        last = time_text.days_of(year, 12, 31) - time_text.days_of(year, 1, 1) + 1
        if not 1 <= of_year <= last:
            raise NoTime(f"'{written}' is no date")
        return time_text.days_of(year, 1, 1) + of_year - 1
    return time_text.days_of(year, month or 1, day or 1)


@python("t_iso_date(VARCHAR)", "INTEGER", pa.int32())
def _py_iso_date(written: str) -> int | None:
    try:
        return _iso_day(written)
    except NoTime:
        return None


def _micros(day: int, hour: str | None, minute: str | None, second: str | None) -> int:
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    if h > 23 or m > 59 or s > 59:
        raise NoTime("There is no such time")
    return (((day * 24 + h) * 60 + m) * 60 + s) * 1_000_000


@python("t_iso(VARCHAR)", "STRUCT(t BIGINT, p INTEGER, z VARCHAR)", _PARSED)
def _py_iso(written: str) -> dict[str, object] | None:
    found = _ISO.fullmatch(written)
    if found is None:
        return None
    try:
        clock = _micros(_iso_day(found["date"]), found[2], found[3], found[4])
        clock += int((found[5] or "").ljust(3, "0")[:3]) * 1000
        zone = letters._zone(found["zone"]) if found["zone"] else "UTC"
        return {"t": time_zones.in_utc(clock, zone), "p": 0, "z": zone}
    except NoTime:
        return None


@python("t_iso_nanos(VARCHAR)", "STRUCT(t BIGINT, p INTEGER, z VARCHAR)", _PARSED)
def _py_iso_nanos(written: str) -> dict[str, object] | None:
    found = _NANOS.fullmatch(written.upper() if "[" not in written else written)
    if found is None:
        return None
    try:
        clock = _micros(time_text.read_date(found[1]), found[2], found[3], found[4])
        nanos = int((found[5] or "").ljust(9, "0"))
        if found["zone"] and found["offset"]:
            return None
        zone = time_zones.zone_id(found["zone"] or found["offset"] or "UTC")
        utc = time_zones.in_utc(clock, zone) + nanos // 1000
    except NoTime:
        return None
    return {"t": utc, "p": nanos % 1000 * 1000, "z": zone}


functions(
    "from_iso8601_date(varchar) -> date",
    "make_date(CAST(t_read({0}, t_iso_date({0}), 'a date by ISO 8601') AS INTEGER))",
)
macro(
    "t_plain_iso(x)",
    "CASE WHEN regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:"
    r"[0-5][0-9](\.[0-9]{1,3})?Z') AND x >= '0001' THEN TRY_CAST(rtrim(x, 'Z') AS TIMESTAMP) END",
)


def _either(plain: str, other: str) -> str:
    return f"CASE WHEN {plain} IS NOT NULL THEN {plain} ELSE {other} END"


def _iso_moment(call: Call, found: str) -> str:
    return f"make_timestamp(t_read({call[0]}, ({found}).t, 'a time by ISO 8601'))"


def _from_iso(call: Call) -> Typed:
    found, plain = f"t_iso({call[0]})", f"t_plain_iso({call[0]})"
    zone = f"CASE WHEN {plain} IS NOT NULL THEN 'UTC' ELSE ({found}).z END"
    return zoned(_either(plain, _iso_moment(call, found)), zone, call.result)


def _from_iso_nanos(call: Call) -> Typed:
    found = f"t_iso_nanos({call[0]})"
    moment = times.stamp(_iso_moment(call, found), f"({found}).p", 9)
    return zoned(moment.sql, f"({found}).z", types.zoned(9))


functions("from_iso8601_timestamp(varchar) -> timestamp(3) with time zone", _from_iso)
functions("from_iso8601_timestamp_nanos(varchar) -> timestamp(9) with time zone", _from_iso_nanos)

# Durations
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", re.ASCII)
_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 36e5, "d": 864e5}


@python("t_duration(VARCHAR)", "BIGINT", pa.int64())
def _py_duration(written: str) -> int | None:
    found = _DURATION.fullmatch(written)
    if found is None or found[2] not in _MILLISECONDS:
        return None
    told = float(found[1]) * _MILLISECONDS[found[2]]
    return math.floor(told + 0.5) if told < 2**62 else None


functions(
    "parse_duration(varchar) -> interval day to second",
    "t_read({0}, t_duration({0}), 'a duration')",
)
_PARTS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@python("t_readable(DOUBLE)", "VARCHAR", pa.string())
def _py_readable(seconds: float) -> str:
    rest, told = math.floor(abs(seconds) + 0.5), []
    for name, size in _PARTS:
        count, rest = divmod(rest, size)
        if count:
            told.append(f"{count} {name}{'s' if count != 1 else ''}")
    return ", ".join(told) or "0 seconds"


macro(
    "t_seconds(x)",
    "CASE WHEN NOT isfinite(x) THEN CAST(t_fail('Invalid argument found: ' || x) AS DOUBLE) "
    "ELSE x END",
)
functions(
    "human_readable_seconds(double) -> varchar",
    "t_readable(t_seconds({0}))",
)
