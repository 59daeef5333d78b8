"""Dates and times to the picosecond, as DuckDB holds them: their parts, and rounding.

A timestamp to the microsecond is DuckDB's own, a finer one that beside its picoseconds; a time of
day is its picoseconds, with a zone that of its clock beside the minutes of its offset.
"""

from queries.engine.trino import types
from queries.engine.trino.helpers import macro
from queries.engine.trino.time_zones import to_local, to_utc
from queries.engine.trino.typed import Typed, zoned

DAY = 86_400 * 10**12
"""The picoseconds of a day."""

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


def changed(value: Typed, by: str, precision: int | None = None) -> Typed:
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
