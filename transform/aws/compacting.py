"""Compaction of the lake's bucket: what was delivered is merged into the days of `likes`."""

import tempfile
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec

from transform.aws import tending
from transform.aws.arrivals import Arrivals
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONNECTIONS, Contended, Days, Power, Written, opened
from transform.aws.settling import settle
from transform.lake import raw_files, watermark
from transform.lake.division import Division
from transform.lake.watermark import Object, State

BATCH_BYTES = 128 * 2**20
BATCH_OBJECTS = 2_000
"""What is merged at a time, which bounds scratch disk and memory."""
AT_ONCE, AT_ONCE_BYTES = 64, 8 * 2**20
"""Objects that are staged while others are downloaded, and about their bytes: of these, snappy may
make twenty times as many."""


class Done(msgspec.Struct):
    """What a run did. `failed` says why, by key; `more` that time ran out before the end; and
    `adjusted` how many counts were brought to what the lake knows better, if that was done."""

    objects: int = 0
    rows: int = 0
    new: int = 0
    days: int = 0
    bytes: int = 0
    adjusted: int = 0
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
        self.days += written.days
        self.bytes += written.bytes


AHEAD = 2 * AT_ONCE
"""Objects that are downloaded before they are staged: of a batch that ends early, they were
downloaded in vain."""


Tell = Callable[[int, int], None]


def compact(
    bucket: Bucket,
    *,
    day: str | None = None,
    everything: bool = False,
    power: Power = Power(),  # noqa: B008  it is frozen
    tell: Tell = lambda done, all_: None,
    more_time: Callable[[], bool] = lambda: True,
) -> Done:
    """Merge raw objects into the days their likes belong to; `tell` gets objects done, and all.

    Then it does what is left of a change of division, and makes the totals anew that are stale.

    Raises `Forbidden`, `NoRoom`, `Contended`, and what the service raises. The watermark has then
    moved no further than what is written.
    """
    done = Done()
    with opened(bucket, power) as days:
        state, _ = days.state()
        listed = list(bucket.list(watermark.RAW, watermark.listed_after(state, day, everything)))
        if day or everything:
            prefix = watermark.day_prefix(day) if day else watermark.RAW
            objects = watermark.in_order(one for one in listed if one.key.startswith(prefix))
        else:
            objects = watermark.new(state, listed)
        times = [one.modified for one in objects if one.modified]  # none, of one that failed
        arrivals = Arrivals(days, times, watermark.merged(state, listed, objects))
        before = 0
        tell(before, len(objects))
        while left := objects[before:]:
            if before and not more_time():
                done.more = True
                break
            batch = next(watermark.batches(left, BATCH_BYTES, BATCH_OBJECTS))

            def told(more: int, before: int = before) -> None:
                tell(before + more, len(objects))

            before += _merge_batch(days, batch, arrivals, forward=not day, tell=told, done=done)
            tell(before, len(objects))
        done.add(tending.divide(days, tending.listed(bucket), more_time=more_time))
        done.more |= not tending.refresh(days, more_time)
    return done


def divide(
    bucket: Bucket,
    division: Division,
    power: Power = Power(),  # noqa: B008  it is frozen
    tell: Tell = lambda done, all_: None,
) -> Done:
    """Set how days are divided, and divide all of them so; again is harmless.

    Who reads a day whose division changes sees each row once if it heeds `whole.parquet`; else,
    for a moment, some rows twice, but misses none. A run that is cut off is gone on with by the
    next one that compacts or divides; one that divides otherwise finds the division changed, and
    does its days again. `tell` gets days done, and all.
    """
    done = Done()
    with opened(bucket, power) as days:
        days.change(
            lambda state: msgspec.structs.replace(state, division=division.after(state.division))
        )
        done.add(tending.divide(days, tending.listed(bucket), tell))
        if not division.is_like(days.state()[0].division):
            raise Contended("Somebody else has set another division meanwhile.")
        tending.refresh(days)
    return done


def _merge_batch(
    days: Days,
    batch: Sequence[Object],
    arrivals: Arrivals,
    forward: bool,
    tell: Callable[[int], None],
    done: Done,
) -> int:
    """Merge a batch, or as many of its first objects as are staged together, and then say so in the
    state; gives how many."""
    gone: set[str] = set()
    with (
        tempfile.TemporaryDirectory(dir=days.scratch) as folder,
        ThreadPoolExecutor(CONNECTIONS) as pool,
    ):
        paths = {one.key: Path(folder) / f"{n}.parquet" for n, one in enumerate(batch)}
        some = _delivered(days.bucket, batch, paths, pool, gone)
        with closing(some):
            loaded = raw_files.load(days.staging, some)
    if loaded.last:
        batch = batch[: [one.key for one in batch].index(loaded.last) + 1]
        gone &= {one.key for one in batch}
    done.objects += len(batch) - len(gone) - len(loaded.failed)
    done.rows += loaded.rows
    done.failed |= loaded.failed
    done.gone += sorted(gone)

    def advanced(state: State) -> State:
        return watermark.advance(state, batch, loaded.failed, gone, forward=forward)

    read = [one for one in batch if one.key not in loaded.failed and one.key not in gone]

    def told(part: float) -> None:
        tell(int(part * len(batch)))

    done.add(settle(days, loaded.hours, told, arrivals, read, advanced))
    return len(batch)


def _delivered(
    bucket: Bucket,
    batch: Sequence[Object],
    paths: Mapping[str, Path],
    pool: ThreadPoolExecutor,
    gone: set[str],
) -> Generator[dict[str, Path], None, None]:
    """Download objects, and give some while others are on their way; tells which are gone."""
    left = iter(batch)
    waiting: deque[tuple[Object, Future[str | None]]] = deque()

    def ask(most: int) -> None:
        for one in islice(left, most):
            waiting.append((one, pool.submit(bucket.download, one.key, paths[one.key])))

    some: dict[str, Path] = {}
    size = 0
    try:
        ask(AHEAD)
        while waiting:
            one, etag = waiting.popleft()
            if etag.result() is None:
                gone.add(one.key)
            else:
                some[one.key] = paths[one.key]
                size += one.size
            ask(1)
            if len(some) == AT_ONCE or size >= AT_ONCE_BYTES:
                yield some
                some, size = {}, 0
        yield some
    finally:
        for _, unwanted in waiting:
            unwanted.cancel()
