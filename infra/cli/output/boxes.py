"""Tables for people that fit the terminal: cells are cut, then columns left out and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

_GAP = 2
_LEAST = 12
"""Cells are cut to no fewer characters as long as columns can be left out."""
_NARROW = 2
"""And folded to no fewer, which one character of any script takes."""
_MORE = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, whether it holds numbers, and its cells."""

    name: str
    numbers: bool
    cells: Sequence[str]

    def width(self) -> int:
        """Give the characters that its widest cell takes."""
        return max((length(cell) for cell in (self.name, *self.cells)), default=0)


@dataclass(frozen=True, slots=True)
class Fit:
    """The widths that columns get, by their numbers; `gap` is where some are left out, if any."""

    widths: dict[int, int]
    gap: int | None = None


def fit(natural: Sequence[int], numbers: Sequence[bool], width: int | None) -> Fit:
    """Give columns their widths within `width` characters, None for any number of them.

    Numbers are never cut. Where nothing else helps, columns in the middle are left out.
    """
    every = list(range(len(natural)))
    if width is None or _total(natural) <= width:
        return Fit(dict(enumerate(natural)))
    for count in range(len(every), 0, -1):
        left = (count + 1) // 2
        kept = every[:left] + every[len(every) - (count - left) :]
        gap = left if count < len(every) else None
        room = width - (0 if gap is None else _GAP + len(_MORE))
        widths = _cut({i: natural[i] for i in kept}, numbers, room, _LEAST)
        if widths is not None:
            return Fit(widths, gap)
    if len(every) == 1:
        return Fit({0: max(1, width)})
    return Fit({0: max(1, width - _GAP - len(_MORE))}, 1)


def lines(columns: Sequence[Column], fitted: Fit, *, fold: bool = False) -> Iterator[str]:
    """Give the table's lines. With `fold`, cells that are too long go on in the next line."""
    yield _line(columns, fitted, [column.name for column in columns])
    gaps = 0 if fitted.gap is None else _GAP + len(_MORE)
    yield "─" * (_total(list(fitted.widths.values())) + gaps)
    for row in zip(*(column.cells for column in columns), strict=True):
        while True:
            yield _line(columns, fitted, row, cut=not fold)
            if not fold:
                break
            row = tuple(_rest(cell, fitted.widths.get(i)) for i, cell in enumerate(row))
            if not any(row):
                break


def folded(natural: Sequence[int], numbers: Sequence[bool], width: int | None) -> Fit:
    """Give all columns widths within `width`, however narrow: their cells are to be folded."""
    if width is None or _total(natural) <= width:
        return Fit(dict(enumerate(natural)))
    widths = _cut(dict(enumerate(natural)), numbers, width, _NARROW)
    return Fit(widths or {i: min(n, _NARROW) for i, n in enumerate(natural)})


def _cut(
    natural: dict[int, int], numbers: Sequence[bool], room: int, least: int
) -> dict[int, int] | None:
    """The widths with the widest texts cut as little as it takes; None where it takes too much."""
    for cap in range(max(least, min(room, max(natural.values()))), least - 1, -1):
        widths = {i: n if numbers[i] else min(n, cap) for i, n in natural.items()}
        if _total(list(widths.values())) <= room:
            return widths
    return None


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * max(0, len(widths) - 1)


def _line(columns: Sequence[Column], fitted: Fit, row: Sequence[str], *, cut: bool = True) -> str:
    parts = [_sized(row[i], width, columns[i].numbers, cut) for i, width in fitted.widths.items()]
    if fitted.gap is not None:
        parts.insert(fitted.gap, _MORE)
    return (" " * _GAP).join(parts).rstrip()


def _sized(cell: str, width: int, right: bool, cut: bool) -> str:
    taken = length(cell)
    if taken > width and cut:
        cell = set_cell_size(cell, width - 1).rstrip() + _MORE if width > 1 else _MORE
    elif taken > width:
        cell = _first(cell, width)
    pad = " " * (width - length(cell))
    return pad + cell if right else cell + pad


def _first(cell: str, width: int) -> str:
    """What of a cell fits a line: whole words, where there is more than one."""
    part = set_cell_size(cell, width).rstrip()
    if not cell[len(part) :][:1].isspace() and " " in part.strip():
        part = part.rpartition(" ")[0]
    return part


def _rest(cell: str, width: int | None) -> str:
    """What of a cell does not."""
    if width is None or length(cell) <= width:
        return ""
    return cell[max(1, len(_first(cell, width))) :].lstrip()


def length(text: str) -> int:
    """Give the places of a terminal that a text takes."""
    return len(text) if text.isascii() else cell_len(text)
