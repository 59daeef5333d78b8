"""Files of rows merged into the lake, each hour once; and what a backfill brought into it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from infra.backfill.parsing import Part
from transform import compaction, keys
from transform.handlers.compact import READERS
from transform.handlers.hours import Hours, Written

ROWS = 1_000_000
"""What is merged at a time, which bounds memory; an hour with more is merged alone."""
FILES = 500
"""Files of the lake that are looked at together, which bounds the scratch disk."""


def merge(hours: Hours, parts: Sequence[Part], number: int, tell: Callable[[int], None]) -> Written:
    """Merge rows into the hours of the lake as those of a backfill; `tell` gets how many are in."""
    sizes: Counter[int] = Counter()
    for part in parts:
        sizes.update(part.hours)
    written = Written()
    done = 0
    for group in groups(sizes, ROWS):
        paths = [part.path for part in parts if not part.hours.keys().isdisjoint(group)]
        loaded = compaction.backfill(hours.engine, paths, (group[0], group[-1]), number)
        rows = sum(sizes[hour] for hour in group)

        def told(share: float, done: int = done, rows: int = rows) -> None:
            tell(done + int(share * rows))

        written.add(hours.settle(list(loaded.hours), told))
        done += rows
        tell(done)
    return written


def groups(sizes: Mapping[int, int], most: int) -> Iterator[list[int]]:
    """Give hours in their order, as many together as have so many rows; one at least."""
    group: list[int] = []
    rows = 0
    for hour in sorted(sizes):
        if group and rows + sizes[hour] > most:
            yield group
            group, rows = [], 0
        group.append(hour)
        rows += sizes[hour]
    if group:
        yield group


class Brought(NamedTuple):
    """What a backfill brought into the lake: rows, and each film's likes less unlikes."""

    rows: int
    net: dict[str, int]


def brought(hours: Hours, touched: Sequence[int], number: int) -> Brought:
    """Give what a backfill brought into these epoch hours, by the lake's own word."""
    rows = 0
    net: Counter[str] = Counter()
    found_keys = list(_keys(hours, set(touched)))
    for first in range(0, len(found_keys), FILES):
        some = found_keys[first : first + FILES]
        with tempfile.TemporaryDirectory(dir=hours.scratch) as folder:
            paths = [Path(folder) / f"{n}.parquet" for n in range(len(some))]
            with ThreadPoolExecutor(READERS) as pool:
                etags = list(pool.map(hours.bucket.download, some, paths))
            there = [path for path, etag in zip(paths, etags, strict=True) if etag]
            found = compaction.brought(hours.engine, there, number)
        rows += sum(map(sum, found.values()))
        net.update({film: likes - unlikes for film, (likes, unlikes) in found.items()})
    return Brought(rows, dict(net))


def _keys(hours: Hours, touched: set[int]) -> Iterator[str]:
    """Give the objects of hours, by a listing of each of their days."""
    for day in sorted({hour // 24 for hour in touched}):
        for one in hours.bucket.list(keys.likes_day(day)):
            place = keys.likes_place(one.key)
            if place and place[0] in touched:
                yield one.key
