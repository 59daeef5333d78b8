"""Why a film is said to have risen or fallen: a sentence or two, with the numbers it rests on."""

from __future__ import annotations

from datetime import timedelta

from transform.reports.periods import Period
from transform.reports.questions import Row

CHANCE = 4.0
"""Standard deviations from its share at which a film's rise or fall is news, in the headlines and
on the page: of a hundred films that do not move, one is so far up on one day in three hundred."""
NOTABLE = 3.0
"""A score from which chance no longer explains an hour: 3 standard deviations above what is
expected are met once in 700 hours, if a film's likes are as they always are."""


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
