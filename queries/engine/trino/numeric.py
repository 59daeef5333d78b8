"""Arithmetic and comparisons: what Trino makes of two values, by their types."""

import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import types
from queries.engine.trino.casts import coerced
from queries.engine.trino.coercions import as_decimal, common
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import INTEGERS, Type

NUMBERS = (*INTEGERS, "decimal", "real", "double")
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulus": "%"}
COMPARISONS = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_NESTED = ("array", "map", "row")

# Halves away from zero: https://trino.io/docs/current/functions/decimal.html
macro(
    "t_quotient(a, b)",
    "(a // b + CASE WHEN abs(a % b) >= abs(b) - abs(a % b) "
    "THEN CASE WHEN (a < 0) = (b < 0) THEN 1 ELSE -1 END ELSE 0 END)",
)


# By -1 DuckDB has an overflow for the least number.
macro("t_remainder(a, b)", "CASE WHEN b = -1 THEN a - a ELSE a % b END")


def arithmetic(name: str, left: Typed, right: Typed) -> Typed | None:
    """The operation on two numbers; None where they are none."""
    if left.type.name == "unknown" and right.type.name in NUMBERS:
        left = coerced(left, right.type)
    if right.type.name == "unknown" and left.type.name in NUMBERS:
        right = coerced(right, left.type)
    if left.type.name not in NUMBERS or right.type.name not in NUMBERS:
        return None
    both = common(left.type, right.type)
    assert both is not None
    if both.name == "decimal":
        return _decimal(name, left, right)
    left, right = coerced(left, both), coerced(right, both)
    sign = _SIGNS[name]
    if name == "divide" and both.name in INTEGERS:
        sign = "//"
    if name == "modulus" and both.name in INTEGERS and right.value in (None, -1):
        return Typed(f"t_remainder({left.sql}, {right.sql})", both)
    return Typed(f"({left.sql} {sign} {right.sql})", both)


def decimal_type(name: str, left: Type, right: Type) -> Type:
    """The type of an operation on decimals: https://trino.io/docs/current/functions/decimal.html"""
    p, s, q, t = left.precision, left.scale, right.precision, right.scale
    match name:
        case "add" | "subtract":
            return types.decimal(min(38, max(p - s, q - t) + max(s, t) + 1), max(s, t))
        case "multiply":
            if s + t > 38:
                raise BadSQL(f"A decimal of {s + t} digits behind the point is more than 38.")
            return types.decimal(min(38, p + q), s + t)
        case "divide":
            return types.decimal(min(38, p + t + max(t - s, 0)), max(s, t))
    return types.decimal(max(min(p - s, q - t) + max(s, t), 1), max(s, t))


def _decimal(name: str, left: Typed, right: Typed) -> Typed:
    left, right = (coerced(each, as_decimal(each.type)) for each in (left, right))
    result = decimal_type(name, left.type, right.type)
    if name == "divide":
        return Typed(_quotient(left, right, result), result)
    if name == "modulus":
        whole = types.decimal(38, result.scale)
        if _too_wide(left, result) or _too_wide(right, result):
            return _exactly(name, left, right, result)
        parts = [f"CAST({each.sql} AS {whole.duckdb})" for each in (left, right)]
        return Typed(f"CAST({parts[0]} % {parts[1]} AS {result.duckdb})", result)
    if name in ("add", "subtract"):
        if _too_wide(left, result) or _too_wide(right, result):
            return _exactly(name, left, right, result)
        left, right = (
            Typed(f"CAST({each.sql} AS {_wide(each, result).duckdb})", result)
            for each in (left, right)
        )
    elif max(left.type.precision, right.type.precision) <= 18 < result.precision:
        # DuckDB would keep the product within 64 bits, as its factors are.
        kind = types.decimal(19, left.type.scale)
        left = Typed(f"CAST({left.sql} AS {kind.duckdb})", kind)
    return Typed(f"CAST({left.sql} {_SIGNS[name]} {right.sql} AS {result.duckdb})", result)


def _too_wide(value: Typed, result: Type) -> bool:
    """Whether a value with the digits of the result behind its point can have more than 38."""
    return value.type.precision - value.type.scale + result.scale > 38


def _exactly(name: str, left: Typed, right: Typed, result: Type) -> Typed:
    texts = [f"CAST({each.sql} AS VARCHAR)" for each in (left, right)]
    made = f"t_exactly('{name}', {', '.join(texts)}, {result.scale})"
    return Typed(f"CAST({made} AS {result.duckdb})", result)


@python("t_exactly(VARCHAR, VARCHAR, VARCHAR, INTEGER)", "VARCHAR", pa.string())
def _of_wide(name: str, left: str, right: str, scale: int) -> str:
    """By numbers of 127 bits, as Trino has them."""
    from decimal import Context, Decimal

    context = Context(prec=120)
    one, other = Decimal(left), Decimal(right)
    if name == "modulus":
        if other == 0:
            raise ValueError("Division by zero")
        return format(context.remainder(one, other), "f")
    if max(abs(one), abs(other)).scaleb(scale, context) >= 2**127:
        raise ValueError("Decimal overflow")
    found = context.subtract(one, other) if name == "subtract" else context.add(one, other)
    return format(found, "f")


def _wide(value: Typed, result: Type) -> Type:
    whole = value.type.precision - value.type.scale
    return types.decimal(min(38, max(whole + result.scale, 1)), result.scale)


