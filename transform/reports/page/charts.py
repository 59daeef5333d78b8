"""Charts as SVG inside the page, each an image whose text says what it shows; the heat map."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from transform.reports import words
from transform.reports.figures import HeatRow, Mover
from transform.reports.page.html import Html, join, tag

_WIDTH, _HEIGHT, _MARGIN = 132.0, 30.0, 4.0


def image(label: str, view: str, kind: str, *inside: str) -> Html:
    """A chart: for who does not see it, the label and nothing of what is inside."""
    return tag("svg", *inside, class_=kind, viewBox=view, role="img", aria_label=label)


def sparkline(series: Sequence[int], label: str) -> Html:
    """A line on a scale of its own, from 0 or below, with a dot on its highest point."""
    low, high = min(0, *series), max(0, *series)
    across = (_WIDTH - 2 * _MARGIN) / (len(series) - 1)

    def down(value: int) -> float:
        return _MARGIN + (_HEIGHT - 2 * _MARGIN) * (high - value) / ((high - low) or 1)

    ground = f"{down(0):.1f}"
    points = [f"{_MARGIN + n * across:.1f},{down(value):.1f}" for n, value in enumerate(series)]
    ends = f"{_MARGIN:.1f},{ground}", f"{_WIDTH - _MARGIN:.1f},{ground}"
    x, y = points[series.index(max(series))].split(",")
    return image(
        label,
        f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        "spark",
        tag("polygon", points=" ".join([ends[0], *points, ends[1]]), class_="area"),
        tag("line", x1=0, y1=ground, x2=_WIDTH, y2=ground, class_="ground"),
        tag("polyline", points=" ".join(points), class_="line"),
        tag("circle", cx=x, cy=y, r=3, class_="dot"),
    )


def pair(film: Mover, low: int, high: int, before: str) -> Html:
    """Two bars, before above now, on a scale that all films of a list share."""
    label = f"{words.number(film.net_before)} net likes {before}, {words.number(film.net)} now"
    bars = _bar(film.net_before, low, high, 0, "then"), _bar(film.net, low, high, 7, "now")
    return _stretched(tag("g", *bars), 12, "pair", role="img", aria_label=label)


def bar(value: int, highest: int) -> Html:
    """A bar under the number that it shows again: for the eye alone."""
    return _stretched(_bar(max(value, 0), 0, highest, 0, "now"), 5, "bar", aria_hidden="true")


def _bar(value: int, low: int, high: int, top: int, kind: str) -> Html:
    start, end = sorted(100 * (edge - low) / ((high - low) or 1) for edge in (0, value))
    return tag("rect", x=f"{start:.2f}", y=top, width=f"{end - start:.2f}", height=5, class_=kind)


def _stretched(inside: Html, height: int, kind: str, **attributes: str) -> Html:
    view = f"0 0 100 {height}"
    return tag("svg", inside, class_=kind, viewBox=view, preserveAspectRatio="none", **attributes)


STEPS = 5
"""Colours for hours with any likes."""


class _Grid(msgspec.Struct, frozen=True):
    """Where the cells and their names go; sizes in the units of the picture."""

    name: str
    wide: int
    high: int
    left: int
    top: int
    hours_down: bool

    def cell(self, day: int, hour: int) -> dict[str, int]:
        column, row = (day, hour) if self.hours_down else (hour, day)
        x, y = self.left + column * self.wide + 1, self.top + row * self.high + 1
        return {"x": x, "y": y, "width": self.wide - 2, "height": self.high - 2}

    def above(self, column: int, text: str) -> Html:
        x = self.left + (column + 0.5) * self.wide
        return tag("text", text, x=x, y=self.top - 6, class_="above")

    def beside(self, row: int, text: str) -> Html:
        y = self.top + (row + 0.5) * self.high + 4
        return tag("text", text, x=self.left - 6, y=y, class_="beside")

    def called(self, day: date) -> str:
        return f"{day:%a}" if self.hours_down else words.short_day(day)

    def view(self, days: int) -> str:
        columns, rows = (days, 24) if self.hours_down else (24, days)
        return f"0 0 {self.left + columns * self.wide} {self.top + rows * self.high}"


_GRIDS = (
    _Grid("wide", wide=30, high=28, left=80, top=20, hours_down=False),
    _Grid("tall", wide=44, high=18, left=26, top=20, hours_down=True),
)


def heat_map(rows: Sequence[HeatRow]) -> Html:
    """The map twice, hours across and hours down: the style shows the one that the screen fits."""
    return join(_drawn(rows, grid) for grid in _GRIDS)


def legend(rows: Sequence[HeatRow]) -> Html:
    """What each colour stands for."""
    highest = _highest(rows)
    entries = [(0, "none")]
    for colour in range(1, STEPS + 1):
        first, last = highest * (colour - 1) // STEPS + 1, highest * colour // STEPS
        if first < last:
            entries.append((colour, f"{words.number(first)} to {words.number(last)}"))
        elif first == last:
            entries.append((colour, words.number(first)))
    return tag(
        "ul", *(tag("li", _swatch(colour), text) for colour, text in entries), class_="legend"
    )


def step(likes: int, highest: int) -> int:
    """The colour of a number of likes: 0 for none, then equal steps up to the highest."""
    return -(-max(likes, 0) * STEPS // max(highest, 1))


def _drawn(rows: Sequence[HeatRow], grid: _Grid) -> Html:
    highest = _highest(rows)
    days, hours = (grid.above, grid.beside) if grid.hours_down else (grid.beside, grid.above)
    cells = [
        tag(
            "rect",
            tag("title", _in_words(row, hour)),
            **grid.cell(day, hour),
            rx=2,
            class_=f"heat-{step(row.likes[hour], highest)}",
        )
        for day, row in enumerate(rows)
        for hour in range(24)
    ]
    return image(
        _told(rows),
        grid.view(len(rows)),
        f"heat {grid.name}",
        *(days(n, grid.called(row.day)) for n, row in enumerate(rows)),
        *(hours(hour, f"{hour:02}") for hour in range(0, 24, 3)),
        *cells,
    )


def _swatch(colour: int) -> Html:
    square = tag("rect", x=1, y=1, width=14, height=14, rx=2, class_=f"heat-{colour}")
    return tag("svg", square, viewBox="0 0 16 16", aria_hidden="true")


def _in_words(row: HeatRow, hour: int) -> str:
    likes = words.count(row.likes[hour], "like")
    return f"{words.short_day(row.day)}, {hour:02}:00 UTC: {likes}"


def _told(rows: Sequence[HeatRow]) -> str:
    what = f"Heat map of likes by hour, {words.count(len(rows), 'day')} by 24 hours."
    highest = _highest(rows)
    if not highest:
        return f"{what} There were none."
    row = next(row for row in rows if highest in row.likes)
    by_hour = [sum(row.likes[hour] for row in rows) for hour in range(24)]
    return (
        f"{what} Most came in the hour {_in_words(row, row.likes.index(highest))}."
        f" Over all days the busiest hour is from {by_hour.index(max(by_hour)):02}:00 UTC."
    )


def _highest(rows: Sequence[HeatRow]) -> int:
    return max((likes for row in rows for likes in row.likes), default=0)
