"""Comparisons of numbers as they are written: nothing is rounded, however long they are."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import trunc
from typing import Any

import msgspec

NUMBER = (
    r"[ \t\r\n]*[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?[ \t\r\n]*"
)
"""What spells a number: JSON's, and with a plus, or a point at an end, as CSV files have them.
Zeros before other digits make a text, such as `0012`."""
_LONGEST = 400
_is_number = re.compile(NUMBER).fullmatch
_HOW: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
Tree = list[Any]
"""`[operator, left, right]`, `["number", "0.5"]`, or `["field", at]`, of the values at hand."""


def value(text: str | None) -> Fraction | None:
    """Give the number that a text spells; None where it spells none, or one past a double's."""
    if text is None or len(text) > _LONGEST or _is_number(text) is None:
        return None
    number = Decimal(text.strip())
    return Fraction(number) if abs(number.adjusted()) <= _LONGEST else None


def compute(tree: Tree, values: Sequence[str | None]) -> Any:
    """Give a number, or whether a comparison holds; None where a value is none, or divides by 0."""
    how, *parts = tree
    if how == "number":
        return value(parts[0])
    if how == "field":
        return value(values[parts[0]])
    left, right = (compute(part, values) for part in parts)
    if left is None or right is None:
        return None
    if how in _HOW:
        return _HOW[how](left, right)
    if right == 0:
        return None
    return left / right if how == "/" else left - right * trunc(left / right)


def judge(tree: str, values: Sequence[str | None]) -> bool | None:
    """Tell whether a comparison holds of values as they stand; None is neither."""
    found: bool | None = compute(_read(tree), values)
    return found


def judge_line(tree: str, paths: str, line: str) -> bool | None:
    """Tell whether a comparison holds of a line of JSON, which has its numbers at these paths."""
    fields = json.loads(line, parse_float=str, parse_int=str)
    return judge(tree, [_at(fields, path) for path in _read(paths)])


def _at(fields: Any, path: Sequence[str]) -> str | None:
    for name in path:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields if isinstance(fields, str) else None


@cache
def _read(told: str) -> Any:
    return msgspec.json.decode(told)
