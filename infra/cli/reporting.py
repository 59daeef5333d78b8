"""Trend reports by hand: made by the stage's function, told of, fetched and opened."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import msgspec

from infra.paths import home
from infra.stage import Stage, invoke
from transform.aws.buckets import Bucket
from transform.aws.report_store import ReportStore
from transform.reports import report_keys, schedule
from transform.reports.editions import Made
from transform.reports.figures import Report
from transform.reports.periods import Period
from transform.reports.schedule import Call
from transform.reports.sentences import headlines

LISTED = ("name", "kind", "restated", "headline")
_SAID = {
    "made": "made",
    "restated": "made again, for its likes had changed",
    "unchanged": "there already, and still true",
}


def call(day: date | None, week: str | None) -> Call:
    """Give what the function is called with: for yesterday where neither is given.

    `ValueError` with a sentence for what has no report.
    """
    now = datetime.now(UTC)
    if day is None and week is None:
        day = now.date() - timedelta(days=1)
    asked = Call(day=day.isoformat() if day else None, week=week)
    schedule.wanted(asked, now, ())
    return asked


def make(stage: Stage, asked: Call) -> Made:
    """Have a report made, or found to be true still."""
    event = {"day": asked.day} if asked.day else {"week": asked.week}
    [made] = msgspec.convert(invoke(stage, "report", event), list[Made])
    return made


def told(stage: Stage, made: Made) -> str:
    """Say what came of it, its headlines, and where it is."""
    # On AWS reports need not be published, and who may read the bucket finds them there.
    base = stage.outputs.reports_url or f"s3://{stage.outputs.bucket}/{report_keys.REPORTS}"
    place = f"{base}{made.page.removeprefix(report_keys.REPORTS)}"
    lines = [f"{made.name}: {_SAID[made.outcome]}", *(f"  {line}" for line in made.headlines)]
    return "\n".join([*lines, f"  {place}"])


def listed(stage: Stage) -> Iterator[Sequence[object]]:
    """Give all reports, newest first, as rows of `LISTED`."""
    store = _store(stage)
    for period in reversed(store.standing()):
        if found := store.figures(period):
            yield _row(found[0])


def fetch(stage: Stage, name: str, folder: Path) -> Path:
    """Write a report's page, tables and figures below a folder, and the index; give the page."""
    bucket = _store(stage).bucket
    for one in (*bucket.list(f"{report_keys.REPORTS}{name}"), *bucket.list(report_keys.INDEX)):
        file = folder / one.key.removeprefix(report_keys.REPORTS)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bucket.get(one.key)[0])
    return folder / report_keys.page(name).removeprefix(report_keys.REPORTS)


def open_page(stage: Stage, name: str, folder: Path | None) -> str:
    """Fetch a report, to below LAKE_HOME where no folder is given, open it, and say where it is."""
    page = fetch(stage, name, folder or home() / "reports" / stage.name).resolve()
    opened = webbrowser.open(page.as_uri())
    return f"{page}" if opened else f"No browser could be opened; the page is {page}"


def newest(stage: Stage) -> Period | None:
    """Give the newest day that has a report."""
    days = [period for period in _store(stage).standing() if period.kind == "day"]
    return days[-1] if days else None


def _row(report: Report) -> Sequence[object]:
    times = report.restated.times if report.restated else 0
    return report.period.name, report.period.kind, times, headlines(report)[0]


def _store(stage: Stage) -> ReportStore:
    return ReportStore(Bucket(stage.client("s3"), stage.outputs.bucket))


def write(stage: Stage, day: date | None, week: str | None) -> Made:
    """Have a report made; what cannot be is a mistake of who asked."""
    try:
        asked = call(day, week)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return make(stage, asked)
