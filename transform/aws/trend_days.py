"""Days of the table `trends` in the lake's bucket: written, and those long past written again where
their likes changed, as make would."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pyarrow as pa

from transform.aws.buckets import Bucket
from transform.lake import keys
from transform.lake.division import WHOLE
from transform.lake.watermark import Object
from transform.trends import days, rollups

READERS = 16
WRITERS = 4
"""Days that are made and written at the same time; each has its rows in memory."""
CHUNK_DAYS = 30
"""Days whose totals are in memory together; those of the day before the first are read again."""
_OLD = re.compile(r"hour-\d\d\.parquet")


class Restated(NamedTuple):
    """The keys that were written, and whether more has to be, for which there was no time."""

    keys: list[str]
    more: bool


def restate(
    bucket: Bucket, as_of: int, more_time: Callable[[], bool], surely: bool = False
) -> Restated:
    """Write the days before the last eight that may not be what their totals say.

    With `surely`, only those that are not. Also removes what an earlier version left of days that
    stand as they should.

    A day without totals stays as it is: compaction removes none. Any run may be repeated, cut off
    or run beside another one; the same totals give the same bytes.
    """
    totals, there = by_day(bucket.list(keys.TOTALS)), list(bucket.list(keys.TRENDS))
    trends, others = by_day(there), beside(there)
    for day in trends:
        bucket.remove(others.pop(keys.trends(day), ()))
    due = days.outdated(_times(totals), _times(trends), as_of, surely)
    written: list[str] = []

    def read(day: int) -> rollups.Rollup:
        return rollups.settled(day, bucket.get(totals[day].key)[0])

    # The pools end with the run: none may be left to write later what is read now.
    with ThreadPoolExecutor(READERS) as readers, ThreadPoolExecutor(WRITERS) as writers:
        for first in range(0, len(due), CHUNK_DAYS):
            if not more_time():
                break
            chunk = due[first : first + CHUNK_DAYS]
            needed = sorted({*chunk, *(day - 1 for day in chunk)} & totals.keys())
            told = dict(zip(needed, readers.map(read, needed), strict=True))

            def make(day: int, told: Mapping[int, rollups.Rollup] = told) -> str | None:
                if not more_time():
                    return None
                rows = days.table(day, [told[d] for d in (day - 1, day) if d in told])
                return write(bucket, day, rows, others.get(keys.trends(day), ()))

            written += [key for key in writers.map(make, chunk) if key]
    return Restated(written, more=len(written) < len(due))


def write(bucket: Bucket, day: int, rows: pa.Table, others: Sequence[str]) -> str:
    """Write a day, and remove what lies beside it, which it is in place of; gives its key."""
    key = keys.trends(day)
    bucket.replace(key, days.encode(rows))
    bucket.remove(others)
    return key


def by_day(objects: Iterable[Object]) -> dict[int, Object]:
    """Give objects by their epoch day; other objects among them are passed over."""
    found = ((keys.day_of(one.key), one) for one in objects)
    return {day: one for day, one in found if day is not None}


def beside(objects: Iterable[Object]) -> dict[str, list[str]]:
    """Give, by the key that a whole day has or would have, the hours that an earlier version left
    in its folder; other objects are left alone."""
    found: dict[str, list[str]] = {}
    for one in objects:
        folder, _, name = one.key.rpartition("/")
        if _OLD.fullmatch(name):
            found.setdefault(f"{folder}/{WHOLE}", []).append(one.key)
    return found


def _times(objects: Mapping[int, Object]) -> dict[int, int]:
    return {day: one.modified for day, one in objects.items()}
