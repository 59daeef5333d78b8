"""Merges staged likes into the hours of the lake, whoever else changes them meanwhile."""

import filecmp
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from transform.aws.buckets import Bucket, Conflict
from transform.lake import compaction, duck, keys, watermark
from transform.lake.compaction import Merged
from transform.lake.staging import Staging
from transform.lake.watermark import Object, State

T = TypeVar("T")

TOGETHER = 256
MOST_BYTES = 36 * 2**20
"""How many hours are merged together, and how large they may be; one is merged in any case."""
ROW_BYTES = 27
"""What a like takes in the lake (`make bench`)."""
CONNECTIONS = 16
CONFLICTS = 8


class Power(msgspec.Struct, frozen=True):
    """What a run may use: DuckDB's memory, and threads."""

    memory_mb: int = 1_024
    threads: int = 2


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
        with duck.engine(scratch, power.memory_mb, power.threads) as engine:
            yield Hours(bucket, Staging(engine), scratch, power.threads)


@dataclass(slots=True)
class _Standing:
    """An hour as it is: its buckets' objects and files, and its totals; `new` are rows."""

    hour: int
    new: int
    totals: Object | None = None
    objects: dict[int, Object] = field(default_factory=dict)
    files: dict[int, Path] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """About its bytes, with the rows that are new or may be."""
        return self.new * ROW_BYTES + sum(one.size for one in self.objects.values())


@dataclass(slots=True)
class Hours:
    """The hours of the lake, and the likes staged for them; files may lie in `scratch`."""

    bucket: Bucket
    staging: Staging
    scratch: Path
    threads: int

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
        hours: Mapping[int, int],
        tell: Callable[[float], None],
        after: Callable[[State], State] = lambda state: state,
    ) -> Written:
        """Merge the staged likes into hours, and then change the state.

        `hours` says how many rows of each are staged; `tell` gets the part that is done.
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

    def merge(
        self, hours: Mapping[int, int], buckets: int, tell: Callable[[float], None]
    ) -> Written:
        """Merge the staged likes into hours of so many buckets."""
        written = Written()
        left = list(hours)
        together = TOGETHER
        conflicts = 0
        while left:
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                some = {hour: hours[hour] for hour in left[:together]}
                done = self._merge(some, buckets, Path(folder))
            for each in done.values():
                written.add(each)
            left = [hour for hour in left if hour not in done]
            together = min(TOGETHER, 2 * len(done) + 2)  # where few fit, no more are looked at
            tell(1 - len(left) / len(hours))
            conflicts = 0 if done else conflicts + 1
            if conflicts == CONFLICTS:
                which = keys.likes_prefix(left[0])
                raise Contended(f"{which}* was changed by others {CONFLICTS} times.")
        return written

    def _merge(self, hours: Mapping[int, int], buckets: int, folder: Path) -> dict[int, Written]:
        """Merge hours, as many as go together; gives what came of those nobody else changed."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:

            def all_of(tried: Iterable[tuple[int, Future[T]]]) -> dict[int, T]:
                done = {}
                for hour, one in tried:
                    with suppress(Conflict):
                        done[hour] = one.result()
                return done

            standing = self._together(self._standing(hours, pool.map))
            there = all_of(
                [(one.hour, pool.submit(self._download, one, folder)) for one in standing]
            )
            files = {hour: one.files for hour, one in there.items()}
            merged = compaction.merge(self.staging, files, buckets, folder, self.threads)
            # While some are put, others are written.
            return all_of(
                [(hour, pool.submit(self._put, there[hour], one)) for hour, one in merged]
            )

    def _standing(
        self, hours: Mapping[int, int], map_: Callable[..., Iterable[Any]]
    ) -> list[_Standing]:
        found = {hour: _Standing(hour, rows) for hour, rows in hours.items()}
        days = {hour // 24 for hour in hours}
        totals, likes = map(keys.totals_day, days), map(keys.likes_day, days)
        if len(hours) == 1:
            totals, likes = map(keys.totals, hours), map(keys.likes_prefix, hours)

        def listed(prefixes: Iterable[str]) -> Iterator[Object]:
            for some in map_(lambda prefix: list(self.bucket.list(prefix)), prefixes):
                yield from some

        # Before the hours are: whoever changes an hour from now on changes these after it, and
        # then they are not replaced by what we have seen.
        for one in listed(totals):
            hour = keys.hour_of(one.key)
            if hour in found:
                found[hour].totals = one
        for one in listed(likes):
            place = keys.likes_place(one.key)
            if place and place[0] in found:
                found[place[0]].objects[place[1]] = one
        return list(found.values())

    @staticmethod
    def _together(standing: Sequence[_Standing]) -> Iterator[_Standing]:
        """Give the hours that go together, at least one."""
        size = 0
        for one in standing:
            size += one.size
            if size > one.size and size > MOST_BYTES:
                return
            yield one

    def _download(self, one: _Standing, folder: Path) -> _Standing:
        for number, stands in one.objects.items():
            one.files[number] = folder / f"{one.hour}-{number}-stands.parquet"
            # One that was changed may have given rows to another, which the listing has not.
            if self.bucket.download(stands.key, one.files[number]) != stands.etag:
                raise Conflict(f"{stands.key} was changed by somebody else.")
        return one

    def _put(self, one: _Standing, merged: Merged) -> Written:
        size = self._replace(one, merged)
        if merged.totals:
            body = merged.totals.read_bytes()
            if one.totals is None or self.bucket.get(one.totals.key)[0] != body:
                etag = one.totals.etag if one.totals else None
                self.bucket.put(keys.totals(one.hour), body, etag)
        return Written(merged.new, int(size > 0), size)

    def _replace(self, one: _Standing, merged: Merged) -> int:
        """Write what is not there yet, remove what is too many; gives the bytes written.

        At any time each row is in one object at least: where rows move, bucket 0 holds them all
        until the others stand.
        """
        stands = dict(one.files)
        etags = {number: there.etag for number, there in one.objects.items()}
        files = [(0, merged.whole)] if merged.whole else []
        files += sorted(merged.files.items(), reverse=True)
        written = 0
        for number, path in files:
            if number not in stands or not filecmp.cmp(path, stands[number], shallow=False):
                key = keys.likes(one.hour, number)
                etags[number] = self.bucket.put(key, path, etags.get(number))
                stands[number] = path
                written += path.stat().st_size
        for number in stands.keys() - merged.files.keys():
            self.bucket.delete(keys.likes(one.hour, number), etags[number])
        return written
