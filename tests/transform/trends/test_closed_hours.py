"""Which hours are written, and when."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from transform.trends import closed_hours
from transform.trends.activity import PAST
from transform.trends.closed_hours import CHUNK_HOURS, HOUR_MS, KEPT_HOURS, OVERLAP_MS

RANK_TF = Path(__file__).parents[3] / "infra/terraform/modules/pipeline/rank.tf"
NOW = 500_000
"""The current epoch hour."""
AS_OF = NOW * HOUR_MS + 1
LAST = NOW - KEPT_HOURS - 1
"""The last hour that is too old to be due by what is remembered of it."""
TIMES = st.integers(0, 3).map(lambda n: n * OVERLAP_MS) | st.integers(0, 3 * OVERLAP_MS)
HOURS = st.integers(LAST - 40, LAST + 5)


@given(st.dictionaries(HOURS, TIMES), st.dictionaries(HOURS, TIMES))
def test_an_hour_is_outdated_unless_it_was_written_well_after_all_it_rests_on(totals, trends):
    found = closed_hours.outdated(totals, trends, AS_OF)
    for hour in range(LAST - 40, LAST + 6):
        rests_on = [time for h, time in totals.items() if hour - PAST <= h <= hour]
        safe = hour in trends and all(trends[hour] > time + OVERLAP_MS for time in rests_on)
        assert (hour in found) == (hour <= LAST and hour in totals and not safe)
    surely = [
        hour
        for hour in found
        if hour not in trends
        or any(trends[hour] < time for h, time in totals.items() if hour - PAST <= h <= hour)
    ]
    assert found == sorted(surely) + sorted(set(found) - set(surely))
    assert closed_hours.outdated(totals, trends, AS_OF, surely=True) == sorted(surely)


def test_an_hour_is_either_due_by_its_files_or_outdated_by_their_times():
    hours = range(LAST - 30, NOW + 2)
    due = [hour for hour, _ in closed_hours.due(dict.fromkeys(hours, '"etag"'), {}, AS_OF)]
    outdated = closed_hours.outdated(dict.fromkeys(hours, 0), {}, AS_OF)
    assert outdated + due == list(range(LAST - 30, NOW))


def test_the_overlap_is_longer_than_any_run():
    [timeout] = re.findall(r"timeout_seconds\s+= (\d+)", RANK_TF.read_text())
    assert 2 * int(timeout) * 1000 <= OVERLAP_MS


@given(st.lists(st.integers(0, 2000)))
def test_chunks_are_the_hours_in_their_order_within_a_span_each(hours):
    chunks = list(closed_hours.chunks(hours))
    assert [hour for chunk in chunks for hour in chunk] == hours
    for chunk in chunks:
        assert min(chunk) - chunk[0] >= 0 and max(chunk) - chunk[0] < CHUNK_HOURS
