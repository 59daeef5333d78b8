"""What a report asks the lake: questions of the library, each scanning as few days as it can."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from transform.reports.periods import Period

TOP = 10
MOVERS = 5
"""How many films that rose, and as many that fell."""
HEAT_DAYS = 7
BEFORE_DAYS = 7
"""Days before a period that tell which hours of it are incomplete: what is typical is a median."""
AFTER_DAYS = 8
"""Days after a period whose audits are asked for, too: so long its report may be restated."""

Row = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """The rows of an answer, in plain Python, times in UTC, and what it cost."""

    rows: Sequence[Row]
    bytes: int
    dollars: float


def asked(period: Period) -> dict[str, dict[str, Any]]:
    """Give the questions of a period's report, each with its parameters."""
    first, last = period.first, period.last
    span = {"first_day": first, "last_day": last}
    whole = {"last_day": last, "days": len(period.days)}
    return {
        "period_totals": whole,
        "movers": whole | {"n": MOVERS},
        "top_movies_hourly": span | {"n": TOP},
        "heat_by_weekday": _ending(last, HEAT_DAYS),
        "completeness_by_hour": {
            "first_day": first - timedelta(days=BEFORE_DAYS),
            "last_day": last,
            "gaps_only": True,
        },
        "period_lag": span,
        "rejected_by_reason": span,
        "audits": {"first_day": first, "last_day": last + timedelta(days=AFTER_DAYS)},
    }


def _ending(last: date, days: int) -> dict[str, Any]:
    return {"first_day": last - timedelta(days=days - 1), "last_day": last}
