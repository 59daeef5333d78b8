"""What a shard's batch adds to trends: its likes and unlikes by event minute and film, each once.

One transaction writes the sums of a batch and moves the checkpoint of its shard from where the
batch before it left it. So every sum is written once, and the batches of a shard form a chain in
which a reader sees what it has not got yet.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from transform.event import stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record

MINUTE_MS = 60_000
KEPT_MS = 48 * 3_600_000
"""A like that arrives later than this after it happened is left out of trends."""
MAX_PART_BYTES = 380_000
"""An item holds 400 KB (Amazon DynamoDB quotas): one part of the sums, and some names."""
MAX_WRITE_BYTES = 3_800_000
"""A transaction takes 4 MB and 100 items (Amazon DynamoDB quotas), so at most 10 parts."""

Counts = dict[int, dict[str, tuple[int, int]]]
"""Epoch minute -> film -> likes and unlikes in it."""


class Sums(msgspec.Struct, frozen=True):
    """One transaction: the sums of records, and the checkpoint of their shard.

    `after` is where the checkpoint has to stand ("" where there is none yet), `last` where it
    stands then; both are sequence numbers as `stream_records.ordered` writes them.
    """

    shard_id: str
    after: str
    last: str
    parts: list[bytes]
    likes: int


class Tracked(msgspec.Struct, frozen=True):
    """What became of a batch: likes added now, likes too late to be kept, the checkpoint known."""

    likes: int
    too_late: int
    checkpoint: str


class Stored(msgspec.Struct, frozen=True):
    """One part of a batch's sums, as it rests in the table; `last` and `after` as in `Sums`."""

    last: str
    after: str
    parts: int
    counts: bytes
    tracked_at: int
    """When it was written, in epoch seconds."""


class Batch(msgspec.Struct, frozen=True):
    """The sums of one batch of a shard; `sequence` is its last sequence number."""

    shard_id: str
    sequence: str
    counts: list[Counts]
    missing: bool
    """Whether sums before it, or of it, were lost."""


Write = Callable[[Sums], str | None]
"""Makes a transaction, whole or not at all; gives None, or where the checkpoint stood instead."""


def track(batch: Iterable[tuple[Record, list[Like]]], checkpoint: str, write: Write) -> Tracked:
    """Add what is new of one shard's batch.

    `checkpoint` is where the shard's is believed to stand. Where it stands elsewhere, what it
    covers has been added before, and only the rest is tried again.
    """
    records = {stream_records.ordered(record.sequence_number or "0"): (record, likes)
               for record, likes in batch}  # fmt: skip
    waiting = sorted(records)
    added = 0
    too_late = sum(_too_late(record, like) for record, likes in records.values() for like in likes)
    while waiting := [number for number in waiting if number > checkpoint]:
        taken, counts, parts = _fit(records, waiting)
        if parts:
            likes = sum(sum(pair) for films in counts.values() for pair in films.values())
            shard_id = records[taken[-1]][0].shard_id or ""
            stood = write(Sums(shard_id, checkpoint, taken[-1], parts, likes))
            if stood is not None:
                checkpoint, waiting = stood, sorted(records)
                continue
            checkpoint = taken[-1]
            added += likes
        waiting = waiting[len(taken) :]
    return Tracked(added, too_late, checkpoint)


def _fit(
    records: dict[str, tuple[Record, list[Like]]], waiting: Sequence[str]
) -> tuple[Sequence[str], Counts, list[bytes]]:
    """Give the first records whose sums fit in a transaction together: one's always do."""
    while True:
        counts = count(records[number] for number in waiting)
        parts = encode(counts)
        if len(waiting) == 1 or sum(map(len, parts)) <= MAX_WRITE_BYTES:
            return waiting, counts, parts
        waiting = waiting[: len(waiting) // 2]


def count(batch: Iterable[tuple[Record, list[Like]]]) -> Counts:
    """Give the likes and unlikes of records by event minute and film."""
    counts: Counts = {}
    for record, likes in batch:
        for like in likes:
            if _too_late(record, like):
                continue
            films = counts.setdefault(like.liked_at // MINUTE_MS, {})
            liked, unliked = films.get(like.movie_id, (0, 0))
            if like.action == "like":
                films[like.movie_id] = (liked + 1, unliked)
            else:
                films[like.movie_id] = (liked, unliked + 1)
    return counts


def _too_late(record: Record, like: Like) -> bool:
    return like.liked_at < record.arrived_at - KEPT_MS


def encode(counts: Counts) -> list[bytes]:
    """Give counts as compressed JSON, in as many parts as items are needed; none for none."""
    if not counts:
        return []
    data = zlib.compress(msgspec.json.encode(counts))
    if len(data) <= MAX_PART_BYTES:
        return [data]
    entries = list(_entries(counts))
    half = len(entries) // 2
    return encode(_counts(entries[:half])) + encode(_counts(entries[half:]))


def decode(part: bytes) -> Counts:
    """Give the counts of a part."""
    return _decode(zlib.decompress(part))


def chain(
    shard_id: str, stored: Iterable[Stored], cursor: str, lost_before: int
) -> Iterator[Batch]:
    """Give the batches that follow a cursor ("" for the first), while nothing between is missing.

    A read of many items may show a later transaction without an earlier one, or one in part
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html);
    what is after such a gap is given another time. One that was written before `lost_before`
    (epoch seconds) is given all the same, for what is missing then is gone.
    """
    for last, group in groupby(stored, key=lambda part: part.last):
        parts = list(group)
        first = parts[0]
        missing = len(parts) < first.parts or first.after not in (cursor, "")
        if missing and first.tracked_at >= lost_before:
            return
        cursor = last
        yield Batch(shard_id, last, [decode(part.counts) for part in parts], missing)


_decode = msgspec.json.Decoder(Counts).decode
_Entry = tuple[int, str, tuple[int, int]]


def _entries(counts: Counts) -> Iterator[_Entry]:
    for minute, films in counts.items():
        for film, pair in films.items():
            yield minute, film, pair


def _counts(entries: Iterable[_Entry]) -> Counts:
    counts: Counts = {}
    for minute, film, pair in entries:
        counts.setdefault(minute, {})[film] = pair
    return counts
