"""Intervals, milliseconds or months, and sequences by them."""

from collections.abc import Callable

from queries.engine.errors import Refused
from queries.engine.trino import time_zones, times
from queries.engine.trino.functions.clocks import CLOCKS, STAMPS, clock_of, with_clock
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_INTERVALS = ("interval day to second", "interval year to month")


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
        return with_clock(given, f"t_turned({clock_of(given)}, {turn})")

    return write


def _moved_months(given: Typed, template: str) -> Typed:
    if given.type.name == "timestamp":
        return times.changed(given, template)
    # Trino's versions differ in whether the months are UTC's or the zone's.
    utc = times.moment(given)
    one = template.replace("{t}", times.micros(utc))
    if given.zone != "'UTC'":
        there = template.replace("{t}", times.micros(times.local(given)))
        other = time_zones.to_utc_near(there, given.zone, times.micros(utc))
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
        for _kind in (*STAMPS, *CLOCKS):
            _name = _kind.replace("(p)", "")
            _both = _order.replace("{a}", _kind).replace("{b}", "interval day to second")
            operators(
                f"{_operator}({_both}) -> {_kind}",
                _moved(_sign, _value, _interval),
                result=_at_least_milliseconds(_name),
            )
        for _kind in STAMPS:
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
for _stamp in STAMPS:
    operators(f"subtract({_stamp}, {_stamp}) -> interval day to second", _between)
for _kind in CLOCKS:
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
