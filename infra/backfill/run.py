"""A backfill from its first line to its end: read, merged, counted, and told to trends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

import msgspec
import pyarrow as pa

from infra.backfill import opening
from infra.backfill.brought import Brought, brought
from infra.backfill.ledger import Ledger, Ledgers, Progress, Request, Totals
from infra.backfill.opening import arrived_at
from infra.backfill.parsing import Read
from infra.backfill.sources import Source, SourceError
from transform import archive, compaction
from transform.archive import Rejected
from transform.handlers.hours import Hours, Power, opened
from transform.handlers.objects import Bucket, Conflict

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SEGMENT_ROWS = 16_000_000
"""Likes that are merged together, so that each hour is written once: they wait on the scratch disk,
where each takes about 120 bytes."""
ROUND_ROWS = 1_200_000
"""Likes in memory."""
ADDED_ROWS = 200_000
"""Likes that are added to a round at a time, for each time costs some milliseconds."""
REJECTED_LINES = 20_000
"""Lines that are no likes in one object."""
REMEMBERED_MS = 24 * 3_600_000
"""How long films remember a backfill after its end, for runs of it that still go on beside."""


class Counting(Protocol):
    """Where exact counts are kept."""

    def add(self, number: int, net: Mapping[str, int]) -> None:
        """Add net likes by film, those of a backfill once."""

    def forget(self, number: int, films: Iterable[str]) -> None:
        """Remove what films remember of a backfill."""


class Watcher:
    """Is told how far it is; this one makes nothing of it."""

    def reading(self, source: Source, size: int, totals: Totals) -> None:
        """So many bytes of a source's lines are read, and that came of all lines so far."""

    def merging(self, done: int, likes: int) -> None:
        """So many of the likes that were read are merged."""

    def counting(self, films: int) -> None:
        """The counts of films are brought up."""

    def restating(self) -> None:
        """Hours of trends are stated again."""


@dataclass(frozen=True, slots=True)
class Lake:
    """What a backfill changes; `restate` states the hours of trends again that it changed."""

    bucket: Bucket
    counts: Counting
    restate: Callable[[], None]


@dataclass(slots=True)
class Outcome:
    """How a run ended: the ledger, why lines were rejected, and which sources failed, and why."""

    ledger: Ledger
    reasons: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)


def run(
    lake: Lake,
    request: Request,
    sources: Sequence[Source],
    s3: Callable[[], S3Client],
    now: int,
    power: Power,
    watcher: Watcher,
) -> Outcome:
    """Bring the likes of files into the lake, the counts and trends; again, it adds nothing.

    A run that was cut off is gone on with by one that asks for the same. A source that cannot be
    read to its end does not keep the others from being read. `s3` is for sources that lie
    there; `now` is in epoch milliseconds.

    Raises `Forbidden`, `NoRoom`, `Contended`, and what a service raises.
    """
    ledgers = Ledgers(lake.bucket)
    _forget(lake, ledgers, now)
    outcome = Outcome(ledgers.open(request, now))
    number = outcome.ledger.number
    if outcome.ledger.counts is None:
        with opened(lake.bucket, power) as hours:
            with TemporaryDirectory(dir=hours.scratch) as folder:
                segment = _Segment(hours, ledgers, outcome, watcher, Path(folder))
                for source in sources:
                    try:
                        _read(segment, source, s3, now, power.threads)
                    except SourceError as error:
                        outcome.failed[source.name] = str(error)
                segment.merge()
            found = brought(hours, outcome.ledger.hours, number)
        outcome.ledger = ledgers.change(number, lambda one: _to_count(one, found))
    net = outcome.ledger.counts or {}
    watcher.counting(len(net))
    lake.counts.add(number, net)
    outcome.ledger = ledgers.change(number, lambda one: msgspec.structs.replace(one, counted=True))
    if net:
        watcher.restating()
        lake.restate()
    outcome.ledger = ledgers.change(number, lambda one: msgspec.structs.replace(one, ended=now))
    return outcome


def _to_count(ledger: Ledger, found: Brought) -> Ledger:
    """Write down what to count, once: later on the lake may hold other copies of its likes."""
    if ledger.counts is not None:
        return ledger
    totals = msgspec.structs.replace(ledger.totals, new=found.rows)
    return msgspec.structs.replace(ledger, counts=found.net, totals=totals)


def _forget(lake: Lake, ledgers: Ledgers, now: int) -> None:
    for old in ledgers.all():
        if old.ended is not None and not old.forgotten and old.ended < now - REMEMBERED_MS:
            lake.counts.forget(
                old.number, [film for film, net in (old.counts or {}).items() if net]
            )
            ledgers.change(old.number, lambda one: msgspec.structs.replace(one, forgotten=True))


