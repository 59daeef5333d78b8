"""Questions about who likes, and what they like beside it, give what plain pandas gives."""

import random
from datetime import date, datetime, timedelta
from itertools import combinations, permutations
from typing import Any

import pandas as pd
import pytest

from tests.examples import examples, some
from tests.queries import hostile
from tests.queries.hostile import WINDOWS
from tests.queries.lake import Lake, Rows, ask, like, once, within

NOON = datetime(2026, 3, 1, 12)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
FIRST, LAST = date(2025, 12, 1), date(2026, 1, 31)


def seldom(seed: int) -> list[dict[str, Any]]:
    """Likes of many people, each a few times, over two months and the end of a year."""
    rng = random.Random(seed)
    rows = hostile.likes(seed, datetime(2025, 12, 1), days=62, number_of=400)
    return [row | {"user_id": f"u{rng.randrange(90)}" if row["user_id"] else None} for row in rows]


@pytest.mark.parametrize("film", [None, "a:b", "it's none"])
@pytest.mark.parametrize("lookback", some([0, 1, 7, 28], 2))
def test_new_likers(lake: Lake, lookback: int, film: str | None) -> None:
    rows = seldom(lookback)
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    mine = likes[(likes["action"] == "like") & ((likes["movie_id"] == film) | (film is None))]
    for first, last in [(FIRST, LAST), (date(2025, 12, 30), date(2026, 1, 2)), (LAST, FIRST)]:
        span = {"first_day": first, "last_day": last, "lookback": lookback, "movie_id": film}
        assert ask(lake, "new_likers", **span) == newcomers(mine, first, last, lookback)


def newcomers(likes: pd.DataFrame, first: date, last: date, lookback: int) -> Rows:
    named = likes[likes["user_id"].notna()]
    days: dict[date, set[str]] = {}
    for row in named.itertuples():
        days.setdefault(row.liked_at.date(), set()).add(row.user_id)
    found = []
    for day in sorted(day for day in days if first <= day <= last):
        before = [days.get(day - back * DAY, set()) for back in range(1, lookback + 1)]
        old = days[day] & set().union(*before)
        found.append((day, len(days[day]), len(days[day]) - len(old), len(old)))
    return found


def test_who_comes_back_after_the_lookback_is_new_again(lake: Lake) -> None:
    lake.put_lake([like(number, NOON + number * DAY, user_id="u") for number in (0, 7, 15)])
    found = ask(lake, "new_likers", first_day="2026-03-08", last_day="2026-03-31", lookback=7)
    assert found == [(date(2026, 3, 8), 1, 0, 1), (date(2026, 3, 16), 1, 1, 0)]


@pytest.mark.parametrize("seed", range(examples(1)))
def test_weekly_retention(lake: Lake, seed: int) -> None:
    rows = seldom(seed)
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    for first, last in [
        (FIRST, LAST),
        (date(2025, 12, 24), date(2026, 1, 7)),  # in the middle of weeks
        (date(2025, 12, 28), date(2026, 2, 28)),  # to weeks without likes
        (date(2025, 11, 1), date(2025, 12, 28)),
        (LAST, FIRST),
    ]:
        found = ask(lake, "weekly_retention", first_day=first, last_day=last)
        assert found == retention(likes, first, last)


def retention(likes: pd.DataFrame, first: date, last: date) -> Rows:
    mine = likes[(likes["action"] == "like") & likes["user_id"].notna()]
    week = mine["liked_at"].dt.to_period("W-SUN")
    ends = pd.PeriodIndex([first, last], freq="W-SUN")
    mine = mine.assign(week=week)[(week >= ends[0]) & (week <= ends[1])]
    mine = mine.assign(cohort=mine.groupby("user_id")["week"].transform("min"))
    found = []
    for cohort, part in mine.groupby("cohort"):
        size = part["user_id"].nunique()
        for later in range((mine["week"].max() - cohort).n + 1):
            still = part[part["week"] == cohort + later]["user_id"].nunique()
            found.append((cohort.start_time.date(), later, size, still, still / size))
    return found


