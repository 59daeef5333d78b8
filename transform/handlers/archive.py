"""ArchiveLikes: gives Firehose the rows of the lake, and keeps what cannot become one."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from transform.aws import clients, metering
from transform.event import stream_records
from transform.lake import archive
from transform.lake.archive import Rejected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"

logger = Logger()
metrics = metering.metrics()


@cache
def _s3() -> "S3Client":
    return boto3.client(
        "s3",
        config=clients.config(5),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a Firehose transformation event: every record id once, in order.

    Never raises for what a payload holds. Raises what S3 raises when lines cannot be kept, and
    Firehose tries again; nothing is dropped before it is kept.
    """
    records = stream_records.from_firehose(event)
    archived = archive.transform(records)
    if archived.rejected:
        _keep(archived.rejected)
    metrics.add_metric("LikesArchived", MetricUnit.Count, archived.likes)
    if archived.rejected:
        metrics.add_metric("LikesRejected", MetricUnit.Count, len(archived.rejected))
    failed = sum(outcome.result == "ProcessingFailed" for outcome in archived.outcomes)
    if failed:
        metrics.add_metric("RecordsFailed", MetricUnit.Count, failed)
        logger.error("Rows do not fit in the response; Firehose keeps the records", failed=failed)
    logger.info(
        "Archived",
        records=len(records),
        archived=archived.likes,
        rejected=len(archived.rejected),
        correlation_ids=list(map(archive.correlation_id, records, archived.outcomes)),
    )
    response: dict[str, Any] = msgspec.to_builtins({"records": archived.outcomes})
    return response


def _keep(rejected: list[Rejected]) -> None:
    for key, body in archive.rejected_objects(rejected).items():
        _s3().put_object(
            Bucket=os.environ[LAKE_BUCKET],
            Key=key,
            Body=body,
            ContentType="application/x-ndjson",
        )
        logger.info("Kept rejected lines", key=key)
    for line in rejected:
        logger.warning(
            "Rejected", reason=line.reason, correlation_id=line.sequence_number or line.record_id
        )
