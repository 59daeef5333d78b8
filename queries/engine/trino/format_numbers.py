"""Numbers by `format`: `%d`, `%x` and `%o` of integers, `%f` and `%e` of others."""

from decimal import ROUND_HALF_UP, Context, Decimal

import pyarrow as pa

from queries.engine.errors import Refused
from queries.engine.trino.format_specifiers import Specifier
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import INTEGERS

_CONTEXT = Context(prec=1200, rounding=ROUND_HALF_UP)


def integral(spec: Specifier, value: Typed) -> str:
    """SQL of an integer as a text."""
    name, is_decimal = value.type.name, spec.letter == "d"
    if spec.precision is not None or name not in (*INTEGERS, "unknown"):
        raise spec.wrong(value.type)
    if set(spec.flags) & set("#" if is_decimal else "+ ,("):
        raise spec.wrong(value.type)
    if is_decimal and not spec.flags and not spec.width:
        return f"coalesce(CAST({value.sql} AS VARCHAR), 'null')"
    bits = {"tinyint": 8, "smallint": 16, "integer": 32}.get(name, 64)
    return _by_python(spec, f"CAST({value.sql} AS VARCHAR)", str(bits))


def floating(spec: Specifier, value: Typed) -> str:
    """SQL of a double or a decimal as a text."""
    name = value.type.name
    if name not in ("real", "double", "decimal", "unknown") or (
        spec.letter == "e" and "," in spec.flags
    ):
        raise spec.wrong(value.type)
    if name == "real":
        raise Refused("A real is not formatted with digits here.")
    told = f"CAST({value.sql} AS VARCHAR)"
    slow = _by_python(spec, told, name)
    places = 6 if spec.precision is None else spec.precision
    if spec.letter != "f" or spec.flags or spec.width or name == "unknown" or places > 15:
        return slow
    rounded = f"CAST(TRY_CAST({told} AS DECIMAL(38, {places})) AS VARCHAR)"  # halves up
    usual = f"t_rounded_text({told}, {rounded})"
    return f"CASE WHEN abs({value.sql}) < 1e15 THEN {usual} ELSE {slow} END"


def _by_python(spec: Specifier, value: str, kind: str) -> str:
    digits = -1 if spec.precision is None else spec.precision
    told = f"{spec.conversion}|{kind}|{spec.flags}|{spec.width}|{digits}"
    null = f"t_format_null({spec.width}, {'true' if '-' in spec.flags else 'false'})"
    return f"coalesce(t_java_number({value}, {text(told)}), {null})"


macro(
    "t_rounded_text(told, s)",
    "CASE WHEN starts_with(told, '-') AND NOT starts_with(s, '-') THEN '-' || s ELSE s END",
)
macro(
    "t_format_null(width, is_left)",
    "CASE WHEN width <= 4 THEN 'null' WHEN is_left THEN rpad('null', width, ' ') ELSE "
    "lpad('null', width, ' ') END",
)


@python("t_java_number(VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _java_number(value: str, told: str) -> str:
    conversion, of, flags, width_, digits_ = told.split("|")
    width, digits = int(width_), int(digits_)
    negative, body = value.startswith("-"), value.lstrip("-")
    letter = conversion.lower()
    zero = "0" in flags
    if letter in "xo":
        number = int(value) % (1 << int(of))
        negative = False
        body = format(number, letter)
        if "#" in flags:
            body = ("0x" if letter == "x" else "0") + body
    elif letter == "d":
        body = f"{int(body):,}" if "," in flags else body
    elif body.lower() in ("nan", "inf"):
        negative = negative and body != "nan"
        body, zero = ("NaN" if body.lower() == "nan" else "Infinity"), False
    else:
        number_ = Decimal(body)
        places = 6 if digits < 0 else digits
        if letter == "f":
            exact = number_.quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
            body = f"{exact:,f}" if "," in flags else f"{exact:f}"
        else:
            body = _scientific(number_, places)
        if "#" in flags and places == 0:
            body += "."
    if negative:
        sign, end = ("(", ")") if "(" in flags else ("-", "")
    else:
        plain = body == "NaN"
        sign, end = ("" if plain else "+" if "+" in flags else " " if " " in flags else ""), ""
    if zero:
        body = body.rjust(width - len(sign) - len(end), "0")
    made = sign + body + end
    made = made.ljust(width) if "-" in flags else made.rjust(width)
    return made.upper() if conversion.isupper() else made


def _scientific(value: Decimal, places: int) -> str:
    if value == 0:
        return f"{Decimal(0):.{places}f}e+00"
    power = value.adjusted()
    head = value.scaleb(-power).quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
    if head >= 10:
        head, power = (head / 10).quantize(Decimal(1).scaleb(-places), context=_CONTEXT), power + 1
    return f"{head:f}e{'-' if power < 0 else '+'}{abs(power):02}"