def test_a_week_in_which_nobody_came_back_is_none_of_them(lake: Lake) -> None:
    monday = datetime(2025, 12, 22)
    people = [("a", 0), ("b", 6), ("a", 21), ("c", 27), ("c", 21)]
    lake.put_lake(
        [like(n, monday + days * DAY, user_id=user) for n, (user, days) in enumerate(people)]
    )
    assert ask(lake, "weekly_retention", first_day="2025-12-25", last_day="2026-02-01") == [
        (date(2025, 12, 22), 0, 2, 2, 1.0),
        (date(2025, 12, 22), 1, 2, 0, 0.0),
        (date(2025, 12, 22), 2, 2, 0, 0.0),
        (date(2025, 12, 22), 3, 2, 1, 0.5),
        (date(2026, 1, 12), 0, 1, 1, 1.0),
    ]


@pytest.mark.parametrize(("seed", "per_user"), some([(0, 20), (1, 3), (0, 1)], 3))
def test_co_liked(lake: Lake, seed: int, per_user: int) -> None:
    rows = hostile.likes(seed)
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    for first, last in WINDOWS[:4]:
        span = {"first_day": first, "last_day": last, "per_user": per_user}
        mine = within(likes, first, last)
        for film, least, n in ((None, 1, 100), (None, 4, 5), ("m", 2, 3), ("it's none", 1, 9)):
            found = ask(lake, "co_liked", **span, movie_id=film, min_users=least, n=n)
            assert found == pairs(mine, per_user, film, least)[:n]


def pairs(likes: pd.DataFrame, per_user: int, film: str | None, least: int) -> Rows:
    tastes = []
    for _, part in likes.groupby("user_id"):
        last = part.sort_values(["liked_at", "received_at", "event_id"]).drop_duplicates(
            "movie_id", keep="last"
        )
        liked = last[last["action"] == "like"].sort_values("movie_id")
        liked = liked.sort_values("liked_at", ascending=False, kind="stable")
        tastes.append(set(liked["movie_id"][:per_user]))
    tastes = [films for films in tastes if films]
    known = sorted(set().union(*tastes))
    measured = []
    for one, other in permutations(known, 2) if film else combinations(known, 2):
        likers = sum(one in films for films in tastes)
        others = sum(other in films for films in tastes)
        both = sum({one, other} <= films for films in tastes)
        if both >= least and film in (None, one):
            lift = both * len(tastes) / (likers * others)
            measured.append((one, other, both, likers, others, both / len(tastes), lift))
    measured.sort(key=lambda row: (-row[2], -row[6], row[0], row[1]))
    return [(place, *row) for place, row in enumerate(measured, 1)]


def tastes(*likes: str) -> list[dict[str, Any]]:
    """Likes written as "person film", or "person -film" where it was taken back; in this order."""
    return [
        like(
            number,
            NOON + number * MINUTE,
            user_id=text.split()[0],
            movie_id=text.split()[1].lstrip("-"),
            action="unlike" if " -" in text else "like",
        )
        for number, text in enumerate(likes)
    ]


def test_an_unlike_undoes_a_like_until_the_film_is_liked_again(lake: Lake) -> None:
    kept = ("1 a", "1 b", "2 a", "2 b", "3 a", "3 b", "4 c")
    lake.put_lake(tastes(*kept, "2 -a", "3 -b", "3 b", "4 -d"))
    span = {"first_day": "2026-03-01", "last_day": "2026-03-01"}
    assert ask(lake, "co_liked", **span) == [(1, "a", "b", 2, 2, 3, 0.5, 2 * 4 / (2 * 3))]
    assert ask(lake, "co_liked", **span, movie_id="b") == [
        (1, "b", "a", 2, 3, 2, 0.5, 2 * 4 / (3 * 2))
    ]


def test_of_a_person_with_many_films_only_the_last_ones_make_pairs(lake: Lake) -> None:
    lake.put_lake(tastes(*(f"robot film-{number:03}" for number in range(500))))
    span = {"first_day": "2026-03-01", "last_day": "2026-03-01", "min_users": 1}
    found = ask(lake, "co_liked", **span, n=10**6)
    assert len(found) == 20 * 19 // 2
    assert min(row[1] for row in found) == "film-480"


