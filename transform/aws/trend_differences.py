"""Where a day of the table `trends` tells other likes than the totals that it is told from."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from transform.audit.steps import Difference
from transform.aws import trend_days
from transform.aws.lake_sums import Sums
from transform.aws.lake_writer import Days
from transform.lake import keys
from transform.lake.duck import HOUR_MS

pc: Any = pyarrow.compute  # its types do not know of what follows

SETTLED_MS = 90 * 60_000
"""How long after its totals a day may be restated: recent ones are within ten minutes, others in
the run of the next full hour."""


def of(days: Days, sums: Sums, now: int) -> list[Difference]:
    """Give the films and hours of the days whose hours `sums` has that are told otherwise, of days
    whose totals stand long enough for them to be restated."""
    trends = trend_days.by_day(days.bucket.list(keys.TRENDS))
    totals = trend_days.by_day(days.bucket.list(keys.TOTALS))
    found: list[Difference] = []
    for day, told in sums.hours.items():
        there, stands = trends.get(day), totals.get(day)
        if not there or not stands or day in sums.stale:
            continue
        if max(stands.modified, there.modified) > now - SETTLED_MS:
            continue
        rows = pq.read_table(pa.BufferReader(days.bucket.get(there.key)[0]))
        found += _compare(_nets(rows), _nets(told))
    return found


def _nets(rows: pa.Table) -> Mapping[tuple[int, str], int]:
    net = pc.subtract(rows["likes"].cast(pa.int64()), rows["unlikes"].cast(pa.int64()))
    events = pc.add(rows["likes"].cast(pa.int64()), rows["unlikes"].cast(pa.int64()))
    there = pc.greater(events, 0)
    hours = pc.divide(rows["hour"].cast(pa.timestamp("ms")).cast(pa.int64()), HOUR_MS)
    columns = (hours.filter(there), rows["movie_id"].filter(there), net.filter(there))
    places: Any = zip(*(column.to_pylist() for column in columns), strict=True)
    return {(hour, film): number for hour, film, number in places}


def _compare(
    told: Mapping[tuple[int, str], int], stands: Mapping[tuple[int, str], int]
) -> list[Difference]:
    detail = "the table trends tells other likes than likes_by_hour"
    return [
        Difference("trends", film, hour, more, detail)
        for hour, film in sorted(told.keys() | stands.keys())
        if (more := told.get((hour, film), 0) - stands.get((hour, film), 0))
    ]
