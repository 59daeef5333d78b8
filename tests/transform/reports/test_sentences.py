"""The headlines, three sentences whatever the report, and why a film is said to have moved."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from tests.transform.reports import example
from tests.transform.reports.made import reports
from transform.reports import periods, sentences
from transform.reports.figures import Totals
from transform.reports.page.report import page
from transform.reports.sentences import headlines


@settings(max_examples=40)
@given(reports())
def test_there_are_always_three_and_each_is_one_line_that_ends(report):
    told = headlines(report)
    assert len(told) == 3
    for headline in told:
        assert headline.endswith(".") and not set("\r\n\t") & set(headline)
        assert len(headline) < 600


def test_of_a_busy_day_they_tell_what_rose_the_total_and_what_is_missing():
    assert headlines(example.daily()) == [
        "The Shawshank Redemption (1994) rose most, from rank 14 to 1: 1,714 net likes after 212 "
        "the day before, with a score of 100.8 in the hour from 20:00 UTC.",
        "7,314 net likes in all (7,902 likes, 588 taken back), up 19.8% from 6,107 the day before.",
        "2,311 people liked something, most of all The Shawshank Redemption (1994) with 1,492 net "
        "likes; but 2 of 24 hours had far fewer likes than usual, so some may be missing.",
    ]


def test_of_a_first_day_they_compare_with_nothing():
    rise, total, _ = headlines(example.first())
    assert rise == "No film can be said to rise: nothing was liked the day before."
    assert total.endswith("; there were none the day before to compare with.")


def test_where_nothing_rose_they_say_so():
    calm = replace(example.weekly(), rose=[], totals_before=example.weekly().totals)
    rise, total, notable = headlines(calm)
    assert rise == "No film rose against the week before."
    assert total.endswith(", as many as the week before.")
    assert notable.endswith("net likes.")


def test_a_rise_that_chance_explains_is_called_that():
    told = "Se7en (1995) came furthest, from rank 9 to 6: 288 net likes after 240 the day before."
    report = replace(example.daily(), rose=[], nearest=example.daily().rose[3])
    assert headlines(report)[0] == f"No film rose by more than chance explains; {told}"
    assert f"No film rose by more than chance explains. {told}" in page(report)


def test_a_new_film_rises_from_nowhere_and_one_without_a_score_has_none():
    new = replace(example.daily().rose[2], score=None, peak_hour=None, peak_likes=None)
    [rise, *_] = headlines(replace(example.daily(), rose=[new]))
    assert rise == (
        "Raiders of the Lost Ark (1981) rose most, new at rank 19: 96 net likes after 0 the day "
        "before."
    )


def test_of_an_empty_day_they_say_that_nothing_was_liked():
    assert headlines(example.empty()) == [
        "Nothing was liked on Saturday 31 January 2026.",
        "There were 6,107 net likes the day before.",
        "Nothing came that was rejected either: perhaps nothing was sent.",
    ]
    quiet = replace(example.empty(), totals_before=Totals())
    assert headlines(quiet)[1] == "There were none the day before either."


def test_totals_that_were_below_zero_are_compared_in_numbers():
    less = replace(example.daily(), totals_before=Totals(likes=3, unlikes=10))
    assert "up 7,321 from -7 the day before" in headlines(less)[1]


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
        (sentences.rose, DAY, {},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised."
         f" Its b{PEAK}21.4 standard deviations above what its own past predicts."),
        (sentences.rose, WEEK, {"rank_before": None, "rank": 1, "net_likes_before": 0},
         "New in 1st place: 1,085 net likes after 0 the week before, 27.8"
         " standard deviations more than its share then promised."
         f" Its b{PEAK}21.4 standard deviations above what its own past predicts."),
        (sentences.rose, DAY, {"peak_score": 1.25},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised. No single hour did"
         f" it: its b{PEAK}1.2 standard deviations above what its own past predicts."),
        (sentences.rose, DAY, {"peak_score": -0.5},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised."
         " No hour of it stood above what its own past predicts."),
        (sentences.rose, DAY, {"peak_score": None, "peak_hour": None, "peak_net_likes": None},
         "Up from 14th to 2nd place: 1,085 net likes after 120 the day before, 27.8"
         " standard deviations more than its share then promised."
         " None of its hours is ranked yet."),
        (sentences.fell, DAY,
         {"deviations": -4.25, "rank": 103, "rank_before": 3, "peak_score": 0.0},
         "Down from 3rd to 103rd place: 1,085 net likes after 120 the day before, 4.2"
         " standard deviations fewer than its share then promised."
         " No hour of it stood above what its own past predicts."),
        (sentences.fell, DAY,
         {"deviations": -4.25, "rank": None, "net_likes": -3, "peak_score": None},
         "Gone from 14th place: -3 net likes after 120 the day before, 4.2"
         " standard deviations fewer than its share then promised."
         " None of its hours is ranked."),
        (sentences.fell, DAY,
         {"deviations": -4.25, "rank": 20, "peak_score": 0.71},
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
    assert sentences.ordinal(number) == said
