"""Reports as they are made, restated and announced, whatever other runs do meanwhile."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from aws_lambda_powertools import Logger

from transform.aws.buckets import Conflict
from transform.aws.report_store import CONFLICTS, ReportStore, Seen
from transform.reports import editions, gather, questions, report_keys, schedule
from transform.reports.editions import Made
from transform.reports.figures import Report
from transform.reports.periods import Period
from transform.reports.questions import Answer, Row
from transform.reports.schedule import Call
from transform.reports.sentences import headlines

if TYPE_CHECKING:
    import pandas as pd

STEADY = 3
"""How often the questions are asked again because likes changed while they were answered."""

Ask = Callable[[str, Mapping[str, Any]], Answer]
Announce = Callable[[Report], None]

logger = Logger(child=True)


class _Standing(NamedTuple):
    """A report that stands whole, and what is to be written down of that."""

    report: Report
    fingerprint: str
    seen: Seen
    seen_etag: str | None


def run(
    call: Call,
    now: datetime,
    store: ReportStore,
    ask: Ask,
    announce: Announce,
) -> list[Made]:
    """Make what the call is about, or find it unchanged, and announce each edition.

    The figures come first and decide; then tables, page and index; then it is announced, and only
    then written down as done. A run that was cut off anywhere is thus made up for by the next: it
    finds the same figures and writes what is missing. An announcement may so be made twice, and
    not never.
    """
    periods = schedule.wanted(call, now, store.standing())
    standing = [_stand(store, period, ask) for period in periods]
    store.catalogue()
    return [_conclude(store, one, announce) for one in standing]


def _stand(store: ReportStore, period: Period, ask: Ask) -> _Standing:
    """See to it that the report of a period stands, and is true, whoever else is at it."""
    for left in reversed(range(CONFLICTS)):
        try:
            return _settle(store, period, ask)
        except Conflict:
            if not left:
                raise
    raise AssertionError("The last of several tries ends the loop.")


def _settle(store: ReportStore, period: Period, ask: Ask) -> _Standing:
    seen, seen_etag = store.seen(period)
    found = store.figures(period)
    fingerprint = store.fingerprint(period)
    report, etag = found or (None, None)
    if report is None or seen.fingerprint != fingerprint:
        fresh, fingerprint = _gather(store, period, ask, fingerprint)
        settled = editions.settled(report, fresh)
        if settled is not report:
            report, etag = settled, store.put_figures(settled, etag)
    assert report and etag
    store.publish(report, etag)
    return _Standing(report, fingerprint, seen, seen_etag)


def _gather(store: ReportStore, period: Period, ask: Ask, fingerprint: str) -> tuple[Report, str]:
    """Ask until the period's likes stood still meanwhile: else the answers may not agree.

    Where they never do, what is written down makes the next run look again.
    """
    for _ in range(STEADY):
        asked = questions.asked(period)
        with ThreadPoolExecutor(len(asked)) as pool:
            answers = dict(zip(asked, pool.map(ask, asked, asked.values()), strict=True))
        report = gather.report(period, answers)
        before, fingerprint = fingerprint, store.fingerprint(period)
        if before == fingerprint:
            break
    return report, before


def _conclude(store: ReportStore, standing: _Standing, announce: Announce) -> Made:
    """Announce an edition that was not announced yet, and write down that all is done."""
    report, period = standing.report, standing.report.period
    now = Seen(standing.fingerprint, editions.number(report))
    is_new = standing.seen.edition < now.edition
    if is_new:
        announce(report)
    if standing.seen != now:
        try:
            store.put_seen(period, now, standing.seen_etag)
        except Conflict:
            logger.info("Another run has concluded the report", report=period.name)
    outcome: Literal["made", "restated", "unchanged"] = "unchanged"
    if is_new:
        outcome = "restated" if report.restated else "made"
    return Made(period.name, outcome, report_keys.page(period.name), headlines(report))


def rows(frame: "pd.DataFrame") -> list[Row]:
    """Give the rows of an answer in plain Python: None where there is nothing, times in UTC."""
    whole = frame.astype(object)
    records = whole.where(whole.notna(), None).to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in records]


def _plain(value: Any) -> Any:
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime().replace(tzinfo=UTC)
    return value
