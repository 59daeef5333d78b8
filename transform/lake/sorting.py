"""The order of likes in a file, by film, time and event id, for rows that memory holds.

A film's rank and the time within the day make one number, by which Arrow sorts faster than DuckDB
does by the columns; few likes of a film are of the same millisecond, and need a look at their ids.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
_KEYS = ("liked_at", "movie_id", "hour")
_PART = 125_000
"""Rows that are sorted together, about, so that what comes first is there before all is sorted."""
_STRETCH = 100
"""Rows that lie together, on average, where they are gathered by stretches, and not one by one."""


def by_hour(rows: pa.Table) -> pa.Table:
    """Give rows with those of an hour together, in the order of hours."""
    return rows.unify_dictionaries().combine_chunks().take(pc.sort_indices(hours(rows)))


def hours(rows: pa.Table) -> Any:
    """Give the epoch hour of each row."""
    return pc.divide(rows["liked_at"].cast(pa.int64()), HOUR_MS)


class Ordering:
    """Rows in memory, and the order that they have within their places."""

    def __init__(self, rows: pa.Table, places: "pa.ChunkedArray[Any]") -> None:
        """Take likes, `hour` being null for one that is left out, if it is there; and the place of
        each: a number for a file, of a day."""
        self._values: dict[str, Any] = {}
        for name in CODED:
            coded: Any = rows[name]
            coded = coded.dictionary_encode().unify_dictionaries()
            self._values[name] = coded.chunk(0).dictionary
            codes = pa.chunked_array([chunk.indices for chunk in coded.chunks])
            if name == "movie_id":
                self._values[name], codes = _ranked(self._values[name], codes)
            rows = rows.set_column(rows.schema.get_field_index(name), name, codes)
        self._stretches, self._which = _lie(places.combine_chunks())
        self._rows = rows.combine_chunks() if self._which else rows

    @property
    def places(self) -> list[int]:
        """The places in their order."""
        return sorted(self._which or self._stretches)

    def size(self, place: int) -> int:
        """Give how many rows a place has, with those that are left out."""
        if self._which:
            return len(self._which[place])
        return sum(count for _, count in self._stretches[place])

    def sorted(self, place: int) -> Iterator[pa.Table]:
        """Give the likes of a place in their order, a row group's at a time."""
        rows, which = self._rows, self._which.get(place)
        if which is None:
            rows = pa.concat_tables([rows.slice(*one) for one in self._stretches[place]])
        likes = _whole(rows.select(SCHEMA.names))
        keys = rows.select([name for name in _KEYS if name in rows.column_names]).combine_chunks()
        for numbers in _groups(_in_order(keys, which, likes)):
            group = likes().take(numbers)
            for name, different in self._values.items():
                column = pa.DictionaryArray.from_arrays(_one(group[name]), different)
                group = group.set_column(SCHEMA.get_field_index(name), name, column)
            yield group


def _whole(rows: pa.Table) -> Callable[[], pa.Table]:
    """Give what gives rows in one piece, which a thread makes of many while they are ordered."""
    if len(rows) <= ROW_GROUP or rows["event_id"].num_chunks == 1:
        few = rows.combine_chunks()
        return lambda: few
    pool = ThreadPoolExecutor(1)
    made = pool.submit(rows.combine_chunks)
    pool.shutdown(wait=False)
    return made.result


