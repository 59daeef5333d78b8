"""The page: well formed, small, alone, and with every number, whatever the report."""

import re

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from tests.examples import examples
from tests.transform.reports import example
from tests.transform.reports.html import ELEMENTS, Page
from tests.transform.reports.made import reports
from transform.reports.page import films
from transform.reports.page.report import STYLE, page

KINDS = [example.daily, example.weekly, example.first, example.empty]
BYTES = 500_000


def shown(number):
    return f"{number:,}".replace("-", "−")


def numbers(report):
    """Every count that a table of the page has to hold."""
    yield from (gap.events for gap in report.quality.gaps)
    yield from (gap.typical for gap in report.quality.gaps)
    yield from (reason.lines for reason in report.quality.rejected)
    yield from (cost.bytes for cost in report.costs)
    if report.audited:
        yield from (n for one in report.audited.items for n in (one.number, one.differs))
    yield from (likes for row in report.heat for likes in row.likes)
    if report.empty:
        return
    for totals in (report.totals, report.totals_before):
        yield from (totals.net, totals.likes, totals.unlikes, totals.likers, totals.films)
    for film in report.top:
        yield from (film.place, film.net, film.likes, film.unlikes, *film.series)
    for film in (*report.rose, *report.fell):
        told = (film.net, film.net_before, film.rank, film.rank_before, film.peak_likes)
        yield from (number for number in told if number is not None)


@settings(max_examples=examples(20))
@given(reports())
def test_any_report_is_a_small_page_that_is_well_formed_and_holds_every_number(report):
    text = page(report)
    assert len(text.encode()) < BYTES
    read = Page(text)
    assert {shown(number) for number in numbers(report)} <= set(read.cells)
    # No name becomes markup, and nothing is fetched from anywhere.
    assert read.elements <= ELEMENTS
    assert not any(name.startswith("on") or name in ("src", "style") for name in read.attributes)
    files = rf"{report.period.name}/(top|movers|hours|quality|cost|totals)\.csv"
    for link in read.attributes["href"]:
        assert link in ("data:,", "index.html") or re.fullmatch(files, link)


def test_the_style_fetches_nothing():
    assert not re.search(r"url\(|@import|http|@font-face", STYLE)


def test_every_film_is_named_as_it_is_called_whatever_its_title_holds():
    title = """<script>"Rock & Roll's"</script> עולם"""
    best = replace(example.daily().top[0], title=title)
    read = Page(page(replace(example.daily(), top=[best], rose=[], fell=[])))
    assert read.names == [title, title]


def test_the_same_report_gives_the_same_bytes():
    assert page(example.daily()) == page(example.daily())


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_says_what_it_shows_and_no_id_is_there_twice(kind):
    text = page(kind())
    charts = re.findall(r"<svg[^>]*>", text)
    assert charts
    for chart in charts:
        named = re.search(r'role="img" aria-label="[^"]{20,}"', chart)
        assert named or 'aria-hidden="true"' in chart, chart
    ids = re.findall(r'<h2 id="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 2


def test_a_day_without_likes_says_so_and_what_may_be_the_cause():
    text = Page(page(example.empty())).text
    assert "Nothing was liked on Saturday 31 January 2026." in text
    assert "24 of 24 hours have far fewer likes than usual: together they bring 6,000." in text
    assert "What rose" not in text and "Liked most" not in text


def test_a_first_day_is_compared_with_nothing():
    text = Page(page(example.first())).text
    assert "none the day before" in text and "Nothing was liked the day before, so" in text
    assert "nan" not in text and "inf" not in text


def test_a_restated_report_says_how_its_first_edition_differed():
    told = Page(page(example.daily())).text
    assert "Restated." in told and "made again, 2 times" in told
    assert "7,314 net likes where it first had 7,290" in told
    assert "Restated." not in Page(page(example.weekly())).text


def test_shares_of_nothing_are_a_dash():
    none = replace(example.weekly().quality, hours=0, gaps=[], late=0, events=0, rejected=[])
    text = Page(page(replace(example.weekly(), quality=none))).text
    assert "Complete hours–" in text and "Late–" in text


def test_the_last_audit_is_told_and_what_was_mended_before_it():
    well = Page(page(example.daily())).text
    assert "1 Feb 2026, 05:41:07 UTC, compared" in well and "all numbers agree." in well
    assert "Of 30 audits since the period began, 1 found that something differs, the last" in well
    assert "12 likes merged again, 2 counts set" in well
    off = Page(page(example.weekly())).text
    assert "Not all numbers agree." in off and "6 differed (net likes counted)." in off
    assert "tt01 +6 (the stream counted 18, the lake says 12)" in off
    assert "No audit was made in the period" in Page(page(example.empty())).text


def test_gaps_in_a_row_are_named_as_one():
    assert "in 2 hours: 31 Jan, 03:00 to 05:00 UTC." in Page(page(example.daily())).text


def test_a_page_shows_the_first_films_and_tells_of_the_others():
    many = example.daily().top * 10
    text = page(replace(example.daily(), top=many, rose=example.daily().rose * 50))
    assert f"{len(many) - films.FILMS} more in the CSV file." in text
    assert len(text.encode()) < BYTES


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (0, "none came"),
        (47, "95 of 100 likes of the stream, of which there are 47"),
        (99, "95 of 100 likes of the stream, of which there are 99"),
        (100, "95 of 100 likes of the stream"),
    ],
)
def test_of_how_few_likes_their_lag_is_told(events, told):
    quality = replace(example.daily().quality, events=events, late=0)
    said = Page(page(replace(example.daily(), quality=quality))).text
    assert f"Arrived within41.2 seconds{told}Complete hours" in said
