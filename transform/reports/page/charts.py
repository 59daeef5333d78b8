"""Charts as SVG inside the page: each one image with a text that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from transform.reports import words
from transform.reports.figures import Mover
from transform.reports.page.html import Html, tag

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
