"""Why a film is said to have risen or fallen, in sentences with the numbers they rest on."""

from datetime import UTC, date, datetime

import pytest

from transform.reports import periods, why

DAY, WEEK = periods.day(date(2026, 1, 30)), periods.named("2026-W05")
ROW = {
    "rank": 2, "rank_before": 14, "deviations": 27.83, "net_likes": 1085,
    "net_likes_before": 120, "peak_score": 21.44,
    "peak_hour": datetime(2026, 1, 30, 23, tzinfo=UTC), "peak_net_likes": 1310,
}  # fmt: skip
PEAK = "est hour, 23:00 to 00:00 UTC on 2026-01-30, brought 1,310 net likes, "


@pytest.mark.parametrize(
    ("say", "period", "changed", "said"),
    [
        (why.rose, DAY, {},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised."
         f" Its b{PEAK}21.4 standard deviations above what its own past predicts."),
        (why.rose, WEEK, {"rank_before": None, "rank": 1, "net_likes_before": 0},
         "New in 1st place: 1,085 net likes after 0 the week before, 27.8"
         " standard deviations more than its share then promised."
         f" Its b{PEAK}21.4 standard deviations above what its own past predicts."),
        (why.rose, DAY, {"peak_score": 1.25},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised. No single hour did"
         f" it: its b{PEAK}1.2 standard deviations above what its own past predicts."),
        (why.rose, DAY, {"peak_score": -0.5},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised."
         " No hour of it stood above what its own past predicts."),
        (why.rose, DAY, {"peak_score": None, "peak_hour": None, "peak_net_likes": None},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised."
         " None of its hours is ranked yet."),
        (why.fell, DAY, {"deviations": -4.25, "rank": 103, "rank_before": 3, "peak_score": 0.0},
         "Down from 3rd to 103rd place: 1,085 net likes after 120 the day before, 4.2"
         " standard deviations fewer than its share then promised."
         " No hour of it stood above what its own past predicts."),
        (why.fell, DAY, {"deviations": -4.25, "rank": None, "net_likes": -3, "peak_score": None},
         "Gone from 14th place: -3 net likes after 120 the day before, 4.2"
         " standard deviations fewer than its share then promised."
         " None of its hours is ranked."),
        (why.fell, DAY, {"deviations": -4.25, "rank": 20, "peak_score": 0.71},
         "Down from 14th to 20th place: 1,085 net likes after 120 the day before, 4.2"
         " standard deviations fewer than its share then promised."
         f" Its b{PEAK}0.7 standard deviations above what its own past predicts."),
    ],
)  # fmt: skip
def test_a_mover_is_explained_by_its_places_its_counts_and_its_best_hour(
    say, period, changed, said
):
    assert say(period, ROW | changed) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (21, "21st"), (111, "111th"), (1021, "1,021st")],
)  # fmt: skip
def test_ordinals(number, said):
    assert why.ordinal(number) == said
