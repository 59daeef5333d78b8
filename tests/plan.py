"""Which test has which days of event time and which films on the stage that all tests share.

Time is read once, as the tests begin; every event time on the stage follows from that, by whole
days (UTC). So it does not matter at which hour of which day they run, nor in which order, nor
whether midnight passes meanwhile. `test_plan` holds the tests of the stage to it.
"""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

NOW = datetime.now(UTC)
TODAY = NOW.date()
DAY_MS = 86_400_000


class Days(NamedTuple):
    """Days in a row, the first and the last included."""

    first: date
    last: date

    def at(self, day: int, hour: float = 0) -> datetime:
        """Give an hour of one of the days, 0 being the first and -1 the last."""
        of = (self.first if day >= 0 else self.last + timedelta(days=1)) + timedelta(days=day)
        assert self.first <= of <= self.last and 0 <= hour < 24
        return datetime.combine(of, time(), UTC) + timedelta(hours=hour)

    @property
    def named(self) -> dict[str, date]:
        """Give them as the parameters of a question."""
        return {"first_day": self.first, "last_day": self.last}


# By the test that has them, in days before TODAY. Trends know three ages of an hour: tracked (48
# hours), restated each ten minutes (8 days), restated each hour (older).
_BEFORE_TODAY = {
    "notebooks": (8, 7),
    "lake": (20, 13),
    "again": (26, 25),
    "trends": (32, 30),
    "backfill": (45, 40),
    "backfill killed": (65, 55),
    "backfill history": (85, 75),
    "backfill table": (95, 94),
    "backfill streamed": (98, 97),
    "athena": (104, 102),
    "athena clients": (107, 106),
    "forget": (112, 110),
    "at once": (116, 114),
}
_FIXED = {
    "movies": (date(2014, 6, 1), date(2014, 6, 1)),
    "readers": (date(2015, 1, 2), date(2015, 1, 2)),
    # Week 19 of 2019 and the days that its report is compared with; its last day is a Sunday.
    "report": (date(2019, 4, 22), date(2019, 5, 12)),
    # README's own example: lake simulate --days 3 --until 2026-01-31, some likes late.
    "readme": (date(2026, 1, 20), date(2026, 1, 31)),
}
NEAR = Days(TODAY - timedelta(days=4), TODAY + timedelta(days=1))
"""The days around now: here every test has likes, and a test has films, not days."""
MOST_IN_AN_HOUR = 3_000
"""Likes that a film which goes viral near now has at most in an hour."""
PEAK = 2 * MOST_IN_AN_HOUR
"""Likes of the film of the notebooks in its best hour, which no film outdoes."""
_VIRAL = "viral-"

OWNED = {
    name: Days(TODAY - timedelta(days=first), TODAY - timedelta(days=last))
    for name, (first, last) in _BEFORE_TODAY.items()
} | {name: Days(*days) for name, days in _FIXED.items()}


def days(owner: str) -> Days:
    """Give the days that a test has for itself."""
    return OWNED[owner]


def film(owner: str) -> str:
    """Give a film that no other test, and no other call, has; or the start of the ids of some."""
    return f"{owner}-{uuid.uuid4().hex[:8]}"


def viral_film() -> str:
    """Give a film that goes viral near now, as those of other tests may do at the same time."""
    return film(_VIRAL.rstrip("-"))


def is_of_others(movie_id: str, *ours: str) -> bool:
    """Tell that a film goes viral in another test: beside it, ours need not be the first."""
    return movie_id.startswith(_VIRAL) and movie_id not in ours


def now_ms() -> int:
    """Give the time as it is, in epoch milliseconds: for likes near now."""
    return int(datetime.now(UTC).timestamp() * 1000)


def today() -> date:
    """Give the day, UTC, as it is, which is TODAY until midnight passes."""
    return datetime.now(UTC).date()


def ms(moment: datetime) -> int:
    """Give a time in epoch milliseconds."""
    return int(moment.timestamp() * 1000)
