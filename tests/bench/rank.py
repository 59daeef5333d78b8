"""Rank: seconds and memory to rank 24 hours in which 10,000 films are active every minute."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import watched
from tests.bench.measure import Comparison

FILMS = 10_000
LIKES_A_MINUTE = 1.0  # of each film, so every film stands in most minutes
SECONDS = 2.0
MEGABYTES = 300
MINUTE = 30_000_000


def run() -> list[Comparison]:
    """Rank from the hours' files in a process of its own; beside it, pandas on the same files."""
    with tempfile.TemporaryDirectory() as folder:
        rows = _make(Path(folder))
        ours, theirs = (_timed(contender, folder) for contender in ("product", "pandas"))
    what = f"rank, 24 hours of {FILMS:,} films ({rows / 1e6:.0f} M film-minutes)"
    seconds, peak = ours["seconds"], ours["megabytes"]
    return [
        Comparison(
            what,
            f"{seconds:.2f} s",
            "pandas: read, concat, group by",
            f"{theirs['seconds']:.2f} s",
            f"{theirs['seconds'] / seconds:.1f} x faster",
            f"<= {SECONDS:.0f} s",
            seconds <= SECONDS,
        ),
        Comparison(
            f"{what}, peak memory",
            f"{peak:.0f} MB",
            "pandas",
            f"{theirs['megabytes']:.0f} MB",
            f"{theirs['megabytes'] / peak:.1f} x less",
            f"<= {MEGABYTES} MB",
            peak <= MEGABYTES,
        ),
    ]


def _make(folder: Path) -> int:
    """Write the hours that leaderboards look at: 48, for the 24 before are compared with."""
    import numpy as np
    import pyarrow as pa

    from transform.trends import rollups
    from transform.trends.activity import first_hour

    chance = np.random.default_rng(1)
    names = pa.array([f"tt{film:07}" for film in range(FILMS)])
    films = np.repeat(np.arange(FILMS, dtype=np.int32), rollups.HOUR_MINUTES)
    minutes = np.tile(np.arange(rollups.HOUR_MINUTES, dtype=np.uint8), FILMS)
    rows = 0
    for hour in range(first_hour(MINUTE), MINUTE // 60 + 1):
        likes = chance.poisson(LIKES_A_MINUTE, len(films)).astype(np.uint32)
        some = likes > 0
        table = pa.table(
            {
                "movie_id": names.take(pa.array(films[some])),
                "minute": minutes[some],
                "likes": likes[some],
                "unlikes": np.zeros(int(some.sum()), np.uint32),
            }
        )
        data = rollups.encode(rollups.Rollup(hour, table, {}))
        (folder / f"{hour}.parquet").write_bytes(data)
        rows += len(table)
    return rows


def _timed(contender: str, folder: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.rank", contender, folder],
        check=True,
        capture_output=True,
        text=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _product(folder: Path) -> None:
    from transform.trends import leaderboards, rollups, scoring
    from transform.trends.activity import BIN, quarter_hourly

    hours = (rollups.decode(int(p.stem), p.read_bytes()) for p in sorted(folder.iterdir()))
    activity = quarter_hourly(hours, MINUTE)
    for minutes in leaderboards.WINDOWS.values():
        assert len(scoring.leaderboard(activity.windows(minutes // BIN), {})) == 100


def _pandas(folder: Path) -> None:
    """The sums alone, as one would write them: no score, no rank."""
    import pandas as pd

    frames = []
    for path in sorted(folder.iterdir()):
        frame = pd.read_parquet(path)
        frame["age"] = (MINUTE - int(path.stem) * 60 - frame["minute"].astype("int64")) // 15
        frames.append(frame)
    whole = pd.concat(frames)
    assert len(whole.groupby(["movie_id", "age"])[["likes", "unlikes"]].sum()) > FILMS


def _main() -> None:
    import time

    import numpy  # noqa: F401  imports are not what is measured
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from transform.trends import scoring  # noqa: F401

    work = {"product": _product, "pandas": _pandas}[sys.argv[1]]
    start = time.perf_counter()
    work(Path(sys.argv[2]))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": watched.peak() / 1e6}))


if __name__ == "__main__":
    _main()