def _in_order(keys: pa.Table, which: Any, likes: Callable[[], pa.Table]) -> Iterator[Any]:
    """Give the numbers of rows in their order, of all or of some, and of those whose `hour` is not
    null; in parts, so that the first are known before all are. Few need the ids of their likes."""

    def of(name: str) -> Any:
        return _one(keys[name]) if which is None else _one(keys[name]).take(which)

    moments, films = of("liked_at").cast(pa.int64()), of("movie_id").cast(pa.int64())
    within = pc.subtract(moments, pc.multiply(pc.divide(moments, _DAY_MS), _DAY_MS))
    if "hour" in keys.column_names:
        within = pc.if_else(of("hour").is_valid(), within, pa.scalar(None, pa.int64()))
    numbered = pc.bit_wise_or(pc.shift_left(films, _TIME_BITS), within)
    for part in _parts(films) if len(films) > _PART else [None]:
        order = pc.sort_indices(numbered if part is None else numbered.take(part))
        order = order if part is None else part.take(order)
        sorted_ = numbered.take(order)
        order = order.slice(0, len(order) - sorted_.null_count)
        sorted_ = sorted_.slice(0, len(order))
        numbers = order if which is None else which.take(order)
        same = pc.equal(sorted_.slice(1), sorted_.slice(0, max(0, len(order) - 1)))
        if pc.any(same).as_py():
            no = pa.array([False])
            tied = pc.or_(pa.concat_arrays([same, no]), pa.concat_arrays([no, same]))
            alike = numbers.filter(tied)
            ids = _one(likes()["event_id"]).take(alike)
            ties = pa.table({"key": sorted_.filter(tied), "id": ids})
            by_id = pc.sort_indices(ties, [("key", "ascending"), ("id", "ascending")])
            numbers = pc.replace_with_mask(numbers, tied, alike.take(by_id))
        yield numbers


def _parts(films: Any) -> Iterator[Any]:
    """Give the numbers of rows in parts, of some films each, by the ranks of these."""
    parts = -(-len(films) // _PART)
    counts = pa.RecordBatch.from_struct_array(pc.value_counts(films)).sort_by("values")
    ranks, rows = counts["values"], pc.cumulative_sum(counts["counts"])
    last = -1
    for part in range(1, parts + 1):
        here = pc.greater_equal(rows, len(films) * part // parts)
        end = ranks[pc.index(here, True).as_py()].as_py()
        if end > last:
            chosen = pc.and_(pc.greater(films, last), pc.less_equal(films, end))
            yield pc.indices_nonzero(chosen)
            last = end


def _groups(parts: Iterator[Any]) -> Iterator[Any]:
    """Give numbers that come in parts in as many as a row group has."""
    held = pa.array([], pa.uint64())
    for part in parts:
        held = pa.concat_arrays([held, part.cast(pa.uint64())])  # they are of several types
        while len(held) >= ROW_GROUP:
            yield held.slice(0, ROW_GROUP)
            held = held.slice(ROW_GROUP)
    if len(held):
        yield held


def _lie(places: Any) -> tuple[dict[int, list[tuple[int, int]]], dict[int, Any]]:
    """Give where the rows of each place lie: the first and the count of each stretch of them, or,
    where these are short, the number of each row."""
    coded = places.dictionary_encode()
    codes, numbers = coded.indices, None
    runs = pc.run_end_encode(codes)
    if len(runs.values) * _STRETCH > len(codes):
        numbers = pc.sort_indices(codes)
        runs = pc.run_end_encode(codes.take(numbers))
    stretches: dict[int, list[tuple[int, int]]] = {}
    found = coded.dictionary.take(runs.values).to_pylist()
    for place, (first, last) in zip(found, pairwise([0, *runs.run_ends.to_pylist()]), strict=True):
        stretches.setdefault(place, []).append((first, last - first))
    if numbers is None:
        return stretches, {}
    return {}, {place: numbers.slice(*only) for place, [only] in stretches.items()}


def _ranked(values: Any, codes: Any) -> tuple[Any, Any]:
    """Give values in their order, and codes for it: the rank of each value."""
    order = pc.sort_indices(values)
    ranks = pc.sort_indices(order).cast(pa.int32())  # the inverse
    return values.take(order), pc.take(ranks, codes)


def _one(column: "pa.ChunkedArray[Any]") -> Any:
    """Give the values of a column that is in one piece."""
    return column.chunk(0)
