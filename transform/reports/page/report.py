"""The page of a report: one HTML file that needs nothing else, on a screen, a phone and paper."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from transform.reports import words
from transform.reports.csv_files import NAMES
from transform.reports.figures import Report
from transform.reports.page import films, overview, trust
from transform.reports.page.html import Html, join, tag
from transform.reports.sentences import headlines

STYLE = resources.files("transform.reports.page").joinpath("style.css").read_text("utf-8")
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""Names the style to a Content-Security-Policy that allows no other (Content Security Policy
Level 3, 6.7.2)."""
# Nothing is loaded, nothing runs: whatever a film is called.
_POLICY = f"default-src 'none'; style-src '{STYLE_HASH}'; img-src data:"
_METHOD = (
    "A film rises not when it is liked much, but when it is liked more than its own past predicts. "
    "Its score says by how many standard deviations of a Poisson count an hour stands above that; "
    "net likes are likes less those taken back. A film's rank is its place by net likes."
)


def page(report: Report) -> str:
    """Give the page; the same report gives the same bytes."""
    kind = "Daily" if report.period.kind == "day" else "Weekly"
    lead, *others = headlines(report)
    if report.empty:
        parts = [trust.nothing(report), overview.hours(report)]
    else:
        parts = [
            overview.figures(report),
            films.movers(report),
            films.top(report),
            overview.hours(report),
        ]
    header = tag(
        "header",
        tag("p", f"Movie likes · {kind} report", class_="kicker"),
        tag("h1", words.period(report.period)),
        tag("nav", tag("a", "All reports", href="index.html"), aria_label="Reports"),
    )
    news = tag(
        "section",
        tag("p", lead, class_="lead"),
        *(tag("p", sentence) for sentence in others),
        class_="news",
        aria_label="Headlines",
    )
    main = tag(
        "main",
        trust.restated(report),
        news,
        *parts,
        trust.quality(report),
        trust.audited(report),
        trust.cost(report),
    )
    return document(
        f"{words.period(report.period)} · {kind} report of movie likes",
        " ".join(headlines(report)),
        header,
        main,
        _footer(report),
    )


def document(title: str, about: str, *inside: Html) -> str:
    """A whole page in the style of reports."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="description", content=about),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag("body", join(inside, "\n"))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _footer(report: Report) -> Html:
    files = [tag("li", tag("a", name, href=f"{report.period.name}/{name}")) for name in NAMES]
    return tag(
        "footer",
        tag("p", _METHOD),
        tag("p", "All days and hours are UTC. A like counts in the hour in which it happened."),
        tag("nav", tag("h2", "The numbers, as CSV"), tag("ul", *files), aria_label="CSV files"),
    )
