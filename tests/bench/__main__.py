"""`make bench`: measures the product beside what a user would pick instead, in the same run."""

import sys

import rich
from rich.table import Table

from tests.bench import (
    archive,
    arrivals,
    audit,
    backfill,
    cold_start,
    compact,
    count,
    days,
    door,
    export,
    fan_out,
    forget,
    growth,
    rank,
    report,
    scan,
    torn,
    track,
)
from tests.bench.measure import Comparison

BENCHES = [
    archive.run,
    count.run,
    track.run,
    rank.run,
    compact.run,
    arrivals.run,
    backfill.run,
    report.run,
    scan.run,
    export.run,
    forget.run,
    growth.run,
    days.run,
    audit.run,
    torn.run,
    cold_start.run,
    fan_out.run,
    door.run,
]


def main() -> int:
    """Print one table of comparisons; exit with 1 where one misses its target."""
    comparisons: list[Comparison] = []
    rich.reconfigure(width=None if sys.stdout.isatty() else 160)
    console = rich.get_console()
    for bench in BENCHES:
        with console.status(bench.__module__.rpartition(".")[2]):
            comparisons += bench()
    table = Table("what", "ours", "beside", "theirs", "ratio", "target", "", title="make bench")
    for one in comparisons:
        table.add_row(
            one.what,
            one.ours,
            one.beside,
            one.theirs,
            one.ratio,
            one.target,
            "✓" if one.met else "✗",
        )
    console.print(table)
    return 0 if all(one.met for one in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
