"""Questions about some days taken together, beside as many before, give what plain pandas gives."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from tests.queries import hostile
from tests.queries.hostile import WINDOWS
from tests.queries.lake import Lake, ask, like, once, within
from tests.queries.moved import before, moved


@pytest.fixture(params=[1, 2])
def likes(lake: Lake, request: pytest.FixtureRequest) -> pd.DataFrame:
    """Likes that stand in the lake, some of them backfilled."""
    rng = random.Random(request.param)
    rows = [row | {"backfill": rng.choice([None, None, 7])} for row in hostile.likes(request.param)]
    lake.put_lake(rows)
    return pd.DataFrame(once(rows))


def test_period_totals(lake: Lake, likes: pd.DataFrame) -> None:
    for first, last in WINDOWS:
        expected = []
        for start, end in (before(first, last), (first, last)):
            part = within(likes, start, end)
            if len(part):
                liked = part[part["action"] == "like"]
                counts = (len(liked), len(part) - len(liked), liked["user_id"].nunique())
                times = (part["liked_at"].max(), part["received_at"].max())
                expected.append((start, *counts, part["movie_id"].nunique(), *times))
        assert ask(lake, "period_totals", last_day=last, days=(last - first).days + 1) == expected


@pytest.mark.parametrize("late", [0, 60])
def test_period_lag(lake: Lake, likes: pd.DataFrame, late: int) -> None:
    for first, last in WINDOWS:
        part = within(likes, first, last)
        part = part[part["backfill"].isna()]
        lags = ((part["received_at"] - part["liked_at"]) / timedelta(milliseconds=1)).astype(int)
        expected: tuple[Any, ...] = (0, None, None, None, None, None)
        if len(lags):
            ranks = [lags.sort_values().iloc[-(-len(lags) * p // 100) - 1] for p in (50, 95, 99)]
            expected = (len(lags), (lags > late * 60_000).sum(), *ranks, lags.max())
        found = ask(lake, "period_lag", first_day=first, last_day=last, late_minutes=late)
        assert found == [expected]


@pytest.mark.parametrize("n", [0, 2, 100])
def test_top_movies_hourly_are_the_hours_of_top_movies(
    lake: Lake, likes: pd.DataFrame, n: int
) -> None:
    for first, last in WINDOWS:
        part = within(likes, first, last)
        part = part.assign(hour=part["liked_at"].dt.floor("h"))
        sign = part["action"].map({"like": 1, "unlike": -1})
        hours = sign.groupby([part["movie_id"], part["hour"]]).sum()
        expected = [
            (place, film, up, down, hour, net)
            for place, film, _, up, down in ask(
                lake, "top_movies", first_day=first, last_day=last, n=n
            )
            for hour, net in hours[film].items()
        ]
        found = ask(lake, "top_movies_hourly", first_day=first, last_day=last, n=n)
        assert found == expected


@pytest.mark.parametrize("n", [1, 100])
def test_movers(lake: Lake, likes: pd.DataFrame, n: int) -> None:
    trends = hostile.trends(n)
    lake.put_trends(trends)
    for first, last in WINDOWS:
        found = ask(lake, "movers", last_day=last, days=(last - first).days + 1, n=n)
        assert found == moved(likes, pd.DataFrame(trends), first, last, n)


def test_where_one_side_has_nothing_no_film_moved(lake: Lake) -> None:
    lake.put_lake([like(n, datetime(2026, 3, 1, n % 24)) for n in range(50)])
    assert ask(lake, "movers", last_day=date(2026, 3, 1)) == []
    assert ask(lake, "movers", last_day=date(2026, 3, 2)) == []
