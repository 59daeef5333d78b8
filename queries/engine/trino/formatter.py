"""`format`, by Java's Formatter: https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import times, types
from queries.engine.trino.casts import cast
from queries.engine.trino.helpers import NotKnown, macro, python
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import INTEGERS

_SPEC = re.compile(r"%(?:(\d+)\$|(<))?([-#+ 0,(<]*)([1-9]\d*)?(?:\.(\d+))?([tT]?)([a-zA-Z%])")
_DATES = "HIklMSLNpBbhAaCYyjmdeRTrDF"
_CONTEXT = Context(prec=1200, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class _Spec:
    """One specifier: which argument, flags, width, precision, conversion."""

    place: int
    flags: str
    width: int
    precision: int | None
    kind: str

    @property
    def letter(self) -> str:
        return self.kind.lower()


@lru_cache(maxsize=512)
def _parsed(form: str) -> tuple["str | _Spec", ...]:
    made: list[str | _Spec] = []
    place = following = last = 0
    while place < len(form):
        mark = form.find("%", place)
        if mark < 0:
            made.append(form[place:])
            break
        if mark > place:
            made.append(form[place:mark])
        found = _SPEC.match(form, mark)
        if found is None:
            raise BadSQL(f"Invalid format string: {form}.")
        index, again, flags, width, precision, t, kind = found.groups()
        if "<" in flags:
            again, flags = "<", flags.replace("<", "")
        if len(set(flags)) < len(flags) or ("-" in flags and "0" in flags):
            raise BadSQL(f"Invalid format string: {form} (its flags).")
        if ("-" in flags or "0" in flags) and not width:
            raise BadSQL(f"Invalid format string: {form} (a width is missing).")
        if kind in "%n" and not t:
            if (kind == "n" and (width or flags)) or precision or flags.strip("-"):
                raise BadSQL(f"Invalid format string: {form}.")
            sign = "%" if kind == "%" else "\n"
            made.append(
                sign.ljust(int(width or 0)) if "-" in flags else sign.rjust(int(width or 0))
            )
        else:
            if again:
                number = last
            elif index:
                number = int(index)
            else:
                following += 1
                number = following
            last = number
            if number < 1:
                raise BadSQL(f"Invalid format string: {form}.")
            told = int(precision) if precision is not None else None
            made.append(_Spec(number - 1, flags, int(width or 0), told, t + kind))
        place = found.end()
    return tuple(made)


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
    for piece in _parsed(form.value):
        if isinstance(piece, str):
            parts.append(text(piece))
            continue
        if piece.place >= len(args) - 1:
            raise BadSQL(f"Invalid format string: {form.value} (a value is missing).")
        parts.append(_written(piece, args[piece.place + 1], form.value))
    for each in args[1:]:
        _java(each)
    return Typed(f"({' || '.join(parts)})" if parts else "''", types.VARCHAR)


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
        return f"t_java_time({times.clock_text(times.clock_rounded(value.sql, 12, 9), 9)})"
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
    return times.stamp_text(times.stamp(times.micros(nanos), times.picos(nanos), 9), "T")


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


def _written(spec: _Spec, value: Typed, form: str) -> str:
    name = value.type.name
    kind = spec.letter
    wrong = BadSQL(f"Invalid format string: {form} ({spec.kind} does not take {value.type}).")
    if kind[0] == "t":
        return _dated(spec, value, form)
    match kind:
        case "s":
            if spec.flags.strip("-"):
                raise wrong
            told = _java(value)
        case "b":
            if spec.flags.strip("-"):
                raise wrong
            if name == "boolean":
                told = f"CASE WHEN coalesce({value.sql}, false) THEN 'true' ELSE 'false' END"
            else:
                told = f"CASE WHEN {value.sql} IS NULL THEN 'false' ELSE 'true' END"
        case "d" | "x" | "o":
            if spec.precision is not None or name not in (*INTEGERS, "unknown"):
                raise wrong
            if (kind == "d" and "#" in spec.flags) or (
                kind != "d" and set(spec.flags) & set("+ ,(")
            ):
                raise wrong
            if kind == "d" and not spec.flags and not spec.width:
                return f"coalesce(CAST({value.sql} AS VARCHAR), 'null')"
            bits = {"tinyint": 8, "smallint": 16, "integer": 32}.get(name, 64)
            return _python(spec, f"CAST({value.sql} AS VARCHAR)", str(bits))
        case "f" | "e":
            if name not in ("real", "double", "decimal", "unknown") or (
                kind == "e" and set(spec.flags) & set(",")
            ):
                raise wrong
            if name == "real":
                raise Refused("A real is not formatted with digits here.")
            told = f"CAST({value.sql} AS VARCHAR)"
            slow = _python(spec, told, name)
            places = 6 if spec.precision is None else spec.precision
            if kind != "f" or spec.flags or spec.width or name == "unknown" or places > 15:
                return slow
            usual = f"t_rounded_text({told}, {_decimal(told, places)})"
            return f"CASE WHEN abs({value.sql}) < 1e15 THEN {usual} ELSE {slow} END"
        case "c" | "g" | "a" | "h":
            raise Refused(f'"%{spec.kind}" of format is not known here.')
        case _:
            raise BadSQL(f"Invalid format string: {form}.")
    if spec.precision is not None:
        told = f"left(coalesce({told}, 'null'), {spec.precision})"
    told = f"coalesce({told}, 'null')"
    if spec.kind.isupper():
        told = f"upper({told})"
    if spec.width:
        side = "rpad" if "-" in spec.flags else "lpad"
        told = f"{side}({told}, CAST(greatest({spec.width}, length({told})) AS INTEGER), ' ')"
    return told


def _python(spec: _Spec, value: str, kind: str) -> str:
    digits = -1 if spec.precision is None else spec.precision
    told = f"{spec.kind}|{kind}|{spec.flags}|{spec.width}|{digits}"
    null = f"t_format_null({spec.width}, {'true' if '-' in spec.flags else 'false'})"
    return f"coalesce(t_java_number({value}, {text(told)}), {null})"


def _decimal(told: str, places: int) -> str:
    """A number's text with so many digits behind the point, halves up."""
    return f"CAST(TRY_CAST({told} AS DECIMAL(38, {places})) AS VARCHAR)"


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
def _number(value: str, told: str) -> str:
    kind, of, flags, width_, digits_ = told.split("|")
    width, digits = int(width_), int(digits_)
    negative, body = value.startswith("-"), value.lstrip("-")
    letter = kind.lower()
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
    return made.upper() if kind.isupper() else made