def _quotient(left: Typed, right: Typed, result: Type) -> str:
    """A quotient to the result's scale, in whole numbers of 128 bits where these are enough."""
    # left / right = (l / 10^s) / (r / 10^t); of the digits wanted: l * 10^(scale + t - s) / r.
    shift = result.scale + right.type.scale - left.type.scale
    if left.type.precision + shift <= 37 and result.precision <= 37:
        numerator = f"{whole(left)} * {10**shift}::HUGEINT"
        quotient = f"t_quotient({numerator}, {whole(right)})"
        return scaled(quotient, result)
    text = f"t_divide(CAST({left.sql} AS VARCHAR), CAST({right.sql} AS VARCHAR), {result.scale})"
    return f"CAST({text} AS {result.duckdb})"


def whole(value: Typed) -> str:
    """A decimal's digits as a whole number."""
    if value.type.scale == 0:
        return f"CAST({value.sql} AS HUGEINT)"
    return f"CAST(replace(CAST({value.sql} AS VARCHAR), '.', '') AS HUGEINT)"


def scaled(whole: str, result: Type) -> str:
    """The decimal of which a whole number tells the digits."""
    if result.scale == 0:
        return f"CAST({whole} AS {result.duckdb})"
    step = f"CAST(0.{'0' * (result.scale - 1)}1 AS DECIMAL({result.scale}, {result.scale}))"
    if result.precision + result.scale <= 38:
        kind = f"DECIMAL({result.precision}, 0)"
        return f"CAST(CAST({whole} AS {kind}) * {step} AS {result.duckdb})"
    return f"CAST(t_shifted(CAST({whole} AS VARCHAR), {result.scale}) AS {result.duckdb})"


macro(
    "t_shifted(s, n)",
    "CASE WHEN starts_with(s, '-') THEN '-' ELSE '' END || t_point(lpad(ltrim(s, '-'), "
    "CAST(greatest(n + 1, length(ltrim(s, '-'))) AS INTEGER), '0'), CAST(n AS INTEGER))",
)
macro("t_point(s, n)", "left(s, CAST(length(s) - n AS INTEGER)) || '.' || right(s, n)")


@python("t_divide(VARCHAR, VARCHAR, INTEGER)", "VARCHAR", pa.string())
def _divide(left: str, right: str, scale: int) -> str:
    from decimal import ROUND_HALF_UP, Context, Decimal

    context = Context(prec=120, rounding=ROUND_HALF_UP)
    if Decimal(right) == 0:
        raise ValueError("Division by zero")
    found = context.divide(Decimal(left), Decimal(right))
    return format(found.quantize(Decimal(1).scaleb(-scale), context=context), "f")


def comparable(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both as the type they have in common; `BadSQL` where they have none."""
    both = common(left.type, right.type)
    if both is None:
        raise BadSQL(f"{left.type} cannot be compared with {right.type}.")
    return coerced(left, both), coerced(right, both)


def compare(name: str, left: Typed, right: Typed) -> Typed:
    """A comparison, `eq`, `neq`, `lt`, `lte`, `gt` or `gte`. NaN equals nothing."""
    left, right = comparable(left, right)
    kind = left.type
    if kind.name in _NESTED:
        raise Refused(f"Values of {kind} are not compared here.")
    if kind.name == "json" and name not in ("eq", "neq"):
        raise BadSQL(f"{kind} has no order.")
    sign = COMPARISONS[name]
    a, b = (each.moment if kind.name.endswith("zone") else each.sql for each in (left, right))
    plain = f"({a} {sign} {b})"
    if kind.name not in ("real", "double"):
        return Typed(plain, types.BOOLEAN)
    unsure = [each.sql for each in (left, right) if not isinstance(each.value, int)]
    if name == "neq":
        both = " AND ".join(f"isnan({sql})" for sql in unsure)
        return Typed(f"({plain} OR ({both}))" if len(unsure) == 2 else plain, types.BOOLEAN)
    larger = {"lt": [b], "lte": [b], "gt": [a], "gte": [a], "eq": [a]}[name]
    other = a if larger == [b] else b  # a null makes it null, beside NaN, too
    null = f" OR {other} IS NULL" if other in unsure else ""
    guards = [f"(NOT isnan({sql}){null})" for sql in larger if sql in unsure]
    if name == "eq" and len(unsure) < 2:
        guards = []
    return Typed(f"({' AND '.join([plain, *guards])})", types.BOOLEAN)


def distinct(left: Typed, right: Typed, *, is_not: bool) -> Typed:
    """IS DISTINCT FROM, for which a null is a value."""
    left, right = comparable(left, right)
    if left.type.name in _NESTED:
        raise Refused(f"Values of {left.type} are not compared here.")
    zone = left.type.name.endswith("zone")
    a, b = (each.moment if zone else each.sql for each in (left, right))
    return Typed(f"({a} IS {'NOT ' if is_not else ''}DISTINCT FROM {b})", types.BOOLEAN)


def negative(value: Typed) -> Typed:
    """Minus the value."""
    if value.type.name not in (*NUMBERS, "interval day to second", "interval year to month"):
        raise BadSQL(f"{value.type} has no negative.")
    number = -value.value if isinstance(value.value, int) else None
    if value.type.name in INTEGERS:
        # DuckDB's own can have a bit more.
        return Typed(f"CAST(-{value.sql} AS {value.type.duckdb})", value.type, number)
    return Typed(f"(-{value.sql})", value.type, number)
