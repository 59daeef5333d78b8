"""Dates, times and intervals: https://trino.io/docs/current/functions/datetime.html"""

from queries.engine.errors import BadSQL
from queries.engine.trino import literals, types
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.typed import Typed, text, zoned
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_DATE_UNITS = ("day", "week", "month", "quarter", "year")


def _unit(call: Call, known: tuple[str, ...]) -> str:
    unit = call.constant(0, "the unit").lower()
    if unit not in known:
        raise BadSQL(f'"{unit}" is no unit here; there are: {", ".join(known)}.')
    return unit


# Now, in UTC, as the session's zone is.
functions("current_date() -> date", "CAST(timezone('UTC', now()) AS DATE)")


def _now(call: Call) -> Typed:
    return zoned("date_trunc('millisecond', timezone('UTC', now()))", "'UTC'", types.zoned(3))


functions("now() -> timestamp(3) with time zone", _now)
functions("current_timestamp() -> timestamp(3) with time zone", _now)

# Fields. Weeks and weekdays are ISO's, whose Monday is 1.
_FIELDS = {
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
}
_CLOCK = {
    "hour": "hour({x})",
    "minute": "minute({x})",
    "second": "second({x})",
    "millisecond": "(millisecond({x}) % 1000)",
}


def _local(template: str) -> "object":
    def write(call: Call) -> str:
        return template.replace("{x}", call.args[0].local)

    return write


for _name, _template in {**_FIELDS, **_CLOCK}.items():
    if _name in _FIELDS:
        functions(f"{_name}(date) -> bigint", _template.replace("{x}", "{0}"))
    functions(f"{_name}(timestamp(p)) -> bigint", _template.replace("{x}", "{0}"))
    functions(f"{_name}(timestamp(p) with time zone) -> bigint", _local(_template))  # type: ignore[arg-type]


# Arithmetic by units.
def _added(call: Call) -> str:
    kind = call.args[2].type
    unit = _unit(call, _DATE_UNITS if kind.name == "date" else _UNITS)
    count, step = f"({call[1]})", f"to_{unit}s"
    if unit == "quarter":
        count, step = f"(3 * {call[1]})", "to_months"
    elif unit == "week":
        count, step = f"(7 * {call[1]})", "to_days"
    # DuckDB's days, months and years are of 32 bits.
    if step in ("to_days", "to_months", "to_years"):
        count = f"CAST({count} AS INTEGER)"
    return f"CAST({call[2]} + {step}({count}) AS {kind.duckdb})"


functions("date_add(varchar, bigint, date) -> date", _added)
functions("date_add(varchar, bigint, timestamp(p)) -> timestamp(p)", _added)


# Only whole units count.
def _difference(call: Call) -> str:
    unit = _unit(call, _DATE_UNITS if call.args[1].type.name == "date" else _UNITS)
    return f"date_sub('{unit}', {call[1]}, {call[2]})"


functions("date_diff(varchar, date, date) -> bigint", _difference)
functions(
    "date_diff(varchar, timestamp(p), timestamp(p)) -> bigint", lambda call: _difference(call)
)


def _truncated(call: Call) -> str:
    kind = call.args[1].type
    unit = _unit(call, _DATE_UNITS if kind.name == "date" else _UNITS)
    return f"CAST(date_trunc('{unit}', {call[1]}) AS {kind.duckdb})"


functions("date_trunc(varchar, date) -> date", _truncated)
functions("date_trunc(varchar, timestamp(p)) -> timestamp(p)", _truncated)
functions("date(date) -> date", "{0}")
functions("date(timestamp(p)) -> date", "CAST({0} AS DATE)")

# MySQL's letters of `date_format` that DuckDB's strftime has as well, or under another name.
_LETTERS = {
    "a": "%a", "b": "%b", "d": "%d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "W": "%A", "Y": "%Y", "y": "%y", "%": "%%", "c": "%-m", "e": "%-d",
    "k": "%-H", "l": "%-I", "v": "%V", "x": "%G",
}  # fmt: skip


def mysql_format(pattern: str) -> str:
    """A format of MySQL's for DuckDB's strftime."""
    made, letters = "", iter(pattern)
    for letter in letters:
        if letter != "%":
            made += letter
            continue
        kind = next(letters, "")
        if kind in ("D", "U", "u", "V", "w", "X"):
            raise BadSQL(f"%{kind} of a date format is not supported by Trino.")
        made += _LETTERS.get(kind, kind.replace("%", "%%"))
    return made


def _formatted(call: Call) -> str:
    pattern = mysql_format(call.constant(1, "the format"))
    return f"strftime({call[0]}, {text(pattern)})"


