"""What counts as a trend, and what does not."""

import random

import numpy as np
import pytest

from transform.trends import rollups, scoring
from transform.trends.activity import BIN, first_hour, hourly, quarter_hourly
from transform.trends.batch_sums import Batch
from transform.trends.leaderboards import WINDOWS

MINUTE = 30_000_000 // 60 * 60 + 30  # half past an hour


def rolled(likes):
    """Give rollups of (film, epoch minute, likes, unlikes)."""
    counts = {}
    for film, minute, liked, unliked in likes:
        films = counts.setdefault(minute, {})
        before = films.get(film, (0, 0))
        films[film] = (before[0] + liked, before[1] + unliked)
    batch = Batch("shard", "1", [counts], False)
    return [rollups.add(rollups.empty(hour), [batch]) for hour in rollups.hours([batch])]


def board(likes, window="1h", at=MINUTE):
    spans = WINDOWS[window] // BIN
    return scoring.ranked(quarter_hourly(rolled(likes), at).windows(spans))


def steady(film, per_minute, minutes=range(1440), chance=None):
    for age in minutes:
        likes = per_minute if chance is None else poisson(chance, per_minute)
        if likes:
            yield film, MINUTE - age, likes, 0


def poisson(chance, mean):
    """Knuth's, for small means (The Art of Computer Programming, vol. 2, 3.4.1)."""
    n, product = 0, chance.random()
    while product > np.exp(-mean):
        n += 1
        product *= chance.random()
    return n


def test_a_film_that_is_always_popular_is_no_trend_and_one_that_jumps_is_at_once():
    """Minute by minute, from the minute in which it goes viral on: two rankings are enough."""
    chance = random.Random(1)
    likes = [*steady("classic", 20, chance=chance)]
    for n in range(50):
        likes += steady(f"other{n}", 1, chance=chance)
    jump = [("viral", MINUTE + age, 40, 0) for age in range(2)]
    calm = quarter_hourly(rolled(likes), MINUTE)
    for window in ("15m", "1h"):
        spans = WINDOWS[window] // BIN
        scores = dict(zip(calm.films, scoring.scores(calm.windows(spans)), strict=True))
        assert abs(scores["classic"]) < 3.5
    [first, *_] = board(likes + jump, "15m", MINUTE + 1)
    assert first.movie_id == "viral" and first.score > 10


def test_an_evening_on_which_everybody_likes_more_is_nobody_s_trend():
    likes = [(f"film{n}", MINUTE - age, 1 + n, 0) for n in range(20) for age in range(60, 1440)]
    likes += [(f"film{n}", MINUTE - age, 3 * (1 + n), 0) for n in range(20) for age in range(60)]
    assert max(entry.score for entry in board(likes)) < 2


def test_one_film_only_trends_when_it_rises_and_not_before():
    even = [*steady("only", 2)]
    assert board(even)[0].score == pytest.approx(0, abs=0.2)
    assert board(even + [("only", MINUTE, 100, 0)])[0].score > 5


def test_three_likes_are_no_trend():
    likes = [*steady("popular", 2), ("new", MINUTE, 3, 0)]
    assert {e.movie_id: e.score for e in board(likes)}["new"] < 0


def test_with_no_past_films_rank_by_net_likes():
    likes = [("a", MINUTE, 5, 0), ("b", MINUTE, 9, 8), ("c", MINUTE, 7, 0), ("d", MINUTE, 1, 0)]
    assert [(e.movie_id, e.rank, e.score) for e in board(likes)] == [
        ("c", 1, 0), ("a", 2, 0), ("b", 3, 0), ("d", 4, 0)]  # fmt: skip


def test_an_unlike_without_a_like_sinks_and_is_told():
    likes = [*steady("popular", 2), ("unloved", MINUTE, 0, 4), ("unknown", MINUTE - 1440, 1, 0)]
    entries = board(likes)
    last = entries[-1]
    assert (last.movie_id, last.likes, last.unlikes) == ("unloved", 0, 4)
    assert last.score < 0
    assert "unknown" not in [entry.movie_id for entry in entries]


def test_minutes_without_a_like_count_as_none():
    likes = [("a", MINUTE - age, 20, 0) for age in (0, 61, 122, 600)]
    activity = quarter_hourly(rolled(likes), MINUTE)
    assert activity.likes.sum() == 80
    assert np.isfinite(scoring.scores(activity.windows(4))).all()
    assert scoring.ranked(quarter_hourly([], MINUTE).windows(4)) == []


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_holds_its_minutes_and_no_other(window):
    minutes = WINDOWS[window]
    ages = [-1, 0, minutes - 1, minutes]
    likes = [(f"age{age}", MINUTE - age, 1, 0) for age in ages]
    assert {entry.movie_id for entry in board(likes, window)} == {"age0", f"age{minutes - 1}"}


def test_the_past_reaches_as_far_back_as_is_kept():
    oldest = MINUTE - 2 * 1440 + 1
    assert oldest // 60 == first_hour(MINUTE)
    likes = [("a", oldest, 1000, 0), ("a", MINUTE, 1000, 0)]
    assert board(likes, "24h")[0].score == 0  # as was to be expected
    assert board(likes, "24h", MINUTE + 15)[0].score == 0  # that past is no longer whole
    likes[0] = ("a", oldest, 100, 0)
    assert board(likes, "24h")[0].score > 50


def test_an_hour_of_the_table_depends_on_its_own_past_only():
    likes = [*steady("a", 3, chance=random.Random(3)), *steady("b", 1, range(600))]
    hour = MINUTE // 60 - 5
    later = [("zzz", MINUTE, 50, 0), ("0", MINUTE - 60, 50, 0)]
    narrow = hourly(rolled(likes), hour, 25).since(0)
    wide = hourly(rolled(later + likes), hour + 5, 40).since(5)
    assert scoring.hour_table(narrow, hour).equals(scoring.hour_table(wide, hour))


def test_scores_are_what_the_formula_says():
    net = {"a": [30, 12, 8], "b": [5, 20, 40]}
    hour = MINUTE // 60
    likes = [
        (film, (hour - age) * 60, n, 0) for film, row in net.items() for age, n in enumerate(row)
    ]
    found = {e.movie_id: e.score for e in scoring.ranked(
        hourly(rolled(likes), hour, 25).windows(1))}  # fmt: skip
    w = [1 / 1.7, 0.7 / 1.7]
    m = {film: w[0] * row[1] + w[1] * row[2] for film, row in net.items()}
    for film, other in (("a", "b"), ("b", "a")):
        b = (net[other][0] + 100) / (m[other] + 100)
        e = max(m[film] * b, 10)
        u = b**2 * (w[0] ** 2 * net[film][1] + w[1] ** 2 * net[film][2])
        assert found[film] == pytest.approx((net[film][0] - e) / (e + u) ** 0.5, abs=0.0006)
