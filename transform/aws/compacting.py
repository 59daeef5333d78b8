"""Compaction of the lake's bucket: what was delivered is merged into the hours of `likes`."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONNECTIONS, Contended, Hours, Power, Written, opened
from transform.lake import keys, raw_files, watermark
from transform.lake.watermark import Object, State

BATCH_BYTES = 128 * 2**20
BATCH_OBJECTS = 2_000
"""What is merged at a time, which bounds scratch disk and memory."""
AT_ONCE = 64
"""Objects that are staged while others are downloaded."""


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
        for batch in watermark.batches(objects, BATCH_BYTES, BATCH_OBJECTS):
            if before and not more_time():
                done.more = True
                break

            def told(part: float, before: int = before, more: int = len(batch)) -> None:
                tell(before + int(part * more), len(objects))

            _merge_batch(hours, batch, forward=not day, tell=told, done=done)
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
        hours.staging.begin()
        places = (keys.likes_place(one.key) for one in bucket.list(keys.LIKES))
        found = sorted({place[0] for place in places if place})
        tell(0, len(found))

        def told(part: float) -> None:
            tell(round(part * len(found)), len(found))

        done.add(hours.merge(dict.fromkeys(found, 0), buckets, told))
        if hours.state()[0].buckets != buckets:
            raise Contended("Somebody else has set another number of buckets meanwhile.")
    return done


def _merge_batch(
    hours: Hours, batch: Sequence[Object], forward: bool, tell: Callable[[float], None], done: Done
) -> None:
    """Merge a batch, and then say so in the state."""
    gone: set[str] = set()
    with (
        tempfile.TemporaryDirectory(dir=hours.scratch) as folder,
        ThreadPoolExecutor(CONNECTIONS) as pool,
    ):
        paths = {one.key: Path(folder) / f"{n}.parquet" for n, one in enumerate(batch)}
        loaded = raw_files.load(hours.staging, _delivered(hours.bucket, paths, pool, gone))
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
