"""The page that lists all reports, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from transform.reports import words
from transform.reports.figures import Report
from transform.reports.page.html import Html, section, tag
from transform.reports.page.report import document
from transform.reports.sentences import headlines

TOLD = 400
"""How many of each kind show their headline; older ones are links alone, so that it stays small."""
_LONGEST = 200


def index(reports: Iterable[Report]) -> str:
    """Give the page; the same reports, in whatever order, give the same bytes."""
    listed = sorted(reports, key=lambda report: report.period, reverse=True)
    days = [report for report in listed if report.period.kind == "day"]
    weeks = [report for report in listed if report.period.kind == "week"]
    about = f"{words.count(len(days), 'daily report')}, {words.count(len(weeks), 'weekly report')}."
    header = tag(
        "header",
        tag("p", "Movie likes", class_="kicker"),
        tag("h1", "Trend reports"),
        tag("p", f"{about} All days are UTC."),
    )
    lists = _kind("days", "Days", days), _kind("weeks", "Weeks", weeks)
    return document(
        "Trend reports of movie likes", about, header, tag("main", *lists, class_="index")
    )


def _kind(name: str, heading: str, reports: Sequence[Report]) -> Html:
    if not reports:
        return section(name, heading, tag("p", "None yet."))
    told = {report.period for report in reports[:TOLD]}
    months = groupby(
        reports, key=lambda report: f"{report.period.first:%B} {report.period.first.year}"
    )
    return section(
        name,
        heading,
        *(
            part
            for month, of in months
            for part in (
                tag("h3", month),
                tag("ol", *(_entry(one, one.period in told) for one in of)),
            )
        ),
    )


def _entry(report: Report, told: bool) -> Html:
    period = report.period
    called = period.name
    if period.kind == "day":
        called = f"{period.first:%a} {period.first.day}"
    link = tag("a", called, href=f"{period.name}.html")
    again = tag("em", " Restated.") if report.restated else Html()
    if not told:
        return tag("li", link, again, class_="short")
    headline = headlines(report)[0]
    if len(headline) > _LONGEST:
        headline = headline[: _LONGEST - 1] + "…"
    return tag("li", link, tag("span", headline, again))
