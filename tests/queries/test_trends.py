"""Each question about trends gives what plain pandas gives, and the check names every fault."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import queries
from tests.examples import examples, some
from tests.queries import hostile
from tests.queries.hostile import WINDOWS
from tests.queries.lake import TRENDS, Lake, ask, like, once, within

HOUR = timedelta(hours=1)
NOON = datetime(2026, 2, 28, 12)
Rows = list[dict[str, Any]]


def peak(rows: pd.DataFrame) -> Any:
    order = rows.sort_values(["score", "rank", "hour"], ascending=[False, True, True])
    return order.iloc[0]


def entry(hour: datetime, movie_id: str, likes: int, **changed: Any) -> dict[str, Any]:
    """A row of trends."""
    row = {"hour": hour, "movie_id": movie_id, "likes": likes, "unlikes": 0}
    return row | {"score": 0.0, "rank": 1} | changed


@pytest.mark.parametrize("seed", range(examples(1)))
def test_questions_over_hostile_trends(lake: Lake, seed: int) -> None:
    rows = hostile.trends(seed)
    lake.put_trends(rows)
    for first, last in WINDOWS:
        window = {"first_day": first, "last_day": last}
        truth = within(pd.DataFrame(rows), first, last, "hour")

        for n in (3, 100):
            assert ask(lake, "trending", **window, n=n) == trended(truth, n)
        assert ask(lake, "hour_by_hour", **window) == by_hour(truth)
        for film in ("a:b", "0", "it's none"):
            mine = truth[truth["movie_id"] == film]
            assert ask(lake, "hour_by_hour", **window, movie_id=film) == by_hour(mine)
            assert ask(lake, "movie_history", **window, movie_id=film) == history(mine)


def trended(rows: pd.DataFrame, n: int) -> list[tuple[Any, ...]]:
    films = []
    for film, part in rows.groupby("movie_id"):
        best = peak(part)
        top = int((part["rank"] <= 10).sum())
        sums = part["likes"].sum(), part["unlikes"].sum()
        if best["score"] >= 0:
            films.append((film, best["score"], best["rank"], best["hour"], top, *sums))
    films.sort(key=lambda row: (-row[1], row[6] - row[5], row[0]))
    return [(place, *row) for place, row in enumerate(films[:n], 1)]


def by_hour(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    found = []
    for hour, part in rows.groupby("hour"):
        top = part.sort_values("rank").iloc[0]
        sums = part["likes"].sum(), part["unlikes"].sum()
        found.append((hour, *sums, len(part), top["movie_id"], top["score"], top["rank"]))
    return found


def history(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    found = []
    net = 0
    for day, part in rows.groupby(rows["hour"].dt.date):
        likes, unlikes = part["likes"].sum(), part["unlikes"].sum()
        net += likes - unlikes
        best = peak(part)
        found.append((day, likes, unlikes, net, best["score"], best["rank"], best["hour"]))
    return found


@pytest.mark.parametrize("hours", some([-3, 0, 1, 5, 24, 60, 500], 2))
def test_rising_over_hostile_trends(lake: Lake, hours: int) -> None:
    rows = hostile.trends(hours)
    lake.put_trends(rows)
    for day in ("2026-02-25", "2026-02-26", "2026-03-01", "2026-03-08", "2026-03-10"):
        found = ask(lake, "rising", last_day=day, hours=hours, n=4)
        assert found == risen(pd.DataFrame(rows), date.fromisoformat(day), hours, 4)


def risen(rows: pd.DataFrame, last: date, hours: int, n: int) -> list[tuple[Any, ...]]:
    rows = within(rows, date(2026, 1, 1), last, "hour")
    recent = within(rows, last - timedelta(days=6), last, "hour")
    if recent.empty or hours <= 0:
        return []
    end = recent["hour"].max() + HOUR
    start = end - hours * HOUR
    net = rows["likes"] - rows["unlikes"]
    later = net[rows["hour"] >= start].groupby(rows["movie_id"]).sum()
    begin = rows["hour"] >= start - hours * HOUR
    earlier = net[begin & (rows["hour"] < start)].groupby(rows["movie_id"]).sum()
    found = []
    for film in later[later > 0].index:
        now, rank = int(later[film]), 1 + int((later > later[film]).sum())
        if film not in earlier:
            key = (-(len(earlier) + 1) / rank, -now, film)
            found.append((key, (film, rank, None, None, now, None, None, end)))
            continue
        before = int(earlier[film])
        stood = 1 + int((earlier > before).sum())
        ratio = now / before if before > 0 else None
        if rank < stood:
            key = (-stood / rank, before - now, film)
            found.append((key, (film, rank, stood, stood - rank, now, before, ratio, end)))
    return [(place, *row) for place, (_, row) in enumerate(sorted(found)[:n], 1)]


def test_what_rises_is_told_from_what_is_always_popular(lake: Lake) -> None:
    before = {"popular": 900, "steady": 500, "slow": 300, "fallen": 200, "viral": 5, "sad": 4}
    now = {"popular": 950, "viral": 700, "new": 600, "steady": 520, "slow": 301, "fallen": 90}
    lake.put_trends(
        [entry(NOON - HOUR, film, likes) for film, likes in before.items()]
        + [entry(NOON, film, likes) for film, likes in now.items()]
        + [entry(NOON, "sad", 4, unlikes=9)]
    )
    end = NOON + HOUR
    assert ask(lake, "rising", last_day=NOON.date(), hours=1) == [
        (1, "viral", 2, 5, 3, 700, 5, 140.0, end),
        (2, "new", 3, None, None, 600, None, None, end),
    ]


def test_a_new_film_comes_from_behind_all_others_and_equal_rises_go_by_likes_gained(
    lake: Lake,
) -> None:
    before = {"p": 50, "q": 40, "a": 30, "r": 20, "s": 10}
    now = {"a": 70, "new": 60, "p": 50, "q": 40}  # from 3rd to 1st, and from 6th to 2nd
    lake.put_trends(
        [entry(NOON - HOUR, film, likes) for film, likes in before.items()]
        + [entry(NOON, film, likes) for film, likes in now.items()]
    )
    found = ask(lake, "rising", last_day=NOON.date(), hours=1)
    assert [row[1] for row in found] == ["new", "a"]


def test_films_liked_as_often_share_a_rank_and_none_of_them_rises(lake: Lake) -> None:
    quiet = [entry(NOON - HOUR, film, 1) for film in ("a", "b", "c")]
    lake.put_trends(quiet + [entry(NOON, film, 2) for film in ("c", "b")])
    assert ask(lake, "rising", last_day=NOON.date(), hours=1) == []


def test_what_trended_is_the_peak_and_not_the_sum(lake: Lake) -> None:
    lake.put_trends(
        [entry(NOON + hour * HOUR, "popular", 1000, score=0.5, rank=10) for hour in range(14)]
        + [entry(NOON + hour * HOUR, "usual", 500, score=0.25, rank=11) for hour in range(14)]
        + [entry(NOON + hour * HOUR, "below", 50, score=-0.5, rank=12) for hour in range(14)]
        + [entry(NOON + hour * HOUR, "viral", 90, score=40.0) for hour in (11, 12)]
    )
    assert ask(lake, "trending", first_day="2026-02-28", last_day="2026-03-01") == [
        (1, "viral", 40.0, 1, NOON + 11 * HOUR, 2, 180, 0),
        (2, "popular", 0.5, 10, NOON, 14, 14_000, 0),
        (3, "usual", 0.25, 11, NOON, 0, 7_000, 0),
    ]


def test_of_an_hour_without_a_past_the_likes_decide(lake: Lake) -> None:
    films = [("b", 3, 0), ("a", 3, 0), ("c", 9, 0), ("d", 99, 91)]
    lake.put_trends([entry(NOON, film, likes, unlikes=n) for film, likes, n in films])
    found = ask(lake, "trending", first_day=NOON.date(), last_day=NOON.date())
    assert [row[1] for row in found] == ["c", "d", "a", "b"]


def test_a_history_is_of_a_film_that_must_be_named() -> None:
    with pytest.raises(queries.BadParameter, match='The parameter "movie_id" is missing'):
        queries.run("movie_history")


@pytest.mark.parametrize(
    ("name", "values", "files"),
    [
        ("trending", {"first_day": "2026-02-28"}, 2),
        ("hour_by_hour", {"first_day": "2026-02-28"}, 2),
        ("movie_history", {"first_day": "2026-02-28", "movie_id": "m"}, 2),
        ("trends_differ", {"first_day": "2026-02-28"}, 2 + 2),
        ("rising", {"hours": 24}, 7 + 9),
        ("rising", {"hours": 1}, 7 + 8),
    ],
)
def test_only_the_days_asked_for_are_read(
    lake: Lake, name: str, values: dict[str, object], files: int
) -> None:
    days = [NOON + timedelta(days=day) for day in range(-20, 20)]
    lake.put_trends([entry(noon, "m", 1) for noon in days])
    lake.put_lake([like(number, noon) for number, noon in enumerate(days)])
    found = queries.run(name, connection=lake.connection, last_day="2026-03-01", **values)
    assert found.attrs["files"] == files


def counted(likes: pd.DataFrame) -> pd.DataFrame:
    """What trends count of likes, each as often as it is there."""
    hours = [likes["liked_at"].dt.floor("h").rename("hour"), likes["movie_id"]]
    table = pd.crosstab(hours, likes["action"])
    table = table.reindex(columns=["like", "unlike"], fill_value=0)
    return table.rename(columns={"like": "likes", "unlike": "unlikes"}).reset_index()


def ranked(counts: pd.DataFrame) -> Rows:
    return counts.assign(score=0.0, rank=1).to_dict("records")


@pytest.mark.parametrize("seed", range(examples(1)))
def test_trends_of_the_same_likes_do_not_differ(lake: Lake, seed: int) -> None:
    rows = hostile.likes(seed)
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    trends = counted(likes)
    closed = trends[trends["hour"] < datetime(2026, 3, 2, 7)]
    assert trends[["likes", "unlikes"]].sum().sum() == len(likes) > 0
    assert 0 < len(closed) < len(trends), "some hours are not over"
    lake.put_trends(ranked(closed))
    for first, last in WINDOWS:
        assert ask(lake, "trends_differ", first_day=first, last_day=last) == []


@pytest.mark.parametrize("seed", range(examples(1)))
def test_any_difference_is_named(lake: Lake, seed: int) -> None:
    rows = hostile.likes(seed)
    lake.put_lake(rows)
    rng = random.Random(seed)
    # What producers sent twice is counted twice, and then anything may be lost, added or wrong.
    sent = pd.DataFrame(rows).drop_duplicates(["event_id", "received_at", "movie_id", "action"])
    trends = ranked(counted(sent))
    trends = [row for row in trends if rng.random() > 0.1]
    for row in rng.sample(trends, 20):
        row[rng.choice(["likes", "unlikes"])] += 1
    hours = {row["hour"] for row in trends}
    trends += [entry(hour, "surplus", 1) for hour in rng.sample(sorted(hours), 5)]
    lake.put_trends(trends)
    for first, last in WINDOWS:
        mine = within(pd.DataFrame(trends), first, last, "hour")
        truth = differing(mine, counted(pd.DataFrame(once(rows))))
        assert ask(lake, "trends_differ", first_day=first, last_day=last) == truth
        assert bool(truth) == bool(len(mine))


def differing(trends: pd.DataFrame, lake: pd.DataFrame) -> list[tuple[Any, ...]]:
    mine = {(row.hour, row.movie_id): (row.likes, row.unlikes) for row in trends.itertuples()}
    other = {
        (row.hour, row.movie_id): (row.likes, row.unlikes)
        for row in lake.itertuples()
        if trends["hour"].min() <= row.hour <= trends["hour"].max()
    }
    found = []
    for key in sorted(mine.keys() | other.keys()):
        ours, theirs = mine.get(key, (None, None)), other.get(key, (None, None))
        if ours != theirs:
            found.append((*key, ours[0], theirs[0], ours[1], theirs[1]))
    return found


def clicks() -> Rows:
    """Two likes and an unlike of each of two films in each of three hours, around midnight."""
    moments = [datetime(2026, 2, 28, 23), datetime(2026, 3, 1), datetime(2026, 3, 1, 1)]
    return [
        like(9 * hour + 3 * film + click, moment + click * 25 * timedelta(minutes=1))
        | {"movie_id": "ab"[film], "action": "unlike" if click == 2 else "like"}
        for hour, moment in enumerate(moments)
        for film in range(2)
        for click in range(3)
    ]


MIDNIGHT = datetime(2026, 3, 1)


def changed(trends: Rows, hour: datetime, film: str, **to: Any) -> Rows:
    here = (hour, film)
    return [row | to if (row["hour"], row["movie_id"]) == here else row for row in trends]


def without(trends: Rows, hour: datetime, films: str) -> Rows:
    return [row for row in trends if row["hour"] != hour or row["movie_id"] not in films]


FAULTS: dict[str, tuple[Callable[[Rows], Rows], list[tuple[Any, ...]]]] = {
    "none": (lambda trends: trends, []),
    "a like too many": (
        lambda trends: changed(trends, MIDNIGHT, "a", likes=3),
        [(MIDNIGHT, "a", 3, 2, 1, 1)],
    ),
    "an unlike too few": (
        lambda trends: changed(trends, MIDNIGHT, "b", unlikes=0),
        [(MIDNIGHT, "b", 2, 2, 0, 1)],
    ),
    "an unlike taken for a like": (
        lambda trends: changed(trends, MIDNIGHT, "b", likes=3, unlikes=0),
        [(MIDNIGHT, "b", 3, 2, 0, 1)],
    ),
    "a film missing": (
        lambda trends: without(trends, MIDNIGHT + HOUR, "a"),
        [(MIDNIGHT + HOUR, "a", None, 2, None, 1)],
    ),
    "a film that nobody liked": (
        lambda trends: [*trends, entry(MIDNIGHT - HOUR, "A", 1)],
        [(MIDNIGHT - HOUR, "A", 1, None, 0, None)],
    ),
    "a film of which nothing is counted": (
        lambda trends: [*trends, entry(MIDNIGHT, "c", 0)],
        [(MIDNIGHT, "c", 0, None, 0, None)],
    ),
    "a film twice in an hour": (
        lambda trends: [*trends, entry(MIDNIGHT, "a", 2, unlikes=1)],
        [(MIDNIGHT, "a", 4, 2, 2, 1)],
    ),
    "an hour missing in the middle": (
        lambda trends: without(trends, MIDNIGHT, "ab"),
        [(MIDNIGHT, "a", None, 2, None, 1), (MIDNIGHT, "b", None, 2, None, 1)],
    ),
    "the current hour, not yet there": (
        lambda trends: without(trends, MIDNIGHT + HOUR, "ab"),
        [],
    ),
    "a film counted an hour late": (
        lambda trends: without(trends, MIDNIGHT, "a") + [entry(MIDNIGHT + 2 * HOUR, "a", 2)],
        [(MIDNIGHT, "a", None, 2, None, 1), (MIDNIGHT + 2 * HOUR, "a", 2, None, 0, None)],
    ),
    "no trends at all": (lambda trends: [], []),
}


@pytest.mark.parametrize("name", FAULTS)
def test_exactly_the_fault_is_named(lake: Lake, name: str) -> None:
    rows = clicks()
    lake.put_lake(rows)
    fault, named = FAULTS[name]
    lake.put_trends(fault(ranked(counted(pd.DataFrame(rows)))))
    assert ask(lake, "trends_differ", first_day="2026-02-28", last_day="2026-03-01") == named


def test_an_event_id_put_on_the_stream_twice_is_named_but_one_delivered_twice_is_not(
    lake: Lake,
) -> None:
    sent = like(1, MIDNIGHT, event_id="sent again", movie_id="a")
    rows = [
        sent,
        sent | {"received_at": sent["received_at"] + 5 * HOUR},
        like(2, MIDNIGHT, event_id="delivered again", movie_id="b"),
    ]
    trends = ranked(counted(pd.DataFrame(rows)))
    lake.put_lake([*rows, rows[2]])
    lake.put_trends(trends)
    found = ask(lake, "trends_differ", first_day="2026-03-01", last_day="2026-03-01")
    assert found == [(MIDNIGHT, "a", 2, 1, 0, 0)]


def test_a_film_in_two_files_of_a_day_counts_twice(lake: Lake) -> None:
    lake.put_lake(clicks())
    trends = ranked(counted(pd.DataFrame(clicks())))
    lake.put_trends(trends)
    stray = [row for row in trends if (row["hour"], row["movie_id"]) == (MIDNIGHT, "a")]
    lake.as_parts()
    lake.put("trends/day=2026-03-01/again.parquet", stray, TRENDS)
    found = ask(lake, "trends_differ", first_day="2026-02-28", last_day="2026-03-01")
    assert found == [(MIDNIGHT, "a", 4, 2, 2, 1)]
