"""Dates and times: now, and their fields: https://trino.io/docs/current/functions/datetime.html"""

from collections.abc import Callable

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import time_casts, times, types
from queries.engine.trino.functions.clocks import CLOCKS, STAMPS, clock_of
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

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
    return lambda call: f"({clock_of(call.args[0])} // {step * 10**9} % {size})"


for _name, _template in {**_OF_DAY, **_OF_CLOCK}.items():
    _given = "date" if _name.startswith("last") else "bigint"
    if _name in _OF_DAY:
        functions(f"{_name}(date) -> {_given}", _template.replace("{x}", "{0}"))
    for _stamp in STAMPS:
        functions(f"{_name}({_stamp}) -> {_given}", _of_local(_template))
for _name, _step, _size in (
    ("hour", 3_600_000, 24),
    ("minute", 60_000, 60),
    ("second", 1000, 60),
    ("millisecond", 1, 1000),
):
    for _kind in CLOCKS:
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


def _as(kind: Type) -> Callable[[Call], Typed]:
    from queries.engine.trino.casts import cast

    return lambda call: cast(call.args[0], kind)


for _kind in ("date", "varchar", *STAMPS):
    functions(f"date({_kind}) -> date", _as(types.DATE))
