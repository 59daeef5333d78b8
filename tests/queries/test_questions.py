"""Each shipped question gives what a plain pandas computation over the same likes gives."""

import math
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import queries
from tests.queries import hostile
from tests.queries.hostile import MOVIES, WINDOWS
from tests.queries.lake import Lake

DAY = timedelta(days=1)


def once(rows: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """The likes of some days: of each event id the copy that came first."""
    order = ["received_at", "liked_at", "movie_id", "action", "user_id", "source"]
    likes = rows.sort_values(order, na_position="last").drop_duplicates("event_id")
    likes = likes.assign(day=likes["liked_at"].dt.date)
    return likes[(likes["day"] >= first) & (likes["day"] <= last)]


def counted(likes: pd.DataFrame, by: str) -> pd.DataFrame:
    """How often each action occurs, a row for each value of a column."""
    table = pd.crosstab(likes[by], likes["action"])
    return table.reindex(columns=["like", "unlike"], fill_value=0)


def rows_of(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize("seed", range(3))
def test_questions_over_hostile_likes(lake: Lake, seed: int) -> None:
    rows = hostile.likes(seed)
    lake.put_likes(rows)
    likes = pd.DataFrame(rows)
    for first, last in WINDOWS:
        window = {"first_day": first, "last_day": last, "connection": lake.connection}
        truth = once(likes, first, last)

        assert rows_of(queries.run("likes_by_day", **window)) == by_day(truth)
        assert rows_of(queries.run("top_movies", **window, n=4)) == top(truth, 4)
        assert rows_of(queries.run("arrival_lag", **window)) == lags(truth)
        for film in (None, "a:b", "it's none"):
            found = rows_of(queries.run("unique_likers", **window, movie_id=film))
            assert found == likers(truth, film)


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

    assert rows_of(found) == [
        ("missing_movie_id", 11, noon, noon + timedelta(seconds=9), rows[0]["detail"]),
        ("not_json", 1, midnight, midnight, 'No "movie_id", it\'s 11 – нет.'),
    ]


@pytest.mark.parametrize("question", queries.library(), ids=lambda question: question.name)
def test_an_empty_lake_has_an_answer_of_the_same_types(
    lake: Lake, question: queries.Question
) -> None:
    declared = {parameter.name for parameter in question.parameters or ()}

    def ask(**values: object) -> pd.DataFrame:
        taken = {name: value for name, value in values.items() if name in declared}
        return queries.run(question.name, connection=lake.connection, **taken)

    empty = ask(first_day="2026-03-01", movie_id=MOVIES[0])
    assert len(empty) == 0
    lake.put_likes(hostile.likes(0))
    lake.put_trends(hostile.trends(0))
    lake.put_rejected("2026-03-01", "a.json.gz", [reject(1, datetime(2026, 3, 1))])
    full = ask(first_day="2026-02-26", last_day="2026-03-03", movie_id=MOVIES[0])
    assert len(full) > 0
    assert dict(full.dtypes) == dict(empty.dtypes)
