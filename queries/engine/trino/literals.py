"""Constants of Trino's: numbers, typed literals, intervals; and the types that SQL names."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import time_text, time_zones, times, types
from queries.engine.trino.time_text import Moment
from queries.engine.trino.time_zones import NoTime
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import NoType, Type

_UNITS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_UNITS["WEEK"] = 7 * 86_400_000
_TIMES = (
    exp.DType.DATE,
    exp.DType.TIME,
    exp.DType.TIMETZ,
    exp.DType.TIMESTAMP,
    exp.DType.TIMESTAMPTZ,
)
_MONTHS = {"MONTH": 1, "YEAR": 12}
_SPANS = {
    ("YEAR", "MONTH"): r"(\d+)(?:-(\d+))?",
    ("DAY", "HOUR"): r"(\d+)(?: (\d+))?",
    ("DAY", "MINUTE"): r"(\d+)(?: (\d+)(?::(\d+))?)?",
    ("DAY", "SECOND"): r"(\d+)(?: (\d+)(?::(\d+)(?::(\d+)(?:\.(\d{1,3}))?)?)?)?",
    ("HOUR", "MINUTE"): r"(\d+)(?::(\d+))?",
    ("HOUR", "SECOND"): r"(\d+)(?::(\d+)(?::(\d+)(?:\.(\d{1,3}))?)?)?",
    ("MINUTE", "SECOND"): r"(\d+)(?::(\d+)(?:\.(\d{1,3}))?)?",
}
_ORDER = ["DAY", "HOUR", "MINUTE", "SECOND"]


def number(written: str, negative: bool = False) -> Typed:
    """A number: whole, decimal, or with an exponent."""
    sign = "-" if negative else ""
    if re.fullmatch(r"\d+", written):
        value = -int(written) if negative else int(written)
        if not -(2**63) <= value < 2**63:
            raise BadSQL(f"{sign}{written} is larger than any bigint.")
        kind = types.INTEGER if -(2**31) <= value < 2**31 else types.BIGINT
        return Typed(f"CAST({value} AS {kind.duckdb})", kind, value)
    if "e" in written.lower():
        return Typed(f"CAST('{sign}{written}' AS DOUBLE)", types.DOUBLE, 0)
    return decimal(sign + written)


def decimal(written: str) -> Typed:
    """A decimal, of as many digits as are written; zeros that lead do not count."""
    found = re.fullmatch(r"\s*([+-]?)(\d*)(?:\.(\d*))?\s*", written)
    if found is None or not (found[2] or found[3]):
        raise BadSQL(f"'{written}' is no decimal.")
    whole, part = found[2].lstrip("0"), found[3] or ""
    precision = len(whole) + len(part)
    if precision > 38:
        raise BadSQL(f"'{written}' has more than 38 digits.")
    kind = types.decimal(max(precision, 1), len(part))
    told = Decimal(f"{found[1]}{whole or '0'}.{part}" if part else f"{found[1]}{whole or '0'}")
    return Typed(f"CAST('{told:f}' AS {kind.duckdb})", kind)


def type_of(node: exp.Expr) -> Type:
    """The type that a CAST names."""
    try:
        return _type(node)
    except NoType as error:
        raise Refused(str(error)) from None


def _type(node: exp.Expr) -> Type:
    if isinstance(node, exp.DataType) and isinstance(node.this, exp.Interval):
        span: Any = node.this.args.get("unit")
        return types.parse(f"interval {span.this.name} to {span.expression.name}")
    if isinstance(node, exp.DataType) and node.this == exp.DType.STRUCT:
        fields: list[tuple[str | None, Type]] = []
        for part in node.expressions:
            if isinstance(part, exp.ColumnDef):
                fields.append((part.name, _type(part.args["kind"])))
            else:
                fields.append((None, _type(part)))
        return types.row(fields)
    if isinstance(node, exp.DataType) and node.this in (exp.DType.ARRAY, exp.DType.MAP):
        name = "array" if node.this == exp.DType.ARRAY else "map"
        return Type(name, tuple(_type(part) for part in node.expressions))
    return types.parse(node.sql(dialect="trino"))


def typed(written: str, node: exp.Expr) -> Typed | None:
    """A literal with its type before it, such as DATE '2026-01-31'; None for one that is a cast."""
    kind = node.this if isinstance(node, exp.DataType) else None
    if kind == exp.DType.DECIMAL:
        return decimal(written)
    if kind in _TIMES:
        return _time(written, kind)
    if kind == exp.DType.CHAR:
        return Typed(text(written), types.char(len(written)), written)
    if kind == exp.DType.VARCHAR:
        return Typed(text(written), types.VARCHAR, written)
    return None


def _time(written: str, kind: exp.DType) -> Typed:
    """A date, a time of day or a timestamp, with or without a zone."""
    try:
        if kind == exp.DType.DATE:
            return _date(time_text.read_date(written))
        if kind in (exp.DType.TIME, exp.DType.TIMETZ):
            clock, digits, offset = time_text.read_time(written)
            sql = f"CAST({clock} AS BIGINT)"
            if offset is None:
                return Typed(sql, types.time(digits))
            packed = f"struct_pack(t := {sql}, z := CAST({offset} AS INTEGER))"
            return Typed(packed, Type("time with time zone", (digits,)))
        return _timestamp(time_text.read_timestamp(written))
    except NoTime:
        raise BadSQL(f"'{written}' is no {kind.value.lower().removesuffix('tz')}.") from None


def _date(days: int) -> Typed:
    if abs(days) >= 2**31:
        raise NoTime("There is no such date")
    try:
        told = (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    except OverflowError:
        return Typed(f"make_date(CAST({days} AS INTEGER))", types.DATE)
    return Typed(f"CAST('{told}' AS DATE)", types.DATE)


def _timestamp(found: Moment) -> Typed:
    rest, digits = str(found.picos), found.digits
    clock = times.stamp(_micros(found.micros), rest, digits)
    if found.zone is None:
        return clock
    zone = text(found.zone)
    try:
        utc = time_zones.in_utc(found.micros, found.zone)
    except NoTime:
        return times.at_zone(clock, zone)
    return times.in_zone(times.stamp(_micros(utc), rest, digits), zone)


def _micros(since_1970: int) -> str:
    seconds, rest = divmod(since_1970, 1_000_000)
    try:
        told = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest, tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return f"make_timestamp({since_1970})"
    return f"TIMESTAMP '{told.isoformat(sep=' ', timespec='microseconds')}'"


def interval(written: str, unit: str, end: str | None, sign: int) -> Typed:
    """An interval, as its milliseconds or its months."""
    unit = unit.upper()
    inner = written.strip()
    if inner.startswith(("-", "+")):
        sign = -sign if inner[0] == "-" else sign
        inner = inner[1:]
    if end is None:
        return _single(inner, unit, sign)
    found = re.fullmatch(_SPANS.get((unit, end.upper()), r"(?!)"), inner)
    if found is None:
        raise BadSQL(f"'{written}' is no interval of {unit.lower()} to {end.lower()}.")
    if unit == "YEAR":
        months = sign * (int(found[1]) * 12 + int(found[2] or 0))
        return Typed(f"CAST({months} AS INTEGER)", types.YEAR_TO_MONTH)
    units = _ORDER[_ORDER.index(unit) : _ORDER.index(end.upper()) + 1]
    groups = found.groups()
    total = sum(int(groups[n] or 0) * _UNITS[name] for n, name in enumerate(units))
    if end.upper() == "SECOND" and groups[-1]:
        total += int(groups[-1].ljust(3, "0"))
    return Typed(f"CAST({sign * total} AS BIGINT)", types.DAY_TO_SECOND)


def _single(inner: str, unit: str, sign: int) -> Typed:
    whole = re.fullmatch(r"(\d+)(?:\.(\d{1,3}))?", inner)
    if whole is None or (whole[2] and unit != "SECOND"):
        raise BadSQL(f"'{inner}' is no interval of {unit.lower()}.")
    if unit in _MONTHS:
        months = sign * int(whole[1]) * _MONTHS[unit]
        return Typed(f"CAST({months} AS INTEGER)", types.YEAR_TO_MONTH)
    if unit not in _UNITS:
        raise BadSQL(f'"{unit.lower()}" is no unit of an interval.')
    total = int(whole[1]) * _UNITS[unit] + int((whole[2] or "").ljust(3, "0"))
    return Typed(f"CAST({sign * total} AS BIGINT)", types.DAY_TO_SECOND)


def unicode(inner: str, escape: str) -> str:
    """The text of `U&'…'`: signs by number behind the escape, the escape doubled for itself."""
    if not re.fullmatch(r"[^0-9A-Fa-f\s\"'+]", escape):
        raise BadSQL(f"'{escape}' cannot be UESCAPE.")

    def sign(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if match[0] == escape * 2:
            return escape
        if code is None or 0xD800 <= int(code, 16) < 0xE000 or int(code, 16) > 0x10FFFF:
            raise BadSQL(f"U&'{inner}' names no sign at \"{match[0]}\".")
        return chr(int(code, 16))

    mark = re.escape(escape)
    return re.sub(
        rf"{mark}(?:{mark}|([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}})|.|$)", sign, inner, flags=re.S
    )
