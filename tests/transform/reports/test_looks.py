"""The pages in a browser: readable by all, on a screen, a phone, in the dark and on paper."""

import pytest

from tests.browser import SIZES, picture, violations
from tests.examples import some
from tests.transform.reports import example
from transform.reports.page.index import index
from transform.reports.page.report import page

PAGES = {
    "report-day": lambda: page(example.daily()),
    "report-week": lambda: page(example.weekly()),
    "report-empty": lambda: page(example.empty()),
    "report-index": lambda: index([example.daily(), example.weekly()]),
}
WIDTHS = [*(width for width, _ in SIZES.values()), 360]


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page from a file; nothing may be asked of anyone, and nothing go wrong."""
    context = browser.new_context()
    faults = []

    def open_page(text, **media):
        file = tmp_path / "page.html"
        file.write_text(text, "utf-8")
        tab = context.new_page()
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on(
            "request",
            lambda asked: asked.url in (file.as_uri(), "data:,") or faults.append(asked.url),
        )
        tab.emulate_media(**media)
        tab.goto(file.as_uri())
        return tab

    yield open_page
    context.close()
    assert faults == []


# The empty day and the index have nothing in the dark that the others have not.
@pytest.mark.parametrize(
    ("name", "scheme"),
    some(
        [
            *(("report-day", "light"), ("report-day", "dark"), ("report-week", "dark")),
            *(("report-empty", "light"), ("report-index", "light")),
        ],
        2,
    ),
)
def test_nothing_serious_stands_in_anyone_s_way_and_nothing_scrolls_sideways(opened, name, scheme):
    tab = opened(PAGES[name](), color_scheme=scheme)
    tab.evaluate("document.querySelectorAll('details').forEach(behind => behind.open = true)")
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        wide, room = tab.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room, f"{wide} pixels at a width of {width}"
    assert violations(tab) == []
    tab.evaluate("document.querySelectorAll('details').forEach(behind => behind.open = false)")
    picture(tab, f"{name}-{scheme}")


def test_a_phone_is_shown_the_heat_map_with_hours_downwards(opened):
    tab = opened(PAGES["report-day"]())
    maps = tab.locator(".wide"), tab.locator(".tall")
    assert [heat.is_visible() for heat in maps] == [True, False]
    tab.set_viewport_size({"width": 360, "height": 800})
    assert [heat.is_visible() for heat in maps] == [False, True]


def test_a_table_is_reached_and_scrolled_by_keyboard(opened):
    tab = opened(PAGES["report-day"]())
    tab.set_viewport_size({"width": 360, "height": 800})
    tab.get_by_text("Table of likes by hour").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    table = tab.get_by_role("region", name="Likes by hour, UTC")
    assert table.evaluate("element => element === document.activeElement")
    tab.keyboard.press("ArrowRight")
    for _ in range(50):
        if table.evaluate("element => element.scrollLeft") > 0:
            return
        tab.wait_for_timeout(100)
    pytest.fail("the table did not scroll")


def test_on_paper_every_table_is_open_nothing_is_cut_off_and_it_is_light(opened):
    tab = opened(PAGES["report-day"](), color_scheme="dark", media="print")
    tab.set_viewport_size({"width": 688, "height": 900})  # A4 less its margins
    tables = tab.locator("table").all()
    assert len(tables) >= 7
    for table in tables:
        box = table.bounding_box()
        assert table.is_visible() and box["height"] > 20 and box["x"] + box["width"] <= 689
    paper = tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == "rgb(253, 252, 249)"
    picture(tab, "report-day-print")


def test_a_script_would_not_run_even_if_it_came_into_the_page(browser, tmp_path):
    text = page(example.daily())
    script = "<script>document.title = 'it ran'</script></main>"
    file = tmp_path / "page.html"
    file.write_text(text.replace("</main>", script), "utf-8")
    tab = browser.new_page()
    tab.goto(file.as_uri())
    assert tab.title() == "Saturday 31 January 2026 · Daily report of movie likes"
    tab.close()