functions("date_format(timestamp(p), varchar) -> varchar", _formatted)


# Zones.
def _at_timezone(call: Call) -> Typed:
    name = call.constant(1, "the zone")
    literals.named_zone(name)
    return zoned(call.args[0].moment, text(name), call.result)


functions(
    "at_timezone(timestamp(p) with time zone, varchar) -> timestamp(p) with time zone", _at_timezone
)


def _from_unixtime(call: Call) -> Typed:
    moment = f"make_timestamp(CAST(round(({call[0]}) * 1000) AS BIGINT) * 1000)"
    return zoned(moment, "'UTC'", call.result)


functions("from_unixtime(double) -> timestamp(3) with time zone", _from_unixtime)


# Intervals: milliseconds, or months.
def _at_least_milliseconds(bound: dict[str, "Type | int | None"]) -> Type:
    precision = bound["p"]
    return types.timestamp(max(3, precision if isinstance(precision, int) else 3))


macro(
    "t_days(x)",
    "CASE WHEN x % 86400000 = 0 THEN CAST(x // 86400000 AS INTEGER) ELSE "
    "CAST(t_fail('Cannot add hour, minutes or seconds to a date') AS INTEGER) END",
)
for _operator, _sign in (("add", "+"), ("subtract", "-")):
    operators(
        f"{_operator}(date, interval day to second) -> date",
        f"CAST({{0}} {_sign} to_days(t_days({{1}})) AS DATE)",
    )
    operators(
        f"{_operator}(date, interval year to month) -> date",
        f"CAST({{0}} {_sign} to_months({{1}}) AS DATE)",
    )
    operators(
        f"{_operator}(timestamp(p), interval day to second) -> timestamp(p)",
        f"({{0}} {_sign} to_milliseconds({{1}}))",
        result=_at_least_milliseconds,
    )
    operators(
        f"{_operator}(timestamp(p), interval year to month) -> timestamp(p)",
        f"({{0}} {_sign} to_months({{1}}))",
    )
    for _kind in ("interval day to second", "interval year to month"):
        operators(f"{_operator}({_kind}, {_kind}) -> {_kind}", f"({{0}} {_sign} {{1}})")
operators("add(interval day to second, date) -> date", "CAST({1} + to_days(t_days({0})) AS DATE)")
operators("add(interval year to month, date) -> date", "CAST({1} + to_months({0}) AS DATE)")
operators(
    "add(interval day to second, timestamp(p)) -> timestamp(p)",
    "({1} + to_milliseconds({0}))",
    result=_at_least_milliseconds,
)
operators("add(interval year to month, timestamp(p)) -> timestamp(p)", "({1} + to_months({0}))")
for _kind in ("interval day to second", "interval year to month"):
    operators(f"multiply({_kind}, bigint) -> {_kind}", "CAST({0} * {1} AS {type})")
    operators(f"multiply(bigint, {_kind}) -> {_kind}", "CAST({0} * {1} AS {type})")
operators(
    "subtract(date, date) -> interval day to second", "(CAST({0} - {1} AS BIGINT) * 86400000)"
)
operators(
    "subtract(timestamp(p), timestamp(p)) -> interval day to second",
    "((epoch_us({0}) - epoch_us({1})) // 1000)",
)


def _sequence_of_dates(call: Call) -> str:
    return f"t_dates({', '.join(arg.sql for arg in call.args)})"


macro(
    "t_dates(a, b, step)",
    "list_transform(range(0, t_count(b - a, t_days(step)), 1), "
    'lambda "i$": CAST(a + to_days(CAST("i$" AS INTEGER) * t_days(step)) AS DATE))',
)
macro(
    "t_count(distance, step)",
    "CASE WHEN step = 0 THEN CAST(t_fail('step must not be zero') AS "
    "BIGINT) WHEN distance <> 0 AND (distance > 0) <> (step > 0) THEN CAST(t_fail("
    "'sequence stop value should be greater than or equal to start value if step is greater "
    "than zero otherwise stop should be less than or equal to start') AS BIGINT) "
    "WHEN distance // step >= 10000 THEN CAST(t_fail('result of sequence function must not "
    "have more than 10000 entries') AS BIGINT) ELSE distance // step + 1 END",
)
functions(
    "sequence(date, date) -> array(date)",
    "t_dates({0}, {1}, CASE WHEN {0} <= {1} THEN 86400000 ELSE -86400000 END)",
)
functions("sequence(date, date, interval day to second) -> array(date)", _sequence_of_dates)
