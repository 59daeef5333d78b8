"""The headlines: three sentences, whatever the report."""

from hypothesis import given, settings
from msgspec.structs import replace

from tests.transform.reports import example
from tests.transform.reports.made import reports
from transform.reports.figures import Totals
from transform.reports.headlines import headlines
from transform.reports.page.report import page


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
