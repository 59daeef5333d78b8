"""`make bench`: measures the product beside what a user would pick instead, in the same run.

`python -m tests.bench NAME...` runs those alone: `python -m tests.bench shapes scan`.
"""

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
    shapes,
    torn,
    track,
)
from tests.bench.measure import Comparison

BENCHES = {
    bench.__name__.rpartition(".")[2]: bench
    for bench in (
        archive,
        count,
        track,
        rank,
        compact,
        arrivals,
        backfill,
        shapes,
        report,
        scan,
        export,
        forget,
        growth,
        days,
        audit,
        torn,
        cold_start,
        fan_out,
        door,
    )
}


def main() -> int:
    """Print one table of comparisons; exit with 1 where one misses its target."""
    names = sys.argv[1:] or list(BENCHES)
    if unknown := {*names} - BENCHES.keys():
        sys.exit(f"There is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.")
    comparisons: list[Comparison] = []
    rich.reconfigure(width=None if sys.stdout.isatty() else 160)
    console = rich.get_console()
    for name in names:
        with console.status(name):
            comparisons += BENCHES[name].run()
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
