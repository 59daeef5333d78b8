"""Days of the table `trends`: which have to be told, for the first time or again, and their files.

A day is told from the totals that compaction makes of its likes, and, hours that these know nothing
of, from what was tracked. Its scores look back `PAST` hours, so it rests on the day before as well.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from transform.lake.division import DAY_HOURS
from transform.trends import scoring
from transform.trends.activity import PAST, hourly
from transform.trends.rollups import Rollup

HOUR_MS = 3_600_000
KEPT_DAYS = 8
"""How many days before today a like of them may still come: the stream keeps it for 7 days at most,
and it may be late. Rollups are kept for ten, which is as far as the first of these days looks back
at the end of today."""
REMEMBERED_S = (KEPT_DAYS + 2) * 86_400
RESTATED_MS = 600_000
"""How often a day is restated, at most, but for an hour that closed: each time replaces a file."""
OVERLAP_MS = 600_000
"""How long a run may take from the reading of totals to the writing of a day, at most: twice its
function's timeout, as the time of an object is when its upload began."""
ROW_GROUP = 61_440
"""Rows after which a row group ends, so that hours of a busy day can be passed over."""
_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "row_group_size": ROW_GROUP,
    "use_dictionary": [name for name in scoring.SCHEMA.names if name != "rank"],
    "column_encoding": {"rank": "DELTA_BINARY_PACKED"},  # within an hour each is one more
    "store_schema": False,
}


class Published(msgspec.Struct, frozen=True):
    """What a day was written from, and as of when (epoch milliseconds)."""

    source: str
    stated_at: int


def closed(day: int, as_of: int) -> int:
    """Give how many hours of an epoch day are over."""
    return min(max(as_of // HOUR_MS - day * DAY_HOURS, 0), DAY_HOURS)


def due(
    totals: Mapping[int, str],
    tracked: Mapping[int, str],
    known: Mapping[int, Published],
    as_of: int,
    restate: bool = False,
) -> Iterator[tuple[int, str]]:
    """Give the days up to today to write now, each with what it is written from.

    Given are the ETags of totals, by epoch day, and of rollups, by epoch hour. A day that changed
    is due when that is wanted, when it was not written for a while, or when an hour of it closed.
    """
    today = as_of // HOUR_MS // DAY_HOURS
    for day in range(today - KEPT_DAYS, today + 1):
        over = closed(day, as_of)
        first = day * DAY_HOURS
        there = [hour for hour in range(first - PAST, first + over) if hour in tracked]
        if not over or (day not in totals and (not there or there[-1] < first)):
            continue
        told = [f"day {d}: {totals[d]}" for d in (day - 1, day) if d in totals]
        told += [f"hour {hour}: {tracked[hour]}" for hour in there]
        source = sha256("\n".join([*told, str(over)]).encode()).hexdigest()
        before = known.get(day)
        if before is None or (
            before.source != source
            and (
                restate
                or as_of - before.stated_at >= RESTATED_MS
                or over > closed(day, before.stated_at)
            )
        ):
            yield day, source


def outdated(
    totals: Mapping[int, int], trends: Mapping[int, int], as_of: int, surely: bool = False
) -> list[int]:
    """Give the days that are too old to be `due` and may be other than their likes are now.

    Given is when the totals and the trends of each epoch day were written (epoch milliseconds). A
    day is as it should be once it was written after all that it rests on: its own totals, and those
    of the day before. As a run reads them a while before it writes, what it wrote soon after they
    changed may be of what was there before, and is written once more. That is all the memory
    there is, so whatever runs do beside one another, or leave undone, the next finds what is left.

    First come the days that are missing or surely older, then, unless only those are wanted, the
    doubtful ones, each in order.
    """
    end = as_of // HOUR_MS // DAY_HOURS - KEPT_DAYS
    older, doubtful = [], []
    for day in sorted(day for day in totals if day < end):
        changed = max(totals[d] for d in (day - 1, day) if d in totals)
        written = trends.get(day)
        if written is None or written < changed:
            older.append(day)
        elif written <= changed + OVERLAP_MS:
            doubtful.append(day)
    return older if surely else older + doubtful


def table(day: int, told: Iterable[Rollup], over: int = DAY_HOURS) -> pa.Table:
    """Give the rows of a day whose first hours are over, from what is told of it and its past."""
    newest = day * DAY_HOURS + over - 1
    return scoring.hours_table(hourly(told, newest, over + PAST), newest)


def encode(rows: pa.Table) -> bytes:
    """Give the Parquet file of a day of the table: the same bytes for the same rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, **_OPTIONS)
    return sink.getvalue().to_pybytes()
