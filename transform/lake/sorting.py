"""The order of likes in a file, by film, time and event id, for rows that memory holds.

A film's rank and the time within the day make one number, by which Arrow sorts faster than DuckDB
does by the columns; few likes of a film are of the same millisecond, and need a look at their ids.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute

from transform.lake.division import DAY_HOURS
from transform.lake.duck import HOUR_MS
from transform.lake.parquet import CODED, ROW_GROUP, SCHEMA

pc: Any = pyarrow.compute  # its types do not know of what follows

_DAY_MS = DAY_HOURS * HOUR_MS
_TIME_BITS = 27  # a day has fewer milliseconds
_STRETCH = 100
"""Rows that lie together, on average, where each place's are gathered from where they are."""


def by_hour(rows: pa.Table) -> pa.Table:
    """Give rows with those of an hour together, in the order of hours."""
    return rows.unify_dictionaries().combine_chunks().take(pc.sort_indices(hours(rows)))


def is_by_hour(rows: pa.Table) -> bool:
    """Tell that rows are in the order of hours."""
    found = hours(rows)
    rise = pc.less_equal(found.slice(0, max(0, len(found) - 1)), found.slice(1))
    return bool(pc.all(rise, min_count=0).as_py())


def hours(rows: pa.Table) -> Any:
    """Give the epoch hour of each row."""
    return pc.divide(rows["liked_at"].cast(pa.int64()), HOUR_MS)


class Ordering:
    """Rows in memory, and the order that they have within their places."""

    def __init__(self, rows: pa.Table, places: "pa.ChunkedArray[Any]") -> None:
        """Take likes, `hour` being null for one that is left out, if it is there; and the place of
        each: a number for a file, of a day. It is best if rows of one lie together."""
        runs = pc.run_end_encode(places.combine_chunks())
        if len(runs.values) * _STRETCH > len(rows):
            together = pc.sort_indices(places)
            rows, places = rows.combine_chunks().take(together), places.take(together)
            runs = pc.run_end_encode(places.combine_chunks())
        self._stretches: dict[int, list[tuple[int, int]]] = {}
        bounds = pairwise([0, *runs.run_ends.to_pylist()])
        for place, (first, last) in zip(runs.values.to_pylist(), bounds, strict=True):
            self._stretches.setdefault(place, []).append((first, last - first))
        self._values: dict[str, Any] = {}
        for name in CODED:
            if pa.types.is_dictionary(rows[name].type):
                coded: Any = rows[name].unify_dictionaries()
                self._values[name] = coded.chunk(0).dictionary
                codes = pa.chunked_array([chunk.indices for chunk in coded.chunks])
                if name == "movie_id":
                    self._values[name], codes = _ranked(self._values[name], codes)
                rows = rows.set_column(rows.schema.get_field_index(name), name, codes)
        self._rows = rows

    @property
    def places(self) -> list[int]:
        """The places in their order."""
        return sorted(self._stretches)

    def size(self, place: int) -> int:
        """Give how many rows a place has, with those that are left out."""
        return sum(count for _, count in self._stretches[place])

    def sorted(self, place: int) -> Iterator[pa.Table]:
        """Give the likes of a place in their order, a row group's at a time."""
        parts = [self._rows.slice(*stretch) for stretch in self._stretches[place]]
        rows = pa.concat_tables(parts).combine_chunks()
        moments = _one(rows["liked_at"]).cast(pa.int64())
        within = pc.subtract(moments, pc.multiply(pc.divide(moments, _DAY_MS), _DAY_MS))
        if "hour" in rows.column_names:
            within = pc.if_else(_one(rows["hour"]).is_valid(), within, pa.scalar(None, pa.int64()))
        values, films = self._values, _one(rows["movie_id"])
        if "movie_id" not in values:
            coded = films.dictionary_encode()
            different, films = _ranked(coded.dictionary, coded.indices)
            values = values | {"movie_id": different}
            rows = rows.set_column(rows.schema.get_field_index("movie_id"), "movie_id", films)
        films = films.cast(pa.int64())
        keys = pc.bit_wise_or(pc.shift_left(films, _TIME_BITS), within)
        order = pc.sort_indices(keys).slice(0, len(keys) - keys.null_count)
        keys = keys.take(order)
        same = pc.equal(keys.slice(1), keys.slice(0, max(0, len(keys) - 1)))
        if pc.any(same).as_py():
            no = pa.array([False])
            tied = pc.or_(pa.concat_arrays([same, no]), pa.concat_arrays([no, same]))
            alike = order.filter(tied)
            ties = pa.table({"key": keys.filter(tied), "id": _one(rows["event_id"]).take(alike)})
            by_id = pc.sort_indices(ties, [("key", "ascending"), ("id", "ascending")])
            order = pc.replace_with_mask(order, tied, alike.take(by_id))
        rows = rows.select(SCHEMA.names)
        for first in range(0, len(order), ROW_GROUP):
            likes = rows.take(order.slice(first, ROW_GROUP))
            for name, different in values.items():
                column = pa.DictionaryArray.from_arrays(_one(likes[name]), different)
                likes = likes.set_column(SCHEMA.get_field_index(name), name, column)
            yield likes


def _ranked(values: Any, codes: Any) -> tuple[Any, Any]:
    """Give values in their order, and codes for it: the rank of each value."""
    order = pc.sort_indices(values)
    ranks = pc.sort_indices(order).cast(pa.int32())  # the inverse
    return values.take(order), pc.take(ranks, codes)


def _one(column: "pa.ChunkedArray[Any]") -> Any:
    """Give the values of a column that is in one piece."""
    return column.chunk(0)
