"""Zones, Unix time and ISO 8601: https://trino.io/docs/current/functions/datetime.html"""

from collections.abc import Callable

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import time_text, time_zones, times, types
from queries.engine.trino.functions.clocks import STAMPS
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.time_zones import NoTime
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import Type

functions = Family()
operators = Family()


# Zones
def _named(call: Call, place: int) -> str:
    """A zone's name that is given as text; checked now where it is a constant."""
    value = call.args[place].value
    if not isinstance(value, str):
        return f"t_zone({call[place]})"
    try:
        return text(time_zones.zone_id(value))
    except NoTime as error:
        raise BadSQL(f"{error}.") from None


macro(
    "t_zone_of(minutes)",
    "CASE WHEN minutes = 0 THEN 'UTC' WHEN abs(minutes) > 840 THEN t_fail_text('Invalid offset "
    "minutes ' || minutes) ELSE t_offset_text(minutes) END",
)
macro(
    "t_whole_minutes(ms)",
    "CASE WHEN ms % 60000 <> 0 THEN CAST(t_fail('Invalid time zone offset interval: interval "
    "contains seconds') AS BIGINT) ELSE ms // 60000 END",
)


def _at_timezone(call: Call) -> Typed:
    return times.in_zone(times.moment(call.args[0]), _named(call, 1))


def _at_offset(call: Call) -> Typed:
    return times.in_zone(times.moment(call.args[0]), f"t_zone_of(t_whole_minutes({call[1]}))")


def _with_timezone(call: Call) -> Typed:
    return times.at_zone(call.args[0], _named(call, 1))


_ZONED = "timestamp(p) with time zone"
functions(f"at_timezone({_ZONED}, varchar) -> {_ZONED}", _at_timezone)
functions(f"at_timezone({_ZONED}, interval day to second) -> {_ZONED}", _at_offset)
functions(f"with_timezone(timestamp(p), varchar) -> {_ZONED}", _with_timezone)


def _time_at_timezone(call: Call) -> str:
    zone = _named(call, 1)
    minutes = time_zones.offset_minutes(zone[1:-1]) if zone.startswith("'") else None
    if minutes is None:
        raise Refused("A time of day is seen only in a zone that is an offset here.")
    return _time_at(call, str(minutes))


def _time_at(call: Call, minutes: str) -> str:
    turned = f"t_turned({call.args[0].moment}, CAST({minutes} AS BIGINT) * 60000000000000)"
    return f"t_clocked({turned}, {minutes})"


_CLOCKED = "time(p) with time zone"
functions(f"at_timezone({_CLOCKED}, varchar) -> {_CLOCKED}", _time_at_timezone)
functions(
    f"at_timezone({_CLOCKED}, interval day to second) -> {_CLOCKED}",
    lambda call: _time_at(call, f"t_bounded_offset(t_whole_minutes({call[1]}))"),
)
macro(
    "t_bounded_offset(n)",
    "CASE WHEN abs(n) > 840 THEN CAST(t_fail('Invalid offset minutes ' || n) AS BIGINT) ELSE n END",
)

# Unix time
macro("t_java_round(x)", "CASE WHEN x - floor(x) >= 0.5 THEN ceil(x) ELSE floor(x) END")
macro(
    "t_unix(x)",
    "make_timestamp(CASE WHEN isnan(x) THEN 0 ELSE CAST(t_java_round(x * 1000) AS BIGINT) END"
    " * 1000)",
)


def _from_unixtime(call: Call) -> Typed:
    zone = _named(call, 1) if len(call.args) > 1 else "'UTC'"
    return times.in_zone(Typed(f"t_unix({call[0]})", types.timestamp(3)), zone)


def _from_unixtime_offset(call: Call) -> Typed:
    zone = f"t_zone_of(t_hours_minutes({call[1]}, {call[2]}))"
    return times.in_zone(Typed(f"t_unix({call[0]})", types.timestamp(3)), zone)


macro(
    "t_hours_minutes(h, m)",
    "CASE WHEN h NOT BETWEEN -14 AND 14 OR m NOT BETWEEN -840 AND 840 THEN CAST(t_fail('Invalid "
    "offset of ' || h || ' hours and ' || m || ' minutes') AS BIGINT) ELSE h * 60 + m END",
)
functions("from_unixtime(double) -> timestamp(3) with time zone", _from_unixtime)
functions("from_unixtime(double, varchar) -> timestamp(3) with time zone", _from_unixtime)
functions(
    "from_unixtime(double, bigint, bigint) -> timestamp(3) with time zone", _from_unixtime_offset
)


def _from_nanos(call: Call) -> Typed:
    nanos = call[0]
    if call.args[0].type.name == "decimal":
        nanos = f"CAST(round({nanos}) AS HUGEINT)"
    time = f"make_timestamp(CAST(t_floor({nanos}, 1000) AS BIGINT))"
    rest = f"CAST((({nanos} % 1000) + 1000) % 1000 AS INTEGER) * 1000"
    return times.in_zone(times.stamp(time, rest, 9), "'UTC'")


functions("from_unixtime_nanos(bigint) -> timestamp(9) with time zone", _from_nanos)
functions("from_unixtime_nanos(decimal(p, s)) -> timestamp(9) with time zone", _from_nanos)


def _to_unixtime(call: Call) -> str:
    value = call.args[0]
    zone = value.type.name.endswith("zone")
    utc = times.moment(value) if zone else value
    us, ps = f"epoch_us({times.micros(utc)})", times.picos(utc)
    if zone and utc.type.precision > 3:
        fine = f"((({us} % 1000) + 1000) % 1000 * 1000000 + {ps})"
        return f"(t_floor({us}, 1000) / 1000e0 + {fine} / 1e12)"
    whole = f"(t_floor({us}, 1000) / 1000e0)" if zone else f"({us} / 1000000e0)"
    return whole if ps == "0" else f"({whole} + {ps} / 1e12)"


for _stamp in STAMPS:
    functions(f"to_unixtime({_stamp}) -> double", _to_unixtime)

# ISO 8601
functions("to_iso8601(date) -> varchar(16)", "t_day_text({0})")


def _iso_length(extra: int) -> Callable[[Binding], Type]:
    def length(bound: Binding) -> Type:
        precision = bound["p"]
        assert isinstance(precision, int)
        return types.varchar(22 + min(precision, 1) + precision + extra)

    return length


def _to_iso(call: Call) -> str:
    value = call.args[0]
    told = time_text.stamp_text(times.local(value), "T")
    if not value.type.name.endswith("zone"):
        return told
    utc = times.micros(times.moment(value))
    there = times.micros(times.local(value))
    return f"({told} || t_iso_offset(epoch_us({there}) - epoch_us({utc})))"


macro(
    "t_iso_offset(us)",
    "CASE WHEN us % 60000000 <> 0 THEN t_fail_text('Timezone with non-zero seconds offset cannot "
    "be rendered as ISO8601') WHEN us = 0 THEN 'Z' ELSE t_offset_text(us // 60000000) END",
)
functions("to_iso8601(timestamp(p)) -> varchar", _to_iso, result=_iso_length(0))
functions(f"to_iso8601({_ZONED}) -> varchar", _to_iso, result=_iso_length(6))
