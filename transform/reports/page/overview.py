"""The parts of a report's page on the period as a whole: its totals, and its hours."""

from __future__ import annotations

from transform.reports import words
from transform.reports.figures import Report
from transform.reports.page import charts
from transform.reports.page.html import Html, behind, join, section, table, tag


def figures(report: Report) -> Html:
    """The period's totals, each beside that of the period before."""
    now, before = report.totals, report.totals_before
    called = words.before(report.period)
    rows = [
        ("Net likes", now.net, before.net),
        ("Unique likers", now.likers, before.likers),
        ("Likes", now.likes, before.likes),
        ("Taken back", now.unlikes, before.unlikes),
        ("Films", now.films, before.films),
    ]
    known = bool(before.likes or before.unlikes)
    cards = [
        tag(
            "div",
            tag("dt", name),
            tag("dd", words.number(value), class_="value"),
            tag("dd", _change(value, then) if known else f"none {called}", class_="change"),
            class_="rise" if value > then else "fall",
        )
        for name, value, then in rows
    ]
    numbers = [
        (name, words.number(value), words.number(then), words.change(value, then))
        for name, value, then in rows
    ]
    columns = ("Figure", "Now", called.capitalize(), "Change")
    return section(
        "figures",
        f"Beside {called}",
        tag("dl", *cards, class_="cards"),
        behind("All figures", table(f"Totals beside {called}", columns, numbers)),
    )


def _change(now: int, before: int) -> Html:
    sign = "▲" if now > before else "▼" if now < before else "="
    told = f"{words.change(now, before)} from {words.number(before)}"
    return join([tag("span", sign, class_="sign", aria_hidden="true"), " ", told])


def hours(report: Report) -> Html:
    """Likes by hour of the last seven days."""
    if not report.heat:
        return Html()
    names = [f"{hour:02}" for hour in range(24)]
    rows = [
        (words.short_day(row.day), *(words.number(likes) for likes in row.likes))
        for row in report.heat
    ]
    return section(
        "hours",
        "When people liked",
        tag("p", "Likes by hour of the last seven days, UTC.", class_="note"),
        charts.heat_map(report.heat),
        charts.legend(report.heat),
        behind("Table of likes by hour", table("Likes by hour, UTC", ("Day", *names), rows)),
    )
