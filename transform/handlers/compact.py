"""CompactLake: merges what was delivered into the hours of the table `likes`, each like once."""

import filecmp
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from duckdb import DuckDBPyConnection

from transform import compaction, watermark
from transform.compaction import Merged
from transform.handlers.objects import Bucket, Conflict
from transform.watermark import Object, State

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"

ROUND_BYTES = 128 * 2**20
ROUND_OBJECTS = 2_000
"""What is merged at a time, which bounds scratch disk and memory."""
BIG_BYTES = 64 * 2**20
"""Hours larger than this are merged one at a time."""
READERS = 16
CONFLICTS = 8
SPARE_MS = 180_000
"""Time that a round may take; what is not merged before that is merged in the next run."""
OTHERS_MB = 600
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
            max_pool_connections=READERS,
            tcp_keepalive=True,
        ),
    )


class Power(msgspec.Struct, frozen=True):
    """What a run may use: DuckDB's memory, threads, and hours merged at the same time."""

    memory_mb: int = 1_024
    threads: int = 2
    hours: int = 3


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


class Contended(Exception):
    """Other runs were always faster; nothing is lost, and the next run does it again."""


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
        Bucket(_s3(), os.environ[LAKE_BUCKET]),
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
    with _run(bucket, power) as run:
        state, _ = run.state()
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
                run.done.more = True
                break

            def told(part: float, before: int = before, more: int = len(batch)) -> None:
                tell(before + int(part * more), len(objects))

            run.round(batch, forward=not day, tell=told)
            before += len(batch)
            tell(before, len(objects))
        return run.done


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
    with _run(bucket, power) as run:
        run.change(lambda state: msgspec.structs.replace(state, buckets=buckets))
        compaction.load(run.engine, {})
        places = (compaction.place(one.key) for one in bucket.list(compaction.PREFIX))
        hours = sorted({place[0] for place in places if place})
        tell(0, len(hours))
        run.merge(hours, buckets, lambda part: tell(round(part * len(hours)), len(hours)))
        if run.state()[0].buckets != buckets:
            raise Contended("Somebody else has set another number of buckets meanwhile.")
        return run.done


class _Hour(NamedTuple):
    """What became of an hour; `written` is in bytes, 0 where it stands as it was."""

    new: int
    written: int


@contextmanager
def _run(bucket: Bucket, power: Power) -> Iterator["_Run"]:
    with tempfile.TemporaryDirectory(prefix="compact-") as folder:
        scratch = Path(folder)
        with compaction.engine(scratch, power.memory_mb, power.threads) as engine:
            yield _Run(bucket, engine, scratch, power.hours)


@dataclass(slots=True)
class _Run:
    bucket: Bucket
    engine: DuckDBPyConnection
    scratch: Path
    at_once: int
    done: Done = field(default_factory=Done)
    big: Lock = field(default_factory=Lock)

    def state(self) -> tuple[State, str | None]:
        """Give the state as it is, and its ETag."""
        found = self.bucket.read(watermark.KEY)
        return (watermark.decode(found[0]), found[1]) if found else (State(), None)

    def change(self, how: Callable[[State], State]) -> State:
        """Change the state, whatever others change meanwhile; gives what it was before."""
        for _ in range(CONFLICTS):
            state, etag = self.state()
            changed = how(state)
            if changed == state:
                return state
            try:
                self.bucket.put(watermark.KEY, watermark.encode(changed), etag)
                return state
            except Conflict:
                continue
        raise Contended(f"{watermark.KEY} was changed by others {CONFLICTS} times.")

    def round(self, batch: Sequence[Object], forward: bool, tell: Callable[[float], None]) -> None:
        """Merge a batch, and then say so in the state."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            paths = {one.key: Path(folder) / f"{n}.parquet" for n, one in enumerate(batch)}
            with ThreadPoolExecutor(READERS) as pool:
                etags = pool.map(self.bucket.download, paths, paths.values())
                gone = {key for key, etag in zip(paths, etags, strict=True) if etag is None}
            files = {key: path for key, path in paths.items() if key not in gone}
            loaded = compaction.load(self.engine, files)
        self.done.objects += len(files) - len(loaded.failed)
        self.done.rows += loaded.rows
        self.done.failed |= loaded.failed
        self.done.gone += sorted(gone)
        for _ in range(CONFLICTS):
            buckets = self.state()[0].buckets
            self.merge(list(loaded.hours), buckets, tell)

            def advanced(state: State, buckets: int = buckets) -> State:
                if state.buckets != buckets:
                    return state
                return watermark.advance(state, batch, loaded.failed, gone, forward=forward)

            if self.change(advanced).buckets == buckets:
                return
        raise Contended(f"The number of buckets was changed by others {CONFLICTS} times.")

    def merge(self, hours: Sequence[int], buckets: int, tell: Callable[[float], None]) -> None:
        """Merge the round into hours; `tell` gets the part of them that is done."""
        with ThreadPoolExecutor(self.at_once) as pool:
            try:
                merged = pool.map(self._merge, hours, [buckets] * len(hours))
                for number, hour in enumerate(merged, 1):
                    self.done.new += hour.new
                    self.done.hours += hour.written > 0
                    self.done.bytes += hour.written
                    tell(number / len(hours))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _merge(self, hour: int, buckets: int) -> _Hour:
        for _ in range(CONFLICTS):
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                try:
                    return self._attempt(hour, buckets, Path(folder))
                except Conflict:
                    continue
        raise Contended(f"{compaction.prefix(hour)}* was changed by others {CONFLICTS} times.")

    def _attempt(self, hour: int, buckets: int, folder: Path) -> _Hour:
        # Read before the hour is: whoever changes the hour from now on changes these after it, and
        # then they are not replaced by what we have seen.
        totals_key = compaction.totals_key(hour)
        totals = self.bucket.read(totals_key)
        listed = [(compaction.place(o.key), o) for o in self.bucket.list(compaction.prefix(hour))]
        objects = {place[1]: one for place, one in listed if place}
        big = sum(one.size for one in objects.values()) > BIG_BYTES
        with self.big if big else nullcontext():
            stands, etags = {}, {}
            for number, one in objects.items():
                stands[number] = folder / f"stands-{number:02}.parquet"
                etag = self.bucket.download(one.key, stands[number])
                if etag is None:
                    raise Conflict(f"{one.key} was removed by somebody else.")
                etags[number] = etag
            merged = compaction.merge(self.engine, hour, stands, buckets, folder)
            written = self._replace(hour, merged, stands, etags)
            if merged.files:
                path = folder / "totals.parquet"
                compaction.totals(self.engine, list(merged.files.values()), path)
                if totals is None or totals[0] != path.read_bytes():
                    self.bucket.put(totals_key, path, totals and totals[1])
        return _Hour(merged.new, written)

    def _replace(
        self, hour: int, merged: Merged, stands: dict[int, Path], etags: dict[int, str]
    ) -> int:
        """Write what is not there yet, remove what is too many; gives the bytes written.

        At any time each row is in one object at least: where rows move, bucket 0 holds them all
        until the others stand.
        """
        files = [(0, merged.whole)] if merged.whole else []
        files += sorted(merged.files.items(), reverse=True)
        written = 0
        for number, path in files:
            if number not in stands or not filecmp.cmp(path, stands[number], shallow=False):
                key = compaction.key(hour, number)
                etags[number] = self.bucket.put(key, path, etags.get(number))
                stands[number] = path
                written += path.stat().st_size
        for number in stands.keys() - merged.files.keys():
            self.bucket.delete(compaction.key(hour, number), etags[number])
        return written
