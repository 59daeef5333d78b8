"""Where reports rest in the lake's bucket."""

from __future__ import annotations

from typing import Literal

import msgspec

from transform.reports import periods
from transform.reports.periods import Period

REPORTS = "reports/"
INDEX = f"{REPORTS}index.html"
FRONT = REPORTS
"""The index once more, for whoever asks for /reports/: CloudFront has a first page for / alone."""
LATEST = f"{REPORTS}latest.json"
OF_ALL = (INDEX, FRONT, LATEST)
"""What is written of all reports together."""


class Latest(msgspec.Struct, frozen=True):
    """Which report is the newest of a day, for the site."""

    name: str
    kind: Literal["day", "week"]
    href: str
    """The page's place at the site."""
    headlines: list[str]


def page(name: str) -> str:
    """Give where the page of a report rests."""
    return f"{REPORTS}{name}.html"


def figures(name: str) -> str:
    """Give where the figures that it is made from rest."""
    return f"{REPORTS}{name}.json"


def table(name: str, file: str) -> str:
    """Give where one of its CSV files rests."""
    return f"{REPORTS}{name}/{file}"


def state(name: str) -> str:
    """Give where it rests which likes a report was made from, and what was announced."""
    return f"state/{REPORTS}{name}.json"


def shown(key: str) -> Period | None:
    """Give the period that a key is the page of; None where it is none."""
    stem = key.removeprefix(REPORTS).removesuffix(".html")
    try:
        period = periods.named(stem)
    except ValueError:
        return None
    return period if key == page(period.name) else None
