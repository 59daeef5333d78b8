"""Which reports a call is about: those asked for, or those that are due at a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec

from transform.reports import periods
from transform.reports.periods import Period

AGAIN_DAYS = 7
"""How many days back a scheduled run looks whether late likes came."""


class NotOver(ValueError):
    """A period that is not over, and so has no report yet."""


class Call(msgspec.Struct, frozen=True):
    """What the function is called with: one of the first three."""

    day: str | None = None
    week: str | None = None
    scheduled: Literal["day", "week"] | None = None
    time: str | None = None
    """When a scheduled call was due, RFC 3339."""

    def at(self, now: datetime) -> datetime:
        """When the call was due: now, where a scheduler says nothing of its own."""
        # The emulator's hands over the name of the time and not the time.
        if self.time is None or self.time.startswith("<"):
            return now
        return datetime.fromisoformat(self.time).astimezone(UTC)


def wanted(call: Call, now: datetime, standing: Collection[Period]) -> list[Period]:
    """Give the periods whose reports are to be made or looked at again, the newest first.

    A scheduled call is about the last period that is over, and looks again at the days of the
    week before and at the last week; a day of these that has no report gets one if an earlier one
    has: a run that was missed is made up for. `ValueError` with a sentence for what cannot be.
    """
    given = [one for one in (call.day, call.week, call.scheduled) if one]
    if len(given) != 1:
        raise ValueError("A report is of a day, of a week, or what is due on a schedule: name one.")
    today = call.at(now).date()
    if call.scheduled:
        return _scheduled(call.scheduled, today, standing)
    period = periods.named(given[0])
    if period.kind != ("day" if call.day else "week"):
        raise ValueError(f'"{period.name}" is a {period.kind}.')
    if period.last >= today:
        raise NotOver(f"{period.name} is not over yet: its report can be made from the day after.")
    return [period]


def _scheduled(kind: str, today: date, standing: Collection[Period]) -> list[Period]:
    yesterday = periods.day(today - timedelta(days=1))
    last_week = periods.week(today).before
    again = [periods.day(yesterday.first - timedelta(days=n)) for n in range(1, 1 + AGAIN_DAYS)]
    oldest = min((day for day in again if day in standing), default=None)
    due = [yesterday if kind == "day" else last_week]
    due += [day for day in again if oldest and day >= oldest]
    if kind == "day" and last_week in standing:
        due.append(last_week)
    return due
