"""Values of Arrow columns as text that reads back as what they were, a whole column at a time."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute
Column = Any
"""An array of Arrow. Its stubs know too little of what its functions take."""

_TEXT = pa.large_string()  # a column of texts may hold more than 2 GB
# What JSON escapes in a text (RFC 8259, 7), and what else readers may take for the end of a line.
_ESCAPED = b'"\\' + bytes(range(32))
_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
_IN_JSON = r'["\\\x00-\x1f' + "".join(map(chr, _ENDS)) + "]"


def plain(column: Column) -> Column:
    """Give each value as text, null where it is null.

    Doubles to the last digit, times in ISO 8601, bytes in hexadecimal pairs, intervals as Trino
    writes them (`2 03:04:05.678`, `1-2`), lists, maps and rows as JSON.
    """
    kind = column.type
    types = pa.types
    if types.is_floating(kind):
        return _double(column)
    if types.is_decimal(kind):
        return _each(column, lambda value: format(value, "f"))
    if types.is_timestamp(kind) or types.is_time(kind):
        return _time(column)
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _each(column, lambda value: value.hex(" "))
    if types.is_interval(kind):
        return _each(column, _interval)
    if types.is_nested(kind):
        return as_json(column)
    return column.cast(_TEXT)


def as_json(column: Column) -> Column:
    """Give each value as JSON, null where it is null.

    What JSON has no number for is a text: infinities, NaN, and decimals, of which most readers
    would lose digits.
    """
    kind = column.type
    types = pa.types
    if types.is_fixed_size_list(kind):
        return as_json(column.cast(pa.list_(kind.value_type)))
    if types.is_list(kind) or types.is_large_list(kind):
        return _or_null(_together("[", _joined(column, as_json(column.values)), "]"), column)
    if types.is_map(kind):
        keys = _quoted(plain(column.keys))
        pairs = _together(keys, ": ", _filled(as_json(column.items)))
        return _or_null(_together("{", _joined(column, pairs), "}"), column)
    if types.is_struct(kind):
        names = distinct([field.name for field in kind])
        return _or_null(objects(names, column.flatten()), column)
    text = plain(column)
    if types.is_integer(kind) or types.is_boolean(kind):
        return text
    if types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), text, _quoted(text))
    return _quoted(text)


def objects(names: list[str], columns: list[Column]) -> Column:
    """Give each row as a JSON object."""
    if not columns:
        return pa.array([], _TEXT)
    parts: list[Column | str] = []
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        before = ", " if place else "{"
        parts += [f"{before}{json.dumps(name, ensure_ascii=False)}: ", _filled(as_json(column))]
    return _together(*parts, "}")


def for_csv(column: Column) -> Column:
    """Give a column that Arrow's CSV writer can write, and that loses nothing there."""
    kind = column.type
    types = pa.types
    bare = types.is_string(kind) or types.is_integer(kind) or types.is_floating(kind)
    bare = bare or types.is_boolean(kind) or types.is_temporal(kind) or types.is_decimal(kind)
    return column if bare and not types.is_interval(kind) else plain(column)


def joined(lines: Column, between: str) -> str:
    """Give all lines as one text."""
    everything = pa.LargeListArray.from_arrays(pa.array([0, len(lines)], pa.int64()), lines)
    return str(pc.binary_join(everything, _scalar(between))[0].as_buffer(), "utf-8")


def distinct(names: list[str]) -> list[str]:
    """Give names of which each is there once: a, a_1, a_2."""
    found: list[str] = []
    for name in names:
        number, one = 0, name
        while one in found:
            number += 1
            one = f"{name}_{number}"
        found.append(one)
    return found


def _double(column: Column) -> Column:
    text = column.cast(_TEXT)
    whole = pc.match_substring_regex(text, r"^-?\d+$")
    text = pc.if_else(whole, _together(text, ".0"), text)
    for theirs, ours in (("inf", "Infinity"), ("-inf", "-Infinity"), ("nan", "NaN")):
        text = pc.if_else(pc.equal(text, theirs), ours, text)
    return pc.if_else(pc.equal(text, "-nan"), "NaN", text)


def _time(column: Column) -> Column:
    """Milliseconds, or as many more digits as it takes."""
    text = column.cast(_TEXT)
    if pa.types.is_timestamp(column.type):
        text = pc.replace_substring(text, " ", "T", max_replacements=1)
    if column.type.unit in ("us", "ns"):
        text = pc.replace_substring_regex(text, r"(\.\d{3})(?:000){1,2}(Z?)$", r"\1\2")
    return text


def _interval(value: Any) -> str:
    if value.months and not value.days and not value.nanoseconds:
        sign, months = "-" if value.months < 0 else "", abs(value.months)
        return f"{sign}{months // 12}-{months % 12}"
    millis = (value.days * 86_400_000_000_000 + value.nanoseconds) / Decimal(1_000_000)
    sign, whole = "-" if millis < 0 else "", abs(millis)
    seconds = whole % 60_000 / 1000
    hours, minutes = int(whole // 3_600_000), int(whole // 60_000 % 60)
    told = f"{sign}{hours // 24} {hours % 24:02}:{minutes:02}:{seconds:06.3f}"
    if seconds != round(seconds, 3):
        told = f"{sign}{hours // 24} {hours % 24:02}:{minutes:02}:{seconds:012.9f}"
    return f"{value.months // 12}-{value.months % 12} {told}" if value.months else told


def _joined(column: Column, values: Column) -> Column:
    """The texts of a list's elements, one after the other."""
    lists = pa.LargeListArray.from_arrays(column.offsets.cast(pa.int64()), _filled(values))
    return pc.binary_join(lists, _scalar(", "))


def _together(*parts: Column | str, by: str = "") -> Column:
    """Texts side by side, those of columns row by row; null where one of them is null."""
    return pc.binary_join_element_wise(*map(_scalar, parts), _scalar(by))


def _scalar(text: Column | str) -> Column:
    return pa.scalar(text, _TEXT) if isinstance(text, str) else text


def _filled(texts: Column) -> Column:
    return texts.fill_null("null")


def _quoted(texts: Column) -> Column:
    found = _together('"', texts, '"')
    if _to_escape(texts):
        special = pc.match_substring_regex(texts, _IN_JSON)
        escaped = [
            json.dumps(text, ensure_ascii=False).translate(_ENDS)
            for text in texts.filter(special).to_pylist()
        ]
        found = pc.replace_with_mask(found, special, pa.array(escaped, _TEXT))
    return found


def _to_escape(texts: Column) -> bool:
    """Whether any of the texts may hold what is escaped: looked at in one go, which is fast."""
    offsets, data = texts.buffers()[1:]
    if data is None or not len(texts):
        return False
    places = pa.Array.from_buffers(pa.int64(), len(texts) + 1, [None, offsets], 0, texts.offset)
    held = data.slice(places[0].as_py(), places[-1].as_py() - places[0].as_py()).to_pybytes()
    if len(held.translate(None, _ESCAPED)) < len(held):
        return True
    return any(chr(end).encode() in held for end in _ENDS)


def _or_null(texts: Column, column: Column) -> Column:
    return pc.if_else(column.is_null(), pa.scalar(None, _TEXT), texts)


def _each(column: Column, text: Any) -> Column:
    return pa.array([None if v is None else text(v) for v in column.to_pylist()], _TEXT)
