"""Formats of times as Joda writes them (`yyyy-MM-dd`) and as MySQL does (`%Y-%m-%d`).

Both are read to the same pieces; these are written to DuckDB's SQL, or read from text. By
https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import time_zones
from queries.engine.trino.time_zones import NoTime
from queries.engine.trino.typed import text

_MYSQL = {
    "a": "EEE", "b": "MMM", "c": "M", "d": "dd", "e": "d", "f": "f", "H": "HH", "h": "hh",
    "I": "hh", "i": "mm", "j": "DDD", "k": "H", "l": "h", "M": "MMMM", "m": "MM", "p": "a",
    "r": "hh:mm:ss a", "S": "ss", "s": "ss", "T": "HH:mm:ss", "v": "ww", "x": "xxxx", "W": "EEEE",
    "Y": "YYYY", "y": "yy",
}  # fmt: skip
_LETTERS = "GCYxwEyDMdaKhHkmsSzZe"


@dataclass(frozen=True, slots=True)
class Piece:
    """A letter and how often it stands, or literal text, whose letter is empty."""

    letter: str
    count: int = 1
    text: str = ""
    exact: bool = False  # no more digits than are written


@lru_cache(maxsize=512)
def mysql(pattern: str) -> tuple[Piece, ...]:
    """The pieces of a format of MySQL's; `BadSQL` for letters that Trino does not know."""
    made: list[Piece] = []
    letters = iter(pattern)
    for letter in letters:
        if letter != "%":
            made.append(Piece("", text=letter))
            continue
        kind = next(letters, None)
        if kind is None:
            break
        if kind in "DUuVwX":
            raise BadSQL(f"%{kind} is not supported in a date format string.")
        if kind in _MYSQL:
            made += [
                Piece(p.letter, p.count, p.text, exact=p.letter in "Yx")
                for p in _pieces(_MYSQL[kind], "f")
            ]
        else:
            made.append(Piece("", text=kind))
    return tuple(made)


@lru_cache(maxsize=512)
def joda(pattern: str) -> tuple[Piece, ...]:
    """The pieces of a format of Joda's; `BadSQL` for what is none."""
    return tuple(_pieces(pattern))


def _pieces(pattern: str, more: str = "") -> list[Piece]:
    made: list[Piece] = []
    for found in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'", pattern):
        token = found[0]
        if token == "'":
            raise BadSQL("A format has a quote that is not closed.")
        if token[0] == "'":
            made.append(Piece("", text=found[1].replace("''", "'") or "'"))
        elif not token[0].isalpha() or not token[0].isascii():
            made.append(Piece("", text=token))
        elif token[0] not in _LETTERS + more:
            raise BadSQL(f"Illegal pattern component: {token}.")
        else:
            made.append(Piece(token[0], len(token)))
    return made


# Writing

_STRFTIME = {
    ("Y", 4): "%Y", ("y", 4): "%Y", ("Y", 2): "%y", ("y", 2): "%y", ("M", 1): "%-m",
    ("M", 2): "%m", ("M", 3): "%b", ("M", 4): "%B", ("d", 1): "%-d", ("d", 2): "%d",
    ("H", 1): "%-H", ("H", 2): "%H", ("h", 1): "%-I", ("h", 2): "%I", ("m", 1): "%-M",
    ("m", 2): "%M", ("s", 1): "%-S", ("s", 2): "%S", ("S", 3): "%g", ("f", 1): "%g000",
    ("E", 1): "%a", ("E", 2): "%a", ("E", 3): "%a", ("E", 4): "%A", ("a", 1): "%p",
    ("D", 3): "%j", ("D", 1): "%-j", ("w", 2): "%V", ("x", 4): "%G", ("e", 1): "%u",
}  # fmt: skip
_NUMBERS = {
    "Y": "year({t})", "y": "year({t})", "x": "isoyear({t})", "w": "week({t})", "e": "isodow({t})",
    "D": "dayofyear({t})", "M": "month({t})", "d": "day({t})", "H": "hour({t})",
    "K": "hour({t}) % 12", "k": "(hour({t}) + 23) % 24 + 1", "h": "(hour({t}) + 11) % 12 + 1",
    "m": "minute({t})", "s": "second({t})",
}  # fmt: skip


def written(pieces: tuple[Piece, ...], clock: str, zone: str, offset: str) -> str:
    """SQL of a text: of a timestamp that clocks show, and of the zone and its minutes from UTC."""
    parts: list[str] = []
    form = ""

    def flush() -> None:
        nonlocal form
        if form:
            parts.append(f"strftime({clock}, {text(form)})")
        form = ""

    for piece in pieces:
        if not piece.letter:
            form += piece.text.replace("%", "%%")
            continue
        count = min(piece.count, 4) if piece.letter in "EM" else piece.count
        if piece.letter == "a":
            count = 1
        known = _STRFTIME.get((piece.letter, count))
        if known is not None:
            form += known
            continue
        flush()
        parts.append(_part(piece, clock, zone, offset))
    flush()
    if not parts:
        return f"CASE WHEN {clock} IS NOT NULL THEN '' END"
    told = f"({' || '.join(parts)})"
    if not any(piece.letter in "YyxCG" and piece.letter for piece in pieces):
        return told
    # Years of other eras, and of more than four digits, are not sure to be told alike.
    return f"CASE WHEN t_usual({clock}) THEN {told} END"


