"""`make bench`: measures the product beside what a user would pick instead, in the same run.

`python -m tests.bench NAME...` runs those alone: `python -m tests.bench shapes scan`.
"""

import sys
from collections.abc import Sequence

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
    fat,
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
        fat,
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
    """Print a table of comparisons a bench, as each is done; exit with 1 where one misses its
    target."""
    names = sys.argv[1:] or list(BENCHES)
    if unknown := {*names} - BENCHES.keys():
        sys.exit(f"There is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.")
    missed = 0
    rich.reconfigure(width=None if sys.stdout.isatty() else 160)
    console = rich.get_console()
    for number, name in enumerate(names, 1):
        with console.status(f"{name}, {number} of {len(names)}"):
            found = BENCHES[name].run()
        console.print(_table(name, found))
        missed += sum(not one.met for one in found)
    if missed:
        console.print(f"{missed} missed their targets.")
    return 1 if missed else 0


def _table(name: str, found: Sequence[Comparison]) -> Table:
    table = Table("what", "ours", "beside", "theirs", "ratio", "target", "", title=name)
    for one in found:
        met = "✓" if one.met else "✗"
        table.add_row(one.what, one.ours, one.beside, one.theirs, one.ratio, one.target, met)
    return table


if __name__ == "__main__":
    sys.exit(main())
