"""Audit: each hour, whether the numbers of the stage agree; what it finds is rows of `audit`."""

import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from glue.signed import Signed
from transform.audit import report
from transform.aws import audit_rows, auditing, clients, conditions, metering
from transform.aws.adjusting import WRITERS, Counts
from transform.aws.audit_sources import Asked, Sources
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONNECTIONS, Power

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"
COUNTS_TABLE = "COUNTS_TABLE"
STREAM_ARN = "STREAM_ARN"
COMPACT_FUNCTION = "COMPACT_FUNCTION"

OTHERS_MB = 900
"""Memory that Python, boto3, Arrow and what DuckDB does not count take."""
LEAST_MB = 256
COMPACT_S = 840
"""How long a compaction may take that is waited for."""

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


@cache
def _kinesis() -> "KinesisClient":
    return boto3.client("kinesis", config=clients.config(10, tcp_keepalive=True))


@cache
def _lambda() -> "LambdaClient":
    return boto3.client("lambda", config=clients.config(COMPACT_S, 1))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Audit the stage, and keep what was found; gives how much differs.

    It only reads, but for its own rows. Where something differs, CompactLake is called, and what
    differs then as before is told. Raises what a service raises, and the next run is the next hour.
    """
    memory_mb = max(LEAST_MB, int(context.memory_limit_in_mb) - OTHERS_MB)
    bucket = Bucket(_s3(), os.environ[LAKE_BUCKET], Signed(_s3(), CONNECTIONS))
    counts = Counts(_dynamodb(), os.environ[COUNTS_TABLE])
    stream = os.environ[STREAM_ARN]
    now = int(time.time() * 1000)
    taken = auditing.audit(
        Sources(bucket, counts, _kinesis(), stream, Power(memory_mb)), Asked(now), _compact
    )
    items = report.items(taken.numbers, taken.differences, conditions.of(bucket, taken.state, now))
    audit_rows.put(bucket, now, items)
    differs = report.differs(items)
    metrics.add_metric("Differences", MetricUnit.Count, differs)
    told: dict[str, Any] = {"differs": differs, "steps": report.steps(taken.differences)}
    for one in items:
        if one.differs:
            logger.error("A number differs", **msgspec.to_builtins(one))
    logger.info("Audited", **(told | {"numbers": taken.numbers}))
    return told


def _compact() -> None:
    _lambda().invoke(FunctionName=os.environ[COMPACT_FUNCTION], Payload=b"{}")
