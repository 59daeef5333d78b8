"""`make bench`: measures the product beside what a user would pick instead, in the same run."""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import archive, cold_start, compact, count, fan_out, rank, scan, track
from tests.bench.measure import Comparison

BENCHES = [
    archive.run,
    count.run,
    track.run,
    rank.run,
    compact.run,
    scan.run,
    cold_start.run,
    fan_out.run,
]


def main() -> int:
    """Print one table of comparisons; exit with 1 where one misses its target."""
    comparisons: list[Comparison] = []
    console = Console(width=None if sys.stdout.isatty() else 160)
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
