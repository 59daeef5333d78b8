"""Compaction by hand: a progress bar on a terminal, and what was done in a line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from glue.signed import Signed, settings
from infra.cli.output.tables import counted
from infra.stage import Stage
from transform.aws import adjusting, compacting
from transform.aws.adjusting import WRITERS, Counts
from transform.aws.buckets import Bucket
from transform.aws.compacting import Done
from transform.aws.lake_writer import CONNECTIONS, Power
from transform.lake.division import Division

MEMORY_MB = 2_048


def merge(stage: Stage, day: str | None, everything: bool, console: Console | None = None) -> Done:
    """Merge what was delivered since the last run, on a day (2026-01-31), or ever."""
    lake = bucket(stage)
    with _bar(console, "objects merged") as tell:
        done = compacting.compact(lake, day=day, everything=everything, power=power(), tell=tell)
    done.adjusted = adjusting.adjust(lake, counts(stage))
    return done


def divide(stage: Stage, division: Division, console: Console | None = None) -> Done:
    """Set how days are divided, and divide those that stand."""
    with _bar(console, "days divided") as tell:
        return compacting.divide(bucket(stage), division, power(), tell)


def told(done: Done) -> str:
    """Say what a run merged."""
    adjusted = f", {counted(done.adjusted, 'count')} adjusted" if done.adjusted else ""
    return (
        f"merged {counted(done.objects, 'object')}: {counted(done.rows, 'row')}, "
        f"{counted(done.duplicates, 'duplicate')}, {counted(done.days, 'day')} written{adjusted}"
    )


def fields(done: Done) -> dict[str, object]:
    """Give the same for programs."""
    return {
        "objects": done.objects,
        "rows": done.rows,
        "duplicates": done.duplicates,
        "days": done.days,
        "adjusted": done.adjusted,
        "failed": done.failed,
        "gone": done.gone,
    }


def troubles(done: Done) -> Iterator[str]:
    """Name what could not be merged, and why."""
    for key, reason in done.failed.items():
        yield f"{key} cannot be read, and is tried again in the next run: {reason}"
    for key in done.gone:
        yield f"{key} vanished before it was read."


def bucket(stage: Stage) -> Bucket:
    """Give a stage's bucket, of which much is read and written at a time."""
    told = settings(emulated=stage.endpoint is not None)
    client = stage.client("s3", max_pool_connections=CONNECTIONS, **told)
    return Bucket(client, stage.outputs.bucket, Signed(client, CONNECTIONS))


def counts(stage: Stage) -> Counts:
    """Give a stage's table of counts, which the lake adjusts."""
    client = stage.client("dynamodb", max_pool_connections=WRITERS)
    return Counts(client, stage.outputs.counts_table)


def power() -> Power:
    """Give what a run here may use."""
    cores = os.cpu_count() or 1
    return Power(MEMORY_MB, cores)


@contextmanager
def _bar(console: Console | None, what: str) -> Iterator[Callable[[int, int], None]]:
    """Give what moves a progress bar, which only a terminal shows."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
