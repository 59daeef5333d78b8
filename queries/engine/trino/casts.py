"""CAST as Trino casts: which types to which, and what it makes of each value."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import INTEGERS, Type, field_names, quoted

Cast = Callable[[Typed, Type], "str | Typed"]

_FLOATS = ("real", "double")
_NUMBERS = (*INTEGERS, "decimal", *_FLOATS)
_CASTS: dict[tuple[str, str], Cast] = {}


def define(sources: str, targets: str) -> Callable[[Cast], Cast]:
    """Declare how types, named with commas between, are cast to others: DuckDB's SQL for it."""

    def declare(cast: Cast) -> Cast:
        for source in sources.split(","):
            for target in targets.split(","):
                _CASTS[source.strip(), target.strip()] = cast
        return cast

    return declare


def cast(value: Typed, target: Type) -> Typed:
    """The value as one of another type. `BadSQL` where Trino has no such cast, `Refused` where
    what it gives is not known here."""
    if value.type == target:
        return value
    if value.type.name == "unknown":
        return Typed(f"CAST({value.sql} AS {target.duckdb})", target)
    how = _CASTS.get((value.type.name, target.name))
    if how is None:
        if (value.type.name, target.name) in _LATER:
            raise Refused(f"A cast of {value.type} to {target} is not known here.")
        raise BadSQL(f"{value.type} cannot be cast to {target}.")
    made = how(value, target)
    return made if isinstance(made, Typed) else Typed(made, target)


def coerced(value: Typed, target: Type) -> Typed:
    """The value as one of a type that Trino takes it for."""
    if value.type == target:
        return value
    if value.type.name == "varchar" and target.name == "varchar":
        return replace(value, type=target)
    made = cast(value, target)
    whole = value.type.name in INTEGERS and target.name in INTEGERS
    return replace(made, value=value.value) if whole else made


def _plain(value: Typed, target: Type) -> str:
    return f"CAST({value.sql} AS {target.duckdb})"


def plain(sources: str, targets: str) -> None:
    """Declare casts that DuckDB makes as Trino does."""
    define(sources, targets)(_plain)


_INTEGERS = ",".join(INTEGERS)
plain(_INTEGERS, f"{_INTEGERS},decimal,real,double")
plain("decimal", f"decimal,{_INTEGERS}")
plain("real", "double")
plain("boolean", f"{_INTEGERS},real,double")


@define(f"{_INTEGERS},decimal,real,double", "boolean")
def _truth(value: Typed, _: Type) -> str:
    return f"({value.sql} <> 0)"


@define("boolean", "decimal")
def _boolean_to_decimal(value: Typed, target: Type) -> str:
    return f"CAST(CAST({value.sql} AS INTEGER) AS {target.duckdb})"


@define("real,double", _INTEGERS)
def _rounded(value: Typed, target: Type) -> str:
    return f"CAST(round({value.sql}) AS {target.duckdb})"


# By the shortest digits that tell the number, as BigDecimal.valueOf takes them.
@define("real,double", "decimal")
def _float_to_decimal(value: Typed, target: Type) -> str:
    return f"CAST(CAST(CAST({value.sql} AS DOUBLE) AS VARCHAR) AS {target.duckdb})"


# Beyond 15 digits DuckDB's own division would be off in the last place.
@define("decimal", "real,double")
def _decimal_to_float(value: Typed, target: Type) -> str:
    return f"CAST(CAST({value.sql} AS VARCHAR) AS {target.duckdb})"


macro(
    "t_real(x)",
    "CASE WHEN isfinite(x) AND abs(x) >= 3.4028235677973366e38::DOUBLE "
    "THEN (CASE WHEN x > 0 THEN 'inf'::FLOAT ELSE '-inf'::FLOAT END) ELSE CAST(x AS FLOAT) END",
)


@define("double", "real")
def _double_to_real(value: Typed, _: Type) -> str:
    return f"t_real({value.sql})"


# Text to numbers, by what Java's parsers take.
macro(
    "t_whole(x, kind)",
    "CASE WHEN x IS NULL OR regexp_full_match(x, '[+-]?[0-9]+') THEN ltrim(x, '+') "
    "ELSE t_fail_text('Cannot cast ''' || x || ''' to ' || kind) END",
)
macro(
    "t_decimal(x, kind)",
    "CASE WHEN x IS NULL OR regexp_full_match(x, "
    r"'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?') THEN ltrim(x, '+') "
    "ELSE t_fail_text('Cannot cast VARCHAR ''' || x || ''' to ' || kind) END",
)
macro(
    "t_float(x, kind)",
    "CASE WHEN x IS NULL OR regexp_full_match(trim(x), "
    r"'[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[fFdD]?)') "
    "THEN replace(rtrim(ltrim(trim(x), '+'), 'fFdD'), '-NaN', 'NaN') "
    "ELSE t_fail_text('Cannot cast ''' || x || ''' to ' || kind) END",
)
macro(
    "t_boolean(x)",
    "CASE WHEN x IS NULL THEN NULL WHEN lower(x) IN ('t', 'true', '1') THEN true "
    "WHEN lower(x) IN ('f', 'false', '0') THEN false "
    "ELSE t_fail('Cannot cast ''' || x || ''' to BOOLEAN') END",
)


