"""What happened to films in equal spans of time: likes and unlikes, summed from rollups."""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transform.trends.batch_sums import MINUTE_MS
from transform.trends.leaderboards import WINDOWS
from transform.trends.rollups import HOUR_MINUTES, Rollup

PAST = 24
"""How many earlier windows are looked at, at most; the last of them weighs 0.0003 of the first."""
BIN = 15
"""Minutes of a span, of which every window is a multiple."""
_BINS = 2 * WINDOWS["24h"] // BIN  # the longest window, and one before it
_Matrix = NDArray[np.int64]


class Activity(msgspec.Struct, frozen=True):
    """Likes and unlikes of films (rows, by name) in equal spans of time (columns, newest first)."""

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


def without(activity: Activity, repeats: pa.Table, as_of_minute: int) -> Activity:
    """Give spans up to an epoch minute without likes that were sent again, by the table `repeats`:
    what is tracked has each delivery."""
    place = {film: row for row, film in enumerate(activity.films)}
    likes, unlikes = activity.likes.copy(), activity.unlikes.copy()
    minutes = repeats["liked_at"].cast(pa.int64()).to_numpy() // MINUTE_MS
    spans = (as_of_minute - minutes) // BIN
    told = zip(repeats["movie_id"].to_pylist(), repeats["action"].to_pylist(), spans, strict=True)
    for film, action, span in told:
        if film in place and 0 <= span < likes.shape[1]:
            (likes if action == "like" else unlikes)[place[film], span] -= 1
    # Of a repeat that was archived, but whose sums expired before they were ranked, none is there.
    return Activity(activity.films, np.maximum(likes, 0), np.maximum(unlikes, 0))


def first_hour(as_of_minute: int) -> int:
    """Give the first epoch hour that leaderboards at this epoch minute look at."""
    return (as_of_minute + 1 - _BINS * BIN) // HOUR_MINUTES


def quarter_hourly(rollups: Iterable[Rollup], as_of_minute: int) -> Activity:
    """Give what happened up to an epoch minute, that included, in spans of 15 minutes."""
    return _summed(
        rollups,
        lambda minutes: (as_of_minute - minutes) // BIN,
        _BINS,
    )


def hourly(rollups: Iterable[Rollup], hour: int, hours: int) -> Activity:
    """Give what happened up to an epoch hour, that included: so many hours, newest first."""
    return _summed(rollups, lambda minutes: hour - minutes // HOUR_MINUTES, hours)


def _summed(rollups: Iterable[Rollup], span: Any, spans: int) -> Activity:
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
    names = sorted(place)
    row = np.empty(len(names), np.int64)
    row[[place[name] for name in names]] = np.arange(len(names))
    totals = [np.zeros((len(names), spans), np.int64) for _ in range(2)]
    for rows, low, width, sums in parts:
        for total, part in zip(totals, sums, strict=True):
            total[row[rows], low : low + width] += part
    return Activity(names, *totals)