def _part(piece: Piece, clock: str, zone: str, offset: str) -> str:
    match piece.letter:
        case "S":
            digits = f"strftime({clock}, '%g')"
            if piece.count <= 3:
                return f"left({digits}, {piece.count})"
            return f"({digits} || '{'0' * (piece.count - 3)}')"
        case "Z" if piece.count == 1:
            return f"replace(t_offset_text({offset}), ':', '')"
        case "Z" if piece.count == 2:
            return f"t_offset_text({offset})"
        case "Z":
            return zone
        case "z":
            if zone != "'UTC'" or piece.count > 3:
                raise Refused("The name of a zone other than UTC is not known here.")
            return "'UTC'"
        case "G" | "C":
            raise Refused(f'"{piece.letter}" of a format is not known here.')
    number = _NUMBERS[piece.letter].replace("{t}", clock)
    return f"t_padded({number}, {piece.count})"


# Reading

_SPANS = {"D": 3, "S": 9}
_RANKS = {"Y": 0, "y": 0, "x": 1, "M": 2, "w": 3, "D": 4, "d": 4, "E": 4, "e": 4, "a": 5}
_RANKS |= {"K": 6, "h": 6, "H": 6, "k": 6, "m": 7, "s": 8, "S": 9, "f": 9}
_WEEKDAYS = [[calendar.day_name[n], calendar.day_abbr[n]] for n in range(7)]
_MONTHS = [[calendar.month_name[n], calendar.month_abbr[n]] for n in range(1, 13)]


@lru_cache(maxsize=512)
def _pattern(pieces: tuple[Piece, ...]) -> tuple[re.Pattern[str], list[tuple[str, Piece]]]:
    made, fields = "", []
    for place, piece in enumerate(pieces):
        if not piece.letter:
            made += f"(?i:{re.escape(piece.text)})"
            continue
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        name = f"f{place}"
        fields.append((name, piece))
        made += f"(?P<{name}>{_read(piece, following)})"
    return re.compile(made, re.ASCII), fields


def _numeric(piece: Piece | None) -> bool:
    return piece is not None and (
        piece.letter in "CYyxwDdeKhHkmsSf"
        and piece.letter != ""
        or (piece.letter == "M" and piece.count < 3)
    )


def _read(piece: Piece, following: Piece | None) -> str:
    letter, count = piece.letter, piece.count
    match letter:
        case "Y" | "y" | "x":
            if count == 2:
                if _numeric(following) or letter == "x" or piece.exact:
                    return r"\d{2}"
                return r"[+-]?\d{1,9}"
            most = count if _numeric(following) or piece.exact else 9
            return rf"[+-]?\d{{1,{most}}}"
        case "M" if count >= 3:
            return _names(_MONTHS)
        case "E":
            return _names(_WEEKDAYS)
        case "a":
            return "AM|PM|am|pm"
        case "S":
            return rf"\d{{1,{count}}}"
        case "f":
            return r"\d{1,9}"
        case "Z" if count <= 2:
            return r"[+-]\d\d(?::?\d\d)?|Z"
        case "Z":
            return r"[A-Za-z][\w/+-]*|[+-]\d\d:\d\d"
        case "G" | "C" | "z":
            raise NoTime(f'"{letter}" of a format is not read here')
    return rf"\d{{1,{_SPANS.get(letter, 2 if letter != 'e' else 1)}}}"


def _names(known: list[list[str]]) -> str:
    return "|".join(
        form for pair in known for name in pair for form in (name, name.upper(), name.lower())
    )


def parsed(written_: str, pieces: tuple[Piece, ...]) -> tuple[int, str | None]:
    """What a text tells: microseconds since 1970 on its clock, to the millisecond, and its zone.

    `NoTime` where it is not of the format.
    """
    pattern, fields = _pattern(pieces)
    found = pattern.fullmatch(written_)
    if found is None:
        raise NoTime(f"Invalid format: '{written_}'")
    zone: str | None = None
    given: list[tuple[int, str, int]] = []
    for name, piece in fields:
        value = found[name]
        if piece.letter == "Z":
            zone = _zone(value)
        else:
            given.append((_RANKS[piece.letter], piece.letter, _number(piece, value)))
    given.sort(key=lambda each: each[0])
    try:
        return _computed(given), zone
    except (ValueError, OverflowError):
        raise NoTime(f"Cannot parse '{written_}'") from None


def _zone(value: str) -> str:
    if value == "Z":
        return "UTC"
    if value[0] in "+-":
        digits = value[1:].replace(":", "").ljust(4, "0")
        return time_zones.zone_id(f"{value[0]}{digits[:2]}:{digits[2:]}")
    return time_zones.zone_id(value)


