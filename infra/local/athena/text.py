"""Values as the text that Athena writes for them: in its CSV, and in GetQueryResults."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MS = pa.timestamp("ms")
_LEAST, _MOST = 1e-3, 1e7  # between them, Java's Double.toString writes no exponent


def texts(values: pa.Array[Any]) -> pa.Array[Any]:
    """The text of each value; a null stays null."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return values
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind):
        return values.cast(pa.string())
    if pa.types.is_timestamp(kind):
        return values.cast(_MS, safe=False).cast(pa.string())
    if pa.types.is_time(kind):
        return values.cast(pa.time32("ms"), safe=False).cast(pa.string())
    write = _writer(kind)
    return pa.array(
        [None if value is None else write(value) for value in values.to_pylist()], pa.string()
    )


def zoned(values: pa.Array[Any]) -> pa.Array[Any]:
    """The text of moments in UTC beside the names of their zones: the zone's clock, and its name.

    As Athena has it, `2020-06-10 15:55:23.383 America/New_York`: a row of PyAthena's tests
    (tests/pyathena/test_cursor.py) and AWS's own example of `at_timezone`.
    """
    moments, zones = (pc.struct_field(values, place) for place in (0, 1))
    found = pa.nulls(len(values), pa.string())
    for zone in pc.unique(zones.filter(values.is_valid())).to_pylist():
        here = pc.fill_null(pc.and_(pc.equal(zones, zone), values.is_valid()), False)
        clock = pc.local_timestamp(moments.filter(here).cast(pa.timestamp("us", zone)))
        told = [f"{each} {zone}" for each in texts(clock).to_pylist()]
        found = pc.replace_with_mask(found, here, pa.array(told, pa.string()))
    return found


def _writer(kind: pa.DataType) -> Callable[[Any], str]:
    """What writes a value of that type, nested ones included, given as Python's."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        item = _nullable(kind.value_type)
        return lambda values: f"[{', '.join(map(item, values))}]"
    if pa.types.is_map(kind):
        key, value = _nullable(kind.key_type), _nullable(kind.item_type)
        return lambda pairs: _braced(f"{key(k)}={value(v)}" for k, v in pairs)
    if pa.types.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        writers = [(field.name, _nullable(field.type)) for field in fields]
        return lambda row: _braced(
            f"{name or f'field{place}'}={write(row[name])}"
            for place, (name, write) in enumerate(writers)
        )
    if pa.types.is_floating(kind):
        single = kind.bit_width == 32
        return lambda number: floating(float(str(np.float32(number))) if single else number)
    return _WRITERS.get(kind.id, str)


def _nullable(kind: pa.DataType) -> Callable[[Any], str]:
    write = _writer(kind)
    return lambda value: "null" if value is None else write(value)


def _braced(items: Any) -> str:
    return f"{{{', '.join(items)}}}"


def floating(number: float) -> str:
    """A double as Java's Double.toString writes it, by which Athena does: 1.0, 1.0E10, NaN.

    https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Double.html
    """
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    size = abs(number)
    if size == 0 or _LEAST <= size < _MOST:
        plain = format(Decimal(repr(number)), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{exponent + len(digits) - 1}"


def _time(time: dt.time) -> str:
    return time.isoformat("milliseconds")


def _timestamp(moment: dt.datetime) -> str:
    return moment.isoformat(" ", "milliseconds")


_WRITERS: dict[int, Callable[[Any], str]] = {
    pa.bool_().id: lambda value: "true" if value else "false",
    pa.binary().id: lambda data: data.hex(" "),
    pa.large_binary().id: lambda data: data.hex(" "),
    pa.decimal128(1).id: lambda number: format(number, "f"),
    pa.decimal256(1).id: lambda number: format(number, "f"),
    pa.time32("ms").id: _time,
    pa.time64("us").id: _time,
    pa.timestamp("ms").id: _timestamp,
}
