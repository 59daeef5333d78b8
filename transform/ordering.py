"""The order of likes in a file, by film, time and event id, found by NumPy for rows in memory.

A film's rank and the time within the hour make one number, by which NumPy sorts four times as fast
as DuckDB sorts by the columns; few likes of a film are of the same millisecond, and need a look at
their ids.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from transform.duck import HOUR_MS

pc: Any = pyarrow.compute  # its types do not know of sort keys

Integers = NDArray[np.int64]
_TIME_BITS = 22  # an hour has fewer milliseconds


class Ordering:
    """Rows in memory, those of a place together, and the order within it."""

    def __init__(self, rows: pa.Table) -> None:
        """Take rows with `place`, a number for each file, of one hour each."""
        self.rows = rows.drop_columns("place").combine_chunks()
        self._ids = _one(self.rows["event_id"])
        films = _one(self.rows["movie_id"]).dictionary_encode()
        names: Any = films.dictionary
        ranks = np.empty(len(names), np.int64)
        ranks[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
        moments = self.rows["liked_at"].cast(pa.int64()).to_numpy()
        self._keys: Integers = ranks[films.indices.to_numpy()] << _TIME_BITS | moments % HOUR_MS
        found, which = np.unique(rows["place"].to_numpy(), return_inverse=True)
        small = which.astype(np.uint16) if len(found) < 2**16 else which  # NumPy counts small ones
        together = np.argsort(small, kind="stable")
        bounds = np.searchsorted(small[together], np.arange(len(found) + 1)).tolist()
        self.places: dict[int, Integers] = {
            place: together[first:last]
            for place, (first, last) in zip(found.tolist(), pairwise(bounds), strict=True)
        }
        """Which rows each place has, in no order."""

    def sorted(self, place: int) -> pa.Table:
        """Give the rows of a place in their order."""
        numbers = self.places[place]
        keys = self._keys[numbers]
        by_key = np.argsort(keys)
        keys, numbers = keys[by_key], numbers[by_key]
        same = np.flatnonzero(keys[1:] == keys[:-1])
        if len(same):
            tied = np.unique(np.concatenate([same, same + 1]))
            ties = pa.table({"key": keys[tied], "id": self._ids.take(numbers[tied])})
            by_id = pc.sort_indices(ties, [("key", "ascending"), ("id", "ascending")])
            numbers[tied] = numbers[tied][by_id.to_numpy()]
        return self.rows.take(numbers)


def _one(column: "pa.ChunkedArray[Any]") -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
