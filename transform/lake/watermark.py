"""How far compaction has come: which raw objects are new, and what is remembered of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from glue import tables
from transform.lake.division import Division

KEY = "state/compaction.json"
RAW = tables.read("likes_raw").location
OVERLAP_MS = 15 * 60_000
"""How far before the watermark a raw object may still show that was not seen: its time is when its
upload began."""
DAYS_BACK = 8
"""How long before its object a like may have arrived: the stream keeps it for 7 days at most."""


class Object(msgspec.Struct, frozen=True):
    """An object as a listing shows it; `modified` is in epoch milliseconds."""

    key: str
    etag: str = ""
    modified: int = 0
    size: int = 0


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A raw object that was merged lately."""

    etag: str
    modified: int


class State(msgspec.Struct, frozen=True):
    """What compaction remembers. All raw objects modified before the watermark, less the overlap,
    are merged, but for those that failed."""

    watermark: int = 0
    recent: dict[str, Seen] = {}
    """What was merged within the overlap, by key."""
    failed: dict[str, str] = {}
    """What could not be read, by key, and why; it is tried again in each run."""
    division: Division = Division()
    """How days are divided; those that are not are found by a listing."""
    totals_until: int = 0
    """What the days come to was compared with what was written before this (epoch milliseconds)."""
    totals_of: str = ""
    """What was written within the overlap before, and compared, as a hash."""


def encode(state: State) -> bytes:
    """Give the state as JSON: the same bytes for the same state."""
    return msgspec.json.encode(state, order="deterministic")


def decode(data: bytes) -> State:
    """Give the state that JSON holds."""
    return msgspec.json.decode(data, type=State)


def day_prefix(day: str) -> str:
    """Give what the keys of all raw objects start with that were delivered on a day."""
    return f"{RAW}arrival_day={day}/"


def listed_after(state: State, day: str | None = None, everything: bool = False) -> str:
    """Give a key that what is to be merged comes after, and what may hold copies of it: of one
    arrival day, of everything, or what is new. Keys are in the order of their days."""
    if everything or not (day or state.watermark):
        return ""
    last = (
        datetime.fromisoformat(day) if day else datetime.fromtimestamp(state.watermark / 1000, UTC)
    )
    return day_prefix(f"{last - timedelta(days=DAYS_BACK):%Y-%m-%d}")


def new(state: State, listed: Iterable[Object]) -> list[Object]:
    """Give what has to be merged, oldest first: what is new, and what failed before."""
    objects = {one.key: one for one in listed}
    found = [one for one in objects.values() if _is_new(state, one)]
    found += [Object(key) for key in state.failed.keys() - objects.keys()]
    return in_order(found)


def merged(state: State, listed: Iterable[Object], but: Collection[Object] = ()) -> list[Object]:
    """Give what was merged before, but for some, oldest first."""
    others = {one.key for one in but}
    return in_order(one for one in listed if one.key not in others and not _is_new(state, one))


def in_order(objects: Iterable[Object]) -> list[Object]:
    """Give objects oldest first, so that the watermark can follow them."""
    return sorted(objects, key=lambda one: (one.modified, one.key))


def batches(objects: Iterable[Object], most_bytes: int, most: int) -> Iterator[list[Object]]:
    """Give objects in their order, as many together as one batch may hold; always one at least."""
    batch: list[Object] = []
    size = 0
    for one in objects:
        if batch and (len(batch) == most or size + one.size > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


def advance(
    state: State,
    batch: Sequence[Object],
    failed: Mapping[str, str],
    gone: Collection[str] = (),
    *,
    forward: bool = True,
) -> State:
    """Give the state after a batch: all of it is merged, has failed, or is gone.

    Not `forward`, where objects may be passed over, the watermark stays. Whatever state another
    run has written meanwhile may be advanced as well: it only says that more is merged.
    """
    merged = [one for one in batch if one.key not in failed and one.key not in gone]
    handled = {one.key for one in batch}
    open_ = {key: why for key, why in state.failed.items() if key not in handled} | dict(failed)
    if not forward:
        return msgspec.structs.replace(state, failed=open_)
    watermark = max(state.watermark, *(one.modified for one in batch))
    recent = state.recent | {one.key: Seen(one.etag, one.modified) for one in merged}
    kept = {key: one for key, one in recent.items() if one.modified >= watermark - OVERLAP_MS}
    return msgspec.structs.replace(state, watermark=watermark, recent=kept, failed=open_)


def _is_new(state: State, one: Object) -> bool:
    if one.key in state.failed:
        return True
    seen = state.recent.get(one.key)
    return one.modified >= state.watermark - OVERLAP_MS and (not seen or seen.etag != one.etag)
