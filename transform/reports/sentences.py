"""What a report says: its headlines, why a film moved, and the mail that tells of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from transform.reports import words
from transform.reports.periods import Period
from transform.reports.questions import Row

if TYPE_CHECKING:
    from transform.reports.figures import Mover, Report

CHANCE = 4.0
"""Standard deviations from its share at which a film's rise or fall is news, in the headlines and
on the page: of a hundred films that do not move, one is so far up on one day in three hundred."""
NOTABLE = 3.0
"""A score from which chance no longer explains an hour: 3 standard deviations above what is
expected are met once in 700 hours, if a film's likes are as they always are."""


def headlines(report: Report) -> list[str]:
    """Give what rose most and why, the total beside the period before, and what else matters."""
    if report.empty:
        return _of_nothing(report)
    return [_rise(report), _total(report), _notable(report)]


def _rise(report: Report) -> str:
    before = words.before(report.period)
    if not report.rose:
        if report.nearest:
            return f"No film rose by more than chance explains; {nearest(report, report.nearest)}"
        if report.totals_before.likes:
            return f"No film rose against {before}."
        return f"No film can be said to rise: nothing was liked {before}."
    best = report.rose[0]
    ranks = f", {_ranks(best)}" if best.rank is not None else ""
    likes = f"{_plain(best.net)} net likes after {_plain(best.net_before)} {before}"
    return f"{words.name(best)} rose most{ranks}: {likes}{_score(report, best)}."


def nearest(report: Report, film: Mover) -> str:
    """Say what the film did that came furthest up where none rose."""
    ranks = f", {_ranks(film)}" if film.rank is not None else ""
    before = f"{_plain(film.net_before)} {words.before(report.period)}"
    return f"{words.name(film)} came furthest{ranks}: {_plain(film.net)} net likes after {before}."


def _ranks(film: Mover) -> str:
    if film.rank_before is None:
        return f"new at rank {_plain(film.rank or 0)}"
    return f"from rank {_plain(film.rank_before)} to {_plain(film.rank or 0)}"


def _score(report: Report, film: Mover) -> str:
    if film.score is None or film.score <= 0 or film.peak_hour is None:
        return ""
    when = words.hour(film.peak_hour)
    if report.period.kind == "day":
        when = when.partition(", ")[2]
    return f", with a score of {film.score:,.1f} in the hour from {when}"


def _total(report: Report) -> str:
    now, before = report.totals, report.totals_before
    called = words.before(report.period)
    total = (
        f"{_plain(now.net)} net likes in all ({_plain(now.likes)} likes, {_plain(now.unlikes)} "
        "taken back)"
    )
    if not before.likes and not before.unlikes:
        return f"{total}; there were none {called} to compare with."
    if now.net == before.net:
        return f"{total}, as many as {called}."
    return f"{total}, {words.change(now.net, before.net)} from {_plain(before.net)} {called}."


def _notable(report: Report) -> str:
    totals, quality = report.totals, report.quality
    who = f"{words.count(totals.likers, 'person', 'people')} liked something"
    if report.top:
        best = report.top[0]
        who += f", most of all {words.name(best)} with {_plain(best.net)} net likes"
    if not quality.gaps:
        return f"{who}."
    hours = f"{len(quality.gaps)} of {words.count(quality.hours, 'hour')}"
    return f"{who}; but {hours} had far fewer likes than usual, so some may be missing."


def _of_nothing(report: Report) -> list[str]:
    before = report.totals_before
    when = words.period(report.period)
    called = words.before(report.period)
    lines = report.quality.rejected_lines
    return [
        f"Nothing was liked on {when}."
        if report.period.kind == "day"
        else f"Nothing was liked in {when[0].lower()}{when[1:]}.",
        f"There were {_plain(before.net)} net likes {called}."
        if before.likes or before.unlikes
        else f"There were none {called} either.",
        f"{words.count(lines, 'line')} came that could not become a like."
        if lines
        else "Nothing came that was rejected either: perhaps nothing was sent.",
    ]


def _plain(of: int) -> str:
    """A number for a mail: with a hyphen for a minus."""
    return f"{of:,}"


def rose(period: Period, row: Row) -> str:
    """Say why a row of `movers` is called a rise."""
    score = row["peak_score"]
    if score is None:
        reason = "None of its hours is ranked yet."
    elif score >= NOTABLE:
        reason = f"{_peak(row)}, {_above(score)}."
    elif score > 0:
        reason = f"No single hour did it: {_lower(_peak(row))}, {_above(score)}."
    else:
        reason = "No hour of it stood above what its own past predicts."
    return f"{_places('Up', period, row)}. {reason}"


def fell(period: Period, row: Row) -> str:
    """Say why a row of `movers` is called a fall."""
    score = row["peak_score"]
    if score is None:
        reason = "None of its hours is ranked."
    elif score > 0:
        reason = f"{_peak(row)}, {_above(score)}."
    else:
        reason = "No hour of it stood above what its own past predicts."
    return f"{_places('Down', period, row)}. {reason}"


def _places(way: str, period: Period, row: Row) -> str:
    before = "the day before" if period.kind == "day" else "the week before"
    rank, rank_before = row["rank"], row["rank_before"]
    far = row["deviations"]
    counts = (
        f"{row['net_likes']:,} net likes after {row['net_likes_before']:,} {before}, "
        f"{abs(far):.1f} standard deviations {'more' if far > 0 else 'fewer'} than its share then "
        "promised"
    )
    if rank_before is None:
        return f"New in {ordinal(rank)} place: {counts}"
    if rank is None:
        return f"Gone from {ordinal(rank_before)} place: {counts}"
    return f"{way} from {ordinal(rank_before)} to {ordinal(rank)} place: {counts}"


def _peak(row: Row) -> str:
    begin = row["peak_hour"]
    end = begin + timedelta(hours=1)
    return (
        f"Its best hour, {begin:%H:%M} to {end:%H:%M} UTC on {begin:%Y-%m-%d}, brought "
        f"{row['peak_net_likes']:,} net likes"
    )


def _above(score: float) -> str:
    return f"{score:.1f} standard deviations above what its own past predicts"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def ordinal(number: int) -> str:
    """Give 1st, 2nd, 3rd, 11th, 1,021st."""
    teen = number % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def subject(report: Report) -> str:
    """Give the subject of the mail: ASCII, and no longer than the 100 characters SNS takes.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    again = ", restated" if report.restated else ""
    return f"Movie likes of {report.period.name}{again}"


def message(report: Report, link: str, until: datetime, place: str) -> str:
    """Give the text of the mail: the three headlines, and where the report is."""
    lines = list(headlines(report))
    if report.restated:
        lines.append("Likes came late: this report takes the place of the one before.")
    return "\n".join(
        [
            *lines,
            "",
            f"The report, until {until:%Y-%m-%d %H:%M} UTC at the latest (the link ends with the "
            "credentials it was signed with):",
            link,
            "",
            f"For those who may read the lake, for good: {place}",
            "",
        ]
    )
