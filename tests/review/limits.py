"""What a service's model says of a value: lengths, ranges, patterns, names that there are.

botocore checks types, what is required and the least length before it sends anything, and leaves
the rest to the service: https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NUMBERS = {"integer", "long", "float", "double"}


def broken(shape: Any, value: Any, place: str = "") -> Iterator[str]:
    """Name each place of a value that breaks the shape of botocore's (or moto's) model."""
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, place)
    elif kind == "list":
        yield from _sized(shape, len(value), place)
        for index, one in enumerate(value):
            yield from broken(shape.member, one, f"{place}[{index}]")
    elif kind == "map":
        yield from _sized(shape, len(value), place)
        for key, one in value.items():
            yield from broken(shape.key, key, f"{place} key {key!r}")
            yield from broken(shape.value, one, f"{place}.{key}")
    elif kind == "string":
        yield from _text(shape, value, place)
    elif kind == "blob":
        yield from _sized(shape, len(value), place)
    elif kind in _NUMBERS:
        yield from _sized(shape, float(value), place)


def _structure(shape: Any, value: dict[str, Any], place: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{place}.{name} is missing"
    for name, one in value.items():
        if name not in shape.members:
            yield f"{place}.{name} is unknown"
        elif one is not None:
            yield from broken(shape.members[name], one, f"{place}.{name}")


def _text(shape: Any, value: str, place: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{place}: {value!r} is none of {', '.join(shape.enum)}"
    yield from _sized(shape, len(value), place)
    if (pattern := _pattern(shape.metadata.get("pattern"))) and not pattern.fullmatch(value):
        yield f"{place}: {value!r} is not {pattern.pattern}"


def _pattern(written: str | None) -> re.Pattern[str] | None:
    """A pattern as Python reads it; None for those of Java that it does not, as `\\p{L}`."""
    try:
        return re.compile(written) if written else None
    except re.error:
        return None


def _sized(shape: Any, size: float, place: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{place}: {size:g}, and {least} is the least"
    if most is not None and size > most:
        yield f"{place}: {size:g}, and {most} is the most"
