"""What the generator says of its lines is what is in them."""

import hashlib
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.traffic.malformed import REASONS
from infra.cli.traffic.simulate import HOUR, Film, Line, Plan, Simulation, Truth, films
from tests.examples import examples, nightly

NOW = 1_780_000_000_123  # 2026-05-28T20:26:40.123Z
PLAN = Plan(now=NOW, likes=5000)


def made(plan: Plan) -> tuple[list[Line], Truth]:
    simulation = Simulation(plan)
    return list(simulation), simulation.truth


def field(event: dict[str, object], snake: str, camel: str) -> object:
    return event.get(snake, event.get(camel))


def moment(value: object) -> datetime:
    if isinstance(value, int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def read_by_hand(lines: list[Line]) -> dict[str, object]:
    """The totals again, from the bytes alone, with the standard library."""
    likes, ids, net, distinct, hours = Counter(), set(), Counter(), Counter(), {}
    for line in lines:
        if line.reason:
            continue
        event = json.loads(line.data)
        sign = -1 if event.get("action") == "unlike" else 1
        movie = str(field(event, "movie_id", "movieId")).strip()
        event_id = field(event, "event_id", "eventId")
        likes[sign] += 1
        net[movie] += sign
        hour = moment(field(event, "liked_at", "likedAt")).strftime("%Y-%m-%dT%H")
        if event_id not in ids:
            distinct[movie] += sign
            liked, unliked = hours.setdefault(hour, {}).get(movie, (0, 0))
            hours[hour][movie] = (liked + (sign == 1), unliked + (sign == -1))
        ids.add(event_id)
    good = likes.total()
    return {
        "lines": len(lines),
        "good": good,
        "malformed": dict(sorted(Counter(x.reason for x in lines if x.reason).items())),
        "events": len(ids),
        "duplicates": good - len(ids),
        "likes": likes[1],
        "unlikes": likes[-1],
        "net": dict(sorted(net.items())),
        "net_distinct": dict(sorted(distinct.items())),
        "by_hour": hours,
    }


SHARES = st.sampled_from([0.0, 0.01, 0.2, 1.0])


@settings(max_examples=examples(15), deadline=None)
@given(
    plan=st.builds(
        Plan,
        now=st.just(NOW),
        likes=st.integers(0, 400),
        seed=st.integers(0, 2**70),
        days=st.sampled_from([0.01, 1.0, 30.0]),
        late=SHARES,
        unlikes=SHARES,
        duplicates=SHARES,
        malformed=SHARES,
    )
)
def test_the_truth_is_what_the_lines_hold(plan):
    lines, truth = made(plan)
    read = read_by_hand(lines)
    assert {name: value for name, value in asdict(truth).items() if name in read} == read
    assert truth.events == plan.likes
    assert all(b"\n" not in line.data and line.data.strip() for line in lines)


def test_the_truth_is_not_told_before_the_last_line_is_taken():
    simulation = Simulation(PLAN)
    iterator = iter(simulation)
    next(iterator)
    with pytest.raises(RuntimeError, match="every line"):
        _ = simulation.truth


def test_the_same_seed_gives_the_same_bytes_for_ever():
    digest = hashlib.sha256(b"\n".join(line.data for line in Simulation(PLAN))).hexdigest()
    assert digest == "1a2b62f9658d52111ac177204472dcf5b02809a7e9ef42abaf121a52d1b3b6f1"


def test_the_bytes_do_not_depend_on_the_order_of_hashes():
    code = (
        "import hashlib; from infra.cli.traffic.simulate import *;"
        f"print(hashlib.sha256(b''.join(x.data for x in Simulation(Plan(now={NOW}, likes=500))))"
        ".hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_another_seed_gives_other_ids():
    first, second = (
        {line.data for line in Simulation(replace(PLAN, seed=seed))} for seed in (1, 2)
    )
    assert not first & second


def test_shares_come_out_near_what_was_asked():
    _, truth = made(
        replace(PLAN, likes=20_000, late=0.1, unlikes=0.1, duplicates=0.1, malformed=0.1)
    )
    for got in (truth.late, truth.unlikes / 1.1, truth.duplicates, truth.malformed_lines):
        assert 0.08 < got / 20_000 < 0.12


def test_every_kind_of_malformed_line_occurs():
    _, truth = made(replace(PLAN, malformed=0.5))
    assert set(truth.malformed) == REASONS


def test_no_two_malformed_lines_are_alike():
    lines, truth = made(replace(PLAN, malformed=1.0))
    assert len({line.data for line in lines if line.reason}) == truth.malformed_lines == 5000


def test_event_times_end_now_and_span_the_days():
    lines, truth = made(replace(PLAN, late=0.0, malformed=0.0, days=3.0))
    times = [
        moment(field(json.loads(line.data), "liked_at", "likedAt")).timestamp() * 1000
        for line in lines
    ]
    assert NOW - 3 * 24 * HOUR <= min(times) < NOW - 71 * HOUR
    assert NOW - HOUR < max(times) <= NOW
    assert truth.late == 0


def test_late_likes_happened_hours_or_days_before_they_were_sent():
    lines, truth = made(replace(PLAN, malformed=0.0, duplicates=0.0))
    late = []
    for line in lines:
        event = json.loads(line.data)
        sent = moment(int(str(field(event, "event_id", "eventId")).replace("-", "")[:12], 16))
        behind = sent - moment(field(event, "liked_at", "likedAt"))
        if behind:
            late.append(behind)
    assert len(late) == truth.late > 100
    assert timedelta(hours=1) <= min(late) and timedelta(days=1) < max(late) <= timedelta(days=2)


def test_popularity_is_skewed_and_one_film_rises_from_nearly_nothing():
    lines, truth = made(replace(PLAN, likes=20_000, late=0.0, malformed=0.0, unlikes=0.0))
    ranked = sorted(truth.net.values(), reverse=True)
    assert ranked[0] > 10 * ranked[50] and len(ranked) > 90
    early, last = Counter(), Counter()
    for line in lines:
        event = json.loads(line.data)
        ago = NOW - moment(field(event, "liked_at", "likedAt")).timestamp() * 1000
        movie = str(field(event, "movie_id", "movieId")).strip()
        if ago > 6 * HOUR:
            early[movie] += 1
        elif ago < HOUR:
            last[movie] += 1
    assert last.most_common(1)[0][0] == truth.viral
    assert early[truth.viral] < 0.003 * early.total()


def test_there_is_day_and_night():
    lines, _ = made(replace(PLAN, likes=20_000, days=7.0, late=0.0, malformed=0.0))
    hours = Counter(
        moment(field(json.loads(line.data), "liked_at", "likedAt")).hour for line in lines
    )
    assert hours[20] > 4 * hours[4]


def test_producers_write_differently():
    events = [json.loads(line.data) for line in Simulation(PLAN) if not line.reason]
    assert any("movieId" in event for event in events)
    assert any(isinstance(event.get("liked_at"), int) for event in events)
    assert any("+" in str(event.get("likedAt")) for event in events)
    assert any("app" in event for event in events) and any("campaign" in e for e in events)
    assert any("action" not in event for event in events)
    assert any("user_id" not in event and "userId" not in event for event in events)


def test_unlikes_are_of_likes_made_before():
    liked = set()
    for line in Simulation(replace(PLAN, malformed=0.0)):
        event = json.loads(line.data)
        user = field(event, "user_id", "userId")
        movie = str(field(event, "movie_id", "movieId")).strip()
        if event.get("action") == "unlike":
            assert user is None or (user, movie) in liked or (None, movie) in liked
        liked.add((user, movie))


@nightly
def test_memory_grows_with_hours_and_films_and_not_with_likes():
    peaks = []
    for likes in (2_000, 20_000):
        tracemalloc.start()
        for _ in Simulation(replace(PLAN, likes=likes, days=0.1, late=0.0)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000


@pytest.mark.parametrize(
    "wrong",
    [{"likes": -1}, {"days": 0.0}, {"days": float("nan")}, {"late": 1.1}, {"malformed": -1.0}],
)
def test_an_impossible_plan_is_refused(wrong):
    with pytest.raises(ValueError, match="number of likes|days|share"):
        Plan(now=NOW, **wrong)


def test_the_films_are_about_a_hundred_with_ids_of_their_own():
    listed = films()
    assert 100 <= len(listed) <= 120 and Film("tt0068646", "The Godfather", 1972) in listed
    assert len({film.movie_id for film in listed}) == len({film.title for film in listed})
    assert all(film.movie_id[:2] == "tt" and film.movie_id[2:].isdigit() for film in listed)
    assert all(1900 < film.year < 2030 for film in listed)
