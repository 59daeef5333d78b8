"""Questions about the course of likes, hour by hour, give what plain pandas gives."""

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from tests.examples import some
from tests.queries import hostile
from tests.queries.hostile import MOVIES, WINDOWS
from tests.queries.lake import Lake, Rows, ask, like, once, within

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR_END = [
    (date(2025, 12, 30), date(2026, 1, 2)),
    (date(2025, 12, 29), date(2026, 1, 11)),
    (date(2026, 1, 1), date(2026, 1, 1)),
]


def slots(first: date, last: date, step: str) -> pd.DatetimeIndex:
    end = pd.Timestamp(last) + DAY
    return pd.date_range(pd.Timestamp(first), end, freq=step, inclusive="left")


@pytest.fixture(params=["month end", "year end"])
def likes(lake: Lake, request: pytest.FixtureRequest) -> tuple[pd.DataFrame, list[Any]]:
    """The likes that stand in the lake, and spans to ask for."""
    if request.param == "month end":
        rows, spans = hostile.likes(1), WINDOWS
    else:
        rows = hostile.likes(2, datetime(2025, 12, 28), days=13, number_of=3000)
        spans = YEAR_END
    lake.put_lake(rows)
    return pd.DataFrame(once(rows)), spans


@pytest.mark.parametrize(
    ("period", "before", "film"),
    some(
        [("hour", 24, None), ("hour", 24, "it's none"), ("minute", 90, None), ("hour", 1, "a:b")], 2
    ),
)
def test_like_velocity(
    lake: Lake, likes: tuple[pd.DataFrame, list[Any]], period: str, before: int, film: str | None
) -> None:
    rows, spans = likes
    mine = rows[(rows["action"] == "like") & ((rows["movie_id"] == film) | (film is None))]
    step = {"hour": "h", "minute": "min"}[period]
    counts = mine["liked_at"].dt.floor(step).value_counts()
    for first, last in spans:
        found = ask(
            lake,
            "like_velocity",
            first_day=first,
            last_day=last,
            period=period,
            before=before,
            movie_id=film,
        )
        assert found == velocity(counts, slots(first - 2 * DAY, last, step), first, before)


def velocity(
    counts: "pd.Series[int]", grid: pd.DatetimeIndex, first: date, before: int
) -> list[tuple[Any, ...]]:
    filled = counts.reindex(grid, fill_value=0)
    means = filled.rolling(before).sum().shift(1) / before
    found = []
    for slot, number in filled.items():
        if number and slot >= pd.Timestamp(first):
            mean = means[slot]
            ratio = number / mean if mean else None
            found.append((slot, number, mean, number - mean, ratio))
    return found


def test_a_quiet_hour_counts_among_those_before(lake: Lake) -> None:
    noon = datetime(2026, 3, 1, 12)
    moments = [noon] * 8 + [noon + 3 * HOUR] * 6
    lake.put_lake([like(number, moment) for number, moment in enumerate(moments)])
    found = ask(lake, "like_velocity", first_day="2026-03-01", last_day="2026-03-01", before=4)
    assert found == [(noon, 8, 0.0, 8.0, None), (noon + 3 * HOUR, 6, 2.0, 4.0, 3.0)]


def test_velocity_at_the_first_hour_knows_the_day_before(lake: Lake) -> None:
    midnight = datetime(2026, 1, 1)
    lake.put_lake([like(1, midnight - 2 * HOUR), like(2, midnight), like(3, midnight)])
    found = ask(lake, "like_velocity", first_day="2026-01-01", last_day="2026-01-01", before=2)
    assert found == [(midnight, 2, 0.5, 1.5, 4.0)]


@pytest.mark.parametrize("film", [None, "a:b"])
def test_heat_by_weekday(
    lake: Lake, likes: tuple[pd.DataFrame, list[Any]], film: str | None
) -> None:
    rows, spans = likes
    mine = rows[(rows["movie_id"] == film) | (film is None)]
    for first, last in spans:
        found = ask(lake, "heat_by_weekday", first_day=first, last_day=last, movie_id=film)
        assert found == heat(within(mine, first, last), slots(first, last, "D"))


