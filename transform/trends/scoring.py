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

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from glue import schema, tables
from transform.trends.activity import PAST, Activity
from transform.trends.leaderboards import Entry

TOP = 100
"""How many films a leaderboard holds."""
KEEP = 0.7
STEADY = 100.0
FLOOR = 10.0
SCHEMA = schema.arrow(tables.read("trends"))
_Numbers = NDArray[np.int64]


def scores(net: _Numbers, pasts: _Numbers) -> NDArray[np.float64]:
    """Give the score of films (rows) in windows (columns), to three decimals.

    Given are net likes in windows, the newest first, and for each that is to be scored, from the
    newest on, with how many windows before it it is compared.
    """
    now, past = net[:, : len(pasts)], net.clip(min=0).astype(np.float64)
    k = np.arange(net.shape[1])[:, np.newaxis] - np.arange(1, len(pasts) + 1)
    weights = np.where((k >= 0) & (k < pasts), KEEP**k, 0.0)
    weights /= weights.sum(axis=0).clip(min=1)  # at least 1, but where there is no past
    mean = past @ weights
    all_now, all_mean = now.sum(axis=0), past.sum(axis=0) @ weights
    busy = (all_now - now + STEADY).clip(min=1) / (all_mean - mean + STEADY)
    expected = (mean * busy).clip(min=FLOOR)
    unsure = busy**2 * (past @ weights**2)
    found = np.round((now - expected) / np.sqrt(expected + unsure), 3)
    return np.where(pasts > 0, found, 0.0) + 0.0  # no -0.0


def ranking(activity: Activity, pasts: _Numbers) -> pa.Table:
    """Give the films with anything in a window, the oldest window first, in each the best film.

    By score, then net likes, then name. Windows are numbered from the newest, 0; `pasts` is as in
    `scores`.
    """
    net = activity.likes - activity.unlikes
    newest = slice(len(pasts))
    film, window = np.nonzero(activity.likes[:, newest] + activity.unlikes[:, newest])
    score = scores(net, pasts)[film, window]
    order = np.lexsort((film, -net[film, window], -score, -window))
    film, window, score = film[order], window[order], score[order]
    columns: dict[str, Any] = {
        "window": window,
        "movie_id": pa.array(activity.films, pa.string()).take(film),
        "likes": activity.likes[film, window],
        "unlikes": activity.unlikes[film, window],
        "score": score,
        "rank": np.arange(len(film)) - np.searchsorted(-window, -window) + 1,
    }
    return pa.table(columns)


def leaderboard(windows: Activity, previous: Mapping[str, int]) -> list[Entry]:
    """Give the top of the newest window, each with the rank it had (film to rank)."""
    found = ranking(windows, np.array([windows.likes.shape[1] - 1])).drop_columns("window")
    return [
        Entry(previous_rank=previous.get(row["movie_id"]), **row)
        for row in found.slice(0, TOP).to_pylist()
    ]


def hours_table(hours: Activity, newest: int) -> pa.Table:
    """Give what the table `trends` holds of hours up to an epoch hour, best film of each first.

    The `PAST` hours before them are there to look back to. The past of an hour begins with the
    first of those before it in which there was anything to count.
    """
    spans = np.arange(hours.likes.shape[1])
    active = (hours.likes + hours.unlikes).any(axis=0)
    oldest = np.maximum.accumulate(np.where(active, spans, 0))[PAST:]
    found = ranking(hours, (oldest - spans[:-PAST]).clip(min=0))
    hour = (newest - found["window"].to_numpy()).astype("datetime64[h]").astype("datetime64[ms]")
    return found.set_column(0, "hour", pa.array(hour)).cast(SCHEMA)


def ranks(board: Sequence[Entry]) -> dict[str, int]:
    """Give the rank of each film of a leaderboard."""
    return {entry.movie_id: entry.rank for entry in board}
