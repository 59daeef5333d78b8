"""Where the numbers of a stage are, and what is asked of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from transform.audit import balance
from transform.aws.adjusting import Counts
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import Power

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient

DAY_MS = 24 * 3_600_000
ARCHIVE_GRACE_MS = 30 * 60_000
"""How long Firehose may take before what the stream has, and raw has not, is a difference: it
gathers for 15 minutes at most, and tries again."""
TRACKED_DAYS = 8
"""How many days before today rollups are compared, which are kept for ten."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers of a stage are; without a `kinesis` the stream is not read."""

    bucket: Bucket
    counts: Counts
    kinesis: "KinesisClient | None"
    stream: str
    """Its name or ARN."""
    power: Power = Power()
    began: int = 0
    """When the table of counts was made, in epoch milliseconds; 0 where that is not known."""
    cursors: Callable[[], Mapping[str, str]] = dict
    """Gives up to where RankTrends has the sums of each shard; who mends has to know."""

    def without(self, hidden: Iterable[str]) -> "Sources":
        """Give them without some objects, by key."""
        return replace(self, bucket=replace(self.bucket, hidden=frozenset(hidden)))

    def is_witnessed(self, now: int) -> bool:
        """Tell whether all that was ever counted is within what was tracked and is kept."""
        return self.began >= (now // DAY_MS - TRACKED_DAYS) * DAY_MS


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: as of when (epoch milliseconds); how many arrival days of raw are compared
    with the lake, None for all; whether all raw and all of the stream is read that may matter."""

    now: int
    raw_days: int | None = 2
    tracked_days: int = 2
    deep: bool = False
    grace_ms: int = balance.GRACE_MS
    archive_grace_ms: int = ARCHIVE_GRACE_MS


def cursors(client: "DynamoDBClient", table: str) -> dict[str, str]:
    """Give up to where RankTrends has the sums of each shard, from the table of trends."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "cursor"}},
    )
    return {
        item["sk"]["S"]: item["sequence_number"]["S"] for page in pages for item in page["Items"]
    }


def scan(counts: Counts) -> Iterator[Mapping[str, Any]]:
    """Give the items of all films, each as it is when it is read."""
    pages = counts.client.get_paginator("scan").paginate(
        TableName=counts.table, ConsistentRead=True
    )
    for page in pages:
        yield from page["Items"]
