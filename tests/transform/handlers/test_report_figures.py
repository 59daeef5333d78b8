"""Every number of a report is what plain pandas makes of the likes."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.queries import hostile
from tests.queries.lake import Lake, once
from tests.queries.moved import before, moved, within
from transform.handlers import report
from transform.lake.movies import Movie
from transform.reports import gather, periods, questions, sentences
from transform.reports.figures import Report
from transform.reports.periods import Period

TITLES = {"m": "M – Eine Stadt sucht einen Mörder", "a:b": '<b>"A" & B</b>'}
REASONS = ["not_json", "missing_movie_id", "bad_liked_at"]
DAYS = [periods.day(date(2026, 2, 28)), periods.day(date(2026, 3, 3))]
WEEKS = [periods.named("2026-W09"), periods.named("2026-W10")]


class Truth:
    """The same likes, trends and rejected lines, as a lake and as frames."""

    def __init__(self, lake: Lake, seed: int) -> None:
        rng = random.Random(seed)
        self.lake = lake
        rows = [
            row | {"backfill": rng.choice([None, None, 7])}
            for row in hostile.likes(seed, number_of=rng.choice([60, 6_000]))
        ]
        trends = hostile.trends(seed)
        rejected = [
            {"reason": rng.choice(REASONS), "detail": "", "record_id": str(n), "line": 1,
             "received_at": f"2026-03-0{rng.randrange(1, 9)} 12:00:00.000"}
            for n in range(60)
        ]  # fmt: skip
        lake.put_lake(rows)
        lake.put_trends(trends)
        for at in (datetime(2026, 2, 28, 5), datetime(2026, 3, 3, 5)):
            lake.put_audit(at, {"item": "counted", "number": 7})
        lake.put_movies(Movie(film, TITLES[film]) for film in sorted(TITLES))
        for day in {row["received_at"][:10] for row in rejected}:
            lake.put_rejected(day, "a.gz", [r for r in rejected if r["received_at"][:10] == day])
        self.likes, self.trends = pd.DataFrame(once(rows)), pd.DataFrame(trends)
        self.rejected = pd.DataFrame(rejected)

    def report(self, period: Period) -> Report:
        """Make the report of a period as the function does."""
        ask = report._ask(self.lake.connection)
        answers = {name: ask(name, given) for name, given in questions.asked(period).items()}
        return gather.report(period, answers)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake in a folder."""
    return Lake(tmp_path)


@pytest.mark.parametrize("period", DAYS + WEEKS, ids=lambda period: period.name)
@pytest.mark.parametrize(("seed", "chance"), [(1, 0.0), (2, 0.0), (2, sentences.CHANCE)])
def test_every_number_is_what_pandas_makes_of_the_likes(
    lake: Lake, seed: int, chance: float, period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "CHANCE", chance)  # these likes are few: none of them moves far
    truth = Truth(lake, seed)
    told = truth.report(period)
    mine = within(truth.likes, period.first, period.last)
    earlier = within(truth.likes, *before(period.first, period.last))
    assert numbers(told.totals) == totals(mine)
    assert numbers(told.totals_before) == totals(earlier)
    assert [numbers(film) for film in told.top] == top(mine, period)
    assert [(row.day, row.likes) for row in told.heat] == heat(truth.likes, period.last)
    movers = moved(truth.likes, truth.trends, period.first, period.last, questions.MOVERS)
    for way, films in (("rose", told.rose), ("fell", told.fell)):
        found = [(f.movie_id, f.rank, f.rank_before, f.net, f.net_before, f.score,
                  naive(f.peak_hour), f.peak_likes) for f in films]  # fmt: skip
        expected = [row for row in movers if row[0] == way and abs(row[7].expected) >= chance]
        assert found == [(*row[2:7], *row[8:]) for row in expected]
        assert [film.deviations for film in films] == pytest.approx([row[7] for row in expected])
    up = [row[2] for row in movers if row[0] == "rose"]
    assert [told.nearest.movie_id] == up[:1] if told.nearest else told.rose or not up
    assert quality(told) == expected_quality(truth, mine, period)
    titles = {film.movie_id: film.title for film in (*told.top, *told.rose, *told.fell)}
    assert titles == {movie: TITLES.get(movie) for movie in titles}
    assert [cost.question for cost in told.costs] == list(questions.asked(period))
    assert all(cost.bytes > 0 and cost.dollars == 0.00005 for cost in told.costs)


