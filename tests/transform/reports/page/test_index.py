"""The index: all reports, newest first, small after years."""

import re
from datetime import date, timedelta

from msgspec.structs import replace

from tests.transform.reports import example
from tests.transform.reports.html import ELEMENTS, Page
from transform.reports.page.index import TOLD, index
from transform.reports.periods import day, week
from transform.reports.sentences import headlines

LAST = date(2026, 1, 31)


def years(number):
    days = [replace(example.daily(), period=day(LAST - timedelta(n))) for n in range(365 * number)]
    weeks = [
        replace(example.weekly(), period=week(LAST - timedelta(7 * n))) for n in range(52 * number)
    ]
    return [*weeks, *days]


def test_reports_are_listed_newest_first_days_and_weeks_apart_in_whatever_order_they_come():
    text = index(years(1))
    links = re.findall(r'href="([^"]+)\.html"', text)
    days, weeks = (
        [link for link in links if "W" not in link],
        [link for link in links if "W" in link],
    )
    assert days == sorted(days, reverse=True) and len(days) == 365
    assert weeks == sorted(weeks, reverse=True) and len(weeks) == 52
    assert links == days + weeks
    assert index(reversed(years(1))) == text


def test_each_has_its_first_headline_and_whether_it_was_restated():
    text = Page(index([example.daily(), example.weekly()])).text
    assert headlines(example.daily())[0] in text and headlines(example.weekly())[0] in text
    assert text.count("Restated.") == 1


def test_ten_years_of_reports_are_all_listed_in_less_than_500_kb():
    text = index(years(10))
    assert len(text.encode()) < 500_000
    assert text.count(".html") == 365 * 10 + 52 * 10
    assert text.count("rose most") == 2 * TOLD


def test_it_is_well_formed_and_no_title_becomes_markup():
    hostile = replace(example.daily().rose[0], title="</span><script>alert(1)</script>")
    read = Page(index([replace(example.daily(), rose=[hostile])]))
    assert read.elements <= ELEMENTS
    assert "<script>alert(1)</script>" in read.text


def test_without_reports_it_says_so():
    assert Page(index([])).text.count("None yet.") == 2
