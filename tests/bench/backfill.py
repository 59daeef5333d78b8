"""Backfill: seconds and memory to take 1 and 10 million likes of JSON lines into the lake.

Ours refuses what is no like, takes each once and merges; the bare copies do none of that. Seconds
are those of the work in a fresh process, after its imports. It takes some 6 GB of disk.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import rich

from tests.bench import generate, watched
from tests.bench.generate import Truth
from tests.bench.measure import Comparison

SMALL, LARGE = 1_000_000, 10_000_000
TO_DUCKDB = 1.6
TO_PANDAS = 5.0
MEMORY = 1.3
BUCKET = "bench"


class Best(NamedTuple):
    """The fewest seconds of a contender, and the least of its peaks in bytes."""

    seconds: float
    peak: int


def run() -> list[Comparison]:
    """Measure all on a million likes, three times in turns; the engines on ten million, twice."""
    with tempfile.TemporaryDirectory() as folder, _storage(Path(folder) / "lake") as endpoint:
        small = _best(Path(folder), SMALL, list(CONTENDERS), 3, endpoint)
        engines = ["product", "duckdb", "polars"]
        large = _best(Path(folder), LARGE, engines, 2, endpoint)
    found = []
    for likes, best in ((SMALL, small), (LARGE, large)):
        what = f"backfill, {likes:,} likes"
        duckdb, polars = "DuckDB, a bare copy by day", "Polars, a bare copy of the good lines"
        found += [
            _slower(what, best["product"], duckdb, best["duckdb"], TO_DUCKDB),
            _slower(what, best["product"], polars, best["polars"], None),
        ]
    what = f"backfill, {SMALL:,} likes"
    wrangler = "pandas, awswrangler to the emulator's S3"
    found += [
        _faster(what, small["product"], "pandas, the main rules", small["pandas"], TO_PANDAS),
        _faster(what, small["product"], wrangler, small["awswrangler"], None),
    ]
    for name in ("product", "duckdb"):
        found.append(_memory(name, large[name].peak, small[name].peak))
    return found


def _slower(what: str, ours: Best, beside: str, theirs: Best, limit: float | None) -> Comparison:
    ratio = ours.seconds / theirs.seconds
    target = f"<= {limit} x" if limit else "-"
    told = _seconds(ours), beside, _seconds(theirs), f"{ratio:.2f} x", target
    return Comparison(what, *told, not limit or ratio <= limit)


def _faster(what: str, ours: Best, beside: str, theirs: Best, limit: float | None) -> Comparison:
    ratio = theirs.seconds / ours.seconds
    target = f">= {limit:.0f} x" if limit else "-"
    told = _seconds(ours), beside, _seconds(theirs), f"{ratio:.1f} x faster", target
    return Comparison(what, *told, not limit or ratio >= limit)


def _seconds(best: Best) -> str:
    return f"{best.seconds:.2f} s"


def _memory(name: str, large: int, small: int) -> Comparison:
    ours = name == "product"
    return Comparison(
        f"backfill, peak memory at {LARGE:,} likes" + ("" if ours else f", {name}"),
        f"{large / 1e6:.0f} MB",
        f"at {SMALL:,}",
        f"{small / 1e6:.0f} MB",
        f"{large / small:.2f} x",
        f"<= {MEMORY} x" if ours else "-",
        not ours or large <= MEMORY * small,
    )


def _best(
    folder: Path, likes: int, names: Sequence[str], rounds: int, endpoint: str
) -> dict[str, Best]:
    """Give the best of each on the same export, in turns; what they say they found is checked."""
    console = rich.get_console()
    export, clean, out = folder / "likes.json", folder / "good.json", folder / "out"
    with console.status(f"backfill: writing {likes:,} likes"):
        truth = generate.write(export, clean, likes)
    best = dict.fromkeys(names, Best(float("inf"), sys.maxsize))
    for turn in range(rounds):
        for name in names:
            with console.status(f"backfill: {likes:,} likes, {name}, {turn + 1} of {rounds}"):
                given = clean if name == "polars" else export
                once = _once(name, given, out, endpoint, truth)
            seconds, peak = best[name]
            best[name] = Best(min(seconds, once.seconds), min(peak, once.peak))
    export.unlink()
    clean.unlink()
    return best


def _once(name: str, export: Path, out: Path, endpoint: str, truth: Truth) -> Best:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
    }
    program = ["-m", "tests.bench.backfill", name, str(export), str(out)]
    told, peak = watched.run(program, environment)
    answer = json.loads(told)
    expected = {
        "duckdb": truth.lines,  # what it cannot read is a row of nulls
        "polars": truth.good,
    }.get(name, truth.events)
    rejected = 0 if name in ("duckdb", "polars") else truth.lines - truth.good
    assert (answer["rows"], answer["rejected"]) == (expected, rejected), f"{name} found {answer}"
    shutil.rmtree(out, ignore_errors=True)
    return Best(answer["seconds"], peak)


@contextmanager
def _storage(home: Path) -> Iterator[str]:
    """Give the endpoint of an emulator with an empty bucket."""
    import boto3
    from botocore.config import Config

    from infra.local import emulator, ports

    process = emulator.start(home, ports.any_free())
    try:
        boto3.client(
            "s3",
            endpoint_url=process.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}),
        ).create_bucket(Bucket=BUCKET)
        yield process.endpoint
    finally:
        emulator.stop(home)


Found = tuple[int, int]
"""The rows that a contender wrote, and the lines that it rejected."""
Work = Callable[[], Found]


def product(export: Path, out: Path) -> Work:
    """Do what `lake backfill` does, with a folder in place of the bucket, and counts in memory."""
    from tests.bench import backfilling
    from tests.bench.folder import Folder
    from transform.aws.buckets import Bucket

    client: Any = Folder(out)
    take = backfilling.prepared(Bucket(client, "lake"), export)

    def work() -> Found:
        totals = take()
        return totals.new, totals.rejected

    return work


def duckdb(export: Path, out: Path) -> Work:
    """Copy in one statement, as one would write it, to an object a day."""
    import duckdb

    names = ("event_id", "movie_id", "user_id", "action", "source")
    columns = ", ".join([*(f"{name}: 'VARCHAR'" for name in names), "app: 'JSON'"])

    def work() -> Found:
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")
            [count] = connection.execute(f"""
                COPY (
                  SELECT *, strftime(liked_at, '%Y-%m-%d') AS day
                  FROM read_json('{export}', format = 'newline_delimited', ignore_errors = true,
                    columns = {{{columns}, liked_at: 'TIMESTAMP'}})
                ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day))
                """).fetchone() or (0,)
        return count, 0

    return work


def polars(export: Path, out: Path) -> Work:
    """Copy in one lazy query; it has no way past a line that is no JSON."""
    import polars as pl

    names = ("event_id", "movie_id", "user_id", "action", "liked_at", "source")
    app = pl.Struct({"version": pl.String, "build": pl.Int64})
    time = pl.col("liked_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms")

    def work() -> Found:
        lines = pl.scan_ndjson(export, schema=dict.fromkeys(names, pl.String) | {"app": app})
        days = lines.with_columns(time).with_columns(
            pl.col("liked_at").dt.strftime("%Y-%m-%d").alias("day")
        )
        days.sink_parquet(
            pl.PartitionBy(out, key="day", include_key=False), compression="zstd", mkdir=True
        )
        files = pl.scan_parquet(out, hive_partitioning=True)
        return files.select(pl.len()).collect().item(), 0

    return work


def pandas(export: Path, out: Path) -> Work:
    """Check, take each once, sort and write with pandas, as one who knows it would."""
    from tests.bench import frames

    def work() -> Found:
        likes, rejected = frames.likes(export, out)
        likes.to_parquet(out, partition_cols=["day"], compression="zstd", index=False)
        return len(likes), rejected

    return work


def awswrangler(export: Path, out: Path) -> Work:
    """Do the same with pandas, and leave the writing to awswrangler."""
    import awswrangler as wr
    import boto3

    from tests.bench import frames

    boto3.setup_default_session()  # else it makes a session for each partition: 6 s more

    def work() -> Found:
        likes, rejected = frames.likes(export, out)
        wr.s3.to_parquet(
            likes,
            f"s3://{BUCKET}/likes/",
            dataset=True,
            partition_cols=["day"],
            compression="zstd",
            mode="overwrite_partitions",
        )
        return len(likes), rejected

    return work


CONTENDERS = {work.__name__: work for work in (product, duckdb, polars, pandas, awswrangler)}


def _main() -> None:
    name, export, out = sys.argv[1:]
    work = CONTENDERS[name](Path(export), Path(out))
    start = time.perf_counter()
    rows, rejected = work()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "rows": rows, "rejected": rejected}), flush=True)
    os._exit(0)  # all is told, and one of pandas was once seen to abort as it ended


if __name__ == "__main__":
    _main()
