"""Numbers, times and films in words."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from tests.transform.reports import example
from transform.reports import words
from transform.reports.figures import HeatRow
from transform.reports.page import charts
from transform.reports.periods import day, week


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (words.number(-1234), "−1,234"),
        (words.number(None), "–"),
        (words.number(-0.01, 1), "0.0"),
        (words.number(10**17 + 1), "100,000,000,000,000,001"),
        (words.share(1, 0), "–"),
        (words.share(0, 9), "0 of 9"),
        (words.share(34, 34), "34 of 34"),
        (words.share(0, 100), "0.0%"),
        (words.share(99, 100), "99.0%"),
        (words.share(1, 10**6), "< 0.1%"),
        (words.change(29_912, 29_920), "down 8"),
        (words.change(5, 5), "unchanged"),
        (words.change(5, 0), "up 5"),
        (words.change(90, 100), "down 10.0%"),
        (words.change(3_000, 10), "up 29,900%"),
        (words.count(1, "hour"), "1 hour"),
        (words.count(2, "person", "people"), "2 people"),
        (words.size(999), "999 B"),
        (words.size(999_999), "1.0 MB"),
        (words.size(14_511_204), "14.5 MB"),
        (words.dollars(0.00005), "$0.000050"),
        (words.dollars(1234.5), "$1,234.50"),
        (words.seconds(41.2), "41.2 seconds"),
        (words.seconds(7_300), "2.0 hours"),
        (words.period(day(date(2026, 1, 1))), "Thursday 1 January 2026"),
        (words.period(week(date(2026, 1, 1))), "Week 1 of 2026, Mon 29 Dec to Sun 4 Jan 2026"),
    ],
)
def test_what_is_told(told, expected):
    assert told == expected


def test_times_are_told_in_utc_whatever_zone_they_are_in():
    berlin = datetime(2026, 2, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert words.moment(berlin) == "31 Jan 2026, 23:30:00 UTC"
    assert words.iso(berlin) == "2026-01-31T23:30:00Z"
    assert words.hour(datetime(2026, 1, 31, 23)) == "31 Jan, 23:00 UTC"


def test_hours_in_a_row_are_one_stretch_over_midnight_too_and_many_are_cut_short():
    hours = [datetime(2026, 1, 30, 22, tzinfo=UTC) + timedelta(hours=n) for n in (3, 0, 1, 2, 9)]
    assert words.spans(hours, 5) == (
        "30 Jan, 22:00 to 31 Jan, 02:00 UTC and 31 Jan, 07:00 to 08:00 UTC"
    )
    assert words.spans(hours, 1) == "30 Jan, 22:00 to 31 Jan, 02:00 UTC and 1 more"


def test_a_film_without_a_title_is_called_by_its_id():
    film = example.daily().top[0]
    assert words.name(replace(film, title=None)) == film.movie_id
    assert words.name(replace(film, title="  two\n lines ")) == "two lines"
    assert len(words.name(replace(film, title="x" * 500))) == 120


@pytest.mark.parametrize("highest", [1, 2, 4, 5, 7, 100, 12_345])
def test_the_legend_of_the_heat_map_names_the_colour_of_every_number(highest):
    legend = charts.legend([HeatRow(date(2026, 1, 31), [highest] + [0] * 23)])
    entries = {}
    for entry in legend.split("<li>")[1:]:
        colour = int(entry.partition("heat-")[2][0])
        text = entry.partition("</svg>")[2].partition("<")[0].replace(",", "")
        first, _, last = text.partition(" to ")
        if colour:
            entries[colour] = range(int(first), int(last or first) + 1)
    assert [n for numbers in entries.values() for n in numbers] == list(range(1, highest + 1))
    assert all(charts.step(n, highest) == colour for colour, of in entries.items() for n in of)
