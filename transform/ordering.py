"""The order of likes in a file, by film, time and event id, for rows that memory holds.

A film's rank and the time within the hour make one number, by which Arrow sorts faster than DuckDB
does by the columns; few likes of a film are of the same millisecond, and need a look at their ids.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute

from transform.duck import HOUR_MS
from transform.parquet import CODED

pc: Any = pyarrow.compute  # its types do not know of what follows

_TIME_BITS = 22  # an hour has fewer milliseconds


class Ordering:
    """Rows in memory, and the order that they have within their places."""

    def __init__(self, rows: pa.Table, places: "pa.ChunkedArray[Any]") -> None:
        """Take rows, and the place of each: a number for its file, or null for none.

        Those of a place are of one hour.
        """
        rows = rows.combine_chunks()
        for name in CODED:  # less to move
            if not pa.types.is_dictionary(rows[name].type):
                at = rows.schema.get_field_index(name)
                rows = rows.set_column(at, name, rows[name].dictionary_encode())
        self.rows = rows.unify_dictionaries().combine_chunks()
        place, different = _ranks(_one(places))
        film, _ = _ranks(_one(self.rows["movie_id"]))
        moments = _one(self.rows["liked_at"]).cast(pa.int64())
        within = pc.subtract(moments, pc.multiply(pc.divide(moments, HOUR_MS), HOUR_MS))
        self._keys = pc.bit_wise_or(pc.shift_left(film, _TIME_BITS), within)
        self._together = pc.sort_indices(place)
        counts = {one["values"].as_py(): one["counts"].as_py() for one in pc.value_counts(place)}
        sizes = [counts[rank] for rank in range(len(different))]
        starts = accumulate(sizes, initial=0)
        self._bounds = dict(zip(different, zip(starts, sizes, strict=False), strict=True))

    @property
    def places(self) -> list[int]:
        """The places in their order."""
        return list(self._bounds)

    def sorted(self, place: int, columns: Sequence[str]) -> pa.Table:
        """Give the rows of a place in their order."""
        rows = self._together.slice(*self._bounds[place])
        keys = self._keys.take(rows)
        by_key = pc.sort_indices(keys)
        keys, rows = keys.take(by_key), rows.take(by_key)
        same = pc.equal(keys.slice(1), keys.slice(0, len(keys) - 1))
        if pc.any(same).as_py():
            no = pa.array([False])
            tied = pc.or_(pa.concat_arrays([same, no]), pa.concat_arrays([no, same]))
            alike = rows.filter(tied)
            ids = _one(self.rows["event_id"]).take(alike)
            ties = pa.table({"key": keys.filter(tied), "id": ids})
            by_id = pc.sort_indices(ties, [("key", "ascending"), ("id", "ascending")])
            rows = pc.replace_with_mask(rows, tied, alike.take(by_id))
        return self.rows.select(columns).take(rows)


def _ranks(values: Any) -> tuple[Any, list[Any]]:
    """Give each value's rank among the different ones, from 0, and these in their order."""
    coded = values if isinstance(values, pa.DictionaryArray) else values.dictionary_encode()
    order = pc.sort_indices(coded.dictionary)
    ranks = pc.sort_indices(order).cast(pa.int64())  # the inverse
    return ranks.take(coded.indices), coded.dictionary.take(order).to_pylist()


def _one(column: "pa.ChunkedArray[Any]") -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