def _number(piece: Piece, value: str) -> int:
    match piece.letter:
        case "M" if piece.count >= 3:
            return next(n for n, pair in enumerate(_MONTHS, 1) if value.title() in pair)
        case "E":
            return next(n for n, pair in enumerate(_WEEKDAYS, 1) if value.title() in pair)
        case "a":
            return int(value.lower() == "pm")
        case "S" | "f":
            return int(value.ljust(3, "0")[:3])
        case "Y" | "y" if piece.count == 2 and re.fullmatch(r"\d\d", value):
            # The hundred years about a pivot: 2020 for MySQL's, which Joda's are told by today.
            return int(value) + (2000 if int(value) < 70 else 1900)
    return int(value)


def _computed(given: list[tuple[int, str, int]]) -> int:
    if given and given[0][0] in (2, 4):  # a month or a day is the largest
        given = [(0, "Y", 2000), *given]
    day, hour, milli, half = date(1970, 1, 1), 0, 0, 0
    minute = second = 0
    for _, letter, value in given:
        match letter:
            case "Y" | "y":
                last = calendar.monthrange(value, day.month)[1]
                day = day.replace(year=value, day=min(day.day, last))
            case "x":
                _, week, weekday = day.isocalendar()
                day = date.fromisocalendar(value, min(week, 52), weekday)
            case "M":
                last = calendar.monthrange(day.year, value)[1]
                day = day.replace(month=value, day=min(day.day, last))
            case "w":
                year, _, weekday = day.isocalendar()
                day = date.fromisocalendar(year, value, weekday)
            case "d":
                day = day.replace(day=value)
            case "D":
                first = day.replace(month=1, day=1)
                day = first + timedelta(days=value - 1)
                if day.year != first.year or value < 1:
                    raise ValueError
            case "E" | "e":
                if not 1 <= value <= 7:
                    raise ValueError
                day += timedelta(days=value - day.isoweekday())
            case "a":
                half = value
            case _:
                low, high = {"K": (0, 11), "h": (1, 12), "H": (0, 23), "k": (1, 24)}.get(
                    letter, (0, 999 if letter in "Sf" else 59)
                )
                if not low <= value <= high:
                    raise ValueError
                if letter in "Kh":
                    hour = half * 12 + value % 12
                elif letter in "Hk":
                    hour = value % 24
                elif letter == "m":
                    minute = value
                elif letter == "s":
                    second = value
                else:
                    milli = value
    if any(letter == "a" for _, letter, _ in given) and not any(n == 6 for n, _, _ in given):
        hour = half * 12
    if given and given[-1][1] == "w":  # the last field begins
        day -= timedelta(days=day.isoweekday() - 1)
    days = (day - date(1970, 1, 1)).days
    return ((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli) * 1000


_SHORT = "|".join(calendar.month_abbr[1:])
_LONG = "|".join(calendar.month_name[1:])
_FIXED = {
    ("Y", 4): ("[0-9]{4}", "%Y"), ("y", 4): ("[0-9]{4}", "%Y"), ("M", 2): ("[0-9]{2}", "%m"),
    ("d", 2): ("[0-9]{2}", "%d"), ("H", 2): ("[0-9]{2}", "%H"), ("m", 2): ("[0-9]{2}", "%M"),
    ("s", 2): ("[0-9]{2}", "%S"), ("S", 3): ("[0-9]{3}", "%g"), ("M", 1): ("[0-9]{1,2}", "%-m"),
    ("d", 1): ("[0-9]{1,2}", "%-d"), ("H", 1): ("[0-9]{1,2}", "%-H"), ("M", 3): (_SHORT, "%b"),
    ("M", 4): (_LONG, "%B"), ("h", 2): ("0[1-9]|1[0-2]", "%I"), ("a", 1): ("AM|PM", "%p"),
}  # fmt: skip


def strptime(pieces: tuple[Piece, ...]) -> tuple[str, str] | None:
    """A regular expression of texts that DuckDB reads alike, and how; None where there is none.

    Such a format has a year, a month and a day, and no piece twice.
    """
    kinds = [p.letter.lower() if p.letter in "Yy" else p.letter for p in pieces if p.letter]
    clear = len(set(kinds)) == len(kinds) and {"y", "M", "d"} <= set(kinds)
    if not clear or ("h" in kinds) != ("a" in kinds) or {"h", "H"} <= set(kinds):
        return None
    pattern = form = ""
    for place, piece in enumerate(pieces):
        if not piece.letter:
            if not re.fullmatch(r"[-/:. T_,]*", piece.text):
                return None
            pattern += re.escape(piece.text)
            form += piece.text
            continue
        known = _FIXED.get((piece.letter, piece.count))
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        if known is None or (piece.count == 1 and _numeric(following)):
            return None
        pattern, form = f"{pattern}({known[0]})", form + known[1]
    return pattern, form
