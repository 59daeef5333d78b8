"""Likes that earlier versions of days hold, and the lake has no more.

No compaction takes a like out of the lake, but for a copy whose like stands elsewhere. So what an
earlier version holds of likes that nothing else tells of, as of those that were backfilled, is
still to stand. The bucket keeps versions for a week.
"""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from transform.audit import archive
from transform.aws import arrivals, lake_sums, object_versions
from transform.aws.audit_sources import Sources
from transform.aws.lake_sums import Stands
from transform.aws.lake_writer import Days, opened
from transform.aws.object_versions import Version
from transform.aws.settling import settle
from transform.aws.unreadable import reading
from transform.lake import duck, keys

pc: Any = pyarrow.compute  # its types do not know of what follows


def look(
    days: Days, there: Stands, cursor: DuckDBPyConnection, missing: pa.Table, deep: bool
) -> pa.Table:
    """Give likes that stand no more, with all their columns, by the earlier versions that are
    larger than what stands; with `deep` by the first and the last of each object, too.

    What is `missing` (`archive.SCHEMA`) raw has.
    """
    versions = object_versions.earlier(days.bucket, keys.LIKES)
    found = [archive.NO_LIKES]
    for day, some in _doubtful(there, versions, deep).items():
        with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
            files = lake_sums.download(days, there, [day], Path(folder))
            for number, version in enumerate(some):
                path = Path(folder) / f"earlier-{number}.parquet"
                if (body := object_versions.read(days.bucket, version)) is None:
                    continue
                path.write_bytes(body)
                if not duck.broken([path]):
                    with reading(files):
                        found.append(archive.lost(cursor, [path], files))
    likes = archive.each_once(cursor, pa.concat_tables(found))
    raw_has = missing["event_id"].combine_chunks()
    likes = likes.filter(pc.invert(pc.is_in(likes["event_id"], raw_has)))
    return _nowhere(days, there, cursor, likes)


def bring_back(sources: Sources, likes: pa.Table) -> int:
    """Merge likes as earlier versions have them; gives how many. Raises what a service raises."""
    with opened(sources.bucket, sources.power) as days:
        state, _ = days.state()
        days.staging.begin()
        days.staging.add([likes])
        known = arrivals.Arrivals(days, [state.watermark])
        settle(days, days.staging.once(), lambda part: None, known)
    return len(likes)


def _doubtful(
    there: Stands, versions: Iterable[Version], deep: bool
) -> dict[int, Sequence[Version]]:
    """Give the versions to look at, by epoch day."""
    by_key: dict[str, list[Version]] = {}
    for one in versions:
        by_key.setdefault(one.key, []).append(one)
    found: dict[int, list[Version]] = {}
    for key, some in by_key.items():
        if place := keys.likes_place(key):
            objects = there.likes.get(place[0], {})
            stands = objects.get(place[1])
            size = stands.size if stands else sum(one.size for one in objects.values())
            larger = [one for one in some if one.size > size]
            wanted = [*larger[:1], *sorted(larger, key=lambda one: -one.size)[:1]]
            if deep:
                wanted += [some[0], some[-1]]
            found.setdefault(place[0], []).extend(dict.fromkeys(wanted))
    return {day: some for day, some in sorted(found.items()) if some}


def _nowhere(days: Days, there: Stands, cursor: DuckDBPyConnection, likes: pa.Table) -> pa.Table:
    """Give those likes whose event ids stand on no day."""
    for day in there.likes if len(likes) else ():
        with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
            files = lake_sums.download(days, there, [day], Path(folder))
            with reading(files):
                likes = archive.without_ids(cursor, likes, files)
    return likes
