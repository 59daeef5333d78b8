"""What a backfill brought into the lake, by the lake's own word."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute

from transform.aws.lake_writer import CONNECTIONS, Days
from transform.lake import compaction, totals
from transform.lake.division import WHOLE

pc: Any = pyarrow.compute

FILES = 500
"""Files of the lake that are looked at together, which bounds the scratch disk."""


class Added(NamedTuple):
    """What a backfill brought into the lake: rows, and each film's likes less unlikes."""

    rows: int
    net: dict[str, int]


def added(lake: Days, touched: Iterable[int], number: int) -> Added:
    """Give what a backfill brought into these epoch days, by the lake's own word.

    Days that this run made of its rows alone, and that stand as it made them, are not read again.
    """
    rows = 0
    net: Counter[str] = Counter()
    objects: list[str] = []
    for day in lake.standing(dict.fromkeys(touched, {})):
        source, sums = lake.made.get(day.day, ("", totals.EMPTY))
        if day.objects and source == totals.source(day.etags):
            rows += pc.sum(pc.add(sums["likes"], sums["unlikes"])).as_py()
            for row in sums.select(["movie_id", "backfilled"]).to_pylist():
                net[row["movie_id"]] += row["backfilled"]
            continue
        names = [WHOLE] if WHOLE in day.objects else day.objects
        objects += (day.objects[name].key for name in names)
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
