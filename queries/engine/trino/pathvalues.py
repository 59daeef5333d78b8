"""Values in the language of SQL's JSON paths: numbers, comparisons, what its methods make of them.

JSON's values are Python's, fractions `jsontext.Number`; a whole number of 32 bits is an integer.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from queries.engine.trino.jsontext import Number


class Unmet(ValueError):
    """What a path does not meet, so that what asks it has an error."""


class Big(int):
    """A whole number of the type bigint, however small it is."""

    __slots__ = ()


COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def number(value: Any) -> int | float:
    """An item as a number: a fraction is a double; `Unmet` where it is none."""
    if isinstance(value, Number):
        value = int(value) if value.is_whole else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unmet
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Unmet
    return value


def scalars(sign: str, a: Any, b: Any) -> bool | None:
    if isinstance(a, bool) or isinstance(b, bool) or is_text(a) or is_text(b):
        return COMPARED[sign](a, b) if type(a) is type(b) else None
    try:
        one, other = (x if isinstance(x, Decimal) else number(x) for x in (a, b))
    except Unmet:
        return None
    if isinstance(one, float) or isinstance(other, float):
        one, other = float(one), float(other)
    return COMPARED[sign](one, other)


def _is_big(value: int | float) -> bool:
    return isinstance(value, Big) or not -(2**31) <= value < 2**31


def _whole(value: int, big: bool) -> int:
    size = 63 if big else 31
    if not -(2**size) <= value < 2**size:
        raise Unmet
    return Big(value) if big else value


def arithmetic(sign: str, a: int | float, b: int | float) -> int | float:
    """A sum, difference, product, quotient or rest, as Trino's operators of these types have it."""
    if isinstance(a, int) and isinstance(b, int):
        return _whole(_of_whole(sign, int(a), int(b)), _is_big(a) or _is_big(b))
    a, b = float(a), float(b)
    try:
        match sign:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b
        return math.fmod(a, b)
    except (ZeroDivisionError, ValueError):
        if sign == "%" or a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1, b)


def _of_whole(sign: str, a: int, b: int) -> int:
    if sign in "/%":
        if b == 0:
            raise Unmet
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if sign == "/" else a - quotient * b
    return _ARITHMETIC[sign](a, b)


def plus(value: int | float) -> int | float:
    return value


def negative(value: int | float) -> int | float:
    return -value if isinstance(value, float) else _whole(-int(value), _is_big(value))


def absolute(value: int | float) -> int | float:
    return negative(value) if value < 0 else value


def double(value: Any) -> float:
    if not is_text(value):
        return float(number(value))
    if not re.fullmatch(r"[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)", value):
        raise Unmet
    return float(value.rstrip("fFdD") if value[-1] in "fFdD" else value)


def index(items: list[Any]) -> int:
    if len(items) != 1:
        raise Unmet
    value = items[0]
    if isinstance(value, Number) and not value.is_whole:
        return int(float(value))  # JSON's own fractions are cut, not rounded
    found = number(value)
    if not isinstance(found, float):
        return found
    if not math.isfinite(found) or abs(found) >= 2**63:
        raise Unmet
    return math.floor(abs(found) + 0.5) * (1 if found >= 0 else -1)


def type_name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number | int | float | Decimal):
        return "number"
    names = ((str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "object")
