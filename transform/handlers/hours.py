"""Merges a round into the hours of the lake, whoever else changes them meanwhile."""

import filecmp
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import msgspec
from duckdb import DuckDBPyConnection

from transform import compaction, keys, watermark
from transform.compaction import Merged
from transform.handlers.objects import Bucket, Conflict
from transform.watermark import State

BIG_BYTES = 64 * 2**20
"""Hours larger than this are merged one at a time."""
CONFLICTS = 8


class Power(msgspec.Struct, frozen=True):
    """What a run may use: DuckDB's memory, threads, and hours merged at the same time."""

    memory_mb: int = 1_024
    threads: int = 2
    hours: int = 3


class Contended(Exception):
    """Other runs were always faster; nothing is lost, and the next run does it again."""


@dataclass
class Written:
    """What merging came to: rows the lake did not have, and what was written, hours and bytes."""

    new: int = 0
    hours: int = 0
    bytes: int = 0

    def add(self, other: "Written") -> None:
        """Add what was written besides."""
        self.new += other.new
        self.hours += other.hours
        self.bytes += other.bytes


@contextmanager
def opened(bucket: Bucket, power: Power) -> Iterator["Hours"]:
    """Give the hours of a bucket, with a DuckDB and room on disk while they are merged."""
    with tempfile.TemporaryDirectory(prefix="compact-") as folder:
        scratch = Path(folder)
        with compaction.engine(scratch, power.memory_mb, power.threads) as engine:
            yield Hours(bucket, engine, scratch, power.hours)


class _Hour(NamedTuple):
    """What became of an hour; `written` is in bytes, 0 where it stands as it was."""

    new: int
    written: int


@dataclass(slots=True)
class Hours:
    """The hours of the lake; a round lies in `engine`, files may lie in `scratch`."""

    bucket: Bucket
    engine: DuckDBPyConnection
    scratch: Path
    at_once: int
    big: Lock = field(default_factory=Lock)

    def state(self) -> tuple[State, str | None]:
        """Give the state as it is, and its ETag."""
        found = self.bucket.read(watermark.KEY)
        return (watermark.decode(found[0]), found[1]) if found else (State(), None)

    def change(self, how: Callable[[State], State]) -> State:
        """Change the state, whatever others change meanwhile; gives what it was before."""
        for _ in range(CONFLICTS):
            state, etag = self.state()
            changed = how(state)
            if changed == state:
                return state
            try:
                self.bucket.put(watermark.KEY, watermark.encode(changed), etag)
                return state
            except Conflict:
                continue
        raise Contended(f"{watermark.KEY} was changed by others {CONFLICTS} times.")

    def settle(
        self,
        hours: Sequence[int],
        tell: Callable[[float], None],
        after: Callable[[State], State] = lambda state: state,
    ) -> Written:
        """Merge the round into hours, and then change the state.

        `tell` gets the part of the hours that is done.
        """
        written = Written()
        for _ in range(CONFLICTS):
            buckets = self.state()[0].buckets
            written.add(self.merge(hours, buckets, tell))

            def changed(state: State, buckets: int = buckets) -> State:
                return after(state) if state.buckets == buckets else state

            if self.change(changed).buckets == buckets:
                return written
        raise Contended(f"The number of buckets was changed by others {CONFLICTS} times.")

    def merge(self, hours: Sequence[int], buckets: int, tell: Callable[[float], None]) -> Written:
        """Merge the round into hours of so many buckets."""
        written = Written()
        with ThreadPoolExecutor(self.at_once) as pool:
            try:
                merged = pool.map(self._merge, hours, [buckets] * len(hours))
                for number, hour in enumerate(merged, 1):
                    written.add(Written(hour.new, int(hour.written > 0), hour.written))
                    tell(number / len(hours))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return written

    def _merge(self, hour: int, buckets: int) -> _Hour:
        for _ in range(CONFLICTS):
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                try:
                    return self._attempt(hour, buckets, Path(folder))
                except Conflict:
                    continue
        raise Contended(f"{keys.likes_prefix(hour)}* was changed by others {CONFLICTS} times.")

    def _attempt(self, hour: int, buckets: int, folder: Path) -> _Hour:
        # Read before the hour is: whoever changes the hour from now on changes these after it, and
        # then they are not replaced by what we have seen.
        totals_key = keys.totals(hour)
        totals = self.bucket.read(totals_key)
        listed = [(keys.likes_place(o.key), o) for o in self.bucket.list(keys.likes_prefix(hour))]
        objects = {place[1]: one for place, one in listed if place}
        big = sum(one.size for one in objects.values()) > BIG_BYTES
        with self.big if big else nullcontext():
            stands, etags = {}, {}
            for number, one in objects.items():
                stands[number] = folder / f"stands-{number:02}.parquet"
                etag = self.bucket.download(one.key, stands[number])
                if etag is None:
                    raise Conflict(f"{one.key} was removed by somebody else.")
                etags[number] = etag
            merged = compaction.merge(self.engine, hour, stands, buckets, folder)
            written = self._replace(hour, merged, stands, etags)
            if merged.files:
                path = folder / "totals.parquet"
                compaction.totals(self.engine, list(merged.files.values()), path)
                if totals is None or totals[0] != path.read_bytes():
                    self.bucket.put(totals_key, path, totals and totals[1])
        return _Hour(merged.new, written)

    def _replace(
        self, hour: int, merged: Merged, stands: dict[int, Path], etags: dict[int, str]
    ) -> int:
        """Write what is not there yet, remove what is too many; gives the bytes written.

        At any time each row is in one object at least: where rows move, bucket 0 holds them all
        until the others stand.
        """
        files = [(0, merged.whole)] if merged.whole else []
        files += sorted(merged.files.items(), reverse=True)
        written = 0
        for number, path in files:
            if number not in stands or not filecmp.cmp(path, stands[number], shallow=False):
                key = keys.likes(hour, number)
                etags[number] = self.bucket.put(key, path, etags.get(number))
                stands[number] = path
                written += path.stat().st_size
        for number in stands.keys() - merged.files.keys():
            self.bucket.delete(keys.likes(hour, number), etags[number])
        return written
