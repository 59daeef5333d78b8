"""Makes a report of the answers to its questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from transform.audit import MENDED
from transform.reports import sentences
from transform.reports.figures import (
    Audited,
    Checked,
    Cost,
    Gap,
    HeatRow,
    Mended,
    Mover,
    Quality,
    Rejected,
    Report,
    TopFilm,
    Totals,
)
from transform.reports.periods import Period
from transform.reports.questions import HEAT_DAYS, Answer, Row

HOURS = 24


def report(period: Period, answers: Mapping[str, Answer]) -> Report:
    """Give the first edition of a report, of an answer to each question that `asked` names."""
    rows = {question: answer.rows for question, answer in answers.items()}
    totals = {row["first_day"]: row for row in rows["period_totals"]}
    movers: dict[str, list[Mover]] = {"rose": [], "fell": []}
    for row in rows["movers"]:
        movers[row["direction"]].append(_mover(period, row))
    made = Report(
        period=period,
        totals=_totals(totals.get(period.first)),
        totals_before=_totals(totals.get(period.before.first)),
        top=_top(period, rows["top_movies_hourly"]),
        rose=movers["rose"],
        fell=movers["fell"],
        heat=_heat(period, rows["heat_by_weekday"]),
        quality=_quality(period, totals.get(period.first), rows),
        costs=[Cost(name, answer.bytes, answer.dollars) for name, answer in answers.items()],
        audited=_audited(rows["audits"]),
    )
    return beyond_chance(made)


def beyond_chance(report: Report) -> Report:
    """Give a report in which only those films rose or fell that moved further than chance explains;
    where none rose, the one that came furthest is named apart.

    Reports that were made before this was told apart have all films that moved: whoever reads one
    reads it through this. Of what is told apart already, nothing changes.
    """
    rose, fell = (
        [film for film in films if abs(film.deviations) >= sentences.CHANCE]
        for films in (report.rose, report.fell)
    )
    nearest = None if rose else next(iter(report.rose), report.nearest)
    return msgspec.structs.replace(report, rose=rose, fell=fell, nearest=nearest)


def _totals(row: Row | None) -> Totals:
    if row is None:
        return Totals()
    return Totals(row["likes"], row["unlikes"], row["likers"], row["movies"])


def _mover(period: Period, row: Row) -> Mover:
    return Mover(
        movie_id=row["movie_id"],
        title=row["title"],
        net=row["net_likes"],
        net_before=row["net_likes_before"],
        rank=row["rank"],
        rank_before=row["rank_before"],
        score=row["peak_score"],
        peak_hour=row["peak_hour"],
        peak_likes=row["peak_net_likes"],
        why=(sentences.rose if row["direction"] == "rose" else sentences.fell)(period, row),
        deviations=row["deviations"],
    )


def _top(period: Period, rows: Sequence[Row]) -> list[TopFilm]:
    """The films with the most net likes, each with those of its hours, or of a week's days."""
    films: dict[str, TopFilm] = {}
    for row in rows:
        movie_id = row["movie_id"]
        if movie_id not in films:
            series = [0] * (HOURS if period.kind == "day" else len(period.days))
            films[movie_id] = TopFilm(
                row["place"], movie_id, row["title"], row["likes"], row["unlikes"], series
            )
        films[movie_id].series[_slot(period, row["hour"])] += row["net_likes_in_hour"]
    return list(films.values())


def _slot(period: Period, hour: datetime) -> int:
    return hour.hour if period.kind == "day" else (hour.date() - period.first).days


def _heat(period: Period, rows: Sequence[Row]) -> list[HeatRow]:
    """The days by their likes; of seven days in a row, each is another weekday."""
    likes = {(row["weekday"], row["hour"]): row["likes"] for row in rows}
    days = [period.last - timedelta(days=back) for back in reversed(range(HEAT_DAYS))]
    return [HeatRow(day, [likes[day.isoweekday(), hour] for hour in range(HOURS)]) for day in days]


def _quality(period: Period, totals: Row | None, rows: Mapping[str, Sequence[Row]]) -> Quality:
    [lag] = rows["period_lag"]
    gaps = [
        Gap(row["hour"], row["events"], row["typical"])
        for row in rows["completeness_by_hour"]
        # Where nothing is typical of an hour, that it is empty says nothing.
        if row["typical"] > 0 and row["hour"].date() >= period.first
    ]
    return Quality(
        newest_like=totals["newest_like"] if totals else None,
        last_arrival=totals["last_arrival"] if totals else None,
        lag_p95_s=None if lag["p95_ms"] is None else lag["p95_ms"] / 1000,
        hours=len(period.days) * HOURS,
        gaps=gaps,
        late=lag["late"] or 0,
        events=lag["likes"],
        rejected=[Rejected(row["reason"], row["rejected"]) for row in rows["rejected_by_reason"]],
    )


def _audited(rows: Sequence[Row]) -> Audited | None:
    if not rows:
        return None
    told = [row for row in rows if row["item"] != MENDED]
    return Audited(
        at=rows[0]["at"],
        items=[
            Checked(row["item"], row["number"], row["differs"], row["detail"])
            for row in told
            if row["is_last"]
        ],
        audits=rows[0]["audits"],
        off=sorted({row["at"] for row in told if row["differs"]}, reverse=True),
        mended=[Mended(row["at"], row["detail"]) for row in rows if row["item"] == MENDED],
    )
