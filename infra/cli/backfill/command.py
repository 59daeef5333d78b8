"""`lake backfill`: what is read, how far it is, and what came of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from infra.cli import compaction
from infra.cli.backfill import run, source_files
from infra.cli.backfill.ledger import Ledger, Ledgers, Request, Totals
from infra.cli.backfill.run import Lake
from infra.cli.backfill.segment import Outcome, Tally, Watcher
from infra.cli.backfill.source_files import PassedOver, Source
from infra.stage import Stage, invoke
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONNECTIONS, Power

MEMORY_MB = 1_024
SHOWN = 5


def backfill(stage: Stage, request: Request, console: Console) -> tuple[Outcome, list[PassedOver]]:
    """Bring the likes of files into a stage; gives what came of it, and what was not read.

    What was delivered before is merged first, so that what the stream brought is not new.
    """
    client = stage.client("s3", max_pool_connections=CONNECTIONS)
    found = source_files.find(request.files, lambda: client)
    compaction.merge(stage, None, False, console)
    lake = Lake(
        compaction.bucket(stage),
        compaction.counts(stage),
        lambda: restate(stage),
    )
    with _watched(console, found.sources) as watcher:
        power = Power(MEMORY_MB, os.cpu_count() or 1)
        done = run.run(lake, request, found.sources, lambda: client, _now(), power, watcher)
    return done, found.passed_over


def try_out(stage: Stage, request: Request, console: Console) -> tuple[Outcome, list[PassedOver]]:
    """Read the files and change nothing."""
    client = stage.client("s3", max_pool_connections=CONNECTIONS)
    found = source_files.find(request.files, lambda: client)
    now = _now()
    outcome = Outcome(Ledger(0, request, now))
    with _watched(console, found.sources) as watcher, TemporaryDirectory() as folder:
        tally = Tally(outcome, watcher, Path(folder))
        run.read(tally, found.sources, lambda: client, now, os.cpu_count() or 1)
    outcome.ledger = Ledger(0, request, now, totals=tally.totals)
    return outcome, found.passed_over


def all_(stage: Stage) -> Iterator[Ledger]:
    """Give all backfills of a stage, the first one first."""
    return Ledgers(Bucket(stage.client("s3"), stage.outputs.bucket)).all()


def restate(stage: Stage) -> None:
    """State all hours of trends again whose likes have changed."""
    while invoke(stage, "rank", {"restate": True})["more"]:
        pass


def told(outcome: Outcome) -> str:
    """Say what a backfill came to."""
    totals = outcome.ledger.totals
    name = f"backfill {outcome.ledger.number}" if outcome.ledger.number else "nothing changed"
    # A run that was cut off may have merged likes that it did not live to tell of.
    least, most = ("at least ", "at most ") if outcome.ledger.runs > 1 else ("", "")
    likes = (
        f"{least}{totals.new:,} new likes, {most}{totals.duplicates:,} that were there"
        if outcome.ledger.number
        else f"{totals.likes:,} likes"
    )
    return f"{name}: {totals.lines:,} lines, {likes}, {totals.rejected:,} rejected"


def fields(outcome: Outcome, passed_over: Sequence[PassedOver]) -> dict[str, object]:
    """Give the same for programs, with what was rejected and why, and what was not read."""
    totals = outcome.ledger.totals
    return {
        "number": outcome.ledger.number or None,
        "lines": totals.lines,
        "likes": totals.likes,
        "new": totals.new if outcome.ledger.number else None,
        "duplicates": totals.duplicates if outcome.ledger.number else None,
        "rejected": totals.rejected,
        "reasons": outcome.reasons,
        "failed": outcome.failed,
        "not_read": {one.name: one.why for one in passed_over},
    }


def troubles(outcome: Outcome, passed_over: Sequence[PassedOver]) -> Iterator[str]:
    """Name what was rejected and why, what could not be read, and what was not."""
    if outcome.reasons:
        yield "rejected: " + _reasons(outcome.reasons)
    yield from outcome.failed.values()
    for name in outcome.fruitless:
        yield f"{name} has no like: a line of JSON is one object, and --map tells of other names"
    for one in passed_over[:SHOWN]:
        yield f"{one.name} {one.why}: not read"
    if len(passed_over) > SHOWN:
        yield f"and {len(passed_over) - SHOWN:,} more that were not read"


def _reasons(reasons: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())


def _now() -> int:
    return int(time.time() * 1000)


@contextmanager
def _watched(console: Console, found: Sequence[Source]) -> Iterator[Watcher]:
    """Give who shows how far it is, which only a terminal does."""
    if not console.is_terminal:
        yield Watcher()
        return
    columns = (
        TextColumn("{task.description:9}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, found)


class _Bar(Watcher):
    """A progress bar: files by their bytes, then likes."""

    def __init__(self, progress: Progress, found: Sequence[Source]) -> None:
        self._progress = progress
        self._before = 0
        self._source: Source | None = None
        total = sum(source.size for source in found)
        self._task = progress.add_task("reading", total=total, told="")

    def reading(self, source: Source, size: int, totals: Totals) -> None:
        if self._source is not None and source != self._source:
            self._before += self._source.size
        self._source = source
        # What is compressed gives more bytes than it has.
        done = self._before + min(size, source.size)
        self._update("reading", done, None, f"{totals.lines:,} lines")

    def merging(self, done: int, likes: int) -> None:
        self._update("merging", done, likes, f"{done:,} of {likes:,} likes")

    def counting(self, films: int) -> None:
        self._update("counting", 0, None, f"{films:,} films")

    def restating(self) -> None:
        self._update("trends", 0, None, "hours stated again")

    def _update(self, what: str, done: int, total: int | None, told: str) -> None:
        more: dict[str, Any] = {} if total is None else {"total": total}
        self._progress.update(self._task, description=what, completed=done, told=told, **more)
