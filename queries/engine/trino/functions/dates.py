"""Dates, times and intervals: https://trino.io/docs/current/functions/datetime.html"""

from collections.abc import Callable

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import time_casts, times, types
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.times import DAY, NoTime
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_MILLISECONDS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_STAMPS = ("timestamp(p)", "timestamp(p) with time zone")
_CLOCKS = ("time(p)", "time(p) with time zone")
_INTERVALS = ("interval day to second", "interval year to month")


def _unit(call: Call) -> str:
    """The unit that a call names, which its last argument must have."""
    name = call.args[-1].type.name
    known = [*_MILLISECONDS] if name.startswith("time") else []
    if not name.startswith("time ") and name != "time":
        known += [*_DAYS, *_MONTHS]
    unit = call.constant(0, "the unit").lower()
    if unit not in known:
        raise BadSQL(f'"{unit}" is no unit here; there are: {", ".join(known)}.')
    return unit


def _clock(value: Typed) -> str:
    """The picoseconds that a clock shows of a time of day."""
    return value.sql if value.type.name == "time" else f"({value.sql}).t"


def _with_clock(value: Typed, clock: str) -> str:
    if value.type.name == "time":
        return clock
    return f"t_clocked({clock}, ({value.sql}).z)"


# Now, in UTC, as the session's zone is. DuckDB's clock has microseconds.
_NOW = Typed("timezone('UTC', now())", types.timestamp(6))


def _digits(call: Call) -> int:
    if not call.args:
        return 3
    value = call.args[0].value
    if not isinstance(value, int) or not 0 <= value <= 12:
        raise BadSQL("A time has 0 to 12 digits of a second.")
    if value > 6:
        raise Refused("The time now is not known finer than to the microsecond here.")
    return value


def _cut(digits: int) -> Typed:
    unit = 10 ** (6 - digits)
    cut = f"make_timestamp(epoch_us({_NOW.sql}) // {unit} * {unit})"
    return Typed(cut if digits < 6 else _NOW.sql, types.timestamp(digits))


def _now(call: Call) -> Typed:
    return times.in_zone(_cut(_digits(call)), "'UTC'")


def _local_now(call: Call) -> Typed:
    return _cut(_digits(call))


def _time_now(call: Call) -> Typed:
    found = _cut(_digits(call))
    return Typed(times.clock(found), types.time(found.type.precision))


def _zoned_time_now(call: Call) -> Typed:
    found = _time_now(call)
    kind = Type("time with time zone", (found.type.precision,))
    return Typed(f"t_clocked({found.sql}, 0)", kind)


functions("current_date() -> date", "CAST(timezone('UTC', now()) AS DATE)")
functions("now() -> timestamp(3) with time zone", _now)
functions("current_timezone() -> varchar", "'UTC'")
for _name, _kind, _write in (
    ("current_timestamp", "timestamp(3) with time zone", _now),
    ("localtimestamp", "timestamp(3)", _local_now),
    ("localtime", "time(3)", _time_now),
    ("current_time", "time(3) with time zone", _zoned_time_now),
):
    functions(f"{_name}() -> {_kind}", _write)
    functions(f"{_name}(integer) -> {_kind}", _write)

# Fields. Weeks and weekdays are ISO's, whose Monday is 1.
_OF_DAY = {
    "year": "year({x})",
    "quarter": "quarter({x})",
    "month": "month({x})",
    "week": "week({x})",
    "week_of_year": "week({x})",
    "day": "day({x})",
    "day_of_month": "day({x})",
    "day_of_week": "isodow({x})",
    "dow": "isodow({x})",
    "day_of_year": "dayofyear({x})",
    "doy": "dayofyear({x})",
    "year_of_week": "isoyear({x})",
    "yow": "isoyear({x})",
    "last_day_of_month": "last_day({x})",
}
_OF_CLOCK = {
    "hour": "hour({x})",
    "minute": "minute({x})",
    "second": "second({x})",
    "millisecond": "(millisecond({x}) % 1000)",
}


def _of_local(template: str) -> Callable[[Call], str]:
    return lambda call: template.replace("{x}", times.micros(times.local(call.args[0])))


def _of_clock(step: int, size: int) -> Callable[[Call], str]:
    return lambda call: f"({_clock(call.args[0])} // {step * 10**9} % {size})"


