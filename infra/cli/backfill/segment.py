"""What was read of a backfill and is not merged yet, how far that reaches, and its merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import msgspec

from infra.cli.backfill.ledger import Ledger, Ledgers, Progress, Totals
from infra.cli.backfill.parsing import Read
from infra.cli.backfill.source_files import Source
from infra.cli.backfill.spill import Spill
from transform.aws.arrivals import Arrivals
from transform.aws.buckets import Conflict
from transform.aws.lake_writer import Days
from transform.aws.settling import settle
from transform.lake import archive, staging
from transform.lake.archive import Rejected

SEGMENT_ROWS = 16_000_000
"""Likes that are merged together, so that each day is written once: they wait on the scratch disk,
where each takes about 120 bytes."""
STAGED_ROWS = 1_200_000
"""Likes in memory."""
REJECTED_LINES = 20_000
"""Lines that are no likes in one object."""


class Watcher:
    """Is told how far it is; this one makes nothing of it."""

    def reading(self, source: Source, size: int, totals: Totals) -> None:
        """So many bytes of a source's lines are read, and that came of all lines so far."""

    def merging(self, done: int, likes: int) -> None:
        """So many of the likes that were read are merged."""

    def counting(self, films: int) -> None:
        """The counts of so many films are looked at."""

    def restating(self) -> None:
        """Hours of trends are stated again."""


@dataclass(slots=True)
class Outcome:
    """How a run ended: the ledger, why lines were rejected, and which sources failed, and why."""

    ledger: Ledger
    reasons: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    fruitless: list[str] = field(default_factory=list)
    """Sources of which no line is a like."""


class Tally:
    """Counts what is read, and keeps none of it."""

    def __init__(self, outcome: Outcome, watcher: Watcher, folder: Path) -> None:
        self.outcome, self.watcher, self.folder = outcome, watcher, folder
        self.totals = outcome.ledger.totals
        # Not what runs beside this one do meanwhile: then segments, and with them objects of
        # rejected lines, end where those of every other run end, and are the same.
        self.before = outcome.ledger.files
        self.progress: dict[str, Progress] = {}

    def add(self, source: Source, read: Read, last: int, arrived: int) -> None:
        """Add what came of a chunk, up to its `last` line."""
        self.totals += Totals(read.lines, len(read.rows), len(read.bad))
        self.progress[source.name] = Progress(source.version, last)
        self.outcome.reasons.update(bad.reason for bad in read.bad)


class Segment(Tally):
    """Likes that were read and are not merged yet, and how far into which sources they reach."""

    def __init__(
        self, days: Days, ledgers: Ledgers, outcome: Outcome, watcher: Watcher, folder: Path
    ) -> None:
        super().__init__(outcome, watcher, folder)
        self.days, self.ledgers = days, ledgers
        self._arrivals = Arrivals(days, [days.state()[0].watermark])
        self._spill = Spill(folder, STAGED_ROWS, outcome.ledger.number)
        self._bad: list[Rejected] = []

    def add(self, source: Source, read: Read, last: int, arrived: int) -> None:
        """Add what came of a chunk, up to its `last` line, and merge once there is much."""
        super().add(source, read, last, arrived)
        self._bad += [archive.reject(bad, arrived, source.name) for bad in read.bad]
        if len(self._bad) >= REJECTED_LINES:
            self._reject()
        if len(read.rows):
            self._spill.add(read.rows, arrived)
        if len(self._spill) >= SEGMENT_ROWS:
            self.merge()

    def merge(self) -> None:
        """Merge all that was read, and then write down that it is."""
        self._reject()
        sizes, everything = self._spill.hours, len(self._spill)
        number = self.outcome.ledger.number
        done = 0
        together = self.days.state()[0].division.hours
        most = min(STAGED_ROWS, self._spill.rows_of(staging.MOST))
        for group in groups(sizes, most, together):
            rows = sum(group.values())
            area = self.days.staging
            area.begin()
            area.add(self._spill.take(min(group), max(group)))

            def told(share: float, done: int = done, rows: int = rows) -> None:
                self.watcher.merging(done + int(share * rows), everything)

            hours = area.once()
            self._arrivals.add_undated()
            written = settle(self.days, hours, told, self._arrivals)
            self.totals += Totals(new=written.new)
            done += rows

        def merged(ledger: Ledger) -> Ledger:
            files = ledger.files | {
                name: told.further(ledger.files.get(name)) for name, told in self.progress.items()
            }
            totals = max(ledger.totals, self.totals, key=lambda one: one.lines)
            return msgspec.structs.replace(ledger, files=files, totals=totals)

        self.outcome.ledger = self.ledgers.change(number, merged)
        self.days.staging.begin()
        self._spill.clear()

    def _reject(self) -> None:
        for key, body in archive.rejected_objects(self._bad).items():
            with suppress(Conflict):  # it is there already, as its name is made of its content
                self.days.bucket.put(key, body, None)
        self._bad = []


def groups(sizes: Mapping[int, int], most: int, together: int) -> Iterator[dict[int, int]]:
    """Give hours in their order, as many as have so many rows; one object's hours together."""
    group: dict[int, int] = {}
    size = 0
    for _, hours in groupby(sorted(sizes), lambda hour: hour // together):
        more = {hour: sizes[hour] for hour in hours}
        rows = sum(more.values())
        if group and size + rows > most:
            yield group
            group, size = {}, 0
        group |= more
        size += rows
    if group:
        yield group
