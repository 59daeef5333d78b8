"""TrackTrends: adds each batch of the stream's enhanced fan-out to the sums that trends rest on."""

import os
import time
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from transform.aws import clients, metering
from transform.event import stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.trends import batch_sums
from transform.trends.batch_sums import Sums

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRENDS_TABLE = "TRENDS_TABLE"
SKIPPED_RECORDS = "SKIPPED_RECORDS"
"""Records, as shardId:sequenceNumber with blanks between, that are passed over unread: here
`lake unblock` names one that no function can get past."""

SUMS_KEPT_S = 3 * 24 * 3600
"""How long RankTrends may be away before it misses sums."""
CHECKPOINT_KEPT_S = 8 * 24 * 3600
"""A checkpoint may go once its records left the stream, which keeps them for 7 days at most."""

logger = Logger()
metrics = metering.metrics()

_checkpoints: dict[str, str] = {}
"""Where the shards' checkpoints stand, as far as this process knows; a refusal corrects it."""


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client(
        "dynamodb",
        config=clients.config(5, tcp_keepalive=True),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> None:
    """Track a batch from a Kinesis consumer's event source mapping.

    Lines that are no likes are skipped: ArchiveLikes keeps them. Raises what DynamoDB raises, and
    the batch comes again: what of it was added already is not added twice.
    """
    shards: dict[str, list[tuple[Record, list[Like]]]] = defaultdict(list)
    skipped = os.environ.get(SKIPPED_RECORDS, "").split()
    for record in stream_records.from_lambda(event, skipped):
        shards[record.shard_id or ""].append((record, stream_records.read(record)[0]))
    likes = too_late = 0
    for shard_id, batch in shards.items():
        tracked = batch_sums.track(batch, _checkpoints.get(shard_id, ""), _write)
        _checkpoints[shard_id] = tracked.checkpoint
        likes += tracked.likes
        too_late += tracked.too_late
    metrics.add_metric("LikesTracked", MetricUnit.Count, likes)
    if too_late:
        metrics.add_metric("LikesTooLateForTrends", MetricUnit.Count, too_late)
    logger.info(
        "Tracked",
        records=sum(map(len, shards.values())),
        likes=likes,
        too_late=too_late,
        correlation_ids=[r.correlation_id for batch in shards.values() for r, _ in batch],
    )


def _write(sums: Sums) -> str | None:
    client = _dynamodb()
    now = int(time.time())
    checkpoint: Any = {
        "pk": {"S": "checkpoint"},
        "sk": {"S": sums.shard_id},
        "sequence_number": {"S": sums.last},
        "expires_at": {"N": str(now + CHECKPOINT_KEPT_S)},
    }
    untouched: Any = (
        {
            "ConditionExpression": "sequence_number = :after",
            "ExpressionAttributeValues": {":after": {"S": sums.after}},
        }
        if sums.after
        else {"ConditionExpression": "attribute_not_exists(pk)"}
    )
    put: Any = {"TableName": os.environ[TRENDS_TABLE]}
    items: list[Any] = [
        {
            "Put": put
            | {
                "Item": {
                    "pk": {"S": f"batch#{sums.shard_id}"},
                    "sk": {"S": f"{sums.last}#{number:02}"},
                    "after": {"S": sums.after},
                    "parts": {"N": str(len(sums.parts))},
                    "counts": {"B": part},
                    "tracked_at": {"N": str(now)},
                    "expires_at": {"N": str(now + SUMS_KEPT_S)},
                }
            }
        }
        for number, part in enumerate(sums.parts)
    ]
    moved = {"Item": checkpoint, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} | untouched
    try:
        client.transact_write_items(TransactItems=[*items, {"Put": put | moved}])
    except client.exceptions.TransactionCanceledException as cancelled:
        reason = cast(Any, cancelled.response)["CancellationReasons"][-1]
        if reason["Code"] != "ConditionalCheckFailed":
            raise
        stood = reason.get("Item", {}).get("sequence_number", {"S": ""})
        return str(stood["S"])
    return None
