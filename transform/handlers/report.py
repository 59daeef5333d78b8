"""TrendReport: asks the lake how a day or a week went, and writes, restates and announces it."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import boto3
import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

import queries
from queries.engine import prices
from transform.handlers.objects import Bucket, Conflict, Forbidden
from transform.handlers.shelf import CONFLICTS, READERS, Seen, Shelf
from transform.reports import announcement, asking, due, editions, gather, places
from transform.reports.asking import Answer, Row
from transform.reports.due import Call
from transform.reports.editions import Made
from transform.reports.figures import Report
from transform.reports.periods import Period

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client

LAKE_BUCKET = "LAKE_BUCKET"
SITE_BUCKET = "SITE_BUCKET"
GLUE_DATABASE = "GLUE_DATABASE"
ATHENA_WORKGROUP = "ATHENA_WORKGROUP"
REPORTS_TOPIC = "REPORTS_TOPIC"

FILMS = "films.json"
LINK_HOURS = 6
STEADY = 3
"""How often the questions are asked again because likes changed while they were answered."""

Ask = Callable[[str, Mapping[str, Any]], Answer]
Announce = Callable[[Report], None]

logger = Logger()
metrics = Metrics()


@cache
def _s3() -> "S3Client":
    config = Config(
        connect_timeout=1,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=READERS,
        signature_version="s3v4",  # links of the older one do not work in every region
    )
    return boto3.client("s3", config=config)


@cache
def _sns() -> Any:
    return boto3.client("sns")


class _Standing(NamedTuple):
    """A report that stands whole, and what is to be written down of that."""

    report: Report
    fingerprint: str
    seen: Seen
    seen_etag: str | None


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> list[dict[str, Any]]:
    """Make the report of a `day` or a `week`, or what is `scheduled`: the last "day" or "week".

    A scheduled run also looks again at the reports of the week before. Any run may be repeated,
    cut off or run beside others. Raises what a service raises, and the next run goes on.
    """
    bucket = Bucket(_s3(), os.environ[LAKE_BUCKET])
    done = run(
        msgspec.convert(event, Call),
        datetime.now(UTC),
        Shelf(bucket),
        _ask(_connection()),
        _titles,
        _announce,
    )
    for one in done:
        logger.info("Reported", report=one.name, outcome=one.outcome)
    for outcome, metric in (("made", "ReportsMade"), ("restated", "ReportsRestated")):
        count = sum(one.outcome == outcome for one in done)
        metrics.add_metric(metric, MetricUnit.Count, count)
    return [msgspec.to_builtins(one) for one in done]


def run(
    call: Call,
    now: datetime,
    shelf: Shelf,
    ask: Ask,
    titles: Callable[[], Mapping[str, str]],
    announce: Announce,
) -> list[Made]:
    """Make what the call is about, or find it unchanged, and announce each edition.

    The figures come first and decide; then tables, page and index; then it is announced, and only
    then written down as done. A run that was cut off anywhere is thus made up for by the next: it
    finds the same figures and writes what is missing. An announcement may so be made twice, and
    not never.
    """
    periods = due.wanted(call, now, shelf.standing())
    standing = [_stand(shelf, period, ask, titles) for period in periods]
    shelf.catalogue()
    return [_conclude(shelf, one, announce) for one in standing]


def _stand(
    shelf: Shelf, period: Period, ask: Ask, titles: Callable[[], Mapping[str, str]]
) -> _Standing:
    """See to it that the report of a period stands, and is true, whoever else is at it."""
    for left in reversed(range(CONFLICTS)):
        try:
            return _settle(shelf, period, ask, titles)
        except Conflict:
            if not left:
                raise
    raise AssertionError("The last of several tries ends the loop.")


def _settle(
    shelf: Shelf, period: Period, ask: Ask, titles: Callable[[], Mapping[str, str]]
) -> _Standing:
    seen, seen_etag = shelf.seen(period)
    found = shelf.figures(period)
    fingerprint = shelf.fingerprint(period)
    report, etag = found or (None, None)
    if report is None or seen.fingerprint != fingerprint:
        fresh, fingerprint = _gather(shelf, period, ask, titles, fingerprint)
        settled = editions.settled(report, fresh)
        if settled is not report:
            report, etag = settled, shelf.put_figures(settled, etag)
    assert report and etag
    shelf.publish(report, etag)
    return _Standing(report, fingerprint, seen, seen_etag)


def _gather(
    shelf: Shelf,
    period: Period,
    ask: Ask,
    titles: Callable[[], Mapping[str, str]],
    fingerprint: str,
) -> tuple[Report, str]:
    """Ask until the period's likes stood still meanwhile: else the answers may not agree.

    Where they never do, what is written down makes the next run look again.
    """
    named = titles()
    for _ in range(STEADY):
        asked = asking.asked(period)
        with ThreadPoolExecutor(len(asked)) as pool:
            answers = dict(zip(asked, pool.map(ask, asked, asked.values()), strict=True))
        report = gather.report(period, answers, named)
        before, fingerprint = fingerprint, shelf.fingerprint(period)
        if before == fingerprint:
            break
    return report, before


def _conclude(shelf: Shelf, standing: _Standing, announce: Announce) -> Made:
    """Announce an edition that was not announced yet, and write down that all is done."""
    report, period = standing.report, standing.report.period
    now = Seen(standing.fingerprint, editions.number(report))
    is_new = standing.seen.edition < now.edition
    if is_new:
        announce(report)
    if standing.seen != now:
        try:
            shelf.put_seen(period, now, standing.seen_etag)
        except Conflict:
            logger.info("Another run has concluded the report", report=period.name)
    outcome: Literal["made", "restated", "unchanged"] = "unchanged"
    if is_new:
        outcome = "restated" if report.restated else "made"
    return Made(period.name, outcome, places.page(period.name), report.headlines)


def _connection() -> queries.Connection:
    return queries.ambient(os.environ[GLUE_DATABASE], os.environ[ATHENA_WORKGROUP])


def _ask(connection: queries.Connection) -> Ask:
    def ask(question: str, parameters: Mapping[str, Any]) -> Answer:
        frame = queries.run(question, connection=connection, **parameters)
        scanned = frame.attrs["bytes"] or 0
        return Answer(rows(frame), scanned, prices.dollars(scanned))

    return ask


def rows(frame: "pd.DataFrame") -> list[Row]:
    """Give the rows of an answer in plain Python: None where there is nothing, times in UTC."""
    whole = frame.astype(object)
    records = whole.where(whole.notna(), None).to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in records]


def _plain(value: Any) -> Any:
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime().replace(tzinfo=UTC)
    return value


def _titles() -> dict[str, str]:
    """The titles that the site shows; where it has none, films go by their ids."""
    try:
        found = Bucket(_s3(), os.environ[SITE_BUCKET]).read(FILMS)
    except Forbidden as error:
        logger.warning("The titles of films cannot be read", reason=str(error))
        return {}
    films = msgspec.json.decode(found[0], type=list[dict[str, Any]]) if found else []
    return {film["movie_id"]: film["title"] for film in films}


def _announce(report: Report) -> None:
    bucket, key = os.environ[LAKE_BUCKET], places.page(report.period.name)
    lasts = timedelta(hours=LINK_HOURS)
    link = _s3().generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=int(lasts.total_seconds())
    )
    until = datetime.now(UTC) + lasts
    _sns().publish(
        TopicArn=os.environ[REPORTS_TOPIC],
        Subject=announcement.subject(report),
        Message=announcement.message(report, link, until, f"s3://{bucket}/{key}"),
    )
