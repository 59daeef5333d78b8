"""CompactLake: merges what was delivered into the days of the table `likes`, each like once."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from glue.signed import Signed
from transform.aws import adjusting, clients, compacting, metering
from transform.aws.adjusting import WRITERS, Counts
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONNECTIONS, Power

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"
COUNTS_TABLE = "COUNTS_TABLE"

SPARE_MS = 180_000
"""Time that a batch may take; what is not merged before that is merged in the next run."""
OTHERS_MB = 1_200
"""Memory that Python, boto3 and what DuckDB does not count take."""
LEAST_MB = 256

logger = Logger()
metrics = metering.metrics()


@cache
def _s3() -> "S3Client":
    return clients.session().client(
        "s3",
        config=clients.signing(30, max_pool_connections=CONNECTIONS, tcp_keepalive=True),
    )


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client(
        "dynamodb", config=clients.config(10, max_pool_connections=WRITERS, tcp_keepalive=True)
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Merge what is new; with `day` what was delivered on it, with `all` all there is, once more.

    Any run may be repeated, cut off or run beside others. Objects that cannot be read are kept in
    mind, measured and tried again; what a service raises is raised, and the next run goes on.
    Counts are then adjusted by what the lake knows of repeats and backfilled likes.
    """
    memory_mb = max(LEAST_MB, int(context.memory_limit_in_mb) - OTHERS_MB)
    bucket = Bucket(_s3(), os.environ[LAKE_BUCKET], Signed(_s3(), CONNECTIONS))
    done = compacting.compact(
        bucket,
        day=event.get("day"),
        everything=bool(event.get("all")),
        power=Power(memory_mb),
        more_time=lambda: context.get_remaining_time_in_millis() > SPARE_MS,
    )
    done.adjusted = adjusting.adjust(bucket, Counts(_dynamodb(), os.environ[COUNTS_TABLE]))
    if done.more:
        logger.warning("There is more to merge; the next run goes on")
    for key, reason in done.failed.items():
        logger.error("A raw object cannot be read", key=key, reason=reason)
    for key in done.gone:
        logger.warning("A raw object vanished before it was read", key=key)
    metrics.add_metric("RawObjectsMerged", MetricUnit.Count, done.objects)
    if done.failed:
        metrics.add_metric("RawObjectsFailed", MetricUnit.Count, len(done.failed))
    metrics.add_metric("LikesCompacted", MetricUnit.Count, done.new)
    if done.adjusted:
        metrics.add_metric("CountsAdjusted", MetricUnit.Count, done.adjusted)
    told: dict[str, Any] = msgspec.to_builtins(done) | {"duplicates": done.duplicates}
    logger.info("Compacted", **told)
    return told
