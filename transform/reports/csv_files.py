"""The numbers of a report as CSV files (RFC 4180), for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time

from transform.reports import words
from transform.reports.figures import Mover, Quality, Report

NAMES = ("top.csv", "movers.csv", "hours.csv", "quality.csv", "cost.csv", "totals.csv")
Cell = str | int | float | None
# What a spreadsheet takes for the start of a formula, full-width forms included (OWASP, CSV
# Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def tables(report: Report) -> dict[str, str]:
    """Give the text of each file by its name; times are ISO 8601, what is unknown is empty."""
    found = (_top, _movers, _hours, _quality, _cost, _totals)
    return {name: table(report) for name, table in zip(NAMES, found, strict=True)}


def _top(report: Report) -> str:
    spans = (
        [f"{hour:02}:00" for hour in range(24)]
        if report.period.kind == "day"
        else [day.isoformat() for day in report.period.days]
    )
    return _written(
        ["place", "movie_id", "title", "net", "likes", "unlikes", *spans],
        (
            [
                film.place,
                film.movie_id,
                film.title,
                film.net,
                film.likes,
                film.unlikes,
                *film.series,
            ]
            for film in report.top
        ),
    )


def _movers(report: Report) -> str:
    columns = (
        *("direction", "movie_id", "title", "net_before", "net", "rank_before", "rank"),
        *("score", "peak_hour", "peak_likes", "deviations", "why"),
    )

    def row(direction: str, film: Mover) -> Sequence[Cell]:
        return (
            *(direction, film.movie_id, film.title, film.net_before, film.net, film.rank_before),
            *(film.rank, film.score, words.iso(film.peak_hour), film.peak_likes),
            *(film.deviations, film.why),
        )

    rose = (row("rose", film) for film in report.rose)
    fell = (row("fell", film) for film in report.fell)
    return _written(columns, (*rose, *fell))


def _hours(report: Report) -> str:
    return _written(
        ["hour", "likes"],
        (
            [words.iso(datetime.combine(row.day, time(hour), UTC)), likes]
            for row in report.heat
            for hour, likes in enumerate(row.likes)
        ),
    )


def _quality(report: Report) -> str:
    """One measure a row; `of` names the hour of a gap, or the reason of rejected lines."""
    quality: Quality = report.quality
    rows: list[Sequence[Cell]] = [
        ("newest_like", None, words.iso(quality.newest_like)),
        ("last_arrival", None, words.iso(quality.last_arrival)),
        ("lag_p95_s", None, quality.lag_p95_s),
        ("hours", None, quality.hours),
        ("events", None, quality.events),
        ("late", None, quality.late),
    ]
    for gap in quality.gaps:
        rows.append(("gap_events", words.iso(gap.hour), gap.events))
        rows.append(("gap_typical", words.iso(gap.hour), gap.typical))
    rows.extend(("rejected", reason.reason, reason.lines) for reason in quality.rejected)
    return _written(("measure", "of", "value"), rows)


def _cost(report: Report) -> str:
    return _written(
        ["question", "bytes", "dollars"],
        ([cost.question, cost.bytes, cost.dollars] for cost in report.costs),
    )


def _totals(report: Report) -> str:
    now, before = report.totals, report.totals_before
    rows: list[Sequence[Cell]] = [
        ["net", now.net, before.net],
        ["likes", now.likes, before.likes],
        ["unlikes", now.unlikes, before.unlikes],
        ["likers", now.likers, before.likers],
        ["films", now.films, before.films],
    ]
    if report.restated:
        rows.append(["net_first_edition", report.restated.net_first, None])
        rows.append(["events_first_edition", report.restated.events_first, None])
    return _written(["measure", report.period.name, report.period.before.name], rows)


def _written(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: Cell) -> Cell:
    """Text that a spreadsheet would run is text again with an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
