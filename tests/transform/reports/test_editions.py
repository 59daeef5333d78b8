"""When a report is made again, and what it then says of the edition before."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from transform.lake.watermark import Object
from transform.reports import editions, periods
from transform.reports.figures import (
    Gap,
    HeatRow,
    Mover,
    Quality,
    Rejected,
    Report,
    Restated,
    TopFilm,
    Totals,
)

DAY, BEFORE = date(2026, 1, 31), date(2026, 1, 30)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
REPORT = Report(
    period=periods.day(DAY),
    totals=Totals(10, 2, 7, 3),
    totals_before=Totals(5, 0, 5, 2),
    top=[TopFilm(1, "a", "A", 6, 1, [5, *[0] * 23])],
    rose=[Mover("a", "A", 5, 1, 1, 2, 3.5, NOON, 4, "Up.", 9.0)],
    fell=[],
    heat=[HeatRow(BEFORE, [1] * 24), HeatRow(DAY, [2] * 24)],
    quality=Quality(NOON, NOON, 1.5, 24, [], 1, 12, []),
    costs=[],
)
MOVER = replace(REPORT.rose[0], net_before=9)
OTHERS = {
    "the totals before": replace(REPORT, totals_before=Totals(9, 9, 9, 9)),
    "what rose": replace(REPORT, rose=[MOVER]),
    "what fell": replace(REPORT, fell=[MOVER]),
    "the heat of other days": replace(REPORT, heat=[HeatRow(BEFORE, [9] * 24), REPORT.heat[1]]),
    "gaps, which other days tell": replace(
        REPORT, quality=replace(REPORT.quality, gaps=[Gap(NOON, 1, 99)])
    ),
    "rejected lines, which are no likes": replace(
        REPORT, quality=replace(REPORT.quality, rejected=[Rejected("not_json", 1)])
    ),
    "titles": replace(REPORT, top=[replace(REPORT.top[0], title="B")]),
}
OWN = {
    "totals": replace(REPORT, totals=Totals(11, 2, 7, 3)),
    "the top": replace(REPORT, top=[replace(REPORT.top[0], likes=7, unlikes=2)]),
    "the course of the top": replace(
        REPORT, top=[replace(REPORT.top[0], series=[4, 1, *[0] * 22])]
    ),
    "its own heat": replace(REPORT, heat=[REPORT.heat[0], HeatRow(DAY, [3] * 24)]),
    "the last arrival": replace(
        REPORT, quality=replace(REPORT.quality, last_arrival=NOON.replace(hour=13))
    ),
    "how many came late": replace(REPORT, quality=replace(REPORT.quality, late=2)),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_changed_elsewhere_leaves_a_report_as_it_stands(what):
    assert OTHERS[what] != REPORT
    assert editions.settled(REPORT, OTHERS[what]) is REPORT


@pytest.mark.parametrize("what", OWN)
def test_what_changed_of_its_own_likes_makes_another_edition(what):
    told = editions.settled(REPORT, OWN[what])
    assert told == replace(OWN[what], restated=Restated(1, 8, 12))
    assert editions.number(told) == 2


def test_a_third_edition_tells_of_the_first():
    second = editions.settled(REPORT, OWN["totals"])
    third = editions.settled(second, OWN["the top"])
    assert third.restated == Restated(2, 8, 12)
    assert editions.settled(third, OWN["the top"]) is third


def test_the_first_edition_is_what_was_found():
    assert editions.settled(None, REPORT) is REPORT
    assert editions.number(REPORT) == 1


objects = st.lists(
    st.builds(Object, st.sampled_from("abc"), st.sampled_from("xy")), unique_by=lambda one: one.key
)


@given(objects, objects)
def test_a_fingerprint_tells_other_objects_and_no_other_order(some, others):
    same = {(one.key, one.etag) for one in some} == {(one.key, one.etag) for one in others}
    assert (editions.fingerprint(some) == editions.fingerprint(others)) == same
    assert editions.fingerprint(reversed(some)) == editions.fingerprint(some)
