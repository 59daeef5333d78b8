"""CAST to and from dates, times and intervals."""

from queries.engine.errors import BadSQL
from queries.engine.trino import time_text, times, types
from queries.engine.trino.casts import bounded, define
from queries.engine.trino.helpers import macro
from queries.engine.trino.typed import Typed, zoned
from queries.engine.trino.types import Type

# What DuckDB reads as Trino does; all else is looked at by Python.
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
macro(
    "t_date(x)",
    f"CASE WHEN regexp_full_match(x, '{_DAY}') AND x >= '0001' AND TRY_CAST(x AS DATE) IS NOT NULL "
    "THEN TRY_CAST(x AS DATE) WHEN x IS NOT NULL THEN t_date_read(x, t_read_date(x)) END",
)
macro(
    "t_date_read(x, found)",
    "CASE WHEN found IS NULL THEN CAST(t_fail_text('Value cannot be cast to date: ' || x) AS DATE) "
    "ELSE make_date(found) END",
)
macro(
    "t_plain_timestamp(x)",
    rf"CASE WHEN regexp_full_match(x, '{_DAY} {_CLOCK}(\.[0-9]{{1,6}})?') AND x >= '0001' "
    "THEN TRY_CAST(x AS TIMESTAMP) END",
)
macro("t_without_utc(x)", "CASE WHEN ends_with(x, ' UTC') THEN left(x, -4) ELSE x END")
# What was read, a whole number, or an error.
macro(
    "t_read(x, found, kind)",
    "CASE WHEN x IS NOT NULL AND found IS NULL THEN CAST(t_fail('Value cannot be cast to ' || kind "
    "|| ': ' || x) AS BIGINT) ELSE found END",
)
macro(
    "t_read_long(x, found)",
    "CASE WHEN x IS NOT NULL THEN struct_pack(t := make_timestamp(t_read(x, (found).t, "
    "'timestamp')), p := (found).p) END",
)


@define("varchar", "date")
def _text_to_date(value: Typed, _: Type) -> str:
    return f"t_date({value.sql})"


@define("varchar", "timestamp")
def _text_to_timestamp(value: Typed, target: Type) -> Typed:
    read = Typed(f"t_read_long({value.sql}, t_read_timestamp({value.sql}))", types.timestamp(12))
    plain = Typed(f"t_plain_timestamp({value.sql})", types.timestamp(6))
    either = [times.rounded(each, target.precision).sql for each in (plain, read)]
    # Not coalesce: DuckDB would read by Python ahead of it what stands there more than once.
    return Typed(f"CASE WHEN {plain.sql} IS NOT NULL THEN {either[0]} ELSE {either[1]} END", target)


@define("varchar", "timestamp with time zone")
def _text_to_zoned(value: Typed, target: Type) -> Typed:
    found, told = f"t_read_zoned({value.sql})", f"t_without_utc({value.sql})"
    read = Typed(f"t_read_long({value.sql}, {found})", types.timestamp(12))
    plain = Typed(f"t_plain_timestamp({told})", types.timestamp(6))
    either = [times.rounded(each, target.precision).sql for each in (plain, read)]
    is_plain = f"CASE WHEN {plain.sql} IS NOT NULL THEN"
    moment = f"{is_plain} {either[0]} ELSE {either[1]} END"
    return zoned(moment, f"{is_plain} 'UTC' ELSE ({found}).z END", target)


@define("varchar", "time")
def _text_to_time(value: Typed, target: Type) -> str:
    read = f"t_read({value.sql}, t_read_time({value.sql}), 'time')"
    return times.clock_rounded(read, 12, target.precision)


@define("varchar", "time with time zone")
def _text_to_time_zoned(value: Typed, target: Type) -> str:
    found = f"t_read_time_zoned({value.sql})"
    read = f"t_read({value.sql}, ({found}).t, 'time with time zone')"
    return _clocked(times.clock_rounded(read, 12, target.precision), f"({found}).z")


macro(
    "t_clocked(c, o)",
    "CASE WHEN c IS NOT NULL AND o IS NOT NULL THEN struct_pack(t := CAST(c AS BIGINT), "
    "z := CAST(o AS INTEGER)) END",
)


def _clocked(clock: str, offset: str) -> str:
    return f"t_clocked({clock}, {offset})"


@define("timestamp", "timestamp")
def _timestamp_to_timestamp(value: Typed, target: Type) -> Typed:
    return times.rounded(value, target.precision)


def _of_date(value: Typed, precision: int) -> Typed:
    whole = times.stamp(f"CAST({value.sql} AS TIMESTAMP)", "0", precision)
    return whole if value.type.name == "date" else times.rounded(value, precision)


@define("date", "timestamp")
def _date_to_timestamp(value: Typed, target: Type) -> Typed:
    return _of_date(value, target.precision)


@define("timestamp", "date")
def _timestamp_to_date(value: Typed, _: Type) -> str:
    return f"CAST({times.micros(value)} AS DATE)"


@define("date,timestamp", "timestamp with time zone")
def _zoned(value: Typed, target: Type) -> Typed:
    return times.in_zone(_of_date(value, target.precision), "'UTC'")