@define("varchar,char", _INTEGERS)
def _text_to_integer(value: Typed, target: Type) -> str:
    return f"CAST(t_whole({_stripped(value)}, '{target.name}') AS {target.duckdb})"


@define("varchar,char", "decimal")
def _text_to_decimal(value: Typed, target: Type) -> str:
    return f"CAST(t_decimal({_stripped(value)}, '{target}') AS {target.duckdb})"


@define("varchar,char", "real,double")
def _text_to_float(value: Typed, target: Type) -> str:
    return f"CAST(t_float({_stripped(value)}, '{target.name}') AS {target.duckdb})"


@define("varchar,char", "boolean")
def _text_to_boolean(value: Typed, _: Type) -> str:
    return f"t_boolean({_stripped(value)})"


def _stripped(value: Typed) -> str:
    return f"rtrim({value.sql}, ' ')" if value.type.name == "char" else value.sql


# To text, as Java's Double.toString has its digits, always with an exponent. DuckDB's own text is
# the shortest, too: 0.00012, 37.7, 1e+16.
macro(
    "t_float_text(x)",
    "CASE WHEN abs(x) < CASE WHEN typeof(x) = 'FLOAT' THEN 1e-43 ELSE 1e-320 END AND x <> 0 "
    "THEN t_tiny(CAST(x AS DOUBLE), typeof(x)) "
    "WHEN isfinite(x) AND x <> 0 THEN CASE WHEN x < 0 THEN '-' ELSE '' END || "
    "t_science(CAST(abs(x) AS VARCHAR)) WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN "
    "x > 0 THEN 'Infinity' ELSE '-Infinity' END WHEN signbit(x) THEN '-0E0' WHEN x = 0 THEN '0E0' "
    "END",
)
macro(
    "t_science(s)",
    "CASE WHEN contains(s, 'e') THEN t_exponent(CASE WHEN substr(s, 2, 1) = '.' THEN s ELSE "
    "left(s, 1) || '.0' || substr(s, 2) END) WHEN starts_with(s, '0.') THEN "
    "t_below(ltrim(substr(s, 3), '0'), length(s)) ELSE t_above(s) END",
)
macro("t_exponent(s)", "regexp_replace(s, 'e\\+?(-?)0*', 'E\\1')")
macro("t_rest(s)", "coalesce(nullif(rtrim(s, '0'), ''), '0')")
macro("t_above(s)", "left(s, 1) || '.' || t_rest(replace(substr(s, 2), '.', '')) || 'E' || "
      "(instr(s, '.') - 2)")  # fmt: skip
macro("t_below(d, n)", "left(d, 1) || '.' || t_rest(substr(d, 2)) || 'E' || (length(d) - n + 1)")


# Numbers of so few bits that Java tells two digits, the nearest.
@python("t_tiny(DOUBLE, VARCHAR)", "VARCHAR", pa.string())
def _tiny(value: float, kind: str) -> str:
    same = np.float32 if kind == "FLOAT" else np.float64
    told = f"{value:.1e}"
    if abs(value) == 1e-323 and kind == "DOUBLE":  # of two digits Java 17 has these
        told = told.replace("9.9e-324", "1.0e-323")
    elif same(told) != same(value):
        told = f"{same(value)!r}".partition("(")[2].rstrip(")")
    digits, _, power = told.partition("e")
    return f"{digits if '.' in digits else digits + '.0'}E{int(power)}"


macro(
    "t_bounded(s, n)",
    "CASE WHEN s IS NULL OR length(s) <= n THEN s ELSE "
    "t_fail_text('Value ' || s || ' cannot be represented as varchar(' || n || ')') END",
)


def bounded(text: str, target: Type) -> str:
    """A text as a varchar of a length; an error where it is longer."""
    return text if target.length is None else f"t_bounded({text}, {target.length})"


# DuckDB leaves out the zero before the point of a decimal that has no other digit there.
macro(
    "t_zero(s)",
    "CASE WHEN starts_with(s, '.') THEN '0' || s WHEN starts_with(s, '-.') "
    "THEN '-0' || substr(s, 2) ELSE s END",
)


