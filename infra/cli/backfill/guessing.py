"""What the columns of a file without their names are, by what stands in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infra.cli.backfill import times

ROWS = 100
"""Rows that are looked at."""
_DELIMITERS = ",;\t|"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_TITLE = re.compile(r"tt\d{6,}", re.ASCII)
_USER = re.compile(r"u(ser)?[-_]?\d+", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_FRACTION = re.compile(r"\d(\.\d+)?", re.ASCII)
_ACTIONS = {"like", "unlike"}
_SOURCES = {"web", "ios", "android", "tv", "mobile", "desktop", "app", "api"}
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000 and 2100


class Guess(NamedTuple):
    """What divides fields, what the columns are called, and the unit of times that are numbers."""

    delimiter: str
    columns: tuple[str, ...]
    unit: str | None
    first: tuple[str, ...]
    """What stands in the first row."""


def guess(text: str, names: Mapping[str, str]) -> Guess | None:
    """Guess the columns of a text; None where its first line names them, or no film is seen.

    `names` are those that fields have in other people's files. Of two columns of plain ids the
    first is the user's and the second the film's, as in MovieLens's files.
    """
    lines = [line for line in text.splitlines()[:ROWS] if line.strip()]
    if not lines or lines[0].lstrip().startswith(("{", "[")):
        return None
    delimiter = "::" if "::" in lines[0] else max(_DELIMITERS, key=lines[0].count)
    rows = [_cells(line, delimiter) for line in lines]
    width = len(rows[0])
    rows = [row for row in rows if len(row) == width]
    known = {alias for each in names.values() for alias in each.split()}
    head = [cell.lower().replace(" ", "_") for cell in rows[0]]
    if width < 2 or known & {*head} or not any(map(_is_value, rows[0])):
        return None
    columns = [[row[at] for row in rows if row[at]] for at in range(width)]
    found, unit = _named(columns)
    if "movie_id" not in found:
        return None
    told = {at: field for field, at in found.items()}
    called = tuple(told.get(at, f"column{at + 1}") for at in range(width))
    return Guess(delimiter, called, unit, tuple(rows[0]))


def _named(columns: Sequence[Sequence[str]]) -> tuple[dict[str, int], str | None]:
    """Give where each field stands, and the unit of times that are numbers."""
    found: dict[str, int] = {}
    unit: str | None = None
    ids = []
    for at, values in enumerate(columns):
        of = _field(values)
        if of is None and values and all(map(_ID.fullmatch, values)):
            ids.append(at)
        elif of in _UNITS and "liked_at" not in found:
            found["liked_at"], unit = at, of
        elif of is not None and of not in (*_UNITS, "nothing"):
            found.setdefault(of, at)
    wanted = [field for field in ("user_id", "movie_id") if field not in found]
    if len(wanted) > len(ids):
        wanted = wanted[-len(ids) :] if ids else []  # a film there has to be
    return found | dict(zip(wanted, ids, strict=False)), unit


def _field(values: Sequence[str]) -> str | None:
    """Tell the field that values are of, or the unit of times; None where they may be ids."""
    told = {*values}
    if not told:
        return "nothing"
    if all(map(_UUID.fullmatch, told)) and len(told) == len(values):
        return "event_id"
    if all(map(_TITLE.fullmatch, told)):
        return "movie_id"
    if all(map(_USER.fullmatch, told)):
        return "user_id"
    if told <= _ACTIONS:
        return "action"
    if {each.lower() for each in told} <= _SOURCES:
        return "source"
    if all(map(_NUMBER.fullmatch, told)):
        numbers = [float(each) for each in told]
        for unit, each in _UNITS.items():
            if all(_FIRST_S * each <= number < _LAST_S * each for number in numbers):
                return unit
        fractions = any("." in each for each in told)
        return "nothing" if fractions or _are_ratings(told, len(values)) else None
    if all(_is_time(each) for each in told):
        return "liked_at"
    return None


def _are_ratings(told: set[str], count: int) -> bool:
    return count > 10 and len(told) <= 10 and all(map(_FRACTION.fullmatch, told))


def _is_time(text: str) -> bool:
    return not _NUMBER.fullmatch(text) and times.read(text, "ms", "UTC") is not None


def _is_value(text: str) -> bool:
    """Tell what is no name: a number, a time, an id."""
    forms = (_NUMBER, _UUID, _TITLE)
    return any(form.fullmatch(text) for form in forms) or _is_time(text)


def _cells(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return [cell.strip() for cell in line.split(delimiter)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []
