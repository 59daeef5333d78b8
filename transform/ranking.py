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

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from glue import schema, tables
from transform.boards import WINDOWS, Entry
from transform.rollups import HOUR_MINUTES, Rollup

TOP = 100
"""How many films a leaderboard holds."""
PAST = 24
"""How many earlier windows are looked at, at most; the last of them weighs 0.0003 of the first."""
KEEP = 0.7
STEADY = 100.0
FLOOR = 10.0

BIN = 15
"""Minutes of a span, of which every window is a multiple."""
_BINS = 2 * WINDOWS["24h"] // BIN  # the longest window, and one before it
_Matrix = NDArray[np.int64]


class Activity(msgspec.Struct, frozen=True):
    """Likes and unlikes of films (rows) in equal spans of time (columns), the newest span first."""

    films: list[str]
    likes: _Matrix
    unlikes: _Matrix

    def windows(self, spans: int) -> "Activity":
        """Give windows of so many spans each, at most one to rank and `PAST` before it.

        The past ends with the last whole window at whose end there was anything to count yet.
        """
        active = np.flatnonzero((self.likes + self.unlikes).any(axis=0))
        known = int(active[-1]) + 1 if len(active) else 0
        number = min(max(known // spans, 1), 1 + PAST)

        def summed(matrix: _Matrix) -> _Matrix:
            whole = matrix[:, : number * spans].reshape(len(self.films), number, spans)
            found: _Matrix = whole.sum(axis=2)
            return found

        return Activity(self.films, summed(self.likes), summed(self.unlikes))

    def since(self, span: int) -> "Activity":
        """Give a later span as the newest, `PAST` before it, and the films of these, by name.

        So it is the same, to the order of its rows, wherever it was cut from.
        """
        inside = slice(span, span + 1 + PAST)
        likes, unlikes = self.likes[:, inside], self.unlikes[:, inside]
        active = np.flatnonzero((likes + unlikes).any(axis=1)).tolist()
        rows = sorted(active, key=self.films.__getitem__)
        return Activity([self.films[row] for row in rows], likes[rows], unlikes[rows])


def first_hour(as_of_minute: int) -> int:
    """Give the first epoch hour that leaderboards at this epoch minute look at."""
    return (as_of_minute + 1 - _BINS * BIN) // HOUR_MINUTES


def activity(rollups: Iterable[Rollup], as_of_minute: int) -> Activity:
    """Give what happened up to an epoch minute, that included, in spans of 15 minutes."""
    return _activity(
        rollups,
        lambda minutes: (as_of_minute - minutes) // BIN,
        _BINS,
    )


def hourly(rollups: Iterable[Rollup], hour: int, hours: int) -> Activity:
    """Give what happened up to an epoch hour, that included: so many hours, newest first."""
    return _activity(rollups, lambda minutes: hour - minutes // HOUR_MINUTES, hours)


def _activity(rollups: Iterable[Rollup], span: Any, spans: int) -> Activity:
    """Sum rollups; memory is bounded by the films in them, whatever the number of likes."""
    place: dict[str, int] = {}
    parts = []
    for rollup in rollups:
        if not rollup.rows.num_rows:
            continue
        films = rollup.rows["movie_id"].combine_chunks()
        if not isinstance(films, pa.DictionaryArray):
            films = films.dictionary_encode()
        named = [str(film) for film in films.dictionary.to_pylist()]
        rows = np.array([place.setdefault(film, len(place)) for film in named])
        columns = span(
            rollup.hour * HOUR_MINUTES + rollup.rows["minute"].to_numpy().astype(np.int64)
        )
        inside = (columns >= 0) & (columns < spans)
        if not inside.any():
            continue
        codes = films.indices.to_numpy()[inside].astype(np.int64)
        columns = columns[inside]
        low = int(columns.min())
        width = int(columns.max()) + 1 - low
        cells = codes * width + (columns - low)
        sums = [
            np.bincount(cells, rollup.rows[name].to_numpy()[inside], len(rows) * width)
            .astype(np.int64)
            .reshape(len(rows), width)
            for name in ("likes", "unlikes")
        ]
        parts.append((rows, low, width, sums))
    totals = [np.zeros((len(place), spans), np.int64) for _ in range(2)]
    for rows, low, width, sums in parts:
        for total, part in zip(totals, sums, strict=True):
            total[rows, low : low + width] += part
    return Activity(list(place), *totals)


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
