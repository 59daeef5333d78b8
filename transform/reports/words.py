"""Numbers, times and films as people read them, as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transform.reports.figures import Mover, TopFilm
    from transform.reports.periods import Period

NONE = "–"
"""What stands where there is no number: a share of nothing, a rank of nobody."""
FEW = 100
"""A share of fewer is no per cent: one more or less would change it by a point or more."""
_LONGEST_TITLE = 120
_UNITS = ("B", "KB", "MB", "GB", "TB")


def number(of: int | float | None, decimals: int = 0) -> str:
    """A number with its thousands apart, and a proper minus sign: 1,234 or −1,234."""
    if of is None:
        return NONE
    told = f"{of:,}" if isinstance(of, int) else f"{round(of, decimals) + 0.0:,.{decimals}f}"
    return told.replace("-", "−")


def share(part: int, whole: int) -> str:
    """A share in per cent; of few, how many of them (34 of 34); of nothing there is none."""
    if whole <= 0:
        return NONE
    if whole < FEW:
        return f"{number(part)} of {number(whole)}"
    percent = 100 * part / whole
    return "< 0.1%" if 0 < percent < 0.1 else f"{percent:.1f}%"


def change(now: int, before: int) -> str:
    """How a number moved, in words: up 12.3%, down 4.0%, unchanged; in numbers where little."""
    if now == before:
        return "unchanged"
    way, by = ("up", now - before) if now > before else ("down", before - now)
    percent = 100 * by / before if before > 0 else 0.0
    if percent < 0.05:  # of nothing, or so little that it would be 0.0%
        return f"{way} {number(by)}"
    return f"{way} {number(percent, 0 if percent >= 100 else 1)}%"


def count(of: int, one: str, many: str | None = None) -> str:
    """A number and what it is of: 1 hour, 2 hours."""
    return f"{number(of)} {one if of == 1 else many or one + 's'}"


def size(of: int) -> str:
    """Bytes, in the unit that suits them, as AWS counts: 1 MB is 1,000,000."""
    amount, unit = float(of), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{number(amount, 1 if unit and amount < 100 else 0)} {_UNITS[unit]}"


def dollars(of: float) -> str:
    """US dollars; less than a cent to the millionth, as queries cost little."""
    return f"${of:,.2f}" if of >= 1 else f"${of:.6f}"


def seconds(of: float | None) -> str:
    """How long, in the unit that suits it."""
    if of is None:
        return NONE
    for least, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if of >= 2 * least:
            return f"{number(of / least, 1)} {name}"
    return f"{number(of, 1)} seconds"


def name(film: TopFilm | Mover) -> str:
    """A film as people know it, on one line; its id where no catalogue names it."""
    told = " ".join((film.title or "").split()) or film.movie_id
    return told if len(told) <= _LONGEST_TITLE else told[: _LONGEST_TITLE - 1] + "…"


def day(of: date) -> str:
    """31 January 2026."""
    return f"{of.day} {of:%B} {of.year}"


def short_day(of: date) -> str:
    """Sat 31 Jan."""
    return f"{of:%a} {of.day} {of:%b}"


def period(of: Period) -> str:
    """Saturday 31 January 2026, or the week's number and days."""
    if of.kind == "day":
        return f"{of.first:%A} {day(of.first)}"
    year, week, _ = of.first.isocalendar()
    return f"Week {week} of {year}, {short_day(of.first)} to {short_day(of.last)} {of.last.year}"


def before(of: Period) -> str:
    """What the period before is called in a sentence."""
    return "the day before" if of.kind == "day" else "the week before"


def utc(at: datetime) -> datetime:
    """A time in UTC; one without a zone is in UTC already."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def moment(at: datetime | None) -> str:
    """31 Jan 2026, 20:15:03 UTC."""
    if at is None:
        return NONE
    there = utc(at)
    return f"{there.day} {there:%b} {there.year}, {there:%H:%M:%S} UTC"


def hour(at: datetime | None) -> str:
    """31 Jan, 20:00 UTC."""
    if at is None:
        return NONE
    there = utc(at)
    return f"{there.day} {there:%b}, {there:%H:%M} UTC"


def iso(at: datetime | date | None) -> str:
    """ISO 8601, for machines; times in UTC."""
    if at is None:
        return ""
    if isinstance(at, datetime):
        return utc(at).isoformat().replace("+00:00", "Z")
    return at.isoformat()


def spans(hours: Sequence[datetime], most: int) -> str:
    """Hours in a sentence, those in a row as one: 31 Jan, 03:00 to 05:00 UTC."""
    rows: list[list[datetime]] = []
    for at in sorted(utc(hour) for hour in hours):
        if rows and at - rows[-1][-1] <= timedelta(hours=1):
            rows[-1].append(at)
        else:
            rows.append([at])
    told = [_span(row[0], row[-1] + timedelta(hours=1)) for row in rows]
    if len(told) > most:
        return f"{', '.join(told[:most])} and {number(len(told) - most)} more"
    return " and ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)


def _span(first: datetime, end: datetime) -> str:
    last = f"{end:%H:%M}" if end.date() == first.date() else f"{end.day} {end:%b}, {end:%H:%M}"
    return f"{first.day} {first:%b}, {first:%H:%M} to {last} UTC"