for _name, _template in {**_OF_DAY, **_OF_CLOCK}.items():
    _given = "date" if _name.startswith("last") else "bigint"
    if _name in _OF_DAY:
        functions(f"{_name}(date) -> {_given}", _template.replace("{x}", "{0}"))
    for _stamp in _STAMPS:
        functions(f"{_name}({_stamp}) -> {_given}", _of_local(_template))
for _name, _step, _size in (
    ("hour", 3_600_000, 24),
    ("minute", 60_000, 60),
    ("second", 1000, 60),
    ("millisecond", 1, 1000),
):
    for _kind in _CLOCKS:
        functions(f"{_name}({_kind}) -> bigint", _of_clock(_step, _size))
    functions(f"{_name}(interval day to second) -> bigint", f"({{0}} // {_step} % {_size})")
for _name in ("day", "day_of_month"):
    functions(f"{_name}(interval day to second) -> bigint", "({0} // 86400000)")
functions("month(interval year to month) -> bigint", "CAST({0} % 12 AS BIGINT)")
functions("year(interval year to month) -> bigint", "CAST({0} // 12 AS BIGINT)")


def _offset(template: str) -> Callable[[Call], str]:
    def write(call: Call) -> str:
        value = call.args[0]
        if value.type.name.startswith("timestamp"):
            return template.replace("{x}", time_casts.offset(value))
        return template.replace("{x}", f"CAST(({value.sql}).z AS BIGINT)")

    return write


for _kind in ("timestamp(p) with time zone", "time(p) with time zone"):
    functions(f"timezone_hour({_kind}) -> bigint", _offset("({x} // 60)"))
    functions(f"timezone_minute({_kind}) -> bigint", _offset("({x} % 60)"))
functions("to_milliseconds(interval day to second) -> bigint", "{0}")


# Arithmetic by units. A number of units has 32 bits.
macro(
    "t_units(n)",
    "CASE WHEN n NOT BETWEEN -2147483648 AND 2147483647 "
    "THEN CAST(t_fail('integer overflow') AS BIGINT) ELSE n END",
)


def _shift(unit: str, count: str) -> str:
    """A template of a timestamp that is moved by units; in local time from days on."""
    count = f"t_units({count})"
    if unit in _MONTHS:
        return f"({{t}} + to_months(CAST({count} * {_MONTHS[unit]} AS INTEGER)))"
    step = _MILLISECONDS.get(unit) or _DAYS[unit] * 86_400_000
    return f"make_timestamp(epoch_us({{t}}) + {count} * {step * 1000})"


def _near(value: Typed, template: str) -> Typed:
    """What clocks show, through a template, in the same zone again."""
    utc, there = times.moment(value), times.local(value)
    changed = times.to_utc_near(
        template.replace("{t}", times.micros(there)), value.zone, times.micros(utc)
    )
    made = times.stamp(changed, times.picos(utc), value.type.precision)
    return times.in_zone(made, value.zone)


def _fewer(found: Typed) -> Typed:
    """With no more digits than its type has, of milliseconds."""
    precision = found.type.precision
    return (
        times.rounded(Typed(found.sql, types.timestamp(3)), precision) if precision < 3 else found
    )


def _added(call: Call) -> Typed:
    value, unit = call.args[2], _unit(call)
    shift = _shift(unit, call[1])
    if value.type.name == "timestamp":
        found = times.changed(value, shift)
        return _fewer(found) if unit == "millisecond" else found
    if unit in _MILLISECONDS:
        utc = times.changed(times.moment(value), shift)
        return times.in_zone(_fewer(utc) if unit == "millisecond" else utc, value.zone)
    return _near(value, shift)


def _added_day(call: Call) -> str:
    unit = _unit(call)
    if unit in _MONTHS:
        return f"CAST({_shift(unit, call[1]).replace('{t}', call[2])} AS DATE)"
    return f"({call[2]} + CAST(t_units({call[1]}) * {_DAYS[unit]} AS INTEGER))"


def _added_clock(call: Call) -> str:
    value, step = call.args[2], _MILLISECONDS[_unit(call)]
    clock = f"t_turned({_clock(value)}, (({call[1]}) % {86_400_000 // step}) * {step * 10**9})"
    precision = value.type.precision
    return _with_clock(value, times.clock_rounded(clock, 12 if precision < 3 else 0, precision))


