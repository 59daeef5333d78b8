"""Which films rise: how far a window's likes stand above what a film's own past predicts.

The score of a film with `x` net likes in a window is `(x - e) / sqrt(e + u)`, where

    m = sum of w[k] * y[k]                        what its own past says: an exponentially weighted
                                                  mean of its net likes y in earlier windows,
                                                  w[k] ~ 0.7 ** k, k = 0 for the one just before
    b = (X + 100) / (M + 100)                     how busy the window is: net likes X of all other
                                                  films beside what their past says, M
    e = max(m * b, 10)                            what is expected of it
    u = b ** 2 * sum of w[k] ** 2 * y[k]          how far that may be off, the past being counts too

So it is how many standard deviations of a Poisson count, whose variance is its mean, the window
stands above what was expected. A film that is always popular meets what is expected of it; an
evening on which everybody likes more is nobody's trend; and since never less than 10 are expected,
three likes are none either. With no earlier window to compare with, every score is 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from glue import schema, tables
from transform.trends.activity import Activity
from transform.trends.leaderboards import Entry
from transform.trends.rollups import HOUR_MINUTES

TOP = 100
"""How many films a leaderboard holds."""
KEEP = 0.7
STEADY = 100.0
FLOOR = 10.0


def scores(windows: Activity) -> NDArray[np.float64]:
    """Give the score of each film's newest window, to three decimals."""
    net = (windows.likes - windows.unlikes).astype(np.float64)
    now, past = net[:, 0], net[:, 1:].clip(min=0)
    if not past.shape[1]:
        return np.zeros(len(windows.films))
    weights = KEEP ** np.arange(past.shape[1])
    weights /= weights.sum()
    mean = past @ weights
    busy = (now.sum() - now + STEADY).clip(min=1) / (mean.sum() - mean + STEADY)
    expected = (mean * busy).clip(min=FLOOR)
    unsure = busy**2 * (past @ weights**2)
    found: NDArray[np.float64] = np.round((now - expected) / np.sqrt(expected + unsure), 3)
    return found + 0.0  # no -0.0


def ranked(windows: Activity) -> list[Entry]:
    """Give the films with anything in the newest window, best first.

    By score, then net likes, then name.
    """
    likes, unlikes = windows.likes[:, 0], windows.unlikes[:, 0]
    score = scores(windows)
    active = np.flatnonzero(likes + unlikes)
    order = sorted(
        active.tolist(), key=lambda i: (-score[i], unlikes[i] - likes[i], windows.films[i])
    )
    return [
        Entry(rank, None, windows.films[i], int(likes[i]), int(unlikes[i]), float(score[i]))
        for rank, i in enumerate(order, 1)
    ]


def leaderboard(windows: Activity, previous: Mapping[str, int]) -> list[Entry]:
    """Give the top of a window, each with the rank it had (film to rank)."""
    return [
        msgspec.structs.replace(entry, previous_rank=previous.get(entry.movie_id))
        for entry in ranked(windows)[:TOP]
    ]


def hour_table(hours: Activity, hour: int) -> pa.Table:
    """Give what the table `trends` holds of an epoch hour, the newest of these, best film first."""
    rows = ranked(hours.windows(1))
    start = hour * HOUR_MINUTES * 60_000
    columns: dict[str, list[Any]] = {
        "hour": [start] * len(rows),
        "movie_id": [row.movie_id for row in rows],
        "likes": [row.likes for row in rows],
        "unlikes": [row.unlikes for row in rows],
        "score": [row.score for row in rows],
        "rank": [row.rank for row in rows],
    }
    return pa.table(columns, schema=schema.arrow(tables.read("trends")))


def ranks(board: Sequence[Entry]) -> dict[str, int]:
    """Give the rank of each film of a leaderboard."""
    return {entry.movie_id: entry.rank for entry in board}
