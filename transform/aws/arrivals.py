"""What arrived lately, by event id: looked up for what is staged, and added to once that is merged.

Each object of ids is of raw objects which it names. Who finds one that no object names adds its ids
first: so a stage that an earlier version wrote, or an object that is lost, needs nobody's care.
"""

import tempfile
from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.aws.buckets import Conflict
from transform.aws.lake_writer import CONFLICTS, CONNECTIONS, Contended, Days
from transform.aws.unreadable import Unreadable, decoded
from transform.lake import duck, event_ids, keys, watermark
from transform.lake.watermark import Object

DAY_MS = 24 * 3_600_000
AT_ONCE = 500
"""Raw objects whose ids are added together."""
HELD = 4
"""Objects of ids that are in memory at a time."""


class Ids(NamedTuple):
    """Ids, the marks of the raw objects that they are of, and the object that has these alone."""

    ids: pa.Table
    of: Set[str]
    body: bytes


class Arrivals:
    """The event ids of arrival days from one on, and what of them was looked at."""

    def __init__(self, days: Days, around: Iterable[int], merged: Iterable[Object] = ()) -> None:
        """Look at what arrived as long before times, in epoch milliseconds, as copies may have.

        `merged` has raw objects that were merged before, whose ids are there or are to be added.
        """
        self._days, self._bucket = days, days.bucket
        first = min(around, default=0) - watermark.DAYS_BACK * DAY_MS
        self._after = keys.ids_day(max(0, first))
        self._merged = [one for one in merged if one.modified >= first]
        self._known: dict[str, str] = {}
        self._named: set[str] = set()
        self._undated = False
        self._looks = 0

    def begin(self, by_hour: bool) -> pa.Table:
        """Give where copies may stand of what is staged now, by all that arrived."""
        self._known = {}
        found = [self.look()]
        if unknown := [one for one in self._merged if event_ids.mark(one) not in self._named]:
            self._add_files(unknown, by_hour)
            found.append(self.look())
        self._looks = 1
        return pa.concat_tables(found)

    def look(self) -> pa.Table:
        """Give where copies of what is staged may stand, by what was written since the last look.

        Ids, of which there may be very many, are held a few objects at a time.
        """
        found = [event_ids.PLACES.empty_table()]
        listed = list(self._bucket.list(keys.IDS, self._after))
        self._looks += 1
        if self._undated:
            if self._looks == 2:  # once all is merged, as others may tell first and merge later
                self._known = {k: v for k, v in self._known.items() if k.startswith(keys.IDS)}
            listed += self._bucket.list(keys.UNDATED)
        changed = [one for one in listed if self._known.get(one.key) != one.etag]
        with ThreadPoolExecutor(HELD) as pool, self._days.staging.session() as cursor:
            for first in range(0, len(changed), HELD):
                some = [one.key for one in changed[first : first + HELD]]
                for key, answer in zip(some, pool.map(self._bucket.read, some), strict=True):
                    if answer:
                        body, self._known[key] = answer
                        ids, of = self._decoded(cursor, key, body)
                        self._named |= of
                        found.append(event_ids.hits(cursor, ids))
        return pa.concat_tables(found)

    @staticmethod
    def _decoded(cursor: DuckDBPyConnection, key: str, body: bytes) -> tuple[pa.Table, Set[str]]:
        """Give the ids of an object, and of what it is; nothing of one that cannot be read and is
        of raw objects, from which it is made anew."""
        try:
            return decoded(key, body, lambda told: event_ids.decode(cursor, told))
        except Unreadable:
            if not key.startswith(keys.IDS):
                raise
            return event_ids.SCHEMA.empty_table(), frozenset()

    def encoded(self, raw: Sequence[Object]) -> Ids | None:
        """Give the ids of what is staged, and is of these raw objects, if they are new: to be added
        once it is merged, which may be done meanwhile."""
        if all(event_ids.mark(one) in self._named for one in raw):
            return None
        return self._encoded(self._days.staging.ids(), raw)

    def add(self, ids: Ids, raw: Sequence[Object], by_hour: bool) -> None:
        """Add the ids of what was staged, and is merged now."""
        key = keys.ids(max(one.modified for one in raw), by_hour)
        before, etag = self._add(key, ids)
        if self._known.get(key) == before:  # else others added what is still to be looked at
            self._known[key] = etag

    def add_undated(self) -> None:
        """Add the ids of what is staged and told no time, before it is merged: whoever brings the
        same lines from a file that was changed at another time then finds where they stand."""
        with self._days.staging.session() as cursor:
            parts = event_ids.undated(cursor)
        self._undated = bool(parts)
        for part, ids in parts.items():
            self._add(keys.undated(part), self._encoded(ids, ()))

    def _add_files(self, raw: Sequence[Object], by_hour: bool) -> None:
        """Add the ids of raw objects, those that arrived together together."""
        arrived: dict[str, list[Object]] = {}
        for one in raw:
            arrived.setdefault(keys.ids(one.modified, by_hour), []).append(one)
        for key, objects in arrived.items():
            for first in range(0, len(objects), AT_ONCE):
                some = objects[first : first + AT_ONCE]
                with (
                    tempfile.TemporaryDirectory(dir=self._days.scratch) as folder,
                    ThreadPoolExecutor(CONNECTIONS) as pool,
                    duck.cursor(self._days.staging.connection) as cursor,
                ):
                    paths = [Path(folder) / f"{number}.parquet" for number in range(len(some))]
                    etags = pool.map(self._bucket.download, [one.key for one in some], paths)
                    there = [path for path, etag in zip(paths, etags, strict=True) if etag]
                    self._add(key, self._encoded(event_ids.of_files(cursor, there), some))

    def _encoded(self, ids: pa.Table, raw: Sequence[Object]) -> Ids:
        of: Set[str] = {event_ids.mark(one) for one in raw}
        with duck.cursor(self._days.staging.connection) as cursor:
            return Ids(ids, of, event_ids.encode(cursor, ids, of))

    def _add(self, key: str, ids: Ids) -> tuple[str | None, str]:
        """Add ids to an object; gives the ETag that it had, and has."""
        for _ in range(CONFLICTS):
            stands, body = self._bucket.read(key), ids.body
            if stands:
                with duck.cursor(self._days.staging.connection) as cursor:
                    held, known = self._decoded(cursor, key, stands[0])
                    all_ = event_ids.together(cursor, [held, ids.ids])
                    body = event_ids.encode(cursor, all_, ids.of | known)
            before = stands[1] if stands else None
            with suppress(Conflict):
                etag = self._bucket.put(key, body, before)
                self._named |= ids.of
                return before, etag
        raise Contended(f"{key} was changed by others {CONFLICTS} times.")
