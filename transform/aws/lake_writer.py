"""Merges staged likes into the days of the lake, whoever else changes them meanwhile."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec
import pyarrow as pa

from transform.aws import forgotten
from transform.aws.buckets import Bucket, Conflict
from transform.aws.standing import Standing
from transform.aws.unreadable import Unreadable, decoded, reading
from transform.lake import compaction, duck, keys, parquet, repeats, totals, watermark
from transform.lake.compaction import Merged
from transform.lake.division import DAY_HOURS, WHOLE, Division
from transform.lake.event_ids import standing
from transform.lake.staging import Staging
from transform.lake.tombstones import NOBODY, Forgotten
from transform.lake.watermark import Object, State

T = TypeVar("T")

TOGETHER = 1_000
MOST_BYTES = 36 * 2**20
"""How many days are merged together, and how large they may be; one is merged in any case."""
GAP = 10
"""Days between two of which a listing that goes on costs less than another one."""
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
    """What merging came to: rows the lake did not have, and what was written, days and bytes."""

    new: int = 0
    days: int = 0
    bytes: int = 0

    def add(self, other: "Written") -> None:
        """Add what was written besides."""
        self.new += other.new
        self.days += other.days
        self.bytes += other.bytes


@contextmanager
def opened(bucket: Bucket, power: Power) -> Iterator["Days"]:
    """Give the days of a bucket, with a DuckDB, once one is needed, and room on disk.

    Likes of those who are forgotten are merged as anonymous ones. Raises `KeyLost`.
    """
    who, told = forgotten.read(bucket)
    with _days(bucket, power, who, told) as days:
        yield days


@contextmanager
def opened_to_read(bucket: Bucket, power: Power) -> Iterator["Days"]:
    """Give the days of a bucket to who merges nothing, and need not know who is forgotten."""
    with _days(bucket, power, NOBODY, None) as days:
        yield days


@contextmanager
def _days(bucket: Bucket, power: Power, who: Forgotten, told: str | None) -> Iterator["Days"]:
    with tempfile.TemporaryDirectory(prefix="compact-") as folder, ExitStack() as stack:
        scratch = Path(folder)

        def staging() -> Staging:
            engine = duck.engine(scratch, power.memory_mb, power.threads)
            return Staging(stack.enter_context(engine), who)

        yield Days(bucket, staging, scratch, power.threads, told)


@dataclass(slots=True)
class Days:
    """The days of the lake, and the likes staged for them; files may lie in `scratch`."""

    bucket: Bucket
    stage: Callable[[], Staging]
    scratch: Path
    threads: int
    tombstones: str | None = None
    """The ETag of what tells who is forgotten."""
    cleans: bool = False
    """Whether likes that stand become anonymous as well, where somebody is forgotten."""
    _staging: Staging | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def staging(self) -> Staging:
        """The staging area, made when it is first asked for: most runs find nothing to merge."""
        with self._lock:
            if self._staging is None:
                self._staging = self.stage()
            return self._staging

    def learn(self) -> bool:
        """Look once more who is forgotten. If there are others than before, what was merged
        meanwhile may tell of them: it is to be merged again, and what stands is made anonymous.

        Whoever looks after the merge either sees them, or has merged before they were forgotten,
        and what he wrote is searched.
        """
        who, told = forgotten.read(self.bucket)
        if told == self.tombstones:
            return False
        self.tombstones, self.cleans = told, True
        self.staging.forget(replace(who, texts=self.staging.forgotten.texts))
        return True

    def state(self) -> tuple[State, str | None]:
        """Give the state as it is, and its ETag."""
        found = self.bucket.read(watermark.KEY)
        if found is None:
            return State(), None
        return decoded(watermark.KEY, found[0], watermark.decode), found[1]

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

    def merge(
        self,
        days: Mapping[int, Mapping[int, int]],
        division: Division,
        tell: Callable[[float], None] = lambda part: None,
        more_time: Callable[[], bool] = lambda: True,
        gone: pa.Table | None = None,
    ) -> Written:
        """Merge the staged likes into epoch days of a division, as long as there is time.

        `days` says how many rows of each of a day's epoch hours are staged, of all hours that have
        some; `gone` has copies that are not to stand, as `compaction.merge` takes it.
        """
        written = Written()
        left = sorted(days)
        together = TOGETHER
        conflicts = 0
        while left and more_time():
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                some = {day: days[day] for day in left[:together]}
                done = self._merge(some, division, Path(folder), gone)
            for each in done.values():
                written.add(each)
            left = [day for day in left if day not in done]
            together = min(TOGETHER, 2 * len(done) + 2)  # where few fit, no more are looked at
            tell(1 - len(left) / len(days))
            conflicts = 0 if done else conflicts + 1
            if conflicts == CONFLICTS:
                which = keys.likes_day(left[0])
                raise Contended(f"{which}* was changed by others {CONFLICTS} times.")
        return written

    def _merge(
        self,
        days: Mapping[int, Mapping[int, int]],
        division: Division,
        folder: Path,
        gone: pa.Table | None,
    ) -> dict[int, Written]:
        """Merge days, as many as go together; gives what came of those nobody else changed."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:

            def all_of(tried: Iterable[tuple[int, Future[T]]]) -> dict[int, T]:
                done = {}
                for day, one in tried:
                    with suppress(Conflict):
                        done[day] = one.result()
                return done

            standing = self._together(self.standing(days), division)
            there = all_of(
                [(one.day, pool.submit(self.download, one, division, folder)) for one in standing]
            )
            files = {day: one.files for day, one in there.items()}
            who = self.staging.forgotten if self.cleans else NOBODY
            with reading({path: key for one in there.values() for path, key in one.named()}):
                merged = compaction.merge(
                    self.staging, files, division, folder, self.threads, gone, who
                )
                # While some are put, others are written.
                put = [(day, pool.submit(self._put, there[day], one, division))
                       for day, one in merged]  # fmt: skip
            return all_of(put)

    def standing(self, days: Mapping[int, Mapping[int, int]]) -> list[Standing]:
        """Give epoch days as they stand."""
        found = {day: Standing(day, staged) for day, staged in days.items()}
        # Before the days are: whoever changes a day from now on changes these after it, and then
        # they are not replaced by what we have seen.
        for one in self._listed(days, keys.TOTALS, keys.totals_day):
            if (day := keys.day_of(one.key)) in found:
                found[day].totals = one
        for one in self._listed(days, keys.REPEATS, keys.repeats_day):
            if (day := keys.day_of(one.key)) in found:
                found[day].repeats = one
        for one in self._listed(days, keys.LIKES, keys.likes_day):
            if (place := keys.likes_place(one.key)) and place[0] in found:
                found[place[0]].objects[place[1]] = one
        return list(found.values())

    def _listed(
        self, days: Iterable[int], prefix: str, folder: Callable[[int], str]
    ) -> Iterator[Object]:
        """Give the objects of days, and perhaps of others between them."""
        for first, last in _stretches(days):
            if first == last:
                yield from self.bucket.list(folder(first))
                continue
            end = folder(last + 1)
            yield from takewhile(lambda o: o.key < end, self.bucket.list(prefix, folder(first)))  # noqa: B023

    @staticmethod
    def _together(standing: Sequence[Standing], division: Division) -> Iterator[Standing]:
        """Give the days that go together, at least one."""
        size = 0
        for one in standing:
            size += (mine := one.size(division))
            if size > mine and size > MOST_BYTES:
                return
            yield one

    def download(self, one: Standing, division: Division, folder: Path) -> Standing:
        """Download what of a day is merged; raises `Conflict` where others change it meanwhile."""
        for number, stands in enumerate(one.parts(division)):
            path = folder / f"{one.day}-{number}-stands.parquet"
            # One that was changed may have given rows to another, which the listing has not.
            if self.bucket.download(stands.key, path) != stands.etag:
                raise Conflict(f"{stands.key} was changed by somebody else.")
            one.files[stands.key.rpartition("/")[2]] = path
        return one

    def having(
        self, event_ids: pa.Table, day: int, hours: Iterable[int], division: Division
    ) -> pa.Table:
        """Give the likes of some event ids that stand in a day, in objects of some epoch hours."""
        some = dict.fromkeys([hour for hour in hours if hour // DAY_HOURS == day], 0)
        for _ in range(CONFLICTS):
            with (
                suppress(Conflict),
                tempfile.TemporaryDirectory(dir=self.scratch) as folder,
                self.staging.session() as cursor,
            ):
                [stands] = self.standing({day: some})
                there = self.download(stands, division, Path(folder))
                with reading(dict(there.named())):
                    return standing(cursor, there.files.values(), event_ids)
        raise Contended(f"{keys.likes_day(day)}* was changed by others {CONFLICTS} times.")

    def _put(self, one: Standing, merged: Merged, division: Division) -> Written:
        etags, size = self._replace(one, merged)
        sums = merged.totals
        stood = self.bucket.get(one.totals.key)[0] if one.totals else None
        again, etag = self.repeats(one.repeats)
        if len(one.files) < len(one.objects):  # a part of the day: of its other hours we only know
            known, source = totals.EMPTY, ""
            with suppress(Unreadable):  # then it is as stale as one that is not there
                if one.totals and stood:
                    known, source = decoded(one.totals.key, stood, totals.decode)
            if source != totals.source(one.etags, etag):
                return Written(merged.new, int(size > 0), size)  # stale: `refresh` makes it anew
            sums = totals.replaced(known, one.staged, sums)
        self._put_totals(one, totals.with_repeats(sums, again), totals.source(etags, etag), stood)
        return Written(merged.new, int(size > 0), size)

    def repeats(self, there: Object | None) -> tuple[pa.Table, str]:
        """Give the repeats of a day that a listing showed, and their ETag, "" where none did."""
        if there is None:
            return repeats.EMPTY, ""
        body, etag = self.bucket.get(there.key)
        return decoded(there.key, body, repeats.decode), etag

    def _put_totals(self, one: Standing, sums: pa.Table, source: str, stood: bytes | None) -> None:
        if not len(sums) and not one.repeats:
            if one.totals:
                self.bucket.delete(one.totals.key, one.totals.etag)
            return
        body = totals.encode(sums, source)
        if body != stood:
            self.bucket.put(keys.totals(one.day), body, one.totals.etag if one.totals else None)

    def _replace(self, one: Standing, merged: Merged) -> tuple[dict[str, str], int]:
        """Write what is not there yet, remove what is too many; gives the ETags and bytes written.

        At any time each row is in one object at least: where rows move, one holds them all until
        the others stand, and alone counts meanwhile. What is relied on when others go has the
        number of its division, so that nobody who follows an earlier one removes it.
        """
        stands, etags, written = dict(one.files), one.etags, 0
        same = parquet.is_same if stands.keys() - merged.files.keys() else parquet.has_same_rows

        def put(name: str, path: Path) -> None:
            nonlocal written
            if name not in stands or not same(path, stands[name]):
                etags[name] = self.bucket.put(keys.likes(one.day, name), path, etags.get(name))
                stands[name] = path
                written += path.stat().st_size

        def remove(names: Iterable[str]) -> None:
            for name in sorted(names):
                self.bucket.delete(keys.likes(one.day, name), etags.pop(name))
                del stands[name]

        if merged.whole:
            put(WHOLE, merged.whole)
            remove(stands.keys() - merged.files.keys() - {WHOLE})
        for name, path in merged.files.items():
            put(name, path)
        remove(stands.keys() - merged.files.keys())
        return etags, written


def _stretches(days: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give the first and the last of days that lie close together."""
    found = sorted(days)
    starts = [0, *(n for n in range(1, len(found)) if found[n] - found[n - 1] > GAP), len(found)]
    for start, end in pairwise(starts if found else []):
        yield found[start], found[end - 1]
