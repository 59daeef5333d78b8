"""Mathematical functions: https://trino.io/docs/current/functions/math.html

By `MathFunctions` of trinodb/trino, whose halves are rounded away from zero.
"""

import math
import re
import struct
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import numeric, types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import DIGITS, INTEGERS, Type

functions = Family()
operators = Family()

_FLOATS = ("real", "double")


def _digits(bound: Binding) -> tuple[int, int]:
    """A decimal's precision and scale."""
    precision, scale = bound["p"], bound["s"]
    assert isinstance(precision, int) and isinstance(scale, int)
    return precision, scale


def _whole(bound: Binding) -> Type:
    precision, scale = _digits(bound)
    return types.decimal(min(38, precision - scale + min(1, scale)), 0)


for _kind in (*INTEGERS, *_FLOATS):
    functions(f"abs({_kind}) -> {_kind}", "abs({0})")
functions("abs(decimal(p, s)) -> decimal(p, s)", "abs({0})")

# Without a value, and one that is no number.
functions("pi() -> double", "pi()")
functions("e() -> double", "2.718281828459045::DOUBLE")
functions("nan() -> double", "'NaN'::DOUBLE")
functions("infinity() -> double", "'Infinity'::DOUBLE")
functions("is_nan(double) -> boolean", "isnan({0})")
functions("is_nan(real) -> boolean", "isnan({0})")
functions("is_infinite(double) -> boolean", "isinf({0})")
functions("is_finite(double) -> boolean", "isfinite({0})")