macro("t_turned(a, b)", f"(((a + b % {DAY}) % {DAY} + {DAY}) % {DAY})")
macro("t_utc_time(x)", "t_turned((x).t, CAST((x).z AS BIGINT) * -60000000000000)")
functions("date_add(varchar, bigint, date) -> date", _added_day)
for _stamp in _STAMPS:
    functions(f"date_add(varchar, bigint, {_stamp}) -> {_stamp}", _added)
for _kind in _CLOCKS:
    functions(f"date_add(varchar, bigint, {_kind}) -> {_kind}", _added_clock)


# Only whole units count, of milliseconds.
def _difference(call: Call) -> str:
    unit, (_, left, right) = _unit(call), call.args
    if left.type.name == "timestamp with time zone":
        zone = left.zone
        first, second = times.micros(times.moment(left)), times.micros(times.moment(right))
        if unit not in _MILLISECONDS:
            first, second = times.to_local(first, zone), times.to_local(second, zone)
    else:
        first, second = times.micros(left), times.micros(right)
    if unit in _MONTHS:
        return f"date_sub('{unit}', t_milli({first}), t_milli({second}))"
    step = _MILLISECONDS.get(unit) or _DAYS[unit] * 86_400_000
    return f"((t_floor(epoch_us({second}), 1000) - t_floor(epoch_us({first}), 1000)) // {step})"


macro("t_milli(x)", "make_timestamp(t_floor(epoch_us(x), 1000) * 1000)")


def _difference_clock(call: Call) -> str:
    step = _MILLISECONDS[_unit(call)] * 10**9
    utc = [v.sql if v.type.name == "time" else v.moment for v in call.args[1:]]
    return f"(({utc[1]} - {utc[0]}) // {step})"


functions(
    "date_diff(varchar, date, date) -> bigint",
    lambda call: f"date_sub('{_unit(call)}', {call[1]}, {call[2]})",
)
for _stamp in _STAMPS:
    functions(f"date_diff(varchar, {_stamp}, {_stamp}) -> bigint", _difference)
for _kind in _CLOCKS:
    functions(f"date_diff(varchar, {_kind}, {_kind}) -> bigint", _difference_clock)


def _truncated(call: Call) -> Typed:
    value, unit = call.args[1], _unit(call)
    precision = value.type.precision
    cut = f"CAST(date_trunc('{unit}', {{t}}) AS TIMESTAMP)"
    if value.type.name == "timestamp":
        return times.stamp(cut.replace("{t}", times.micros(value)), "0", precision)
    if unit in _MILLISECONDS:
        utc, there = times.micros(times.moment(value)), times.micros(times.local(value))
        made = utc if utc == there else f"({utc} - ({there} - {cut.replace('{t}', there)}))"
        made = cut.replace("{t}", utc) if utc == there else made
        return times.in_zone(times.stamp(made, "0", precision), value.zone)
    near = _near(value, cut)
    utc_ = times.moment(near)
    return times.in_zone(times.stamp(times.micros(utc_), "0", precision), value.zone)


def _truncated_clock(call: Call) -> str:
    value, step = call.args[1], _MILLISECONDS[_unit(call)] * 10**9
    return _with_clock(value, f"({_clock(value)} // {step} * {step})")


functions(
    "date_trunc(varchar, date) -> date",
    lambda call: f"CAST(date_trunc('{_unit(call)}', {call[1]}) AS DATE)",
)
for _stamp in _STAMPS:
    functions(f"date_trunc(varchar, {_stamp}) -> {_stamp}", _truncated)
for _kind in _CLOCKS:
    functions(f"date_trunc(varchar, {_kind}) -> {_kind}", _truncated_clock)


def _as(kind: Type) -> Callable[[Call], Typed]:
    from queries.engine.trino.casts import cast

    return lambda call: cast(call.args[0], kind)


for _kind in ("date", "varchar", *_STAMPS):
    functions(f"date({_kind}) -> date", _as(types.DATE))


# Zones
def _named(call: Call, place: int) -> str:
    """A zone's name that is given as text; checked now where it is a constant."""
    value = call.args[place].value
    if not isinstance(value, str):
        return f"t_zone({call[place]})"
    try:
        return text(times.zone_id(value))
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
    minutes = times.offset_minutes(zone[1:-1]) if zone.startswith("'") else None
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


for _stamp in _STAMPS:
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
    told = times.stamp_text(times.local(value), "T")
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


# Intervals: milliseconds, or months.
def _at_least_milliseconds(name: str) -> Callable[[Binding], Type]:
    def kind(bound: Binding) -> Type:
        precision = bound["p"]
        return Type(name, (max(3, precision if isinstance(precision, int) else 3),))

    return kind


