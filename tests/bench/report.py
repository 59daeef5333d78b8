"""Report: seconds and memory for a day's and a week's report of the demonstration's 30 days."""

import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench import watched
from tests.bench.measure import Comparison

LIKES = 1_000_000
DAYS = 30
FILMS = 113
FIRST = datetime(2026, 1, 1)
CALLS = {"day": "2026-01-30", "week": "2026-W04"}
SECONDS = 10.0
MEGABYTES = 1_000


def run() -> list[Comparison]:
    """Make each in a process of its own, imports included, as a function's cold start is."""
    import os

    found = []
    with tempfile.TemporaryDirectory() as folder:
        _make(Path(folder))
        for kind in CALLS:
            program = ("-m", "tests.bench.report", kind, folder)
            told, peak = watched.run(program, dict(os.environ))
            seconds, likes = json.loads(told)
            what = f"report of a {kind}, {likes:,} likes of {LIKES:,} in {DAYS} days"
            met = seconds <= SECONDS
            limit = f"<= {SECONDS:.0f} s"
            found.append(Comparison(what, f"{seconds:.2f} s", "-", "-", "-", limit, met))
            megabytes = peak / 2**20
            shown, limit = f"{megabytes:.0f} MB", f"<= {MEGABYTES:,} MB"
            met = megabytes <= MEGABYTES
            found.append(Comparison(f"{what}, peak memory", shown, "-", "-", "-", limit, met))
    return found


def _make(root: Path) -> None:
    """Write the hours of a lake, and as many of its trends."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from glue import schema, tables

    chance = np.random.default_rng(1)
    names = pa.array([f"tt{film:07}" for film in range(FILMS)])
    likes, trends = (schema.arrow(tables.read(name)) for name in ("likes", "trends"))
    rows = LIKES // (DAYS * 24)
    for hour in range(DAYS * 24):
        start = FIRST + timedelta(hours=hour)
        films = np.sort(np.minimum(chance.zipf(1.3, rows) - 1, FILMS - 1))
        at = np.datetime64(start, "ms") + chance.integers(0, 3_600_000, rows)
        table = pa.table(
            {
                "event_id": [
                    f"{hour:03}{n:05}{chance.integers(1 << 40):012x}" for n in range(rows)
                ],
                "movie_id": names.take(pa.array(films)),
                "user_id": [f"u{user}" for user in chance.integers(0, 50_000, rows)],
                "action": np.where(chance.random(rows) < 0.05, "unlike", "like"),
                "liked_at": at,
                "received_at": at + chance.integers(100, 90_000_000, rows),
                "source": ["web"] * rows,
                "extra": pa.nulls(rows, pa.string()),
                "backfill": pa.nulls(rows, pa.int32()),
            }
        ).cast(likes)
        ranked = pa.table(
            {
                "hour": [start] * FILMS,
                "movie_id": names,
                "likes": np.bincount(films, minlength=FILMS),
                "unlikes": np.zeros(FILMS, np.int64),
                "score": chance.normal(0, 2, FILMS),
                "rank": np.arange(1, FILMS + 1, dtype=np.int32),
            }
        ).cast(trends)
        for kind, name, held in (("likes", "-00", table), ("trends", "", ranked)):
            file = root / f"{kind}/day={start:%Y-%m-%d}/hour-{start:%H}{name}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(held, file, compression="zstd")


def _main() -> None:
    import time

    start = time.perf_counter()
    from tests.bench.folder import Folder
    from tests.queries.lake import Lake
    from transform.aws import reporting
    from transform.aws.buckets import Bucket
    from transform.aws.report_store import ReportStore
    from transform.handlers import report
    from transform.reports import periods
    from transform.reports.schedule import Call

    kind, root = sys.argv[1], Path(sys.argv[2])
    bucket = Bucket(Folder(root), "lake")  # type: ignore[arg-type]
    ask = report._ask(Lake(root).connection)
    call, now = Call(**{kind: CALLS[kind]}), datetime(2026, 2, 2, tzinfo=UTC)
    store = ReportStore(bucket)
    [made] = reporting.run(call, now, store, ask, lambda report: None)
    seconds = time.perf_counter() - start
    assert made.outcome == "made"
    found = store.figures(periods.named(CALLS[kind]))
    assert found
    print(json.dumps([seconds, found[0].totals.likes]))


if __name__ == "__main__":
    _main()
