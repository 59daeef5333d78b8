"""What has no parts in JSON, as a value of another type."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from queries.engine.trino import jsontext, types
from queries.engine.trino.jsontext import Number
from queries.engine.trino.types import INTEGERS, Type

_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
_CONTEXT = Context(prec=100, rounding=ROUND_HALF_UP)


def failed(value: Any, kind: Type) -> ValueError:
    """The error of a value that is none of the type."""
    return ValueError(f"Cannot cast '{jsontext.dumps(value)}' to {kind}")


def _boolean(value: Any, kind: Type) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, Number):
        return _whole(value, types.BIGINT) != 0 if value.is_whole else float(value) != 0
    told = str(value).lower()
    if told in ("t", "true", "1", "f", "false", "0"):
        return told in ("t", "true", "1")
    raise failed(value, kind)


def _whole(value: Any, kind: Type) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Number) and not value.is_whole:
        number = float(value)
        if number in (float("inf"), float("-inf")):
            raise failed(value, kind)
        found = (
            int(Decimal(number).quantize(Decimal(1), context=_CONTEXT))
            if abs(number) < 1e30
            else 2**70
        )
    elif re.fullmatch(r"[+-]?[0-9]+", value):
        found = int(value)
    else:
        raise failed(value, kind)
    limit = 2 ** _BITS[kind.name]
    if not -limit <= found < limit:
        raise ValueError(f"Out of range for {kind}: {value}")
    return found


_JAVA_DOUBLE = re.compile(
    r"[+-]?(NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?"
)


def _double(value: Any, kind: Type) -> str:
    if isinstance(value, bool):
        return str(int(value))
    told = value if isinstance(value, Number) else value.strip()
    if not _JAVA_DOUBLE.fullmatch(told):
        raise failed(value, kind)
    number = told.rstrip("fFdD") if told[-1:] in "fFdD" else told
    if "NaN" in number or "Infinity" in number:
        return "NaN" if "NaN" in number else number.lstrip("+")
    found = float(number)
    if kind.name == "real" and abs(found) >= 3.4028235677973366e38:
        return "Infinity" if found > 0 else "-Infinity"
    return repr(found).replace("inf", "Infinity")


def _decimal(value: Any, kind: Type) -> str:
    told = str(int(value)) if isinstance(value, bool) else value
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", told):
        raise failed(value, kind)
    try:
        found = Decimal(told).quantize(Decimal(1).scaleb(-kind.scale), context=_CONTEXT)
    except ArithmeticError:
        raise failed(value, kind) from None
    if len(found.as_tuple().digits) > kind.precision:
        raise failed(value, kind)
    return format(found, "f")


def science(value: float) -> str:
    """A double as a CAST to varchar tells it."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    if value == 0:
        return "-0E0" if sign else "0E0"
    told = "".join(map(str, digits)).rstrip("0")
    place = len(digits) - 1 + exponent
    return f"{'-' if sign else ''}{told[0]}.{told[1:] or '0'}E{place}"


def _text(value: Any, kind: Type) -> str:
    if isinstance(value, bool):
        told = "true" if value else "false"
    elif isinstance(value, Number) and not value.is_whole:
        told = science(float(value))
    else:
        told = str(value)
    if kind.length is not None and len(told) > kind.length:
        raise failed(value, kind)
    return told


_LEAVES: dict[str, Callable[[Any, Type], Any]] = {
    "boolean": _boolean,
    "real": _double,
    "double": _double,
    "decimal": _decimal,
    "varchar": _text,
    **dict.fromkeys(INTEGERS, _whole),
}


def leaf(value: Any, kind: Type) -> Any:
    """A value cast to a type without parts, doubles and decimals as text.

    `ValueError` with a sentence where it is none of the type.
    """
    if isinstance(value, dict | list):
        raise failed(value, kind)
    return _LEAVES[kind.name](value, kind)
