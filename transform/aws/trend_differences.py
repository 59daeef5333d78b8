"""Where a day of the table `trends` tells other likes than the totals that it is told from."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute

from transform.audit.steps import Difference
from transform.aws import unreadable
from transform.aws.audit_sources import TRACKED_DAYS
from transform.aws.lake_sums import Sums, by_day
from transform.aws.lake_writer import Days
from transform.lake import keys, parquet, totals
from transform.lake.duck import HOUR_MS
from transform.lake.watermark import Object

pc: Any = pyarrow.compute  # its types do not know of what follows

DAY_MS = 24 * HOUR_MS
SETTLED_MS = 90 * 60_000
"""How long after its totals a day may be restated: recent ones are within ten minutes, others in
the run of the next full hour."""
WRITTEN_MS = 10 * 60_000
"""How long RankTrends may take from reading totals to writing their day, at most."""
_COLUMNS: Mapping[str, pa.DataType] = {
    "hour": pa.int64(),
    "movie_id": pa.string(),
    "likes": pa.int64(),
    "unlikes": pa.int64(),
}
_SCHEMA = pa.schema(_COLUMNS)
_ORDER: Any = [("hour", "ascending"), ("movie_id", "ascending")]


def of(days: Days, sums: Sums, now: int, every: bool) -> list[Difference]:
    """Give the films and hours that are told otherwise: of the days whose hours `sums` has, or of
    every one, if both stand long enough for the day to be restated. Of days that the lake has
    nothing of any more, all that is told is given as what the lake held; of days that are over and
    have no object, nothing is told."""
    trends = by_day(days.bucket, keys.TRENDS)
    standing = by_day(days.bucket, keys.TOTALS)
    found: list[Difference] = []
    for day, there in trends.items():
        stands = standing.get(day)
        if not _is_settled(day, there, stands, now):
            continue
        if stands and (day in sums.stale or not (every or day in sums.hours)):
            continue
        told = unreadable.of(days.bucket, there.key, _told)
        if stands is None:
            if day < now // DAY_MS:
                found += _held(told)
            continue
        known = sums.hours.get(day)
        if known is None:
            known, _ = unreadable.of(days.bucket, stands.key, totals.decode)
        if not (by_totals := _plain(known)).equals(told):
            found += _compare(_nets(told), _nets(by_totals))
    for day, stands in standing.items():
        over = day < now // DAY_MS and stands.modified <= now - SETTLED_MS
        if over and day not in trends and day not in sums.stale:
            known, _ = unreadable.of(days.bucket, stands.key, totals.decode)
            found += _untold(_plain(known))
    return found


def _is_settled(day: int, there: Object, stands: Object | None, now: int) -> bool:
    """Tell whether a day of the table must be as its totals are by now."""
    if stands is None:  # of a recent one, totals may still come
        return day < now // DAY_MS - TRACKED_DAYS or there.modified <= now - SETTLED_MS
    since = max(stands.modified, there.modified if day == now // DAY_MS else 0)
    return since <= now - SETTLED_MS or there.modified > stands.modified + WRITTEN_MS


def _told(body: bytes) -> pa.Table:
    return _plain(parquet.read(body))


def _plain(rows: pa.Table) -> pa.Table:
    """Give the hours and films of which there are likes or unlikes, in one order."""
    hour = pc.divide(rows["hour"].cast(pa.timestamp("ms")).cast(pa.int64()), HOUR_MS)
    columns = [hour, rows["movie_id"].cast(pa.string())]
    columns += [rows[name].cast(pa.int64()) for name in ("likes", "unlikes")]
    table = pa.table(columns, schema=_SCHEMA)
    there = pc.greater(pc.add(table["likes"], table["unlikes"]), 0)
    return table.filter(there).sort_by(_ORDER).combine_chunks()


def _nets(rows: pa.Table) -> Mapping[tuple[int, str], int]:
    return {(hour, film): likes - unlikes for hour, film, likes, unlikes in _rows(rows)}


def _rows(rows: pa.Table) -> Iterable[tuple[int, str, int, int]]:
    columns: Any = [rows[name].to_pylist() for name in _SCHEMA.names]
    return zip(*columns, strict=True)


def _untold(rows: pa.Table) -> list[Difference]:
    detail = "the table trends has nothing of the day"
    return [
        Difference("trends", film, hour, -(likes + unlikes), detail)
        for hour, film, likes, unlikes in _rows(rows)
    ]


def _held(rows: pa.Table) -> list[Difference]:
    detail = "the table trends tells them, the lake has nothing of the day"
    return [
        Difference("lake", film, hour, -(likes + unlikes), detail)
        for hour, film, likes, unlikes in _rows(rows)
    ]


def _compare(
    told: Mapping[tuple[int, str], int], stands: Mapping[tuple[int, str], int]
) -> list[Difference]:
    detail = "the table trends tells other likes than likes_by_hour"
    return [
        Difference("trends", film, hour, more, detail)
        for hour, film in sorted(told.keys() | stands.keys())
        if (more := told.get((hour, film), 0) - stands.get((hour, film), 0))
    ]
