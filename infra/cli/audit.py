"""`lake audit`: whether the numbers of a stage agree, now and again each hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import sleep, time
from typing import Any, TextIO

from infra.cli import compaction
from infra.cli.output import tables
from infra.cli.output.formats import Format
from infra.stage import Stage, stream_arn
from transform.audit import MENDED, report
from transform.audit.report import Item
from transform.aws import audit_rows, audit_sources, auditing, conditions
from transform.aws.audit_sources import Asked, Sources
from transform.aws.auditing import Taken

COLUMNS = ("item", "number", "differs", "detail")
PAST = ("at", *COLUMNS)
EVERY_S = 60


def sources(stage: Stage) -> Sources:
    """Give where the numbers of a stage are."""
    counts = compaction.counts(stage)
    table = counts.client.describe_table(TableName=counts.table)["Table"]
    return Sources(
        compaction.bucket(stage),
        counts,
        stage.client("kinesis"),
        stream_arn(stage),
        compaction.power(),
        int(table["CreationDateTime"].timestamp() * 1000),
        lambda: audit_sources.cursors(counts.client, stage.outputs.trends_table),
    )


def take(stage: Stage, asked: Asked, tell: Callable[[str], None]) -> tuple[Taken, list[Item]]:
    """Audit a stage; gives what was found, and as items."""
    of = sources(stage)
    taken = auditing.audit(of, asked, lambda: compaction.merge(stage, None, False), tell)
    other = conditions.of(of.bucket, taken.state, asked.now)
    return taken, report.items(taken.numbers, taken.differences, other)


def run(stage: Stage, form: Format, wide: bool, out: TextIO, tell: Callable[[str], None]) -> bool:
    """Audit once and show it; tells whether all is well."""
    _, items = take(stage, Asked(int(time() * 1000)), tell)
    rows = [(one.item, one.number, one.differs, one.detail) for one in items]
    tables.write(COLUMNS, rows, form, out, wide=wide, fold=True)
    return not report.differs(items)


def watch(stage: Stage, form: Format, wide: bool, out: TextIO) -> bool:
    """Audit each minute until Ctrl-C, a line each time that tells what differs; tells whether all
    was well at last."""
    well = True
    while True:
        began = time()
        _, items = take(stage, Asked(int(began * 1000)), lambda text: None)
        off = [one for one in items if one.differs]
        well = not off
        at = f"{datetime.fromtimestamp(began, UTC):%Y-%m-%d %H:%M:%S}"
        told = "; ".join(f"{one.item} {one.differs}: {one.detail}" for one in off)
        if form == "table":
            out.write(f"{at} UTC  {told or 'all numbers agree'}\n")
        else:
            tables.write(PAST, [(at, *_row(one)) for one in off or items], form, out, wide=wide)
        out.flush()
        try:
            sleep(max(0.0, EVERY_S - (time() - began)))
        except KeyboardInterrupt:
            return well


def past(stage: Stage, since: datetime, form: Format, wide: bool, out: TextIO) -> bool:
    """Show what the hourly audits found from a day on, UTC; tells whether all was well."""
    bucket = compaction.bucket(stage)
    rows: list[tuple[Any, ...]] = []
    well = True
    for at, items in audit_rows.since(bucket, int(since.timestamp() * 1000)):
        moment = f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S}"
        off = [one for one in items if one.differs]
        well = well and not off
        rows += [(moment, *_row(one)) for one in off]
        if not off:
            rows.append((moment, "all", len(items), 0, ""))
        rows += [(moment, *_row(one)) for one in items if one.item == MENDED]
    tables.write(PAST, rows, form, out, wide=wide, fold=True)
    return well


def _row(one: Item) -> Iterator[Any]:
    yield from (one.item, one.number, one.differs, one.detail)
