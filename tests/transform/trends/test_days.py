"""Which days are written, and when, and what their files hold."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import day_totals
from transform.trends import days, rollups
from transform.trends.activity import PAST
from transform.trends.batch_sums import Batch
from transform.trends.days import HOUR_MS, KEPT_DAYS, OVERLAP_MS, RESTATED_MS, Published

TERRAFORM = Path(__file__).parents[3] / "infra/terraform/modules"
TODAY = 20_000
"""The current epoch day."""
AS_OF = TODAY * 24 * HOUR_MS + 10 * HOUR_MS + 1
LAST = TODAY - KEPT_DAYS - 1
"""The last day that is too old to be due by what is remembered of it."""
TIMES = st.integers(0, 3).map(lambda n: n * OVERLAP_MS) | st.integers(0, 3 * OVERLAP_MS)
DAYS = st.integers(LAST - 10, LAST + 3)


@given(st.dictionaries(DAYS, TIMES), st.dictionaries(DAYS, TIMES))
def test_a_day_is_outdated_unless_it_was_written_well_after_all_it_rests_on(totals, trends):
    found = days.outdated(totals, trends, AS_OF)
    for day in range(LAST - 10, LAST + 4):
        rests_on = [totals[d] for d in (day - 1, day) if d in totals]
        safe = day in trends and all(trends[day] > time + OVERLAP_MS for time in rests_on)
        assert (day in found) == (day <= LAST and day in totals and not safe)
    surely = [
        day
        for day in found
        if day not in trends or any(trends[day] < totals[d] for d in (day - 1, day) if d in totals)
    ]
    assert found == sorted(surely) + sorted(set(found) - set(surely))
    assert days.outdated(totals, trends, AS_OF, surely=True) == sorted(surely)


def test_a_day_is_either_due_by_its_files_or_outdated_by_their_times():
    there = range(LAST - 3, TODAY + 2)
    due = [day for day, _ in days.due(dict.fromkeys(there, '"etag"'), {}, {}, AS_OF)]
    outdated = days.outdated(dict.fromkeys(there, 0), {}, AS_OF)
    assert outdated + due == list(range(LAST - 3, TODAY + 1))


def due(totals, tracked, known=None, as_of=AS_OF, restate=False):
    return dict(days.due(totals, tracked, known or {}, as_of, restate))


def test_a_day_is_due_once_an_hour_of_it_is_closed_that_anything_is_known_of():
    hour = TODAY * 24
    assert set(due({}, {hour: "a", hour - 24: "b"})) == {TODAY, TODAY - 1}
    assert due({}, {hour - 25: "old", hour + 10: "open"}).keys() == {TODAY - 2}
    assert due({}, {hour: "a"}, as_of=hour * HOUR_MS + HOUR_MS - 1) == {}
    assert due({}, {hour: "a"}, as_of=hour * HOUR_MS + HOUR_MS).keys() == {TODAY}
    assert due({TODAY: "a"}, {}, as_of=hour * HOUR_MS + HOUR_MS - 1) == {}


@pytest.mark.parametrize(
    ("totals", "tracked", "differs"),
    [
        ({TODAY: "new"}, {}, True),
        ({TODAY - 1: "new"}, {}, True),
        ({TODAY - 2: "new"}, {}, False),
        ({}, {TODAY * 24: "new"}, True),
        ({}, {TODAY * 24 - PAST: "new"}, True),
        ({}, {TODAY * 24 - PAST - 1: "new"}, False),
        ({}, {TODAY * 24 + 10: "open"}, False),
    ],
)
def test_a_day_rests_on_its_own_closed_hours_and_on_the_day_before(totals, tracked, differs):
    stood = {TODAY: "a", TODAY - 1: "b"}, {TODAY * 24 + n: "c" for n in range(-30, 5)}
    before = due(*stood)[TODAY]
    assert (due(stood[0] | totals, stood[1] | tracked)[TODAY] != before) == differs


def test_a_day_that_changed_is_due_when_told_in_ten_minutes_or_when_an_hour_closes():
    at = TODAY * 24 * HOUR_MS + 10 * HOUR_MS
    known = {TODAY: Published(due({TODAY: "a"}, {}, as_of=at)[TODAY], at)}
    for as_of in (at, at + HOUR_MS - 1):
        assert due({TODAY: "a"}, {}, known, as_of, restate=True) == {}
    for restate, later, expected in (
        (False, RESTATED_MS - 1, False),
        (False, RESTATED_MS, True),
        (True, 1, True),
    ):
        found = due({TODAY: "b"}, {}, known, at + later, restate)
        assert (TODAY in found) == expected
    late = at + HOUR_MS - 1
    known = {TODAY: Published(due({TODAY: "a"}, {}, as_of=late)[TODAY], late)}
    assert due({TODAY: "a"}, {}, known, late + 1).keys() == {TODAY}
    midnight = (TODAY + 1) * 24 * HOUR_MS
    known = {TODAY: Published(due({TODAY: "a"}, {}, as_of=midnight)[TODAY], midnight)}
    assert due({TODAY: "a"}, {}, known, midnight + HOUR_MS) == {}  # none is left to close


def test_the_overlap_is_longer_than_any_run():
    text = (TERRAFORM / "pipeline/rank.tf").read_text()
    [timeout] = re.findall(r"timeout_seconds\s+= (\d+)", text)
    assert 2 * int(timeout) * 1000 <= OVERLAP_MS


def test_rollups_are_kept_until_the_last_minute_in_which_they_are_read():
    """The first hour that is read may be written ten minutes before it begins; expired is what is
    so many days old, at the next midnight."""
    text = (TERRAFORM / "lake/lifecycle.tf").read_text()
    [kept] = re.findall(r'prefix = "rollups/"\s+}\s+expiration {\s+days = (\d+)', text)
    today = datetime(2026, 3, 10)
    written = today - timedelta(days=KEPT_DAYS + 1, minutes=10)
    expires = (written + timedelta(days=int(kept) + 1)).replace(hour=0, minute=0)
    assert PAST == 24 and expires >= today + timedelta(days=1)


def test_a_day_s_file_holds_its_hours_in_order_each_with_its_ranks():
    """Nothing is known of hour 3; what is of the day before, and of hours not over, is not told."""
    first = TODAY * 24
    films = {f"tt{n}": (n * 7 % 5, n % 2) for n in range(1, 10)}
    told = day_totals.encode({first + hour: films for hour in (0, 1, 2, 4, 5)})
    before = day_totals.encode({first - 1: films | {"gone": (9, 0)}})
    parts = [rollups.settled(TODAY - 1, before), rollups.settled(TODAY, told)]
    body = days.encode(days.table(TODAY, parts, over=5))
    assert body == days.encode(days.table(TODAY, reversed(parts), over=5))
    rows = pq.read_table(pa.BufferReader(body)).to_pylist()
    start = datetime(1970, 1, 1) + timedelta(days=TODAY)
    hours = [start + timedelta(hours=hour) for hour in (0, 1, 2, 4)]
    assert [(row["hour"], row["rank"]) for row in rows] == [
        (hour, rank) for hour in hours for rank in range(1, 10)
    ]
    for row in rows:
        assert films[row["movie_id"]] == (row["likes"], row["unlikes"])
    scores = [row["score"] for row in rows]
    assert all(scores[:27]) and scores[:9] == sorted(scores[:9], reverse=True)


def test_a_day_without_a_like_is_a_file_without_rows():
    body = days.encode(days.table(TODAY, [rollups.settled(TODAY, day_totals.encode({}))]))
    assert pq.read_table(pa.BufferReader(body)).num_rows == 0


def test_what_was_tracked_and_what_is_settled_of_an_hour_make_the_same_rows():
    hours = {TODAY * 24 + hour: {"a": (hour + 9, 1), "b": (3, 0)} for hour in (-3, 0, 1, 9)}
    tracked = [
        rollups.add(rollups.empty(hour), [Batch("shard", "1", [{hour * 60 + 59: films}], False)])
        for hour, films in hours.items()
    ]
    settled = [
        rollups.settled(
            day, day_totals.encode({h: films for h, films in hours.items() if h // 24 == day})
        )
        for day in (TODAY - 1, TODAY)
    ]
    assert [rollup.hours for rollup in settled] == [{TODAY * 24 - 3}, set(hours) - {TODAY * 24 - 3}]
    assert days.table(TODAY, tracked).equals(days.table(TODAY, settled))