def test_of_films_liked_at_once_the_first_by_name_are_kept(lake: Lake) -> None:
    lake.put_lake([like(n, NOON, user_id="u", movie_id=film) for n, film in enumerate("bdac")])
    span = {"first_day": "2026-03-01", "last_day": "2026-03-01", "min_users": 1}
    found = ask(lake, "co_liked", **span, per_user=3)
    assert [row[1:3] for row in found] == [("a", "b"), ("a", "c"), ("b", "c")]


@pytest.mark.parametrize("seed", range(examples(1)))
@pytest.mark.parametrize(
    ("min_likes", "few", "per_minute", "share"),
    some([(1, 1, 1, 0.5), (3, 2, 2, 0.75), (2, 0, 1, 0.3), (20, 3, 20, 0.5), (2, 1, 99, 1)], 2),
)
def test_like_bombing(
    lake: Lake, seed: int, min_likes: int, few: int, per_minute: int, share: float
) -> None:
    rng = random.Random(seed)
    rows = hostile.likes(seed)
    for row in rows:  # a few busy hours, and in them a few busy minutes
        hour = rng.choice([0, 1, 23, 47, 48])
        row["liked_at"] = hostile.START + timedelta(
            hours=hour, minutes=rng.choice([0, 0, 0, 59, rng.randrange(60)])
        )
    lake.put_lake(rows)
    likes = pd.DataFrame(once(rows))
    rule = {"min_likes": min_likes, "few": few, "per_minute": per_minute, "share": share}
    for first, last in WINDOWS:
        found = ask(lake, "like_bombing", first_day=first, last_day=last, **rule)
        assert found == bombed(within(likes, first, last), min_likes, few, per_minute, share)


def bombed(likes: pd.DataFrame, min_likes: int, few: int, per_minute: int, share: float) -> Rows:
    mine = likes[likes["action"] == "like"]
    minute = mine["liked_at"].dt.floor("min")
    mine = mine.assign(hour=mine["liked_at"].dt.floor("h"), minute=minute)
    # pandas counts no group whose key is null.
    pace = mine.groupby(["user_id", "minute"])["event_id"].transform("count").fillna(0)
    found = []
    for (hour, film), part in mine.assign(fast=pace > per_minute).groupby(["hour", "movie_id"]):
        people = part["user_id"].value_counts()
        top, fast = int(people[:few].sum()), int(part["fast"].sum())
        few_did, fast_did = top >= share * len(part), fast >= share * len(part)
        why = " and ".join(["few"] * few_did + ["fast"] * fast_did)
        if len(part) >= min_likes and why:
            found.append((hour, film, len(part), len(people), top, fast, max(top, fast), why))
    return sorted(found, key=lambda row: (-row[6], row[0], row[1]))


def crowd(film: str, users: list[str | None], step: timedelta) -> list[dict[str, Any]]:
    return [
        like(place, NOON + place * step, movie_id=film, user_id=user, event_id=f"{film}-{place}")
        for place, user in enumerate(users)
    ]


def test_a_bomb_is_named_and_a_crowd_is_not(lake: Lake) -> None:
    people = [f"p{number}" for number in range(40)]
    second = timedelta(seconds=1)
    lake.put_lake(
        crowd("loved", [*people], MINUTE)
        + crowd("nameless", [None] * 40, second)
        + crowd("few", [*people[:10], *["x", "y", "z"] * 5], 2 * MINUTE)
        + crowd("half", [*people[:14], *["x", "y", "z"] * 4, "x", "y"], 2 * MINUTE)
        + crowd("less", [*people[:15], *["x", "y", "z"] * 4, "x", "y"], 2 * MINUTE)
        + [
            like(
                number, NOON + 30 * MINUTE + number * second, user_id="robot", event_id=f"r{number}"
            )
            | {"movie_id": "robbed" if number % 2 else f"cover-{number}"}
            for number in range(22)
        ]
        + crowd("robbed", people[:11], 4 * MINUTE)
    )
    found = ask(lake, "like_bombing", first_day="2026-03-01", last_day="2026-03-01")
    assert found == [
        (NOON, "few", 25, 13, 15, 0, 15, "few"),
        (NOON, "half", 28, 17, 14, 0, 14, "few"),
        (NOON, "robbed", 22, 12, 13, 11, 13, "few and fast"),
    ]