@define("timestamp with time zone", "timestamp with time zone")
def _zoned_again(value: Typed, target: Type) -> Typed:
    return times.in_zone(times.rounded(times.moment(value), target.precision), value.zone)


@define("timestamp with time zone", "timestamp")
def _local(value: Typed, target: Type) -> Typed:
    return times.rounded(times.local(value), target.precision)


@define("timestamp with time zone", "date")
def _local_date(value: Typed, _: Type) -> str:
    return f"CAST({times.micros(times.local(value))} AS DATE)"


# Times of day
def _clock_of(value: Typed, target: Type) -> str:
    clock = times.clock(times.local(value))
    return times.clock_rounded(clock, value.type.precision, target.precision)


define("timestamp,timestamp with time zone", "time")(_clock_of)


@define("time", "time")
def _time_to_time(value: Typed, target: Type) -> str:
    return times.clock_rounded(value.sql, value.type.precision, target.precision)


@define("time with time zone", "time")
def _time_zoned_to_time(value: Typed, target: Type) -> str:
    return times.clock_rounded(f"({value.sql}).t", value.type.precision, target.precision)


@define("time with time zone", "time with time zone")
def _time_zoned_again(value: Typed, target: Type) -> str:
    clock = times.clock_rounded(f"({value.sql}).t", value.type.precision, target.precision)
    return _clocked(clock, f"({value.sql}).z")


@define("time", "time with time zone")
def _time_to_time_zoned(value: Typed, target: Type) -> str:
    clock = times.clock_rounded(value.sql, value.type.precision, target.precision)
    return _clocked(clock, "0")


def offset(value: Typed) -> str:
    """The minutes that a zone is ahead of UTC at a moment."""
    utc = times.moment(value)
    distance = f"epoch_us({times.micros(times.local(value))}) - epoch_us({times.micros(utc)})"
    return f"(({distance}) // 60000000)"


@define("timestamp", "time with time zone")
def _timestamp_to_time_zoned(value: Typed, target: Type) -> str:
    return _clocked(_clock_of(value, target), "0")


@define("timestamp with time zone", "time with time zone")
def _zoned_to_time_zoned(value: Typed, target: Type) -> str:
    return _clocked(_clock_of(value, target), offset(value))


# Of today, which is the same for a whole query.
def _today_at(value: Typed, target: Type) -> Typed:
    day = "CAST(CAST(timezone('UTC', now()) AS DATE) AS TIMESTAMP)"
    time = f"make_timestamp(epoch_us({day}) + {value.sql} // 1000000)"
    found = Typed(f"t_long({time}, {value.sql} % 1000000)", types.timestamp(12))
    return times.rounded(found, target.precision)


define("time", "timestamp")(_today_at)


@define("time", "timestamp with time zone")
def _time_to_zoned(value: Typed, target: Type) -> Typed:
    return times.in_zone(_today_at(value, types.timestamp(target.precision)), "'UTC'")


# Text
@define("date", "varchar")
def _date_to_text(value: Typed, target: Type) -> str:
    return bounded(f"t_day_text({value.sql})", target)


@define("timestamp", "varchar")
def _timestamp_to_text(value: Typed, target: Type) -> str:
    return bounded(time_text.stamp_text(value), target)


@define("timestamp with time zone", "varchar")
def _zoned_to_text(value: Typed, target: Type) -> str:
    return bounded(f"({time_text.stamp_text(times.local(value))} || ' ' || {value.zone})", target)


@define("time", "varchar")
def _time_to_text(value: Typed, target: Type) -> str:
    return bounded(time_text.clock_text(value.sql, value.type.precision), target)


@define("time with time zone", "varchar")
def _time_zoned_to_text(value: Typed, target: Type) -> str:
    clock = time_text.clock_text(f"({value.sql}).t", value.type.precision)
    return bounded(f"({clock} || t_offset_text(({value.sql}).z))", target)


macro(
    "t_days_text(ms)",
    "CASE WHEN ms < 0 THEN '-' ELSE '' END || CAST(abs(ms) // 86400000 AS VARCHAR) || ' ' || "
    "strftime(make_timestamp((abs(ms) % 86400000) * 1000), '%H:%M:%S.%g')",
)
macro(
    "t_months_text(n)",
    "CASE WHEN n < 0 THEN '-' ELSE '' END || CAST(abs(CAST(n AS BIGINT)) // 12 AS VARCHAR) || '-' "
    "|| CAST(abs(CAST(n AS BIGINT)) % 12 AS VARCHAR)",
)


@define("interval day to second", "varchar")
def _days_to_text(value: Typed, target: Type) -> str:
    return bounded(f"t_days_text({value.sql})", target)


@define("interval year to month", "varchar")
def _months_to_text(value: Typed, target: Type) -> str:
    return bounded(f"t_months_text({value.sql})", target)


@define("char", "date,timestamp,time,timestamp with time zone,time with time zone")
def _padded(value: Typed, target: Type) -> str:
    raise BadSQL(f"{value.type} cannot be cast to {target}.")
