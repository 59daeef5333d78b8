"""Which type two types have in common, and which can be taken for another, as Trino has it.

By `TypeCoercion` of trinodb/trino and https://trino.io/docs/current/language/types.html.
"""

from collections.abc import Iterable

from queries.engine.trino import types
from queries.engine.trino.types import DIGITS, INTEGERS, Type

_NUMBERS = (*INTEGERS, "decimal", "real", "double")


def common(left: Type, right: Type) -> Type | None:
    """The narrowest type that holds what both hold, or None where there is none."""
    if left == right or right.name == "unknown":
        return left
    if left.name == "unknown":
        return right
    names = {left.name, right.name}
    if left.name in _NUMBERS and right.name in _NUMBERS:
        return _number(left, right)
    if left.name == right.name:
        return _alike(left, right)
    if names == {"varchar", "char"}:
        # Trino takes varchar(n) for char(n); text of any length for none.
        lengths = [left.length, right.length]
        return None if None in lengths else types.char(max(n for n in lengths if n is not None))
    if names <= {"date", "timestamp", "timestamp with time zone"}:
        precision = max(part.precision for part in (left, right))
        zone = "timestamp with time zone" in names
        return types.zoned(precision) if zone else types.timestamp(precision)
    if names == {"time", "time with time zone"}:
        return Type("time with time zone", (max(left.precision, right.precision),))
    return None


def _number(left: Type, right: Type) -> Type:
    for name in ("double", "real"):
        if name in (left.name, right.name):
            return Type(name)
    if "decimal" in (left.name, right.name):
        left, right = as_decimal(left), as_decimal(right)
        scale = max(left.scale, right.scale)
        whole = max(left.precision - left.scale, right.precision - right.scale)
        return types.decimal(min(38, whole + scale), scale)
    return max(left, right, key=lambda kind: INTEGERS.index(kind.name))


def as_decimal(kind: Type) -> Type:
    """The decimal that holds any value of an integer type; a decimal itself."""
    return kind if kind.name == "decimal" else types.decimal(DIGITS[kind.name], 0)


def _alike(left: Type, right: Type) -> Type | None:
    match left.name:
        case "varchar" if left.length is None or right.length is None:
            return types.VARCHAR
        case "varchar" | "char" | "time" | "timestamp":
            return Type(left.name, (max(left.precision, right.precision),))
        case "time with time zone" | "timestamp with time zone":
            return Type(left.name, (max(left.precision, right.precision),))
        case "array" | "map" | "row" if len(left.of) == len(right.of):
            parts = [common(a, b) for a, b in zip(left.types, right.types, strict=True)]
            fields = tuple(
                a if a == b else None for a, b in zip(left.fields, right.fields, strict=True)
            )
            found = tuple(part for part in parts if part is not None)
            return Type(left.name, found, fields) if len(found) == len(parts) else None
    return None


def common_of(kinds: Iterable[Type]) -> Type | None:
    """The narrowest type of all; `unknown` for none."""
    found: Type | None = types.UNKNOWN
    for kind in kinds:
        found = None if found is None else common(found, kind)
    return found


def fits(source: Type, target: Type) -> bool:
    """Whether Trino takes a value of one type where the other is wanted, without a CAST."""
    if source.name == "varchar" and target.name == "char":
        return source.length is not None and source.length <= (target.length or 0)
    if source.name == "row" and target.name == "row" and len(source.of) == len(target.of):
        return all(fits(a, b) for a, b in zip(source.types, target.types, strict=True))
    if source.name in ("array", "map") and source.name == target.name:
        return all(fits(a, b) for a, b in zip(source.types, target.types, strict=True))
    if source.name == "char" and target.name == "varchar":
        return target.length is None or (source.length or 0) <= target.length
    return common(source, target) == target
