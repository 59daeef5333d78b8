"""An audit: of a day of a million likes, and of a lake of 365 days, in its time and its memory.

Raw files are as many as Firehose writes of the last two days; the days of the lake, and what was
tracked, are made by compaction and by rollups themselves; counts are what they come to.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.bench import watched
from tests.bench.measure import Comparison

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
FILMS = 1_000
RAW_A_DAY = 288
"""A file every five minutes."""
SHARD = "shardId-000000000000"
LIMITS = {"day": (1_000_000, 1, 5.0), "year": (20_000, 365, 60.0)}
"""Likes a day, days, and the seconds that an audit may take."""
MOST_MB = 1_024


def run() -> list[Comparison]:
    """Audit each lake in a process of its own, which tells its time and its memory."""
    found = []
    for name, (likes, days, limit) in LIMITS.items():
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.audit", name],
            capture_output=True, text=True, check=True, env=dict(os.environ),
        )  # fmt: skip
        told = json.loads(done.stdout.splitlines()[-1])
        what = f"audit: {days} day{'s' if days > 1 else ''} of {likes:,} likes"
        met = told["seconds"] < limit and told["mb"] < MOST_MB and told["differences"] == 0
        found.append(
            Comparison(
                what,
                f"{told['seconds']:.1f} s, {told['mb']:.0f} MB",
                "the limit",
                f"{limit:.0f} s, {MOST_MB} MB",
                f"{told['seconds'] / limit:.2f} x",
                "<= 1 x",
                met,
            )
        )
    return found


def _make(bucket: Any, likes: int, days: int, now: int) -> dict[str, int]:
    """Have likes arrive, compact them, and track the last day; gives what counts come to."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from glue import schema, tables
    from transform.aws import compacting
    from transform.aws.lake_writer import Power
    from transform.event import places
    from transform.lake import keys
    from transform.trends import rollups

    raw = schema.arrow(tables.read("likes_raw"))
    chance = random.Random(1)
    counts: Counter[str] = Counter()
    last = now // DAY_MS * DAY_MS
    weights = [1 / (1 + n) for n in range(FILMS)]
    number = 0
    for day in range(days):
        first = last - (days - 1 - day) * DAY_MS
        files = RAW_A_DAY if day >= days - 2 else 1
        span = (min(now, first + DAY_MS) - first) // files
        films = chance.choices([f"tt{n:07}" for n in range(FILMS)], weights, k=likes)
        counts.update(films)
        tracked: dict[int, dict[tuple[str, int], list[int]]] = {}
        for part in range(files):
            some = films[part * likes // files : (part + 1) * likes // files]
            start = first + part * span
            times = [start + n * span // max(1, len(some)) for n in range(len(some))]
            numbers = range(number, number + len(some))
            number += len(some)
            columns: dict[str, Any] = {
                "event_id": [f"{chance.getrandbits(122):032x}" for _ in some],
                "movie_id": some,
                "action": ["like"] * len(some),
                "liked_at": times,
                "received_at": times,
                "place": [places.make(SHARD, str(10**20 + n // 100), 0, n % 100) for n in numbers],
            }
            arrays = [pa.array(columns.get(f.name, [None] * len(some)), f.type) for f in raw]
            sink = pa.BufferOutputStream()
            pq.write_table(pa.table(arrays, schema=raw), sink)
            moment = time.gmtime(start / 1000)
            key = time.strftime("raw/arrival_day=%Y-%m-%d/arrival_hour=%H/", moment)
            bucket.replace(f"{key}{part:04}.parquet", sink.getvalue().to_pybytes())
            path = bucket.client._find(f"{key}{part:04}.parquet")
            os.utime(path, ((start + span) / 1000,) * 2)
            for film, at in zip(some, times, strict=True):
                minutes = tracked.setdefault(at // HOUR_MS, {})
                minutes.setdefault((film, at // 60_000 % 60), [0, 0])[0] += 1
        if day >= days - 2:
            folded = {SHARD: f"{10**20 + number // 100:056}"}
            for hour, minutes in tracked.items():
                body = rollups.encode(rollups.of(hour, minutes, folded))
                bucket.replace(keys.rollup(hour), body)
    compacting.compact(bucket, power=Power(2_048, 2))
    counts["all"] = number
    return counts


def _child(name: str) -> None:
    from tests.bench.folder import Folder
    from transform.aws import auditing
    from transform.aws.audit_sources import Asked, Sources
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power

    likes, days, _ = LIMITS[name]
    now = int(time.time() * 1000) // DAY_MS * DAY_MS - 1
    with tempfile.TemporaryDirectory() as folder:
        bucket = Bucket(Folder(Path(folder)), "bucket")  # type: ignore[arg-type]
        pid = os.fork()  # what makes the lake takes memory of its own
        if not pid:
            counts = _make(bucket, likes, days, now)
            (Path(folder) / "counts.json").write_text(json.dumps(counts))
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        counts = json.loads((Path(folder) / "counts.json").read_text())
        number = counts.pop("all")
        memory = (10**20 + number // 100).to_bytes(24, "big") + (now // 1000).to_bytes(4, "big")
        items = [
            {"movie_id": {"S": film}, "likes": {"N": str(n)}, "@0": {"B": memory}}
            for film, n in counts.items()
        ]
        paginator = SimpleNamespace(paginate=lambda **_: [{"Items": items}])
        client = SimpleNamespace(get_paginator=lambda name: paginator)
        table: Any = SimpleNamespace(client=client, table="counts")
        sources = Sources(bucket, table, None, "stream", Power(512, 2))
        began, worked = time.perf_counter(), time.process_time()
        taken = auditing.audit(sources, Asked(now))
        seconds = time.perf_counter() - began
        worked = time.process_time() - worked
    peak = watched.peak() / 1e6
    told = {"seconds": seconds, "worked": worked, "mb": peak, "differences": len(taken.differences)}
    print(json.dumps(told | {"first": [repr(one) for one in taken.differences[:3]]}))


if __name__ == "__main__":
    _child(sys.argv[1])
