"""What a backfill brought into the lake, by the lake's own word."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from transform.aws.lake_writer import CONNECTIONS, Hours
from transform.lake import compaction, keys

FILES = 500
"""Files of the lake that are looked at together, which bounds the scratch disk."""


class Added(NamedTuple):
    """What a backfill brought into the lake: rows, and each film's likes less unlikes."""

    rows: int
    net: dict[str, int]


def added(hours: Hours, touched: Sequence[int], number: int) -> Added:
    """Give what a backfill brought into these epoch hours, by the lake's own word."""
    rows = 0
    net: Counter[str] = Counter()
    objects = list(_keys(hours, set(touched)))
    for first in range(0, len(objects), FILES):
        some = objects[first : first + FILES]
        with tempfile.TemporaryDirectory(dir=hours.scratch) as folder:
            paths = [Path(folder) / f"{n}.parquet" for n in range(len(some))]
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                etags = list(pool.map(hours.bucket.download, some, paths))
            there = [path for path, etag in zip(paths, etags, strict=True) if etag]
            found = compaction.added(hours.staging.connection, there, number)
        rows += sum(map(sum, found.values()))
        net.update({film: likes - unlikes for film, (likes, unlikes) in found.items()})
    return Added(rows, dict(net))


def _keys(hours: Hours, touched: set[int]) -> Iterator[str]:
    """Give the objects of hours, by a listing of each of their days."""
    for day in sorted({hour // 24 for hour in touched}):
        for one in hours.bucket.list(keys.likes_day(day)):
            place = keys.likes_place(one.key)
            if place and place[0] in touched:
                yield one.key
