"""What a backfill brought into the lake, by the lake's own word."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from transform.aws.lake_writer import CONNECTIONS, Days
from transform.lake import compaction
from transform.lake.division import WHOLE

FILES = 500
"""Files of the lake that are looked at together, which bounds the scratch disk."""


class Added(NamedTuple):
    """What a backfill brought into the lake: rows, and each film's likes less unlikes."""

    rows: int
    net: dict[str, int]


def added(lake: Days, touched: Iterable[int], number: int) -> Added:
    """Give what a backfill brought into these epoch days, by the lake's own word."""
    rows = 0
    net: Counter[str] = Counter()
    objects = list(_keys(lake, touched))
    for first in range(0, len(objects), FILES):
        some = objects[first : first + FILES]
        with tempfile.TemporaryDirectory(dir=lake.scratch) as folder:
            paths = [Path(folder) / f"{n}.parquet" for n in range(len(some))]
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                etags = list(pool.map(lake.bucket.download, some, paths))
            there = [path for path, etag in zip(paths, etags, strict=True) if etag]
            found = compaction.added(lake.staging.connection, there, number)
        rows += sum(map(sum, found.values()))
        net.update({film: likes - unlikes for film, (likes, unlikes) in found.items()})
    return Added(rows, dict(net))


def _keys(lake: Days, touched: Iterable[int]) -> Iterator[str]:
    """Give the objects of days; where a whole one stands, it alone counts."""
    for day in lake.standing(dict.fromkeys(touched, {})):
        names = [WHOLE] if WHOLE in day.objects else day.objects
        yield from (day.objects[name].key for name in names)
