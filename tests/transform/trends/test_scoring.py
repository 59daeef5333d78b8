"""What counts as a trend, and what does not."""

import random
from datetime import UTC

import numpy as np
import pytest

from tests.examples import examples
from transform.trends import rollups, scoring
from transform.trends.activity import BIN, PAST, first_hour, hourly, quarter_hourly
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


def top(windows):
    return scoring.leaderboard(windows, {})


def board(likes, window="1h", at=MINUTE):
    spans = WINDOWS[window] // BIN
    return top(quarter_hourly(rolled(likes), at).windows(spans))


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
        scores = {entry.movie_id: entry.score for entry in top(calm.windows(spans))}
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
    assert [entry.movie_id for entry in top(activity.windows(4))] == ["a"]
    assert np.isfinite([entry.score for entry in top(activity.windows(4))]).all()
    assert top(quarter_hourly([], MINUTE).windows(4)) == []


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


def table(likes, hour, hours):
    """Give rows of so many hours of the table, the last of which is `hour`."""
    rows = scoring.hours_table(hourly(rolled(likes), hour, hours + PAST), hour).to_pylist()
    assert [row["rank"] for row in rows] == [
        1 + sum(other["hour"] == row["hour"] for other in rows[:number])
        for number, row in enumerate(rows)
    ]
    return [(hour_of(row), *list(row.values())[1:]) for row in rows]


def hour_of(row):
    return int(row["hour"].replace(tzinfo=UTC).timestamp()) // 3600


def test_an_hour_of_the_table_depends_on_its_own_past_only():
    likes = [*steady("a", 3, chance=random.Random(3)), *steady("b", 1, range(600))]
    hour = MINUTE // 60 - 5
    later = [("zzz", MINUTE, 50, 0), ("0", MINUTE - 60, 50, 0)]
    wide = table(later + likes, hour + 5, 15)
    assert table(likes, hour, 1) == [row for row in wide if row[0] == hour]


def test_scores_are_what_the_formula_says():
    net = {"a": [30, 12, 8], "b": [5, 20, 40]}
    hour = MINUTE // 60
    likes = [
        (film, (hour - age) * 60, n, 0) for film, row in net.items() for age, n in enumerate(row)
    ]
    found = {film: score for at, film, _, _, score, _ in table(likes, hour, 1)}
    w = [1 / 1.7, 0.7 / 1.7]
    m = {film: w[0] * row[1] + w[1] * row[2] for film, row in net.items()}
    for film, other in (("a", "b"), ("b", "a")):
        b = (net[other][0] + 100) / (m[other] + 100)
        e = max(m[film] * b, 10)
        u = b**2 * (w[0] ** 2 * net[film][1] + w[1] ** 2 * net[film][2])
        assert found[film] == pytest.approx((net[film][0] - e) / (e + u) ** 0.5, abs=0.0006)


@pytest.mark.parametrize("seed", range(examples(4)))
def test_hours_made_at_once_are_those_made_one_by_one(seed):
    """Written out in plain Python, an hour and a film at a time."""
    chance = random.Random(seed)
    last = MINUTE // 60
    share = chance.choice([0.05, 0.5, 1])
    likes = [
        (f"tt{film}", hour * 60, chance.choice([0, 1, 9, 5000]), chance.choice([0, 0, 1, 12]))
        for hour in range(last - 60, last + 1)
        if chance.random() < share
        for film in chance.sample(range(40), chance.choice([1, 15, 40]))
    ]
    likes = [row for row in likes if row[2] or row[3]]
    expected = []
    for hour in range(last - 23, last + 1):
        expected += one_by_one(likes, hour)
    assert table(likes, last, 24) == expected


def one_by_one(likes, hour):
    """Give the rows of an hour."""
    seen = [row for row in likes if hour - PAST <= row[1] // 60 <= hour]
    net = {(film, minute // 60): liked - unliked for film, minute, liked, unliked in seen}
    hours = hour - min((minute // 60 for _, minute, _, _ in seen), default=hour)
    weights = [scoring.KEEP**k for k in range(hours)]
    films = {film for film, _, _, _ in seen}

    def past(film, power):
        return sum(
            (weight / sum(weights)) ** power * max(net.get((film, hour - 1 - k), 0), 0)
            for k, weight in enumerate(weights)
        )

    rows = []
    for film, minute, liked, unliked in seen:
        if minute // 60 != hour:
            continue
        others = films - {film}
        now = sum(net.get((other, hour), 0) for other in others)
        busy = max(now + 100, 1) / (sum(past(other, 1) for other in others) + 100)
        expected = max(past(film, 1) * busy, 10)
        score = (net[film, hour] - expected) / (expected + busy**2 * past(film, 2)) ** 0.5
        rows.append((film, liked, unliked, round(score, 3) if hours else 0))
    rows.sort(key=lambda row: (-row[3], row[2] - row[1], row[0]))
    return [(hour, *row, rank) for rank, row in enumerate(rows, 1)]
