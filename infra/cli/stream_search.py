"""Where records stood on the stream, found by their bytes while the stream still has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from transform.event import aggregated
from transform.event.stream_records import Metadata, Record, sequence

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

BEFORE_MS = 15 * 60_000
"""How long before Firehose had it a record may have come to the stream."""
AFTER_MS = 1_000
"""How much earlier Firehose's clock may be."""
_PAUSE_S = 0.25  # five reads a second of a shard (Amazon Kinesis Data Streams quotas)


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
        for told in records(kinesis, stream, shard_id, since, until):
            read += 1
            if read % 1_000 == 0:
                tell(f"{read} records of the stream read")
            data = told["Data"]
            for number, part in enumerate(aggregated.split(data) or [data]):
                digest = sha256(part).digest()
                if digest in digests:
                    stood[digest].append(_metadata(shard_id, told, number))
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


def _metadata(shard_id: str, told: Any, number: int) -> Metadata:
    arrived_at = _ms(told["ApproximateArrivalTimestamp"])
    key = told["PartitionKey"]
    return Metadata(shard_id, told["SequenceNumber"], key, arrived_at, number)


def record(shard_id: str, told: Any) -> Record:
    """Give a record of a shard as the functions read it."""
    at = _metadata(shard_id, told, 0)
    place = shard_id, at.sequence_number, at.partition_key
    return Record(told["Data"], at.approximate_arrival_timestamp, *place)


def shards(kinesis: KinesisClient, stream: str) -> Iterator[str]:
    """Give the ids of all shards that still have records, closed ones too."""
    asked: Any = {"StreamName": stream}
    while asked:
        page = kinesis.list_shards(**asked)
        yield from (shard["ShardId"] for shard in page["Shards"])
        asked = {"NextToken": page["NextToken"]} if page.get("NextToken") else None


def records(
    kinesis: KinesisClient, stream: str, shard_id: str, since: int, until: int
) -> Iterator[Any]:
    """Give the records of a shard, as boto3 does, that arrived from one time to another (epoch
    milliseconds)."""
    start = kinesis.get_shard_iterator(
        StreamName=stream,
        ShardId=shard_id,
        ShardIteratorType="AT_TIMESTAMP",
        Timestamp=datetime.fromtimestamp(since / 1000, UTC),
    )
    iterator: str | None = start["ShardIterator"]
    while iterator:
        try:
            page = kinesis.get_records(ShardIterator=iterator)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            sleep(_PAUSE_S)
            continue
        for record in page["Records"]:
            if _ms(record["ApproximateArrivalTimestamp"]) > until:
                return
            yield record
        if not page["Records"] and not page.get("MillisBehindLatest"):
            return
        iterator = page.get("NextShardIterator")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