def numbers(of: Any) -> Any:
    if hasattr(of, "series"):
        return (of.place, of.movie_id, of.likes, of.unlikes, of.series)
    return (of.likes, of.unlikes, of.likers, of.films)


def naive(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at else None


def totals(rows: pd.DataFrame) -> tuple[int, ...]:
    liked = rows[rows["action"] == "like"]
    counts = (len(liked), len(rows) - len(liked))
    return (*counts, liked["user_id"].nunique(), rows["movie_id"].nunique())


def top(rows: pd.DataFrame, period: Period) -> list[Any]:
    sign = rows["action"].map({"like": 1, "unlike": -1})
    net = sign.groupby(rows["movie_id"]).sum()
    at = rows["liked_at"]
    slot = at.dt.hour if period.kind == "day" else (at - pd.Timestamp(period.first)).dt.days
    found = []
    best = sorted(net.items(), key=lambda film: (-film[1], film[0]))[: questions.TOP]
    for place, (film, _) in enumerate(best, 1):
        mine = rows["movie_id"] == film
        series = sign[mine].groupby(slot[mine]).sum()
        length = 24 if period.kind == "day" else 7
        liked = int((sign[mine] == 1).sum())
        row = [int(series.get(n, 0)) for n in range(length)]
        found.append((place, film, liked, int(mine.sum()) - liked, row))
    return found


def heat(rows: pd.DataFrame, last: date) -> list[Any]:
    liked = rows[rows["action"] == "like"]["liked_at"]
    found = []
    for back in range(6, -1, -1):
        day = last - timedelta(days=back)
        hours = liked[liked.dt.date == day].dt.hour.value_counts()
        found.append((day, [int(hours.get(hour, 0)) for hour in range(24)]))
    return found


def quality(told: Report) -> dict[str, Any]:
    of = told.quality
    return {
        "newest": naive(of.newest_like),
        "last": naive(of.last_arrival),
        "p95": of.lag_p95_s,
        "hours": of.hours,
        "late": (of.late, of.events),
        "gaps": [(naive(gap.hour), gap.events, gap.typical) for gap in of.gaps],
        "rejected": [(one.reason, one.lines) for one in of.rejected],
    }


def expected_quality(truth: Truth, mine: pd.DataFrame, period: Period) -> dict[str, Any]:
    streamed = mine[mine["backfill"].isna()]
    lags = ((streamed["received_at"] - streamed["liked_at"]) / timedelta(milliseconds=1)).round()
    arrived = pd.to_datetime(truth.rejected["received_at"]).dt.date
    reasons = truth.rejected[(arrived >= period.first) & (arrived <= period.last)]["reason"]
    return {
        "newest": mine["liked_at"].max() if len(mine) else None,
        "last": mine["received_at"].max() if len(mine) else None,
        "p95": lags.sort_values().iloc[-(-len(lags) * 95 // 100) - 1] / 1000 if len(lags) else None,
        "hours": 24 * len(period.days),
        "late": (int((lags > 3_600_000).sum()), len(lags)),
        "gaps": gaps(truth.likes, period),
        "rejected": sorted(
            ((str(name), int(n)) for name, n in reasons.value_counts().items()),
            key=lambda one: (-one[1], one[0]),
        ),
    }


def gaps(likes: pd.DataFrame, period: Period) -> list[Any]:
    first = period.first - timedelta(days=questions.BEFORE_DAYS)
    hours = likes["liked_at"].dt.floor("h").value_counts()
    grid = pd.date_range(first, pd.Timestamp(period.last) + timedelta(hours=23), freq="h")
    events = pd.Series([int(hours.get(hour, 0)) for hour in grid], index=grid)
    found = []
    for hour, count in events.items():
        assert isinstance(hour, pd.Timestamp)
        same = sorted(events[events.index.hour == hour.hour])
        typical = same[(len(same) - 1) // 2]
        low = count == 0 or (typical >= 20 and count < typical / 4)
        if hour.date() >= period.first and typical and low:
            found.append((hour, count, typical))
    return found
