"""UpdateCount: keeps exact like counts in DynamoDB from the stream's batches."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from transform.aws import clients, metering
from transform.counts import streamed
from transform.counts.streamed import Update
from transform.event import stream_records

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COUNTS_TABLE = "COUNTS_TABLE"
SKIPPED_RECORDS = "SKIPPED_RECORDS"
"""Records, as shardId:sequenceNumber with blanks between, that are passed over unread: here
`lake unblock` names one that no function can get past."""

WRITERS = 32

logger = Logger()
metrics = metering.metrics()


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client(
        "dynamodb",
        config=clients.config(3, max_pool_connections=WRITERS, tcp_keepalive=True),
    )


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WRITERS)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> None:
    """Count a batch from a Kinesis event source mapping.

    Lines that are no likes are skipped: ArchiveLikes keeps them. Raises what DynamoDB raises, and
    the whole batch comes again: what of it was counted already is not counted twice.
    """
    skipped_records = os.environ.get(SKIPPED_RECORDS, "").split()
    records = stream_records.from_lambda(event, skipped_records)
    batch = []
    skipped = 0
    for record in records:
        good, bad = stream_records.read(record)
        batch.append((record, good))
        skipped += len(bad)
    tallies = streamed.fold(batch)
    writes = [_writers().submit(streamed.apply, tally, _write) for tally in tallies]
    wait(writes)  # before any of them raises, so that none goes on behind a failed invocation
    counted = sum(write.result() for write in writes)
    metrics.add_metric("LikesCounted", MetricUnit.Count, counted)
    if skipped:
        metrics.add_metric("LikesSkipped", MetricUnit.Count, skipped)
    logger.info(
        "Counted",
        records=len(records),
        counted=counted,
        skipped=skipped,
        movies=len(tallies),
        correlation_ids=[record.correlation_id for record in records],
    )


def _write(update: Update) -> bytes | None:
    client = _dynamodb()
    try:
        written = client.update_item(
            TableName=os.environ[COUNTS_TABLE],
            Key={"movie_id": {"S": update.movie_id}},
            UpdateExpression="SET #memory = :last ADD likes :net",
            ConditionExpression="attribute_not_exists(#memory) OR #memory < :first",
            ExpressionAttributeNames={"#memory": update.memory},
            ExpressionAttributeValues={
                ":net": {"N": str(update.net)},
                ":first": {"B": update.first},
                ":last": {"B": update.last},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except client.exceptions.ConditionalCheckFailedException as refusal:
        return _binaries(cast(Any, refusal.response)["Item"])[update.memory]
    _forget(update.movie_id, _binaries(written["Attributes"]))
    return None


def _forget(movie_id: str, item: Mapping[str, bytes]) -> None:
    """Remove the memories of shards long closed, which keeps the item within one write unit."""
    stale = streamed.forgettable(item, int(time.time()))
    if not stale:
        return
    names = {f"#{index}": name for index, name in enumerate(stale)}
    client = _dynamodb()
    try:
        client.update_item(
            TableName=os.environ[COUNTS_TABLE],
            Key={"movie_id": {"S": movie_id}},
            UpdateExpression="REMOVE " + ", ".join(names),
            ConditionExpression=" AND ".join(f"{name} = :{name[1:]}" for name in names),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={
                f":{index}": {"B": value} for index, value in enumerate(stale.values())
            },
        )
    except client.exceptions.ConditionalCheckFailedException:
        logger.debug("A rival forgot first", movie_id=movie_id)


def _binaries(item: Mapping[str, Any]) -> dict[str, bytes]:
    return {name: bytes(value["B"]) for name, value in item.items() if "B" in value}