def _scientific(value: Decimal, places: int) -> str:
    if value == 0:
        return f"{Decimal(0):.{places}f}e+00"
    power = value.adjusted()
    head = value.scaleb(-power).quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
    if head >= 10:
        head, power = (head / 10).quantize(Decimal(1).scaleb(-places), context=_CONTEXT), power + 1
    return f"{head:f}e{'-' if power < 0 else '+'}{abs(power):02}"


# Times

_STRFTIME = {
    "H": "%H", "I": "%I", "k": "%-H", "l": "%-I", "M": "%M", "S": "%S", "L": "%g",
    "B": "%B", "b": "%b", "h": "%b", "A": "%A", "a": "%a", "Y": "%Y", "y": "%y", "j": "%j",
    "m": "%m", "d": "%d", "e": "%-d", "R": "%H:%M", "T": "%H:%M:%S", "r": "%I:%M:%S %p",
    "D": "%m/%d/%y", "F": "%Y-%m-%d",
}  # fmt: skip


def _dated(spec: _Spec, value: Typed, form: str) -> str:
    letter, name = spec.kind[1], value.type.name
    timely, daily = set("HIklMSLNpRTr"), set("BbhAaCYyjmdeDF")
    wrong = BadSQL(f"Invalid format string: {form} ({spec.kind} does not take {value.type}).")
    if spec.flags.strip("-") or spec.precision is not None:
        raise wrong
    if name == "date" and letter in daily:
        clock = f"CAST({value.sql} AS TIMESTAMP)"
    elif name == "time" and letter in timely:
        clock = f"make_timestamp({value.sql} // 1000000)"
    elif name == "timestamp" and letter in timely | daily:
        clock = times.micros(value)
    elif name == "timestamp with time zone" and letter in timely | daily | {"c"}:
        clock = times.micros(times.local(value))
    elif name in ("date", "time", "timestamp", "timestamp with time zone"):
        if letter in _DATES + "cQsZz":
            raise (
                wrong
                if name != "timestamp with time zone"
                else Refused(f'"%{spec.kind}" of format is not known here.')
            )
        raise BadSQL(f"Invalid format string: {form}.")
    else:
        raise wrong
    if letter == "c":
        told = _full(value, clock)
    elif letter == "p":
        told = f"lower(strftime({clock}, '%p'))"
    elif letter in _STRFTIME:
        told = f"strftime({clock}, '{_STRFTIME[letter]}')"
    else:
        raise Refused(f'"%{spec.kind}" of format is not known here.')
    checked = f"CASE WHEN t_usual({clock}) THEN {told} END" if name != "time" else told
    told = f"coalesce({checked}, 'null')"
    if spec.kind[0] == "T":
        told = f"upper({told})"
    if spec.width:
        side = "rpad" if "-" in spec.flags else "lpad"
        told = f"{side}({told}, CAST(greatest({spec.width}, length({told})) AS INTEGER), ' ')"
    return told


# Zones whose short names Java and the zone database have in common.
_NAMED = frozenset(
    {
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/Phoenix",
        "Europe/London",
        "Europe/Paris",
        "Europe/Berlin",
        "Europe/Madrid",
        "Europe/Rome",
        "Europe/Vienna",
        "Europe/Athens",
        "Europe/Helsinki",
        "Asia/Tokyo",
    }
)


def _full(value: Typed, clock: str) -> str:
    zone = value.zone
    name = zone.strip("'")
    if zone[0] == "'" and name not in ("UTC", *_NAMED):
        raise Refused("The short name of this zone is not known here.")
    short = (
        "'UTC'"
        if zone == "'UTC'"
        else (f"t_zone_name({times.micros(times.moment(value))}, {zone})")
    )
    return f"(strftime({clock}, '%a %b %d %H:%M:%S ') || {short} || strftime({clock}, ' %Y'))"


@python("t_zone_name(TIMESTAMP, VARCHAR)", "VARCHAR", pa.string(), refuses=True)
def _zone_name(moment: datetime, zone: str) -> str:
    from datetime import UTC
    from zoneinfo import ZoneInfo

    if zone == "UTC":
        return zone
    if zone not in _NAMED:
        raise NotKnown("The short name of this zone is not known here")
    there = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    if there.dst() == timedelta(0) and there.year < 1970:
        raise NotKnown("The short name of a zone is not known before 1970")
    return str(there.tzname())


# Double.toString: digits with a point from 10^-3 to 10^7, else with an exponent.
macro(
    "t_java_text(x)",
    "CASE WHEN x IS NULL THEN NULL WHEN isnan(x) OR isinf(x) OR abs(x) >= 1e7 OR (abs(x) < 1e-3 "
    "AND x <> 0) THEN t_float_text(x) ELSE CAST(x AS VARCHAR) END",
)
