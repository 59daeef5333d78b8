"""`format`, by Java's Formatter: https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html"""

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import time_text, times, types
from queries.engine.trino.casts import cast
from queries.engine.trino.format_numbers import floating, integral
from queries.engine.trino.format_specifiers import Specifier, invalid, parsed
from queries.engine.trino.format_times import dated
from queries.engine.trino.helpers import macro
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import INTEGERS


def formatted(args: list[Typed]) -> Typed:
    """A call of `format`."""
    if len(args) < 2:
        raise BadSQL("format takes a text and at least one value.")
    form = args[0]
    if form.type.name not in ("varchar", "unknown"):
        raise BadSQL(f"The first argument of format must be a text, not {form.type}.")
    if not isinstance(form.value, str):
        raise Refused("The text of format must be a constant here.")
    parts: list[str] = []
    for piece in parsed(form.value):
        if isinstance(piece, str):
            parts.append(text(piece))
            continue
        if piece.place >= len(args) - 1:
            raise invalid(form.value, "a value is missing")
        parts.append(_written(piece, args[piece.place + 1]))
    for each in args[1:]:
        _java(each)
    return Typed(f"({' || '.join(parts)})" if parts else "''", types.VARCHAR)


def _written(spec: Specifier, value: Typed) -> str:
    letter = spec.letter
    if len(letter) == 2:
        return dated(spec, value)
    if letter in ("d", "x", "o"):
        return integral(spec, value)
    if letter in ("f", "e"):
        return floating(spec, value)
    if letter in ("c", "g", "a", "h"):
        raise spec.not_known()
    if letter not in ("s", "b"):
        raise invalid(spec.form)
    if spec.flags.strip("-"):
        raise spec.wrong(value.type)
    if letter == "s":
        told = _java(value)
    elif value.type.name == "boolean":
        told = f"CASE WHEN coalesce({value.sql}, false) THEN 'true' ELSE 'false' END"
    else:
        told = f"CASE WHEN {value.sql} IS NULL THEN 'false' ELSE 'true' END"
    if spec.precision is not None:
        told = f"left(coalesce({told}, 'null'), {spec.precision})"
    return spec.shaped(told)


def _java(value: Typed) -> str:
    """A value's text by Java's toString."""
    name = value.type.name
    if name in ("real", "double"):
        return f"t_java_text({value.sql})"
    if name == "timestamp":
        return f"t_java_stamp({_stamp(value)})"
    if name == "timestamp with time zone":
        there = times.local(value)
        utc = times.micros(times.moment(value))
        offset = f"t_iso_seconds(epoch_us({times.micros(there)}) - epoch_us({utc}))"
        zone = f"CASE WHEN left({value.zone}, 1) IN ('+', '-') THEN '' ELSE '[' || {value.zone} "
        return f"(t_java_stamp({_stamp(there)}) || {offset} || {zone}|| ']' END)"
    if name == "time":
        return f"t_java_time({time_text.clock_text(times.clock_rounded(value.sql, 12, 9), 9)})"
    if name in ("varchar", "char", "json"):
        return value.sql
    if name == "unknown":
        return "NULL"
    if name in (*INTEGERS, "decimal", "boolean", "date", "time with time zone", "uuid") or (
        name.startswith("interval")
    ):
        return cast(value, types.VARCHAR).sql
    raise Refused(f"Values of {value.type} are not formatted here.")


def _stamp(value: Typed) -> str:
    nanos = times.rounded(value, 9) if value.type.precision > 9 else value
    return time_text.stamp_text(times.stamp(times.micros(nanos), times.picos(nanos), 9), "T")


macro("t_java_time(s)", r"t_java_fraction(regexp_replace(rtrim(s, '0'), '\.$', ''), s)")
# Seconds only where there are any; digits by three.
macro(
    "t_java_fraction(s, whole)",
    "CASE WHEN contains(s, '.') THEN left(whole, CAST(instr(s, '.') + 3 * "
    "((length(s) - instr(s, '.') + 2) // 3) AS INTEGER)) WHEN length(s) >= 8 AND "
    "right(left(whole, -10), 3) <> ':00' THEN left(whole, -10) ELSE left(whole, -13) END",
)
macro("t_java_stamp(s)", "t_java_time(s)")
macro(
    "t_iso_seconds(us)",
    "CASE WHEN us = 0 THEN 'Z' ELSE t_offset_text(us // 60000000) || CASE WHEN us % 60000000 <> 0 "
    "THEN ':' || lpad(CAST(abs(us) // 1000000 % 60 AS VARCHAR), 2, '0') ELSE '' END END",
)
# Double.toString: digits with a point from 10^-3 to 10^7, else with an exponent.
macro(
    "t_java_text(x)",
    "CASE WHEN x IS NULL THEN NULL WHEN isnan(x) OR isinf(x) OR abs(x) >= 1e7 OR (abs(x) < 1e-3 "
    "AND x <> 0) THEN t_float_text(x) ELSE CAST(x AS VARCHAR) END",
)
