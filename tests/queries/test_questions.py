"""Each shipped question gives what a plain pandas computation over the same likes gives."""

import math
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import queries
from tests.examples import examples, some
from tests.queries import hostile
from tests.queries.hostile import MOVIES, WINDOWS
from tests.queries.lake import Lake, ask, once, plain

DAY = timedelta(days=1)


def within(likes: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """The likes of some days."""
    likes = likes.assign(day=likes["liked_at"].dt.date)
    return likes[(likes["day"] >= first) & (likes["day"] <= last)]


def counted(likes: pd.DataFrame, by: str) -> pd.DataFrame:
    """How often each action occurs, a row for each value of a column."""
    table = pd.crosstab(likes[by], likes["action"])
    return table.reindex(columns=["like", "unlike"], fill_value=0)


@pytest.mark.parametrize("seed", range(examples(1)))
def test_questions_over_hostile_likes(lake: Lake, seed: int) -> None:
    rows = hostile.likes(seed)
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    for first, last in WINDOWS:
        window = {"first_day": first, "last_day": last}
        truth = within(likes, first, last)

        assert ask(lake, "likes_by_day", **window) == by_day(truth)
        assert ask(lake, "top_movies", **window, n=4) == top(truth, 4)
        assert ask(lake, "arrival_lag", **window) == lags(truth)
        for film in (None, "a:b", "it's none"):
            assert ask(lake, "unique_likers", **window, movie_id=film) == likers(truth, film)


def by_day(likes: pd.DataFrame) -> list[tuple[Any, ...]]:
    counts = counted(likes, "day")
    movies = likes.groupby("day")["movie_id"].nunique()
    return [(day, row["like"], row["unlike"], movies[day]) for day, row in counts.iterrows()]


def top(likes: pd.DataFrame, n: int) -> list[tuple[Any, ...]]:
    counts = [
        (movie, row["like"] - row["unlike"], row["like"], row["unlike"])
        for movie, row in counted(likes, "movie_id").iterrows()
    ]
    ordered = sorted(counts, key=lambda row: (-row[1], row[0]))[:n]
    return [(place, *row) for place, row in enumerate(ordered, 1)]


def lags(likes: pd.DataFrame) -> list[tuple[Any, ...]]:
    found = []
    for day, part in likes.groupby("day"):
        lag = sorted((part["received_at"] - part["liked_at"]).dt.total_seconds().mul(1000).round())
        ranks = [math.ceil(percent * len(lag) / 100) for percent in (50, 95, 99)]
        found.append((day, len(lag), *(int(lag[rank - 1]) for rank in ranks), int(lag[-1])))
    return found


def likers(likes: pd.DataFrame, film: str | None) -> list[tuple[Any, ...]]:
    mine = likes[(likes["action"] == "like") & ((likes["movie_id"] == film) | (film is None))]
    return [
        (day, part["user_id"].nunique(), len(part), part["user_id"].isna().sum())
        for day, part in mine.groupby("day")
    ]


PERIODS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


@pytest.mark.parametrize("period", some(PERIODS, 2))
def test_periods_over_hostile_likes_are_whole(lake: Lake, period: str) -> None:
    rows = hostile.likes(7, datetime(2025, 11, 20), days=60)
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    likes["period"] = likes["liked_at"].dt.to_period(PERIODS[period])
    for first, last in [
        (date(2025, 12, 31), date(2026, 1, 1)),
        (date(2025, 12, 28), date(2025, 12, 29)),  # a Sunday, and a Monday
        (date(2025, 1, 1), date(2026, 3, 3)),
        (date(2026, 1, 1), date(2024, 2, 29)),
        (date(2030, 1, 1), date(2030, 1, 2)),
    ]:
        span = {"first_day": first, "last_day": last, "period": period}
        ends = pd.PeriodIndex([first, last], freq=PERIODS[period])
        truth = likes[(likes["period"] >= ends[0]) & (likes["period"] <= ends[1])]

        found = [
            (start.start_time.date(), *film)
            for start, part in truth.groupby("period")
            for film in top(part, 3)
        ]
        assert ask(lake, "top_movies_by_period", **span, n=3) == found
        for film in (None, "TT0111161", "it's none"):
            mine = truth[(truth["movie_id"] == film) | (film is None)]
            assert ask(lake, "net_likes", **span, movie_id=film) == net(mine)


def net(likes: pd.DataFrame) -> list[tuple[Any, ...]]:
    found = []
    so_far = 0
    for period, row in counted(likes, "period").iterrows():
        gained = row["like"] - row["unlike"]
        so_far += gained
        found.append((period.start_time.date(), row["like"], row["unlike"], gained, so_far))
    return found


@pytest.mark.parametrize("name", ["top_movies_by_period", "net_likes"])
def test_what_is_no_period_is_said(lake: Lake, name: str) -> None:
    with pytest.raises(queries.QueryError, match="(?i)fortnight"):
        ask(lake, name, period="fortnight")


def reject(number: int, received_at: datetime, **changed: Any) -> dict[str, Any]:
    return {
        "reason": "missing_movie_id",
        "detail": f'No "movie_id", it\'s {number} – нет.',
        "payload": "{}" + "\0" * (1_000_000 if number == 3 else 0),
        "payload_encoding": "utf-8",
        "record_id": f"record-{number}",
        "line": 1,
        "shard_id": "shardId-000000000000",
        "sequence_number": str(49 * 10**54 + number),
        "partition_key": "k",
        "received_at": received_at.isoformat(sep=" ", timespec="milliseconds"),
    } | changed


def test_rejected_by_reason_counts_each_line_once(lake: Lake) -> None:
    noon = datetime(2026, 3, 1, 12)
    midnight = datetime(2026, 3, 1, 23, 59, 59, 999000)
    rows = [reject(number, noon + timedelta(seconds=number)) for number in range(10)]
    no_place: dict[str, Any] = {"shard_id": None, "sequence_number": None, "reason": "not_json"}
    lake.put_rejected("2026-03-01", "a.json.gz", rows)
    lake.put_rejected("2026-03-01", "b.json.gz", rows[:5])  # delivered again
    lake.put_rejected("2026-03-01", "c.json.gz", [reject(0, noon, line=2)])
    lake.put_rejected("2026-03-02", "d.json.gz", [reject(11, midnight, **no_place)] * 2)
    lake.put_rejected("2026-03-02", "e.json.gz", [reject(12, noon + DAY, reason="not_an_object")])

    day = date(2026, 3, 1)
    found = queries.run(
        "rejected_by_reason", connection=lake.connection, first_day=day, last_day=day
    )

    assert plain(found) == [
        ("missing_movie_id", 11, noon, noon + timedelta(seconds=9), rows[0]["detail"]),
        ("not_json", 1, midnight, midnight, 'No "movie_id", it\'s 11 – нет.'),
    ]


def test_audits_tells_the_last_one_whole_and_what_others_found(lake: Lake) -> None:
    noon = datetime(2026, 3, 1, 12)
    one, two, three = (noon + timedelta(hours=hours) for hours in (0, 1, 13))
    numbers = [{"item": "counted", "number": 7}, {"item": "in_lake", "number": 7}]
    lake.put_audit(one, numbers[0] | {"differs": 2, "detail": "m +2"}, numbers[1])
    lake.put_audit(two, *numbers, {"item": "mended", "number": 1, "detail": "1 count set"})
    lake.put_audit(three, *numbers)
    lake.put_audit(noon + timedelta(days=2), *numbers)
    found = queries.run(
        "audits", connection=lake.connection, first_day="2026-03-01", last_day="2026-03-02"
    )
    assert plain(found) == [
        (three, "counted", 7, 0, "", True, 3),
        (three, "in_lake", 7, 0, "", True, 3),
        (two, "mended", 1, 0, "1 count set", False, 3),
        (one, "counted", 7, 2, "m +2", False, 3),
    ]


# These answer for every hour of the span, or once, whatever is in the lake.
ALWAYS = {"completeness_by_hour": 6 * 24, "heat_by_weekday": 6 * 24, "period_lag": 1}


@pytest.fixture(scope="module")
def full_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with rows in each table."""
    lake = Lake(tmp_path_factory.mktemp("full"))
    rows = hostile.likes(0)
    lake.put_likes(rows)
    lake.put_lake(rows[:-9])
    lake.as_parts()
    lake.put("likes/day=2026-03-01/hour-01.parquet", rows[:9])
    lake.put_trends(hostile.trends(0))
    lake.put_rejected("2026-03-01", "a.json.gz", [reject(1, datetime(2026, 3, 1))])
    lake.put_audit(datetime(2026, 3, 1, 5), {"item": "counted", "number": 7})
    return lake


@pytest.mark.parametrize("question", queries.library(), ids=lambda question: question.name)
def test_an_empty_lake_has_an_answer_of_the_same_types(
    lake: Lake, full_lake: Lake, question: queries.Question
) -> None:
    declared = {parameter.name for parameter in question.parameters or ()}

    def ask(lake: Lake, **values: object) -> pd.DataFrame:
        taken = {name: value for name, value in values.items() if name in declared}
        return queries.run(question.name, connection=lake.connection, **taken)

    span = {"first_day": "2026-02-26", "last_day": "2026-03-03"}
    empty = ask(lake, **span, movie_id=MOVIES[0])
    assert len(empty) == ALWAYS.get(question.name, 0)
    full = ask(full_lake, **span, movie_id=MOVIES[0], min_likes=1)
    assert len(full) > 0
    assert dict(full.dtypes) == dict(empty.dtypes)