def _moved(sign: str, value: int, interval: int) -> Callable[[Call], Typed | str]:
    def write(call: Call) -> Typed | str:
        given, step = call.args[value], call.args[interval]
        name, precision = given.type.name, call.result.precision
        if step.type.name == "interval year to month":
            return _moved_months(given, f"({{t}} {sign} to_months({step.sql}))")
        if name.startswith("timestamp"):
            shift = f"make_timestamp(epoch_us({{t}}) {sign} {step.sql} * 1000)"
            if name == "timestamp":
                return times.changed(given, shift, precision)
            moved = times.changed(times.moment(given), shift, precision)
            return times.in_zone(moved, given.zone)
        turn = f"{'-' if sign == '-' else ''}({step.sql} % 86400000) * 1000000000"
        return _with_clock(given, f"t_turned({_clock(given)}, {turn})")

    return write


def _moved_months(given: Typed, template: str) -> Typed:
    if given.type.name == "timestamp":
        return times.changed(given, template)
    # Trino's versions differ in whether the months are UTC's or the zone's.
    utc = times.moment(given)
    one = template.replace("{t}", times.micros(utc))
    if given.zone != "'UTC'":
        there = template.replace("{t}", times.micros(times.local(given)))
        other = times.to_utc_near(there, given.zone, times.micros(utc))
        one = f"t_either({one}, {other})"
    made = times.stamp(one, times.picos(utc), given.type.precision)
    return times.in_zone(made, given.zone)


macro(
    "t_either(a, b)",
    "CASE WHEN a = b THEN a WHEN a IS NOT NULL THEN CAST(t_refuse_text('Months that are added "
    "across a change of the clock are not known here') AS TIMESTAMP) END",
)
macro(
    "t_days(x)",
    "CASE WHEN x % 86400000 <> 0 THEN CAST(t_fail('Cannot add hour, minutes or seconds to a date') "
    "AS INTEGER) ELSE CAST(x // 86400000 AS INTEGER) END",
)
for _operator, _sign in (("add", "+"), ("subtract", "-")):
    for _kind in _INTERVALS:
        operators(f"{_operator}({_kind}, {_kind}) -> {_kind}", f"({{0}} {_sign} {{1}})")
    _orders = (("{a}, {b}", 0, 1), ("{b}, {a}", 1, 0))[: 2 if _sign == "+" else 1]
    for _order, _value, _interval in _orders:
        _both = _order.replace("{a}", "date").replace("{b}", "interval day to second")
        _days = f"({{{_value}}} {_sign} t_days({{{_interval}}}))"
        operators(f"{_operator}({_both}) -> date", _days)
        _both = _order.replace("{a}", "date").replace("{b}", "interval year to month")
        _months = f"CAST({{{_value}}} {_sign} to_months({{{_interval}}}) AS DATE)"
        operators(f"{_operator}({_both}) -> date", _months)
        for _kind in (*_STAMPS, *_CLOCKS):
            _name = _kind.replace("(p)", "")
            _both = _order.replace("{a}", _kind).replace("{b}", "interval day to second")
            operators(
                f"{_operator}({_both}) -> {_kind}",
                _moved(_sign, _value, _interval),
                result=_at_least_milliseconds(_name),
            )
        for _kind in _STAMPS:
            _both = _order.replace("{a}", _kind).replace("{b}", "interval year to month")
            operators(f"{_operator}({_both}) -> {_kind}", _moved(_sign, _value, _interval))

macro(
    "t_number(x)",
    "CASE WHEN isnan(x) THEN CAST(t_fail('An interval takes no NaN') AS DOUBLE) ELSE x END",
)
macro(
    "t_divisor(x)",
    "CASE WHEN isnan(x) OR x = 0 THEN CAST(t_fail('An interval is divided by no zero or NaN') AS "
    "DOUBLE) ELSE x END",
)
for _kind in _INTERVALS:
    operators(f"multiply({_kind}, bigint) -> {_kind}", "CAST({0} * {1} AS {type})")
    operators(f"multiply(bigint, {_kind}) -> {_kind}", "CAST({0} * {1} AS {type})")
    operators(f"multiply({_kind}, double) -> {_kind}", "CAST(trunc({0} * t_number({1})) AS {type})")
    operators(f"multiply(double, {_kind}) -> {_kind}", "CAST(trunc(t_number({0}) * {1}) AS {type})")
    operators(f"divide({_kind}, double) -> {_kind}", "CAST(trunc({0} / t_divisor({1})) AS {type})")
