"""CompactLake: merges what was delivered into the hours of the table `likes`, each like once."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from transform import arrivals, keys, watermark
from transform.handlers.hours import CONNECTIONS, Contended, Hours, Power, Written, opened
from transform.handlers.objects import Bucket
from transform.handlers.signed import Signed
from transform.watermark import Object, State

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"

ROUND_BYTES = 128 * 2**20
ROUND_OBJECTS = 2_000
"""What is merged at a time, which bounds scratch disk and memory."""
AT_ONCE = 64
"""Objects that are read into the round while others are downloaded."""
SPARE_MS = 180_000
"""Time that a round may take; what is not merged before that is merged in the next run."""
OTHERS_MB = 900
"""Memory that Python, boto3 and what DuckDB does not count take."""
LEAST_MB = 256

logger = Logger()
metrics = Metrics()


@cache
def _s3() -> "S3Client":
    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=1,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 5},
            max_pool_connections=CONNECTIONS,
            tcp_keepalive=True,
            signature_version="s3v4",
        ),
    )


class Done(msgspec.Struct):
    """What a run did. `failed` says why, by key; `more` that time ran out before the end."""

    objects: int = 0
    rows: int = 0
    new: int = 0
    hours: int = 0
    bytes: int = 0
    failed: dict[str, str] = {}
    gone: list[str] = []
    more: bool = False

    @property
    def duplicates(self) -> int:
        """Rows that the lake had, or that came more than once."""
        return self.rows - self.new

    def add(self, written: Written) -> None:
        """Add what was written."""
        self.new += written.new
        self.hours += written.hours
        self.bytes += written.bytes


Tell = Callable[[int, int], None]


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Merge what is new; with `day` what was delivered on it, with `all` all there is, once more.

    Any run may be repeated, cut off or run beside others. Objects that cannot be read are kept in
    mind, measured and tried again; what a service raises is raised, and the next run goes on.
    """
    memory_mb = max(LEAST_MB, int(context.memory_limit_in_mb) - OTHERS_MB)
    done = compact(
        Bucket(_s3(), os.environ[LAKE_BUCKET], Signed(_s3(), CONNECTIONS)),
        day=event.get("day"),
        everything=bool(event.get("all")),
        power=Power(memory_mb),
        more_time=lambda: context.get_remaining_time_in_millis() > SPARE_MS,
    )
    if done.more:
        logger.warning("There is more to merge; the next run goes on")
    for key, reason in done.failed.items():
        logger.error("A raw object cannot be read", key=key, reason=reason)
    for key in done.gone:
        logger.warning("A raw object vanished before it was read", key=key)
    metrics.add_metric("RawObjectsMerged", MetricUnit.Count, done.objects)
    metrics.add_metric("RawObjectsFailed", MetricUnit.Count, len(done.failed))
    metrics.add_metric("LikesCompacted", MetricUnit.Count, done.new)
    told: dict[str, Any] = msgspec.to_builtins(done) | {"duplicates": done.duplicates}
    logger.info("Compacted", **told)
    return told


def compact(
    bucket: Bucket,
    *,
    day: str | None = None,
    everything: bool = False,
    power: Power = Power(),  # noqa: B008  it is frozen
    tell: Tell = lambda done, all_: None,
    more_time: Callable[[], bool] = lambda: True,
) -> Done:
    """Merge raw objects into the hours their likes belong to; `tell` gets objects done, and all.

    Raises `Forbidden`, `NoRoom`, `Contended`, and what the service raises. The watermark has then
    moved no further than what is written.
    """
    done = Done()
    with opened(bucket, power) as hours:
        state, _ = hours.state()
        if day or everything:
            prefix = watermark.day_prefix(day) if day else watermark.RAW
            objects = watermark.in_order(bucket.list(prefix))
        else:
            listed = bucket.list(watermark.RAW, watermark.listed_after(state))
            objects = watermark.new(state, listed)
        before = 0
        tell(before, len(objects))
        for batch in watermark.rounds(objects, ROUND_BYTES, ROUND_OBJECTS):
            if before and not more_time():
                done.more = True
                break

            def told(part: float, before: int = before, more: int = len(batch)) -> None:
                tell(before + int(part * more), len(objects))

            _round(hours, batch, forward=not day, tell=told, done=done)
            before += len(batch)
            tell(before, len(objects))
    return done


def divide(
    bucket: Bucket,
    buckets: int,
    power: Power = Power(),  # noqa: B008  it is frozen
    tell: Tell = lambda done, all_: None,
) -> Done:
    """Set into how many objects an hour is divided, and divide all hours so; again is harmless.

    A reader may see rows of an hour twice meanwhile, but misses none. Runs that divide otherwise
    find the count changed and do their hours again. `tell` gets hours done, and all.
    """
    done = Done()
    with opened(bucket, power) as hours:
        hours.change(lambda state: msgspec.structs.replace(state, buckets=buckets))
        hours.round.begin()
        places = (keys.likes_place(one.key) for one in bucket.list(keys.LIKES))
        found = sorted({place[0] for place in places if place})
        tell(0, len(found))

        def told(part: float) -> None:
            tell(round(part * len(found)), len(found))

        done.add(hours.merge(dict.fromkeys(found, 0), buckets, told))
        if hours.state()[0].buckets != buckets:
            raise Contended("Somebody else has set another number of buckets meanwhile.")
    return done


def _round(
    hours: Hours, batch: Sequence[Object], forward: bool, tell: Callable[[float], None], done: Done
) -> None:
    """Merge a batch, and then say so in the state."""
    gone: set[str] = set()
    with (
        tempfile.TemporaryDirectory(dir=hours.scratch) as folder,
        ThreadPoolExecutor(CONNECTIONS) as pool,
    ):
        paths = {one.key: Path(folder) / f"{n}.parquet" for n, one in enumerate(batch)}
        loaded = arrivals.load(hours.round, _delivered(hours.bucket, paths, pool, gone))
    done.objects += len(batch) - len(gone) - len(loaded.failed)
    done.rows += loaded.rows
    done.failed |= loaded.failed
    done.gone += sorted(gone)

    def advanced(state: State) -> State:
        return watermark.advance(state, batch, loaded.failed, gone, forward=forward)

    done.add(hours.settle(loaded.hours, tell, advanced))


def _delivered(
    bucket: Bucket, paths: Mapping[str, Path], pool: ThreadPoolExecutor, gone: set[str]
) -> Iterator[dict[str, Path]]:
    """Download objects, and give some while others are on their way; tells which are gone."""
    etags = pool.map(bucket.download, paths, paths.values())
    some: dict[str, Path] = {}
    for (key, path), etag in zip(paths.items(), etags, strict=True):
        if etag is None:
            gone.add(key)
            continue
        some[key] = path
        if len(some) == AT_ONCE:
            yield some
            some = {}
    yield some
