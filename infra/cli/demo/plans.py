"""What the demonstration makes up: a past that flows into the present, and what is sent live."""

from __future__ import annotations

from infra.cli.traffic.simulate import HOUR, Plan

DAYS = 30
LIVE_HOURS = 3
"""Live likes are of the last hours: there they stand beside those of the past, and add to them."""
EVENING_HOURS = 4
"""Before midnight yesterday's film has its best hour: so it is in the report of that day."""
_DAY = 24 * HOUR


def past(now: int, likes: int, seed: int) -> Plan:
    """Give the plan of whole days before today, and of today up to `now` (epoch milliseconds)."""
    midnight = now // _DAY * _DAY
    days = DAYS + (now - midnight) / _DAY
    return Plan(now, likes, seed, days, peak=midnight - EVENING_HOURS * HOUR)


def live(now: int, likes: int, seed: int) -> Plan:
    """Give the plan of what is sent while the demonstration runs."""
    return Plan(now, likes, seed, days=LIVE_HOURS / 24)


def yesterday(now: int) -> int:
    """Give the start of the day before the one of `now`, both in epoch milliseconds."""
    return now // _DAY * _DAY - _DAY
