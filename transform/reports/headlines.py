"""The three sentences that announce a report, by mail and on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transform.reports import words

if TYPE_CHECKING:
    from transform.reports.figures import Mover, Report


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