operators(
    "subtract(date, date) -> interval day to second", "(CAST({0} - {1} AS BIGINT) * 86400000)"
)


def _between(call: Call) -> str:
    left, right = call.args
    if left.type.name == "timestamp":
        a, b = times.micros(left), times.micros(right)
        return f"t_floor(epoch_us({a}) - epoch_us({b}) + 500, 1000)"
    parts = [
        f"epoch_us({times.micros(utc)}), {times.picos(utc)}"
        for utc in (times.moment(left), times.moment(right))
    ]
    return f"t_zoned_minus({', '.join(parts)})"


macro(
    "t_zoned_minus(a, p, b, q)",
    "t_floor(a, 1000) - t_floor(b, 1000) + ((t_in_milli(a) * 1000000 + p) - "
    "(t_in_milli(b) * 1000000 + q)) // 500000000",
)
macro("t_in_milli(us)", "((us % 1000) + 1000) % 1000")
for _stamp in _STAMPS:
    operators(f"subtract({_stamp}, {_stamp}) -> interval day to second", _between)
for _kind in _CLOCKS:
    operators(
        f"subtract({_kind}, {_kind}) -> interval day to second",
        lambda call: "t_floor({} - {} + 500000000, 1000000000)".format(
            *(v.sql if v.type.name == "time" else v.moment for v in call.args)
        ),
    )


# Sequences
macro(
    "t_count(distance, step)",
    "CASE WHEN step = 0 THEN CAST(t_fail('step must not be zero') AS "
    "BIGINT) WHEN distance <> 0 AND (distance > 0) <> (step > 0) THEN CAST(t_fail("
    "'sequence stop value should be greater than or equal to start value if step is greater "
    "than zero otherwise stop should be less than or equal to start') AS BIGINT) "
    "WHEN distance // step >= 10000 THEN CAST(t_fail('result of sequence function must not "
    "have more than 10000 entries') AS BIGINT) ELSE distance // step + 1 END",
)
macro(
    "t_dates(a, b, step)",
    "list_transform(range(0, t_count(b - a, t_days(step)), 1), "
    'lambda "i$": a + CAST("i$" * t_days(step) AS INTEGER))',
)
macro(
    "t_times(a, b, step)",
    "list_transform(range(0, t_count(epoch_us(b) - epoch_us(a), step * 1000), 1), "
    'lambda "i$": make_timestamp(epoch_us(a) + "i$" * step * 1000))',
)
# Months: as many as may fit, then those that do.
macro(
    "t_by_months(a, b, step)",
    "list_filter(list_transform(range(0, t_count(12 * (year(b) - year(a)) + month(b) - month(a) + "
    "CASE WHEN step = 0 THEN 0 WHEN b >= a AND step > 0 THEN 0 WHEN b <= a AND step < 0 THEN 0 "
    "ELSE CASE WHEN step > 0 THEN -1 ELSE 1 END END, CAST(step AS BIGINT)), 1), "
    'lambda "i$": a + to_months(CAST("i$" * step AS INTEGER))), '
    'lambda "d$": CASE WHEN step > 0 THEN "d$" <= b ELSE "d$" >= b END)',
)


def _sequence(template: str) -> Callable[[Call], str]:
    def write(call: Call) -> str:
        if call.args[0].type.precision > 6:
            raise Refused("A sequence finer than microseconds is not known here.")
        made = call.write(template)
        return (
            f"CASE WHEN {' AND '.join(f'{a.sql} IS NOT NULL' for a in call.args)} THEN {made} END"
        )

    return write


functions(
    "sequence(date, date) -> array(date)",
    _sequence("t_dates({0}, {1}, CASE WHEN {0} <= {1} THEN 86400000 ELSE -86400000 END)"),
)
for _kind, _made in (("date", "t_dates"), ("timestamp(p)", "t_times")):
    functions(
        f"sequence({_kind}, {_kind}, interval day to second) -> array({_kind})",
        _sequence(f"{_made}({{0}}, {{1}}, {{2}})"),
    )
    functions(
        f"sequence({_kind}, {_kind}, interval year to month) -> array({_kind})",
        _sequence("CAST(t_by_months({0}, {1}, {2}) AS {type})"),
    )
