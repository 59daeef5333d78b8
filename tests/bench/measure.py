"""How the benches measure: the best of many short rounds, taken in turns."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One line of the table: what was measured, beside what, and whether the target was met."""

    what: str
    ours: str
    beside: str
    theirs: str
    ratio: str
    target: str
    met: bool


def best_seconds(
    contenders: Mapping[str, Callable[[], object]], rounds: int = 40, repeats: int = 3
) -> dict[str, float]:
    """Give the best seconds a call of each; they take turns, so that all share the noise."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, contender in contenders.items():
            start = time.perf_counter()
            for _ in range(repeats):
                contender()
            best[name] = min(best[name], (time.perf_counter() - start) / repeats)
    return best


def at_most(what: str, ours: float, beside: str, theirs: float, limit: float) -> Comparison:
    """Compare microseconds of which ours may be `limit` times theirs."""
    ratio = ours / theirs
    return _compare(what, ours, beside, theirs, f"{ratio:.2f} x", f"<= {limit} x", ratio <= limit)


def at_least(what: str, ours: float, beside: str, theirs: float, limit: float) -> Comparison:
    """Compare microseconds of which theirs are to be `limit` times ours."""
    ratio = theirs / ours
    return _compare(
        what, ours, beside, theirs, f"{ratio:.1f} x faster", f">= {limit} x", ratio >= limit
    )


def _compare(
    what: str, ours: float, beside: str, theirs: float, ratio: str, target: str, met: bool
) -> Comparison:
    return Comparison(
        what, f"{ours * 1e6:.2f} µs", beside, f"{theirs * 1e6:.2f} µs", ratio, target, met
    )
