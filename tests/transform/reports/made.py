"""Strategies for reports of every kind, with names made to break a page."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

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
    Restated,
    TopFilm,
    Totals,
)
from transform.reports.periods import day, week

_HOSTILE = [
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "&amp;&lt;"),
    *('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "－1", "שלום <עולם>", "\u202egnp"),
    *("a\x00b\x1f\x9b", "line\r\nbreak", "ﷺ" * 300, "x" * 10_000, "'", "<!--", "]]>", "%s {0} $x"),
]
TEXTS = st.sampled_from(_HOSTILE) | st.text(max_size=40)
IDS = st.text("abcXYZ019._:-", min_size=1, max_size=64)
COUNTS = st.integers(0, 50) | st.integers(0, 10**12)
_RANKS = st.none() | st.integers(1, 10**6)
_TIMES = st.datetimes(datetime(2010, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
_DATES = st.dates(date(2010, 1, 10), date(2100, 1, 1))
_NETS = st.integers(-50, 50) | st.integers(-(10**12), 10**12)
_TOTALS = st.builds(Totals, COUNTS, COUNTS, COUNTS, COUNTS)
_MOVERS = st.lists(
    st.builds(
        *(Mover, IDS, st.none() | TEXTS, _NETS, _NETS, _RANKS, _RANKS),
        *(st.none() | st.floats(-1e6, 1e6), st.none() | _TIMES, st.none() | _NETS, TEXTS),
        st.floats(-1e6, 1e6),
    ),
    max_size=6,
)


def _counts(number: int) -> st.SearchStrategy[list[int]]:
    return st.lists(_NETS, min_size=number, max_size=number)


def _top(points: int) -> st.SearchStrategy[list[TopFilm]]:
    film = st.builds(
        *(TopFilm, st.integers(1, 100), IDS, st.none() | TEXTS, COUNTS, COUNTS, _counts(points))
    )
    return st.lists(film, max_size=5)


_HEAT = st.lists(st.builds(HeatRow, _DATES, st.lists(COUNTS, min_size=24, max_size=24)), max_size=7)
_QUALITY = st.builds(
    *(Quality, st.none() | _TIMES, st.none() | _TIMES, st.none() | st.floats(0, 1e7)),
    *(st.sampled_from([0, 24, 168]), st.lists(st.builds(Gap, _TIMES, COUNTS, COUNTS), max_size=9)),
    *(COUNTS, COUNTS, st.lists(st.builds(Rejected, TEXTS, COUNTS), max_size=5)),
)
_COSTS = st.lists(st.builds(Cost, TEXTS, COUNTS, st.floats(0, 1e6)), max_size=5)


_AUDITED = st.builds(
    *(Audited, _TIMES, st.lists(st.builds(Checked, TEXTS, _NETS, COUNTS, TEXTS), max_size=3)),
    *(COUNTS, st.lists(_TIMES, max_size=2), st.lists(st.builds(Mended, _TIMES, TEXTS), max_size=2)),
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report, of a day or a week."""
    period = draw(st.sampled_from([day, week]))(draw(_DATES))
    return Report(
        *(period, draw(_TOTALS | st.just(Totals())), draw(_TOTALS | st.just(Totals()))),
        *(draw(_top(24 if period.kind == "day" else 7)), draw(_MOVERS), draw(_MOVERS)),
        *(draw(_HEAT), draw(_QUALITY), draw(_COSTS)),
        draw(st.none() | st.builds(Restated, st.integers(1, 99), _NETS, COUNTS)),
        draw(st.none() | _AUDITED),
    )
