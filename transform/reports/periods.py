"""The days and ISO weeks that reports are about."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal

import msgspec


class Period(msgspec.Struct, frozen=True, order=True):
    """A day, or an ISO week (Monday to Sunday), of event time in UTC."""

    first: date
    kind: Literal["day", "week"] = "day"

    @property
    def last(self) -> date:
        """The last day of it, included."""
        return self.first if self.kind == "day" else self.first + timedelta(days=6)

    @property
    def days(self) -> list[date]:
        """All days of it."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def name(self) -> str:
        """2026-01-31 or 2026-W05 (ISO 8601); names sort by time within a kind."""
        if self.kind == "day":
            return self.first.isoformat()
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def before(self) -> Period:
        """The period of the same kind that ends where this one begins."""
        return Period(self.first - timedelta(days=1 if self.kind == "day" else 7), self.kind)


def day(of: date) -> Period:
    """That day."""
    return Period(of, "day")


def week(of: date) -> Period:
    """The ISO week that a day lies in."""
    return Period(of - timedelta(days=of.weekday()), "week")


def named(name: str) -> Period:
    """The period of a name; `ValueError` with a sentence for what names none."""
    try:
        if found := re.fullmatch(r"(\d{4})-W(\d{2})", name):
            return Period(date.fromisocalendar(int(found[1]), int(found[2]), 1), "week")
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name):
            return day(date.fromisoformat(name))
    except ValueError:
        pass
    raise ValueError(f'"{name}" is neither a day, as 2026-01-31, nor an ISO week, as 2026-W05.')
