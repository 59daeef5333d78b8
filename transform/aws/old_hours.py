"""Hours long past of the table `trends`: written again where their likes changed, as make would."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import NamedTuple

from transform.aws.buckets import Bucket
from transform.lake import keys
from transform.lake.watermark import Object
from transform.trends import closed_hours, rollups, scoring
from transform.trends.activity import PAST, Activity, hourly

READERS = 16
WRITERS = 4
"""Hours that are made and written at the same time; each has its rows in memory."""


class Restated(NamedTuple):
    """The keys that were written, and whether more has to be, for which there was no time."""

    keys: list[str]
    more: bool


def restate(
    bucket: Bucket, as_of: int, more_time: Callable[[], bool], surely: bool = False
) -> Restated:
    """Write the hours before the last eight days that may not be what their totals say.

    With `surely`, only those that are not.

    An hour without totals stays as it is: compaction removes none. Any run may be repeated, cut off
    or run beside another one; the same totals give the same bytes.
    """
    totals, trends = by_hour(bucket.list(keys.TOTALS)), by_hour(bucket.list(keys.TRENDS))
    due = closed_hours.outdated(_times(totals), _times(trends), as_of, surely)
    written: list[str] = []
    # The pools end with the run: none may be left to write later what is read now.
    with ThreadPoolExecutor(READERS) as readers, ThreadPoolExecutor(WRITERS) as writers:
        for chunk in closed_hours.chunks(due):
            if not more_time():
                break
            hours = _read(bucket, readers, totals, chunk)
            written += _write(bucket, writers, hours, chunk, more_time)
    return Restated(written, more=len(written) < len(due))


def by_hour(objects: Iterable[Object]) -> dict[int, Object]:
    """Give objects by their epoch hour; other objects among them are passed over."""
    found = ((keys.hour_of(one.key), one) for one in objects)
    return {hour: one for hour, one in found if hour is not None}


def _times(objects: Mapping[int, Object]) -> dict[int, int]:
    return {hour: one.modified for hour, one in objects.items()}


def _read(
    bucket: Bucket, pool: Executor, totals: Mapping[int, Object], chunk: Sequence[int]
) -> Activity:
    """Give a chunk of hours and the past of each, up to its newest hour."""
    wanted = {h for hour in chunk for h in range(hour - PAST, hour + 1)}
    needed = sorted(wanted & totals.keys())
    bodies = (body for body, _ in pool.map(bucket.get, (totals[hour].key for hour in needed)))
    newest, oldest = max(chunk), min(chunk) - PAST
    return hourly(map(rollups.settled, needed, bodies), newest, newest - oldest + 1)


def _write(
    bucket: Bucket,
    pool: Executor,
    hours: Activity,
    chunk: Sequence[int],
    more_time: Callable[[], bool],
) -> list[str]:
    """Write a chunk of hours as far as there is time; gives the keys that were written."""
    newest = max(chunk)

    def write(hour: int) -> str | None:
        if not more_time():
            return None
        rows = scoring.hour_table(hours.since(newest - hour), hour)
        bucket.replace(keys.trends(hour), closed_hours.encode(rows))
        return keys.trends(hour)

    return [key for key in pool.map(write, chunk) if key]
