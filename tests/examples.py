"""How much of what costs long is tried: a part at each run, all of it at night (`make nightly`)."""

import os
from collections.abc import Iterable
from typing import TypeVar

import pytest

T = TypeVar("T")

TIMES = int(os.environ.get("LAKE_EXAMPLES", "1"))
"""So many times as many examples, such as 10; `--hypothesis-seed=random` has others each time."""

nightly = pytest.mark.nightly
"""For a test that costs long and of which others show the same on a smaller scale."""


def examples(number: int) -> int:
    """Give how many examples are tried."""
    return number * TIMES


def every(step: int) -> int:
    """Give of how many moments one is tried."""
    return max(1, step // TIMES)


def some(cases: Iterable[T], step: int) -> list[T]:
    """Give the cases that are tried: the first of each `step`."""
    return list(cases)[:: every(step)]
