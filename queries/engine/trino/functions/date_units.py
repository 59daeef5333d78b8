"""Dates and times by units: date_add, date_diff, date_trunc."""

from queries.engine.errors import BadSQL
from queries.engine.trino import time_zones, times, types
from queries.engine.trino.functions.clocks import CLOCKS, MILLISECONDS, STAMPS, clock_of, with_clock
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.typed import Typed

functions = Family()
operators = Family()

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _unit(call: Call) -> str:
    """The unit that a call names, which its last argument must have."""
    name = call.args[-1].type.name
    known = [*MILLISECONDS] if name.startswith("time") else []
    if not name.startswith("time ") and name != "time":
        known += [*_DAYS, *_MONTHS]
    unit = call.constant(0, "the unit").lower()
    if unit not in known:
        raise BadSQL(f'"{unit}" is no unit here; there are: {", ".join(known)}.')
    return unit


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
    step = MILLISECONDS.get(unit) or _DAYS[unit] * 86_400_000
    return f"make_timestamp(epoch_us({{t}}) + {count} * {step * 1000})"


def _near(value: Typed, template: str) -> Typed:
    """What clocks show, through a template, in the same zone again."""
    utc, there = times.moment(value), times.local(value)
    changed = time_zones.to_utc_near(
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
    if unit in MILLISECONDS:
        utc = times.changed(times.moment(value), shift)
        return times.in_zone(_fewer(utc) if unit == "millisecond" else utc, value.zone)
    return _near(value, shift)


def _added_day(call: Call) -> str:
    unit = _unit(call)
    if unit in _MONTHS:
        return f"CAST({_shift(unit, call[1]).replace('{t}', call[2])} AS DATE)"
    return f"({call[2]} + CAST(t_units({call[1]}) * {_DAYS[unit]} AS INTEGER))"


def _added_clock(call: Call) -> str:
    value, step = call.args[2], MILLISECONDS[_unit(call)]
    clock = f"t_turned({clock_of(value)}, (({call[1]}) % {86_400_000 // step}) * {step * 10**9})"
    precision = value.type.precision
    return with_clock(value, times.clock_rounded(clock, 12 if precision < 3 else 0, precision))


functions("date_add(varchar, bigint, date) -> date", _added_day)
for _stamp in STAMPS:
    functions(f"date_add(varchar, bigint, {_stamp}) -> {_stamp}", _added)
for _kind in CLOCKS:
    functions(f"date_add(varchar, bigint, {_kind}) -> {_kind}", _added_clock)


# Only whole units count, of milliseconds.
def _difference(call: Call) -> str:
    unit, (_, left, right) = _unit(call), call.args
    if left.type.name == "timestamp with time zone":
        zone = left.zone
        first, second = times.micros(times.moment(left)), times.micros(times.moment(right))
        if unit not in MILLISECONDS:
            first, second = time_zones.to_local(first, zone), time_zones.to_local(second, zone)
    else:
        first, second = times.micros(left), times.micros(right)
    if unit in _MONTHS:
        return f"date_sub('{unit}', t_milli({first}), t_milli({second}))"
    step = MILLISECONDS.get(unit) or _DAYS[unit] * 86_400_000
    return f"((t_floor(epoch_us({second}), 1000) - t_floor(epoch_us({first}), 1000)) // {step})"


macro("t_milli(x)", "make_timestamp(t_floor(epoch_us(x), 1000) * 1000)")


def _difference_clock(call: Call) -> str:
    step = MILLISECONDS[_unit(call)] * 10**9
    utc = [v.sql if v.type.name == "time" else v.moment for v in call.args[1:]]
    return f"(({utc[1]} - {utc[0]}) // {step})"


functions(
    "date_diff(varchar, date, date) -> bigint",
    lambda call: f"date_sub('{_unit(call)}', {call[1]}, {call[2]})",
)
for _stamp in STAMPS:
    functions(f"date_diff(varchar, {_stamp}, {_stamp}) -> bigint", _difference)
for _kind in CLOCKS:
    functions(f"date_diff(varchar, {_kind}, {_kind}) -> bigint", _difference_clock)


def _truncated(call: Call) -> Typed:
    value, unit = call.args[1], _unit(call)
    precision = value.type.precision
    cut = f"CAST(date_trunc('{unit}', {{t}}) AS TIMESTAMP)"
    if value.type.name == "timestamp":
        return times.stamp(cut.replace("{t}", times.micros(value)), "0", precision)
    if unit in MILLISECONDS:
        utc, there = times.micros(times.moment(value)), times.micros(times.local(value))
        made = utc if utc == there else f"({utc} - ({there} - {cut.replace('{t}', there)}))"
        made = cut.replace("{t}", utc) if utc == there else made
        return times.in_zone(times.stamp(made, "0", precision), value.zone)
    near = _near(value, cut)
    utc_ = times.moment(near)
    return times.in_zone(times.stamp(times.micros(utc_), "0", precision), value.zone)


def _truncated_clock(call: Call) -> str:
    value, step = call.args[1], MILLISECONDS[_unit(call)] * 10**9
    return with_clock(value, f"({clock_of(value)} // {step} * {step})")


functions(
    "date_trunc(varchar, date) -> date",
    lambda call: f"CAST(date_trunc('{_unit(call)}', {call[1]}) AS DATE)",
)
for _stamp in STAMPS:
    functions(f"date_trunc(varchar, {_stamp}) -> {_stamp}", _truncated)
for _kind in CLOCKS:
    functions(f"date_trunc(varchar, {_kind}) -> {_kind}", _truncated_clock)
