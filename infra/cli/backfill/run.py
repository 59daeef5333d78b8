"""A backfill from its first line to its end: read, merged, counted, and told to trends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from infra.cli.backfill import formats
from infra.cli.backfill.ledger import Ledgers, Progress, Request
from infra.cli.backfill.segment import Outcome, Segment, Tally, Watcher
from infra.cli.backfill.source_files import Source, SourceError
from transform.aws import adjusting, tending
from transform.aws.adjusting import Counts
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import Power, opened

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True, slots=True)
class Lake:
    """What a backfill changes; `restate` states the hours of trends again that it changed."""

    bucket: Bucket
    counts: Counts
    restate: Callable[[], None]


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
    outcome = Outcome(ledgers.open(request, now, list(ledgers.all())))
    number = outcome.ledger.number
    with opened(lake.bucket, power) as days:
        tending.divide(days, tending.listed(lake.bucket))
        with TemporaryDirectory(dir=days.scratch) as folder:
            segment = Segment(days, ledgers, outcome, watcher, Path(folder))
            read(segment, sources, s3, now, power.threads)
            segment.merge()
    adjusting.adjust(lake.bucket, lake.counts, watcher.counting)
    if outcome.ledger.totals.likes:
        watcher.restating()
        lake.restate()
    outcome.ledger = ledgers.change(number, lambda one: msgspec.structs.replace(one, ended=now))
    if any(source.name not in outcome.failed and not _holds(outcome, source) for source in sources):
        # All was read before a crash, or by a run beside this one; what has come since is new.
        return run(lake, request, sources, s3, now, power, watcher)
    return outcome


def _holds(outcome: Outcome, source: Source) -> bool:
    progress = outcome.ledger.files.get(source.name)
    return progress is not None and progress.whole and progress.version == source.version


def read(
    tally: Tally, sources: Sequence[Source], s3: Callable[[], S3Client], now: int, workers: int
) -> None:
    """Read sources, each from where it is merged already; one that fails does not stop others."""
    for source in sources:
        try:
            _read(tally, source, s3, now, workers)
        except SourceError as error:
            tally.outcome.failed[source.name] = str(error)


def _read(tally: Tally, source: Source, s3: Callable[[], S3Client], now: int, workers: int) -> None:
    progress = tally.before.get(source.name)
    if progress is None or progress.version != source.version:
        progress = Progress(source.version, 0)
    if progress.whole:
        return
    ledger = tally.outcome.ledger
    arrived = formats.arrived_at(source, now, ledger.began)
    last, size, likes, bad = progress.lines, 0, 0, 0
    # What a run that was cut off judged, the next one judges alike: as of when it began.
    for found in formats.read(
        source, ledger.request, s3, arrived, ledger.began, workers, last, tally.folder
    ):
        last, size = max(last, found.last), size + found.size
        likes, bad = likes + len(found.rows), bad + len(found.bad)
        tally.add(source, found, last, arrived)
        tally.watcher.reading(source, size, tally.totals)
    tally.progress[source.name] = Progress(source.version, last, whole=True)
    if bad and not likes:
        tally.outcome.fruitless.append(source.name)