@define("decimal", "varchar")
def _decimal_to_text(value: Typed, target: Type) -> str:
    told = f"CAST({value.sql} AS VARCHAR)"
    if value.type.precision == value.type.scale:
        told = f"t_zero({told})"
    return bounded(told, target)


@define(f"{_INTEGERS},boolean,uuid", "varchar")
def _told(value: Typed, target: Type) -> str:
    return bounded(f"CAST({value.sql} AS VARCHAR)", target)


@define("double", "varchar")
def _double_to_text(value: Typed, target: Type) -> str:
    return bounded(f"t_float_text({value.sql})", target)


# Seven digits at most.
macro(
    "t_real_text(x)",
    "CASE WHEN x = 0 OR NOT isfinite(x) THEN t_float_text(x) ELSE "
    "t_seven(format('{:.6e}', CAST(x AS DOUBLE))) END",
)
macro(
    "t_seven(s)",
    "regexp_replace(rtrim(split_part(s, 'e', 1), '0'), '[.]$', '.0') || 'E' || "
    "CAST(split_part(s, 'e', 2) AS INTEGER)",
)


@define("real", "varchar")
def _real_to_text(value: Typed, target: Type) -> str:
    return bounded(f"t_real_text({value.sql})", target)


@define("varchar,char", "varchar")
def _text_to_text(value: Typed, target: Type) -> str:
    if target.length is None or (value.type.length or target.length + 1) <= target.length:
        return value.sql
    return f"left({value.sql}, {target.length})"


@define("varchar,char", "char")
def _text_to_char(value: Typed, target: Type) -> str:
    return f"rpad(left({value.sql}, {target.length}), {target.length}, ' ')"


@define(f"{_INTEGERS},decimal,boolean,date,real,double", "char")
def _told_char(value: Typed, target: Type) -> str:
    return f"rpad({cast(value, types.varchar(target.length)).sql}, {target.length}, ' ')"


# Arrays, maps and rows: each part by itself.
@define("array", "array")
def _array(value: Typed, target: Type) -> str:
    item = Typed('"item$"', value.type.element)
    body = cast(item, target.element).sql
    return value.sql if body == item.sql else f'list_transform({value.sql}, lambda "item$": {body})'


@define("map", "map")
def _map(value: Typed, target: Type) -> str:
    keys = Typed(f"map_keys({value.sql})", types.array(value.type.types[0]))
    values = Typed(f"map_values({value.sql})", types.array(value.type.types[1]))
    made = [
        cast(part, types.array(kind)).sql
        for part, kind in zip((keys, values), target.types, strict=True)
    ]
    return f"CASE WHEN {value.sql} IS NOT NULL THEN map({made[0]}, {made[1]}) END"


@define("row", "row")
def _row(value: Typed, target: Type) -> str:
    if len(value.type.of) != len(target.of):
        raise BadSQL(f"{value.type} cannot be cast to {target}.")
    pairs = zip(field_names(value.type), value.type.types, target.types, strict=True)
    made = [cast(Typed(f"({value.sql}).{quoted(n)}", kind), to).sql for n, kind, to in pairs]
    fields = zip(field_names(target), made, strict=True)
    packed = ", ".join(f"{quoted(name)} := {sql}" for name, sql in fields)
    return f"CASE WHEN {value.sql} IS NOT NULL THEN struct_pack({packed}) END"


_LATER: Mapping[tuple[str, str], None] = dict.fromkeys(
    [
        ("varchar", "interval day to second"),
        ("varchar", "interval year to month"),
        ("time with time zone", "timestamp"),
        ("time with time zone", "timestamp with time zone"),
    ]
)


# Bytes and identifiers.
macro(
    "t_uuid(x)",
    "CASE WHEN x IS NULL OR regexp_full_match(x, '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-"
    "[0-9A-Fa-f]{12}') THEN x ELSE t_fail_text('Cannot cast value to UUID: ' || x) END",
)
macro(
    "t_sixteen(x)",
    "CASE WHEN x IS NULL OR octet_length(x) = 16 THEN hex(x) "
    "ELSE t_fail_text('Invalid UUID binary length: ' || octet_length(x)) END",
)


@define("varchar", "varbinary")
def _text_to_bytes(value: Typed, _: Type) -> str:
    return f"encode({value.sql})"


@define("varchar", "uuid")
def _text_to_uuid(value: Typed, _: Type) -> str:
    return f"CAST(t_uuid({value.sql}) AS UUID)"


@define("varbinary", "uuid")
def _bytes_to_uuid(value: Typed, _: Type) -> str:
    return f"CAST(t_sixteen({value.sql}) AS UUID)"


@define("uuid", "varbinary")
def _uuid_to_bytes(value: Typed, _: Type) -> str:
    return f"unhex(replace(CAST({value.sql} AS VARCHAR), '-', ''))"
