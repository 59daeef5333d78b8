"""The demonstration's trends: the table of closed hours against the truth, and who is on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, sleep

from infra.cli.demo.checks import Ask
from infra.cli.traffic.simulate import HOUR, Truth
from infra.cli.trending import Board, Entry, Source
from infra.stage import Stage, invoke

COMPARED_HOURS = 7 * 24
RUNS = 2  # rankings within which a film that goes viral is to be on top
PATIENCE_S = 60.0

Hours = dict[tuple[str, str], tuple[int, int]]
"""Hour and film -> likes and unlikes."""


@dataclass(frozen=True, slots=True)
class Before:
    """How trends stood before a run: the hours that were closed, and who was on top."""

    as_of: int
    hours: Hours
    top: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a run left in trends: truth and table by closed hour, rankings, the leaderboard."""

    expected: Hours
    hours: Hours
    runs: int
    place: int
    """Where the viral film stands among those that were not on top before; 0: nowhere."""
    board: Board


def before(stage: Stage, ask: Ask) -> Before:
    """Rank, and give how trends stand."""
    as_of = rank(stage)
    board = _board(stage)
    return Before(as_of, _hours(ask, as_of), frozenset(e.movie_id for e in board.trends[:5]))


def found(
    stage: Stage, ask: Ask, truth: Truth, earlier: Before, tell: Callable[[str], None]
) -> Found:
    """Rank until the table holds the truth's closed hours, or nothing has changed for a while."""
    expected = _expected(truth, earlier.as_of)
    runs, place, last, moved = 0, 0, None, monotonic()
    while True:
        rank(stage)
        board = _board(stage)
        if place != 1:
            runs, place = runs + 1, _place(board, truth.viral, earlier.top)
        hours = _less(_hours(ask, earlier.as_of), earlier.hours)
        tell(f"{_total(hours)} of {_total(expected)} likes of closed hours in the table")
        if hours != last:
            last, moved = hours, monotonic()
        if (hours == expected and place == 1) or monotonic() - moved > PATIENCE_S:
            return Found(expected, hours, runs, place, board)
        sleep(1)


def rank(stage: Stage) -> int:
    """Have the films ranked and changed hours restated now; gives as of when (epoch ms)."""
    return int(invoke(stage, "rank", {"restate": True})["as_of"])


def _board(stage: Stage) -> Board:
    return Source(stage.outputs.api_url, "1h", 100).ask()


def _place(board: Board, viral: str, before: frozenset[str]) -> int:
    new: list[Entry] = [
        entry for entry in board.trends if entry.movie_id == viral or entry.movie_id not in before
    ]
    return next((i for i, entry in enumerate(new, 1) if entry.movie_id == viral), 0)


def _expected(truth: Truth, as_of: int) -> Hours:
    first, closed = _span(as_of)
    return {
        (hour, film): pair
        for hour, films in truth.by_hour.items()
        if first <= hour < closed
        for film, pair in films.items()
    }


def _hours(ask: Ask, as_of: int) -> Hours:
    first, closed = _span(as_of)
    rows = ask(
        f"""
        SELECT date_format(hour, '%Y-%m-%dT%H') AS hour, movie_id, likes, unlikes
        FROM trends
        WHERE day >= '{first[:10]}'
        """
    )
    columns = (rows[name] for name in ("hour", "movie_id", "likes", "unlikes"))
    return {
        (str(hour), str(film)): (int(likes), int(unlikes))
        for hour, film, likes, unlikes in zip(*columns, strict=True)
        if first <= str(hour) < closed
    }


def _span(as_of: int) -> tuple[str, str]:
    """The closed hours that are compared: from the first to before the last."""
    closed = as_of // HOUR * HOUR
    return _text(closed - COMPARED_HOURS * HOUR), _text(closed)


def _text(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%dT%H")


def _less(now: Mapping[tuple[str, str], tuple[int, int]], then: Hours) -> Hours:
    changed = {}
    for place, (likes, unlikes) in now.items():
        before = then.get(place, (0, 0))
        if (likes, unlikes) != before:
            changed[place] = (likes - before[0], unlikes - before[1])
    return changed


def _total(hours: Hours) -> int:
    return sum(likes + unlikes for likes, unlikes in hours.values())
