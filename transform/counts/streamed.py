"""Exact like counts from a stream that delivers at least once.

The item of a film remembers, for each shard, the last sequence number counted, and one
conditional update changes count and memory together. A shard's records come in order, and a
later one only after all before it were counted; so what is remembered tells what is new.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from transform.event import stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record

SEQUENCE_BYTES = 24
"""Kinesis sequence numbers have up to 56 digits, which is 186 bits."""
FORGET_AFTER_S = 8 * 24 * 3600
"""A memory may go once its records left the stream, which keeps them for 7 days at most here."""

MEMORY = "@"
"""What the name of an attribute begins with that remembers a shard."""
_ARRIVAL_BYTES = 4


class Delta(msgspec.Struct, frozen=True, gc=False):
    """What one record changes: its sequence number, its likes less unlikes, and how many both."""

    sequence: int
    net: int
    likes: int


class Tally(msgspec.Struct, frozen=True, gc=False):
    """What a batch changes for one film by one shard: a delta a record, in the shard's order."""

    movie_id: str
    shard_id: str
    deltas: list[Delta]
    arrived_at: int
    """Arrival of the batch's last record from this shard, in epoch milliseconds."""


class Update(msgspec.Struct, frozen=True, gc=False):
    """One conditional write: add `net` and set `memory` to `last`, if it stands below `first`."""

    movie_id: str
    memory: str
    """Name of the attribute in which the film's item remembers the shard."""
    net: int
    first: bytes
    last: bytes


Write = Callable[[Update], bytes | None]
"""Makes an update, whole or not at all; gives None, or the memory that stood in its way."""


def fold(batch: Iterable[tuple[Record, list[Like]]]) -> list[Tally]:
    """Give a tally for each film and shard in a batch of records and the likes in each."""
    records = {
        (r.shard_id or "", stream_records.sequence(r.sequence_number or "0")): (r, likes)
        for r, likes in batch
    }
    tallies: dict[tuple[str, str], Tally] = {}
    arrivals: dict[str, int] = {}
    for (shard_id, _), (record, _) in records.items():
        arrivals[shard_id] = max(arrivals.get(shard_id, 0), record.arrived_at)
    for (shard_id, sequence), (_, likes) in sorted(records.items(), key=lambda item: item[0]):
        nets: dict[str, int] = {}
        sizes: dict[str, int] = {}
        for like in likes:
            film = like.movie_id
            nets[film] = nets.get(film, 0) + (1 if like.action == "like" else -1)
            sizes[film] = sizes.get(film, 0) + 1
        for film, net in nets.items():
            tally = tallies.get((film, shard_id))
            if tally is None:
                tally = tallies[film, shard_id] = Tally(film, shard_id, [], arrivals[shard_id])
            tally.deltas.append(Delta(sequence, net, sizes[film]))
    return list(tallies.values())


def apply(tally: Tally, write: Write) -> int:
    """Count what is new of a tally and give how many likes that were.

    One write where nothing of it was counted before. After a refusal only what is newer than the
    memory is tried, so it ends after at most a write for each delta, even against a rival.
    """
    memory = memory_name(tally.shard_id)
    pending = tally.deltas
    while pending:
        remembered = write(
            Update(
                movie_id=tally.movie_id,
                memory=memory,
                net=sum(delta.net for delta in pending),
                first=_sequence_bytes(pending[0].sequence),
                last=_sequence_bytes(pending[-1].sequence)
                + (tally.arrived_at // 1000).to_bytes(_ARRIVAL_BYTES, "big"),
            )
        )
        if remembered is None:
            return sum(delta.likes for delta in pending)
        counted = int.from_bytes(remembered[:SEQUENCE_BYTES], "big")
        pending = [delta for delta in pending if delta.sequence > counted]
    return 0


def memory_name(shard_id: str) -> str:
    """Give the attribute that remembers a shard: short, for the item has one of each it met.

    28 fit in one write unit beside the longest name of a film. A film meets more where the stream
    has more open shards than that, which is 28 MB a second, or was divided so often in the 8 days
    before; its writes then cost two units, up to 60 shards, and one again 8 days after.
    """
    return MEMORY + (shard_id.removeprefix("shardId-").lstrip("0") or "0")


def forgettable(item: Mapping[str, object], now_s: int) -> dict[str, bytes]:
    """Give the memories in an item (attribute to value) whose records are long out of the stream.

    `now_s` is in epoch seconds.
    """
    return {
        name: value
        for name, value in item.items()
        if name.startswith(MEMORY)
        and isinstance(value, bytes)
        and int.from_bytes(value[SEQUENCE_BYTES:], "big") < now_s - FORGET_AFTER_S
    }


def _sequence_bytes(sequence: int) -> bytes:
    """Give a sequence number at fixed width, so that bytes sort as the numbers do."""
    return sequence.to_bytes(SEQUENCE_BYTES, "big")
