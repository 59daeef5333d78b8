"""How much of what costs long is tried: a part at each run, more if `LAKE_EXAMPLES` says so."""

import os

TIMES = int(os.environ.get("LAKE_EXAMPLES", "1"))
"""So many times as many examples, such as 10; `--hypothesis-seed=random` has others each time."""


def examples(number: int) -> int:
    """Give how many examples are tried."""
    return number * TIMES


def every(step: int) -> int:
    """Give of how many moments one is tried."""
    return max(1, step // TIMES)
