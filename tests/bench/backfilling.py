"""What `lake backfill` does, with counts in memory: what each bench of it measures."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.cli.backfill import run, source_files
from infra.cli.backfill.ledger import Request, Totals
from infra.cli.backfill.segment import Watcher
from transform.aws import adjusting
from transform.aws.adjusting import Earlier
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import Power

MEMORY_MB = 1_024


def prepared(lake: Bucket, export: Path, where: str | None = None) -> Callable[[], Totals]:
    """Give what brings a file into a lake, and tells what came of it."""
    into = run.Lake(lake, Counts(), lambda: None)
    power = Power(MEMORY_MB, os.cpu_count() or 1)

    def take() -> Totals:
        found = source_files.find([str(export)], lambda: lake.client)
        request, now = Request((str(export),), {}, where), int(time.time() * 1000)
        sources = found.sources
        done = run.run(into, request, sources, lambda: lake.client, now, power, Watcher())
        assert not done.failed, done.failed
        return done.ledger.totals

    return take


class Counts(adjusting.Counts):
    """Counts that the lake alone adjusts, in memory."""

    def __init__(self) -> None:
        """Know of no film."""
        self.net: dict[str, int] = {}

    def adjust(self, films: Sequence[tuple[str, int]], run: int, earlier: Earlier) -> int:
        """Have films at what the lake adjusts of them."""
        changed = sum(self.net.get(film, 0) != net for film, net in films)
        self.net |= dict(films)
        return changed
