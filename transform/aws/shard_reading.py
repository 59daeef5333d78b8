"""What the shards of a stream still keep, read from a time on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf
from time import sleep
from typing import TYPE_CHECKING, Any

from transform.event.stream_records import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_PAUSE_S = 0.25
"""Five reads a second of a shard, says
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html."""


def shards(kinesis: "KinesisClient", stream: str) -> Iterator[str]:
    """Give the shards there are of a stream, by its name or ARN; the closed ones included whose
    records are still kept."""
    asked: Any = _named(stream)
    while asked:
        page = kinesis.list_shards(**asked)
        yield from (shard["ShardId"] for shard in page["Shards"])
        asked = {"NextToken": page["NextToken"]} if page.get("NextToken") else None


def records(
    kinesis: "KinesisClient", stream: str, shard_id: str, since: int, until: float = inf
) -> Iterator[Record]:
    """Give the records of a shard that arrived from one time to another (epoch milliseconds), or up
    to its end.

    By its ARN, GetRecords names the stream as well, which the emulator's IAM asks for. Of a time
    before the oldest that is kept, all are given:
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
    """
    named = _named(stream)
    arn = {name: value for name, value in named.items() if name == "StreamARN"}
    start = kinesis.get_shard_iterator(
        **named,
        ShardId=shard_id,
        ShardIteratorType="AT_TIMESTAMP",
        Timestamp=datetime.fromtimestamp(since / 1000, UTC),
    )
    iterator: str | None = start["ShardIterator"]
    while iterator:
        try:
            page = kinesis.get_records(ShardIterator=iterator, **arn)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            sleep(_PAUSE_S)
            continue
        for record in page["Records"]:
            arrived_at = round(record["ApproximateArrivalTimestamp"].timestamp() * 1000)
            if arrived_at > until:
                return
            yield Record(
                record["Data"],
                arrived_at,
                shard_id,
                record["SequenceNumber"],
                record["PartitionKey"],
            )
        if not page["Records"] and not page.get("MillisBehindLatest"):
            return
        iterator = page.get("NextShardIterator")


def _named(stream: str) -> dict[str, Any]:
    return {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}