def _read(
    segment: _Segment, source: Source, s3: Callable[[], S3Client], now: int, workers: int
) -> None:
    """Read a source on from where it is merged already."""
    ledger = segment.outcome.ledger
    progress = ledger.files.get(source.name)
    if progress is None or progress.version != source.version:
        progress = Progress(source.version, 0)
    if progress.whole:
        return
    last, size = progress.lines, 0
    try:
        for read in opening.read(source, ledger.request, s3, now, workers, last, segment.folder):
            last, size = read.last, size + read.size
            segment.add(source, read, arrived_at(source, now))
            segment.watcher.reading(source, size, segment.totals)
    finally:
        segment.hand_over(arrived_at(source, now))
    segment.progress[source.name] = Progress(source.version, last, whole=True)


class _Segment:
    """Likes that were read and are not merged yet, and how far into which sources they reach."""

    def __init__(
        self, hours: Hours, ledgers: Ledgers, outcome: Outcome, watcher: Watcher, folder: Path
    ) -> None:
        self.hours, self.ledgers, self.outcome = hours, ledgers, outcome
        self.watcher, self.folder = watcher, folder
        self.totals = outcome.ledger.totals
        self.progress: dict[str, Progress] = {}
        self._rows = self._aside = 0
        self._files: list[Path] = []
        self._held: list[pa.Table] = []
        self._bad: list[Rejected] = []
        compaction.begin(hours.engine)

    def add(self, source: Source, read: Read, arrived: int) -> None:
        """Add what came of a chunk, and merge once there is much."""
        rows = len(read.rows)
        self.totals += Totals(read.lines, rows, len(read.bad))
        self.progress[source.name] = Progress(source.version, read.last)
        self.outcome.reasons.update(bad.reason for bad in read.bad)
        self._bad += [archive.reject(bad, arrived, source.name) for bad in read.bad]
        if len(self._bad) >= REJECTED_LINES:
            self._reject()
        self._held.append(read.rows)
        self._rows += rows
        if sum(map(len, self._held)) >= ADDED_ROWS:
            self.hand_over(arrived)
        if self._rows - self._aside >= ROUND_ROWS:
            self.hand_over(arrived)
            self._set_aside()
        if self._rows >= SEGMENT_ROWS:
            self.hand_over(arrived)
            self.merge()

    def hand_over(self, arrived: int) -> None:
        """Add to the round what is held, all of which arrived at this time."""
        if self._held:
            held = pa.concat_tables(self._held)
            compaction.add(self.hours.engine, held, arrived, self.outcome.ledger.number)
            self._held = []

    def merge(self) -> None:
        """Merge all that was read, and then write down that it is."""
        self._reject()
        engine = self.hours.engine
        if self._files and self._rows > self._aside:
            self._set_aside()
        sizes = compaction.sizes(engine, self._files) if self._files else compaction.once(engine)
        number = self.outcome.ledger.number

        def named(ledger: Ledger) -> Ledger:
            return msgspec.structs.replace(ledger, hours=sorted({*ledger.hours, *sizes}))

        self.ledgers.change(number, named)
        done = 0
        for group in groups(sizes, ROUND_ROWS) if self._files else [sizes]:
            rows = sum(group.values())
            if self._files:
                compaction.recall(engine, self._files, (min(group), max(group)))
                group = compaction.once(engine)

            def told(share: float, done: int = done, rows: int = rows) -> None:
                self.watcher.merging(done + int(share * rows), self._rows)

            self.totals += Totals(new=self.hours.settle(group, told).new)
            done += rows

        def merged(ledger: Ledger) -> Ledger:
            files = ledger.files | self.progress
            return msgspec.structs.replace(ledger, files=files, totals=self.totals)

        self.outcome.ledger = self.ledgers.change(number, merged)
        compaction.begin(engine)
        for path in self._files:
            path.unlink()
        self._files = []
        self._rows = self._aside = 0

    def _set_aside(self) -> None:
        """Make room in memory."""
        path = self.folder / f"{len(self._files)}.parquet"
        compaction.set_aside(self.hours.engine, path)
        self._files.append(path)
        self._aside = self._rows

    def _reject(self) -> None:
        for key, body in archive.rejected_objects(self._bad).items():
            with suppress(Conflict):  # it is there already, as its name is made of its content
                self.hours.bucket.put(key, body, None)
        self._bad = []


def groups(sizes: Mapping[int, int], most: int) -> Iterator[dict[int, int]]:
    """Give hours in their order, as many together as have so many rows; one at least."""
    group: dict[int, int] = {}
    for hour in sorted(sizes):
        if group and sum(group.values()) + sizes[hour] > most:
            yield group
            group = {}
        group[hour] = sizes[hour]
    if group:
        yield group