# Powers, logarithms, angles.
for _name in ("acos", "asin", "atan", "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "ln"):
    functions(f"{_name}(double) -> double", f"{_name}({{0}})")
functions("log10(double) -> double", "log10({0})")
functions("atan2(double, double) -> double", "atan2({0}, {1})")
functions("sqrt(double) -> double", "CASE WHEN {0} < 0 THEN 'NaN'::DOUBLE ELSE sqrt({0}) END")
functions("log2(double) -> double", "(ln({0}) / 0.6931471805599453::DOUBLE)")
functions("log(double, double) -> double", "(ln({1}) / ln({0}))")
functions("degrees(double) -> double", "({0} * 57.29577951308232::DOUBLE)")
functions("radians(double) -> double", "({0} * 0.017453292519943295::DOUBLE)")
# C has 1 for any power of 1 and for an endless power of -1.
macro(
    "t_power(a, b)",
    "CASE WHEN isnan(b) OR (isinf(b) AND abs(a) = 1) THEN 'NaN'::DOUBLE ELSE pow(a, b) END",
)
for _name in ("power", "pow"):
    functions(f"{_name}(double, double) -> double", "t_power({0}, {1})")


# C's own is off in the last place where Java's is not: by fdlibm, which Java takes it from.
@python("t_cbrt(DOUBLE)", "DOUBLE", pa.float64())
def _cbrt(value: float) -> float:
    if not value or not math.isfinite(value):
        return value
    x = abs(value)
    [high] = struct.unpack(">I", struct.pack(">d", x)[:4])
    if high < 0x00100000:
        [high] = struct.unpack(">I", struct.pack(">d", x * 2.0**54)[:4])
        t = _double(high // 3 + 696219795)
    else:
        t = _double(high // 3 + 715094163)
    s = 19 / 35 + t * t / x * t
    t *= 5 / 14 + 45 / 28 / (s + 99 / 70 + -864 / 1225 / s)
    [high] = struct.unpack(">I", struct.pack(">d", t)[:4])
    t = _double(high + 1)
    r = x / (t * t)
    return math.copysign(t + t * ((r - t) / (t + t + r)), value)


def _double(high: int) -> float:
    """The number of which these are the higher 32 bits, and the others 0."""
    [found] = struct.unpack(">d", struct.pack(">II", high, 0))
    return float(found)


functions("cbrt(double) -> double", "t_cbrt({0})")

# To whole numbers.
for _name in ("ceil", "ceiling", "floor", "round"):
    for _kind in INTEGERS:
        functions(f"{_name}({_kind}) -> {_kind}", "{0}")
for _name, _how in (("ceil", "ceil"), ("ceiling", "ceil"), ("floor", "floor")):
    for _kind in _FLOATS:
        functions(f"{_name}({_kind}) -> {_kind}", f"{_how}({{0}})")
    functions(
        f"{_name}(decimal(p, s)) -> decimal(p, s)",
        f"CAST({_how}({{0}}) AS {{type}})",
        result=_whole,
    )
for _kind in _FLOATS:
    functions(f"truncate({_kind}) -> {_kind}", "trunc({0})")
for _kind in INTEGERS:
    functions(f"truncate({_kind}) -> decimal({DIGITS[_kind]}, 0)", "CAST({0} AS {type})")

macro(
    "t_round(x, n)",
    "CASE WHEN NOT isfinite(x) THEN x WHEN abs(n) > 300 OR abs(x * pow(10::DOUBLE, n)) >= "
    "9223372036854775807::DOUBLE THEN CAST(t_refuse('round of a number as large as this is not "
    "known here') AS DOUBLE) ELSE t_round_any(x, n) END",
)
macro(
    "t_round_any(x, n)",
    "CASE WHEN x < 0 THEN -(round(-x * pow(10::DOUBLE, n)) / pow(10::DOUBLE, n)) "
    "ELSE (round(x * pow(10::DOUBLE, n)) + 0) / pow(10::DOUBLE, n) END",
)
functions("round(double) -> double", "t_round({0}, 0)")
functions("round(double, integer) -> double", "t_round({0}, {1})")
functions("round(real) -> real", "CAST(t_round(CAST({0} AS DOUBLE), 0) AS FLOAT)")
functions("round(real, integer) -> real", "CAST(t_round(CAST({0} AS DOUBLE), {1}) AS FLOAT)")

macro(
    "t_round_whole(x, n)",
    "CASE WHEN n IS NULL THEN NULL WHEN n >= 0 THEN x WHEN n < -18 "
    "THEN CAST(t_fail('numerical overflow: ' || x) AS BIGINT) "
    "ELSE t_halves(x, CAST(pow(10::DOUBLE, greatest(-n, 0)) AS BIGINT)) END",
)
macro(
    "t_halves(x, f)",
    "(x // f + CASE WHEN abs(x % f) >= f - abs(x % f) THEN sign(x) ELSE 0 END) * f",
)
for _kind in INTEGERS:
    functions(
        f"round({_kind}, integer) -> {_kind}",
        "CAST(t_round_whole(CAST({0} AS BIGINT), {1}) AS {type})",
    )


@python("t_round_decimal(VARCHAR, INTEGER, INTEGER)", "VARCHAR", pa.string())
def _round_decimal(value: str, digits: int, scale: int) -> str:
    return _quantized(value, digits, scale, ROUND_HALF_UP)


@python("t_truncate_decimal(VARCHAR, INTEGER, INTEGER)", "VARCHAR", pa.string())
def _truncate_decimal(value: str, digits: int, scale: int) -> str:
    return _quantized(value, digits, scale, ROUND_DOWN)


def _quantized(value: str, digits: int, scale: int, rounding: str) -> str:
    number = Decimal(value)
    if digits < scale:
        unit = Decimal(1).scaleb(-max(digits, -60))
        number = number.quantize(unit, context=Context(prec=120, rounding=rounding))
    return format(number, "f")


def _rounded(call: Call) -> str:
    """A decimal to some digits; a short one of which none would be left is 0."""
    precision, scale = _digits(call.bound)
    digits = call.args[1].value
    if not isinstance(digits, int) or digits < -30:
        told = f"t_round_decimal(CAST({call[0]} AS VARCHAR), {call[1]}, {scale})"
        if precision <= 17:
            told = f"CASE WHEN {precision - scale} + {call[1]} <= 0 THEN '0' ELSE {told} END"
        return f"CAST({told} AS {call.result.duckdb})"
    wide = f"CAST({call[0]} AS {call.result.duckdb})"
    if digits >= scale:
        return wide
    if precision <= 17 and precision - scale + digits <= 0:
        return f"CASE WHEN {call[0]} IS NOT NULL THEN CAST(0 AS {call.result.duckdb}) END"
    return f"CAST(round({wide}, {digits}) AS {call.result.duckdb})"


def _truncated(call: Call) -> str:
    precision, scale = _digits(call.bound)
    digits = call.args[1].value
    if isinstance(digits, int) and digits >= scale:
        return call[0]
    if isinstance(digits, int) and digits >= -30:
        return f"CAST(trunc({call[0]}, {digits}) AS {call.result.duckdb})"
    told = f"t_truncate_decimal(CAST({call[0]} AS VARCHAR), {call[1]}, {scale})"
    return f"CAST({told} AS {call.result.duckdb})"


def _one_more(bound: Binding) -> Type:
    precision, scale = _digits(bound)
    return types.decimal(min(38, precision + 1), scale)


functions("round(decimal(p, s)) -> decimal(p, s)", "CAST(round({0}) AS {type})", result=_whole)
functions("round(decimal(p, s), integer) -> decimal(p, s)", _rounded, result=_one_more)
functions(
    "truncate(decimal(p, s)) -> decimal(p, s)",
    "CAST(trunc({0}) AS {type})",
    result=lambda bound: types.decimal(max(1, _digits(bound)[0] - _digits(bound)[1]), 0),
)
functions("truncate(decimal(p, s), integer) -> decimal(p, s)", _truncated)

# Signs and remainders.
for _kind in INTEGERS:
    functions(f"sign({_kind}) -> {_kind}", "CAST(sign({0}) AS {type})")
functions("sign(decimal(p, s)) -> decimal(1, 0)", "CAST(sign({0}) AS {type})")
for _kind in _FLOATS:
    functions(
        f"sign({_kind}) -> {_kind}",
        "CASE WHEN {0} IS NULL OR isnan({0}) OR {0} = 0 THEN {0} WHEN {0} > 0 THEN 1 ELSE -1 END",
    )


def _mod(call: Call) -> Typed:
    found = numeric.arithmetic("modulus", call.args[0], call.args[1])
    if found is None:
        raise BadSQL(f'"mod" does not take {call.args[0].type} and {call.args[1].type}.')
    return found


functions("mod(T, U) -> double", _mod)

# Random numbers, other ones each time.
macro(
    "t_random(a, b)",
    "CASE WHEN a < b THEN a + CAST(floor(random() * (b::HUGEINT - a)) AS HUGEINT) "
    "ELSE CAST(t_fail('start value must be less than stop value') AS HUGEINT) END",
)
macro(
    "t_random_below(n)",
    "CASE WHEN n > 0 THEN floor(random() * n) "
    "ELSE CAST(t_fail('bound must be positive') AS DOUBLE) END",
)
for _name in ("random", "rand"):
    functions(f"{_name}() -> double", "random()")
    for _kind in INTEGERS:
        functions(f"{_name}({_kind}) -> {_kind}", "CAST(t_random_below({0}) AS {type})")
        functions(f"{_name}({_kind}, {_kind}) -> {_kind}", "CAST(t_random({0}, {1}) AS {type})")


# Any null makes it null, where DuckDB leaves nulls out; NaN is told only where all are NaN.
def _extreme(name: str):  # type: ignore[no-untyped-def]
    def write(call: Call) -> str:
        if call.result.name in ("array", "map", "row", "json") or call.result.name.endswith("zone"):
            raise Refused(f"{name} of {call.result} is not known here.")
        some = " AND ".join(f"{arg.sql} IS NOT NULL" for arg in call.args)
        if call.result.name in _FLOATS:
            told = ", ".join(f"CASE WHEN NOT isnan({a.sql}) THEN {a.sql} END" for a in call.args)
            found = f"coalesce({name}({told}), {call[0]})"
        else:
            found = f"{name}({', '.join(arg.sql for arg in call.args)})"
        return f"CASE WHEN {some} THEN {found} END"

    return write


functions("greatest(T...) -> T", _extreme("greatest"))
functions("least(T...) -> T", _extreme("least"))


@python("t_format_number(BIGINT)", "VARCHAR", pa.string())
def _format_number(count: int) -> str:
    value, unit = float(count), ""
    for letter in "KMBTQ":
        if -1000 < value < 1000:
            break
        value, unit = value / 1000, letter
    digits = 2 if value < 10 else 1 if value < 100 else 0
    told = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = format(told, "f")
    return (text.rstrip("0").rstrip(".") if digits else text) + unit


macro(
    "t_unrounded(x)",
    "CASE WHEN isnan(x) THEN 0 WHEN x >= 9223372036854775807::DOUBLE THEN 9223372036854775807 "
    "WHEN x <= -9223372036854775808::DOUBLE THEN -9223372036854775807 - 1 "
    "ELSE CAST(trunc(x) AS BIGINT) END",
)
functions("format_number(bigint) -> varchar", "t_format_number({0})")
functions("format_number(double) -> varchar", "t_format_number(t_unrounded({0}))")

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


@python("t_data_size(VARCHAR)", "VARCHAR", pa.string())
def _data_size(value: str) -> str:
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)([a-zA-Z]+)", value, re.ASCII)
    if found is None or found[2] not in _SIZES:
        raise ValueError(f"Invalid data size: '{value}'")
    context = Context(prec=200)
    number = context.multiply(Decimal(found[1]), Decimal(1024 ** _SIZES.index(found[2])))
    whole = number.to_integral_value(rounding=ROUND_DOWN)
    if whole >= 10**38:
        raise ValueError(f"Value out of range: '{value}' ('{whole:f}B')")
    return format(whole, "f")


for _name in ("parse_data_size", "parse_presto_data_size"):
    functions(f"{_name}(varchar) -> decimal(38, 0)", "CAST(t_data_size({0}) AS DECIMAL(38, 0))")
