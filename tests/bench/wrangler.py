"""Compaction beside awswrangler, both on the same raw files in the emulator's S3, in turns."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from infra.local import emulator, ports
from infra.stage import REGION

BUCKET = "bench"
RAW = "raw/arrival_day=2026-05-28/"
ROUNDS = 5


def best_seconds(raw: Path, likes: int) -> tuple[float, float]:
    """Give the best seconds of ours and of awswrangler; what a round wrote goes before the next."""
    with bucket() as client:
        for path in raw.iterdir():
            client.put_object(Bucket=BUCKET, Key=RAW + path.name, Body=path.read_bytes())
        ours = theirs = float("inf")
        for _ in range(ROUNDS):
            ours = min(ours, _timed(client, lambda: _product(client, likes)))
            theirs = min(theirs, _timed(client, lambda: _wrangler(likes)))
    return ours, theirs


def _timed(client: Any, work: Any) -> float:
    start = perf_counter()
    work()
    seconds = perf_counter() - start
    for prefix in ("likes/", "totals/", "ids/", "state/"):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            for one in page.get("Contents", ()):
                client.delete_object(Bucket=BUCKET, Key=one["Key"])
    return seconds


def _product(client: Any, likes: int) -> None:
    """Do what the function does."""
    from glue.signed import Signed
    from transform.aws import compacting
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import CONNECTIONS, Power

    cores = os.cpu_count() or 1
    bucket = Bucket(client, BUCKET, Signed(client, CONNECTIONS))
    done = compacting.compact(bucket, power=Power(2_048, cores))
    assert done.new == likes


def _wrangler(likes: int) -> None:
    """Do the same merge as a user of awswrangler would write it."""
    import awswrangler as wr

    frame = wr.s3.read_parquet(f"s3://{BUCKET}/raw/", dataset=True)
    first = ["received_at", "liked_at", "movie_id", "action", "user_id", "source"]
    frame = frame.sort_values(first).drop_duplicates("event_id")
    frame = frame.sort_values(["movie_id", "liked_at", "event_id"])
    frame["day"] = frame["liked_at"].dt.strftime("%Y-%m-%d")
    assert len(frame) == likes
    wr.s3.to_parquet(
        frame.drop(columns="arrival_day"), f"s3://{BUCKET}/likes/", dataset=True,
        partition_cols=["day"], mode="overwrite_partitions",
    )  # fmt: skip


@contextmanager
def bucket() -> Iterator[Any]:
    """Give a client of an emulator with an empty bucket; awswrangler finds it as well."""
    from botocore.config import Config

    from glue import sessions

    told = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        told["AWS_ENDPOINT_URL"] = emulator.start(home, ports.any_free()).endpoint
        before = {name: os.environ.get(name) for name in told}
        os.environ |= told
        try:
            client = sessions.session().client(
                "s3", config=Config(max_pool_connections=16, proxies={})
            )
            client.create_bucket(Bucket=BUCKET)
            yield client
        finally:
            emulator.stop(home)
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
