"""Where records stood on the stream, found by their bytes while the stream still has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from transform.aws.shard_reading import records, shards
from transform.event import aggregated
from transform.event.stream_records import Metadata, Record, sequence

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

BEFORE_MS = 15 * 60_000
"""How long before Firehose had it a record may have come to the stream."""
AFTER_MS = 1_000
"""How much earlier Firehose's clock may be."""


class Wanted(NamedTuple):
    """A record by a name of one's own, the SHA-256 of its bytes, and when Firehose had it (epoch
    milliseconds)."""

    name: Any
    digest: bytes
    taken_at: int


def find(
    kinesis: KinesisClient,
    stream: str,
    wanted: Sequence[Wanted],
    tell: Callable[[str], None] = lambda text: None,
) -> dict[Any, Metadata]:
    """Give where records stood, by name, as far as the stream still has them.

    Of records of the same bytes, those that came last before Firehose had them are meant.
    """
    if not wanted:
        return {}
    digests = {one.digest for one in wanted}
    since = min(one.taken_at for one in wanted) - BEFORE_MS
    until = max(one.taken_at for one in wanted) + AFTER_MS
    stood: dict[bytes, list[Metadata]] = defaultdict(list)
    read = 0
    for shard_id in shards(kinesis, stream):
        for record in records(kinesis, stream, shard_id, since, until):
            read += 1
            if read % 1_000 == 0:
                tell(f"{read} records of the stream read")
            for number, part in enumerate(aggregated.split(record.data) or [record.data]):
                digest = sha256(part).digest()
                if digest in digests:
                    stood[digest].append(_metadata(record, number))
    return match(wanted, stood)


def match(wanted: Iterable[Wanted], stood: dict[bytes, list[Metadata]]) -> dict[Any, Metadata]:
    """Give each record that is wanted a place of its own where its bytes stood."""
    free = {
        digest: sorted(places, key=lambda at: (_arrival(at), sequence(at.sequence_number)))
        for digest, places in stood.items()
    }
    found = {}
    for one in sorted(wanted, key=lambda one: -one.taken_at):
        places = free.get(one.digest, [])
        index = max(
            (i for i, at in enumerate(places) if _arrival(at) <= one.taken_at + AFTER_MS),
            default=None,
        )
        if index is not None:
            found[one.name] = places.pop(index)
    return found


def _arrival(at: Metadata) -> int:
    return at.approximate_arrival_timestamp


def _metadata(record: Record, number: int) -> Metadata:
    shard_id, told = record.shard_id or "", record.sequence_number or ""
    return Metadata(shard_id, told, record.partition_key or "", record.arrived_at, number)