def heat(likes: pd.DataFrame, days: pd.DatetimeIndex) -> Rows:
    found = []
    for weekday in range(1, 8):
        there = sum(day.isoweekday() == weekday for day in days)
        for hour in range(24 if there else 0):
            at = likes["liked_at"].dt
            cell = likes[(at.day_of_week + 1 == weekday) & (at.hour == hour)]["action"]
            liked = int((cell == "like").sum())
            found.append((weekday, hour, liked, len(cell) - liked, there, liked / there))
    return found


def test_a_monday_is_the_first_weekday(lake: Lake) -> None:
    monday = datetime(2025, 12, 29, 23, 59, 59, 999000)
    lake.put_lake([like(1, monday), like(2, monday - DAY, action="unlike")])
    found = ask(lake, "heat_by_weekday", first_day="2025-12-22", last_day="2026-01-02")
    assert len(found) == 7 * 24
    assert [row for row in found if row[2] or row[3]] == [
        (1, 23, 1, 0, 2, 0.5),
        (7, 23, 0, 1, 1, 0.0),
    ]


@pytest.mark.parametrize(("share", "least"), some([(0.25, 20), (0.5, 2), (1, 0), (0.9, 9)], 2))
def test_completeness_by_hour(
    lake: Lake, likes: tuple[pd.DataFrame, list[Any]], share: float, least: int
) -> None:
    rows, spans = likes
    counts = rows["liked_at"].dt.floor("h").value_counts()
    for first, last in spans:
        values = {"first_day": first, "last_day": last, "share": share, "typical_least": least}
        truth = complete(counts.reindex(slots(first, last, "h"), fill_value=0), share, least)
        assert ask(lake, "completeness_by_hour", **values) == truth
        gaps = ask(lake, "completeness_by_hour", **values, gaps_only=True)
        assert gaps == [row for row in truth if row[-1]]


def complete(counts: "pd.Series[int]", share: float, least: int) -> Rows:
    found = []
    for hour, events in counts.items():
        assert isinstance(hour, pd.Timestamp)
        same = sorted(counts[counts.index.hour == hour.hour])  # type: ignore[attr-defined]
        typical = same[(len(same) - 1) // 2]
        gap = "low" if typical >= least and events < share * typical else None
        found.append(
            (
                hour,
                events,
                typical,
                events / typical if typical else None,
                gap if events else "empty",
            )
        )
    return found


def steady(days: int, gaps: dict[datetime, int]) -> list[dict[str, Any]]:
    """40 likes in each of some days' first three hours, but where another number is given."""
    hours = [
        datetime(2025, 12, 30) + day * DAY + hour * HOUR for day in range(days) for hour in range(3)
    ]
    return [
        like(1000 * place + number, hour, movie_id=MOVIES[number % 3])
        for place, hour in enumerate(hours)
        for number in range(gaps.get(hour, 40))
    ]


def test_gaps_are_named_and_nothing_else(lake: Lake) -> None:
    low, empty, enough = datetime(2026, 1, 1, 1), datetime(2025, 12, 31), datetime(2026, 1, 2, 2)
    lake.put_lake(steady(5, {low: 9, empty: 0, enough: 10}))
    span = {"first_day": "2025-12-30", "last_day": "2026-01-03"}
    found = ask(lake, "completeness_by_hour", **span, gaps_only=True)
    nights = [row for row in found if row[0].hour > 2]
    assert len(nights) == 5 * 21
    assert {row[1:] for row in nights} == {(0, 0, None, "empty")}
    assert [row for row in found if row[0].hour <= 2] == [
        (empty, 0, 40, 0.0, "empty"),
        (low, 9, 40, 0.225, "low"),
    ]
    assert len(ask(lake, "completeness_by_hour", **span)) == 5 * 24


def test_where_little_is_typical_only_an_empty_hour_is_a_gap(lake: Lake) -> None:
    lake.put_lake(steady(3, {datetime(2025, 12, 31, 1): 1}))
    span = {"first_day": "2025-12-30", "last_day": "2026-01-01"}
    for least, gap in ((40, "low"), (41, None)):
        found = ask(lake, "completeness_by_hour", **span, typical_least=least)
        assert [row[-1] for row in found if row[1] == 1] == [gap]
