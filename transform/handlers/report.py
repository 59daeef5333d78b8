"""TrendReport: asks the lake how a day or a week went, and writes, restates and announces it."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

import queries
from queries.engine import prices
from transform.aws import clients, metering, reporting
from transform.aws.buckets import Bucket
from transform.aws.report_store import READERS, ReportStore
from transform.reports import report_keys, sentences
from transform.reports.figures import Report
from transform.reports.questions import Answer
from transform.reports.schedule import Call

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"
GLUE_DATABASE = "GLUE_DATABASE"
ATHENA_WORKGROUP = "ATHENA_WORKGROUP"
REPORTS_TOPIC = "REPORTS_TOPIC"

LINK_HOURS = 6
logger = Logger()
metrics = metering.metrics()


@cache
def _s3() -> "S3Client":
    return boto3.client("s3", config=clients.signing(10, max_pool_connections=READERS))


@cache
def _sns() -> Any:
    return boto3.client("sns")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> list[dict[str, Any]]:
    """Make the report of a `day` or a `week`, or what is `scheduled`: the last "day" or "week".

    A scheduled run also looks again at the reports of the week before. Any run may be repeated,
    cut off or run beside others. Raises what a service raises, and the next run goes on.
    """
    bucket = Bucket(_s3(), os.environ[LAKE_BUCKET])
    done = reporting.run(
        msgspec.convert(event, Call),
        datetime.now(UTC),
        ReportStore(bucket),
        _ask(_connection()),
        _announce,
    )
    for one in done:
        logger.info("Reported", report=one.name, outcome=one.outcome)
    outcomes = [one.outcome for one in done]
    metrics.add_metric("ReportsMade", MetricUnit.Count, outcomes.count("made"))
    metrics.add_metric("ReportsRestated", MetricUnit.Count, outcomes.count("restated"))
    return [msgspec.to_builtins(one) for one in done]


def _connection() -> queries.Connection:
    return queries.ambient(os.environ[GLUE_DATABASE], os.environ[ATHENA_WORKGROUP])


def _ask(connection: queries.Connection) -> reporting.Ask:
    def ask(question: str, parameters: Mapping[str, Any]) -> Answer:
        frame = queries.run(question, connection=connection, **parameters)
        scanned = frame.attrs["bytes"] or 0
        return Answer(reporting.rows(frame), scanned, prices.dollars(scanned))

    return ask


def _announce(report: Report) -> None:
    bucket, key = os.environ[LAKE_BUCKET], report_keys.page(report.period.name)
    lasts = timedelta(hours=LINK_HOURS)
    link = _s3().generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=int(lasts.total_seconds())
    )
    until = datetime.now(UTC) + lasts
    _sns().publish(
        TopicArn=os.environ[REPORTS_TOPIC],
        Subject=sentences.subject(report),
        Message=sentences.message(report, link, until, f"s3://{bucket}/{key}"),
    )
