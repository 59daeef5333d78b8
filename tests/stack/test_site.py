"""The page in a real browser: what is pressed is counted, whatever happens on the way."""

import json
import re
import time
import uuid

import pytest
import urllib3
from playwright.sync_api import expect

import queries
from infra.cli.demo import rising
from infra.cli.trending import Source
from infra.local.site import daemon
from infra.stage import invoke
from tests import plan
from tests.browser import SIZES, picture, violations
from tests.gate import Gate

expect.set_options(timeout=30_000)


@pytest.fixture
def site(stage, home):
    """The address of the page, as the stage tells it and `site.json` does."""
    found = daemon.find(home).process
    assert found and json.loads(daemon.record(home).read_text())["url"] == stage.outputs.site_url
    return stage.outputs.site_url


@pytest.fixture
def films():
    """Films of this test's own, which nobody else likes."""
    run = uuid.uuid4().hex[:8]
    return [
        {"movie_id": f"site-{run}-{n}", "title": f"Film {name}", "year": 2000 + n}
        for n, name in enumerate(("One", "Two", "Three"))
    ]


@pytest.fixture
def visit(browser, site, films):
    """Open a browser of its own, that has never been here, at the page of these films."""
    contexts = []

    def make(api_url=None, **settings):
        # The policy of the real page lets it talk to the API alone, not to a gate before it.
        context = browser.new_context(bypass_csp=api_url is not None, **settings)
        contexts.append(context)
        context.route("**/films.json", lambda route: route.fulfill(json=films))
        if api_url:
            context.route("**/config.json", lambda route: route.fulfill(json={"api": api_url}))
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def gate(stage):
    """A gate before the API."""
    made = Gate(stage.outputs.api_url)
    yield made
    made.shut()


def opened(context, site):
    page = context.new_page()
    faults = page.faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(site)
    expect(button(page, "One")).to_be_visible()
    return page


def button(page, film):
    return page.get_by_role("button", name=f"Like Film {film}")


def count(page, film):
    card = page.get_by_role("listitem").filter(has=button(page, film))
    return card.locator(".number")


def pressed(page, film, whether=True):
    expect(button(page, film)).to_have_attribute("aria-pressed", str(whether).lower())


def in_lake(stage, connection, films):
    """Give the distinct events that the lake has of these films, as (film, action): how many."""
    invoke(stage, "compact", {})
    named = ", ".join(f"'{film['movie_id']}'" for film in films)
    rows = queries.run(
        "SELECT movie_id, action, count(*) AS n, count(DISTINCT event_id) AS events, source "
        f"FROM likes WHERE day >= '2010-01-01' AND movie_id IN ({named}) "
        "GROUP BY movie_id, action, source",
        connection=connection,
    )
    assert list(rows["n"]) == list(rows["events"]) and set(rows["source"]) <= {"web"}
    return {(row.movie_id, row.action): row.n for row in rows.itertuples()}


def test_a_like_by_keyboard_is_counted_seen_in_another_tab_and_taken_back_there(
    visit, site, films, api, stage, connection, eventually
):
    context = visit()
    page, other = opened(context, site), opened(context, site)
    expect(count(page, "One")).to_have_text("0")
    page.get_by_role("searchbox", name="Find").focus()
    page.keyboard.type("one")
    expect(page.get_by_text("1 film", exact=True)).to_be_visible()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(button(page, "One")).to_be_focused()
    expect(button(page, "One")).to_have_text("Like")
    page.keyboard.press("Space")
    pressed(page, "One")
    expect(button(page, "One")).to_have_text("Liked")
    expect(count(page, "One")).to_have_text("1")  # at once, before it is counted
    pressed(other, "One")
    expect(count(other, "One")).to_have_text("1")
    eventually(lambda: api.likes(films[0]["movie_id"]), 1)
    expect(count(page, "One")).to_have_text("1")
    expect(page.get_by_role("status").first).to_be_empty()
    other.keyboard.press("Escape")
    button(other, "One").press("Enter")
    pressed(page, "One", False)
    eventually(lambda: api.likes(films[0]["movie_id"]), 0)
    expect(count(page, "One")).to_have_text("0")
    once = {(films[0]["movie_id"], action): 1 for action in ("like", "unlike")}
    eventually(lambda: in_lake(stage, connection, films), once)
    assert page.faults == other.faults == []


def test_likes_outlast_an_outage_and_a_reload_and_none_is_lost_or_doubled(
    visit, gate, site, films, api, stage, connection, eventually
):
    context = visit(gate.url)
    page, other = opened(context, site), opened(context, site)
    expect(count(page, "One")).to_have_text("0")
    gate.shut()
    button(page, "One").click()
    button(page, "Two").click()
    status = page.get_by_role("status").first
    expect(status).to_contain_text("Likes cannot be sent right now; yours are kept (2 waiting)")
    expect(status).to_contain_text("trying again in")
    pressed(other, "Two")
    button(other, "Two").click()  # taken back, in another tab
    expect(status).to_contain_text("yours are kept (3 waiting)")
    page.reload()
    expect(status).to_contain_text("yours are kept (3 waiting)")
    pressed(page, "One")
    pressed(page, "Two", False)
    expect(page.locator(".card").filter(has=button(page, "One"))).to_contain_text("not sent yet")
    # One thing is said of what cannot be done, and nothing that contradicts it.
    expect(page.locator("#trends-told")).to_contain_text("cannot be loaded right now")
    assert not re.search("connection|answer|again", page.locator("main").inner_text())
    assert violations(page) == []
    picture(page, "site-offline")
    gate.open()
    page.locator("#now").dispatch_event("click")  # unless the page has just tried by itself
    expect(count(page, "One")).to_have_text("1")
    expect(page.locator(".pending:visible")).to_have_count(0)
    one, two = (film["movie_id"] for film in films[:2])
    eventually(lambda: (api.likes(one), api.likes(two)), (1, 0))
    sent = [(like["movie_id"], like["action"]) for like in sum(gate.posts, [])]
    assert sent == [(one, "like"), (two, "like"), (two, "unlike")]
    expected = {(one, "like"): 1, (two, "like"): 1, (two, "unlike"): 1}
    eventually(lambda: in_lake(stage, connection, films), expected)
    assert page.faults == other.faults == []


def test_a_like_whose_answer_was_lost_is_sent_again_as_the_same_event(
    visit, gate, site, films, stage, connection, eventually
):
    context = visit(gate.url)
    page = opened(context, site)
    expect(count(page, "One")).to_have_text("0")
    gate.lose = 1
    button(page, "One").click()
    expect(page.get_by_role("status").first).to_contain_text("yours are kept (1 waiting)")
    expect(page.get_by_text("Your like is sent.")).to_be_visible()
    first, second = gate.posts
    assert first == second and len(first) == 1
    eventually(lambda: in_lake(stage, connection, films), {(films[0]["movie_id"], "like"): 1})


def test_a_page_that_is_told_to_wait_waits_and_then_sends_the_same(
    visit, site, films, api, eventually
):
    context = visit()
    refusals, posts = [429, 503], []

    def refuse(route):
        if route.request.method != "POST":
            return route.fallback()
        posts.append((time.monotonic(), route.request.post_data_json))
        if not refusals:
            return route.fallback()
        headers = {"Access-Control-Allow-Origin": "*", "Retry-After": "2",
                   "Access-Control-Expose-Headers": "Retry-After"}  # fmt: skip
        return route.fulfill(status=refusals.pop(0), json={"error": "later"}, headers=headers)

    context.route("**/likes", refuse)
    page = opened(context, site)
    button(page, "One").click()
    status = page.get_by_role("status").first
    expect(status).to_contain_text("likes have to wait; yours are kept (1 waiting)")
    pressed(page, "One")
    expect(status).to_contain_text("Likes cannot be sent right now; yours are kept (1 waiting)")
    expect(status).to_have_text("Your like is sent.")
    eventually(lambda: api.likes(films[0]["movie_id"]), 1)
    (busy, first), (down, second), (taken, third) = posts
    assert first == second == third and min(down - busy, taken - down) >= 2


def test_a_browser_that_was_offline_sends_when_it_is_back(visit, site, films, api, eventually):
    context = visit()
    page = opened(context, site)
    expect(count(page, "Three")).to_have_text("0")
    context.set_offline(True)
    button(page, "Three").click()
    expect(page.get_by_role("status").first).to_contain_text(
        "You are offline; yours are kept (1 waiting)"
    )
    expect(count(page, "Three")).to_have_text("1")
    context.set_offline(False)
    eventually(lambda: api.likes(films[2]["movie_id"]), 1)


def test_what_the_api_refuses_is_told_and_rolled_back_and_the_rest_is_sent(
    visit, site, films, api, eventually
):
    context = visit()
    page = opened(context, site)
    page.evaluate(
        """async ([good, bad]) => {
            const outbox = await import("/outbox.js");
            outbox.press(good, "like");
            outbox.press(bad, "like");
            outbox.press(good + "!", "like");
        }""",
        [films[0]["movie_id"], films[1]["movie_id"] + "?"],
    )
    note = page.get_by_role("region", name="Not accepted")
    expect(note.get_by_role("listitem")).to_have_count(2)
    expect(note).to_contain_text("movie_id is 1 to 64 letters")
    eventually(lambda: api.likes(films[0]["movie_id"]), 1)
    pressed(page, "One")
    assert not page.evaluate(
        'async (film) => (await import("/outbox.js")).pressed(film)', films[1]["movie_id"] + "?"
    )
    assert violations(page) == []
    for _ in range(2):
        note.get_by_role("button").first.click()
    expect(note).to_be_hidden()


def test_a_clock_that_is_an_hour_fast_costs_no_like(visit, site, films, api, eventually):
    """Also where the page could not learn the time before: counts cannot be asked for here."""
    context = visit()
    context.add_init_script("const now = Date.now; Date.now = () => now() + 3600_000;")
    context.route("**/likes?*", lambda route: route.abort())
    posts = []
    context.on("request", lambda r: r.method == "POST" and posts.append(r.post_data_json[0]))
    page = opened(context, site)
    button(page, "One").click()
    expect(page.locator(".pending:visible")).to_have_count(0)
    eventually(lambda: api.likes(films[0]["movie_id"]), 1)
    first, second = posts
    assert first["event_id"] == second["event_id"]
    assert abs(second["liked_at"] - plan.now_ms()) < 600_000 < first["liked_at"] - plan.now_ms()
    with page.expect_response(lambda response: response.status == 202):
        button(page, "Two").click()
    # The page knows the time now.
    assert len(posts) == 3 and abs(posts[2]["liked_at"] - plan.now_ms()) < 600_000


def test_a_film_that_goes_viral_is_first_of_what_is_trending(
    visit, site, films, api, stage, eventually
):
    viral = films[1]["movie_id"] = plan.viral_film()
    for _ in range(3):
        assert api.post(*[{"movie_id": viral}] * 500).status == 202

    def top():
        rising.rank(stage)
        board = Source(stage.outputs.api_url, "15m", 10).ask().trends
        entry = next(one for one in board if not plan.is_of_others(one.movie_id, viral))
        return entry.movie_id, entry.likes, entry.previous_rank == entry.rank

    eventually(top, (viral, 1500, True))
    page = opened(visit(), site)
    page.get_by_role("radio", name="15 min").check()
    trends = page.get_by_role("region", name="Trending now")
    first = trends.get_by_role("listitem").filter(has_text="Film Two (2001)")
    expect(first).to_contain_text("no change")
    expect(first).to_contain_text("1,500 likes in the last 15 minutes")
    expect(count(page, "Two")).to_have_text("1,500")


def test_the_whole_page_is_there_for_everybody(browser, site, stage):
    """With the site's own films, and a report; in the light and in the dark."""
    s3 = stage.client("s3")
    place = {"Bucket": stage.outputs.bucket, "Key": "reports/latest.json"}
    headlines = ["Up rose from 9 to 1.", "Likes fell by a tenth.", "Nothing was late."]
    told = {"name": "2026-01-31", "kind": "day", "href": "reports/2026-01-31.html"}
    before = s3.list_objects_v2(Bucket=place["Bucket"], Prefix=place["Key"]).get("Contents")
    kept = s3.get_object(**place)["Body"].read() if before else None
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    try:
        page.goto(site)
        report = page.get_by_role("region", name="Latest report")
        if not before:
            expect(report).to_contain_text("There is no report yet.")
            said.clear()
        s3.put_object(**place, Body=json.dumps(told | {"headlines": headlines}))
        page.reload()
        expect(report.get_by_role("listitem")).to_have_text(headlines)
        link = report.get_by_role("link", name="Read the report of 2026-01-31")
        expect(link).to_have_attribute("href", "/reports/2026-01-31.html")
    finally:
        s3.put_object(**place, Body=kept) if kept else s3.delete_object(**place)
    likes = page.get_by_role("list", name="Films").get_by_role("button", name="Like ")
    shown = json.loads(urllib3.request("GET", f"{site}/films.json").data)
    assert len(shown) >= 112  # those that come with the stage, and what others loaded
    expect(likes).to_have_count(len(shown))
    expect(page.get_by_text("–", exact=True)).to_have_count(0)  # every count is known
    assert violations(page) == []
    for width, height in [*SIZES.values(), (360, 640)]:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = likes.first.bounding_box()
        assert box and box["y"] + box["height"] < height, "a film can be liked without scrolling"
    # Trends that did not change are not sent again: the browser tells which it has.
    page.get_by_role("radio", name="24 hours").check()
    with page.expect_request("**/trends?window=1h*") as again:
        page.get_by_role("radio", name="1 hour").check()
    assert again.value.response() and again.value.all_headers().get("if-none-match")
    page.emulate_media(color_scheme="light")
    page.get_by_role("searchbox").fill("of the")
    expect(likes).to_have_count(10)
    named = likes.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert all("of" in name and "the" in name for name in map(str.lower, named))
    assert violations(page) == []
    picture(page, "site")
    assert said == []
    context.close()


def test_a_film_may_have_no_year_and_there_may_be_no_films(visit, site, films, api):
    films[0]["year"] = None
    page = opened(visit(), site)
    expect(button(page, "One")).to_have_accessible_name("Like Film One")
    films.clear()
    page.reload()
    expect(page.get_by_text("There are no films here yet.")).to_be_visible()
    assert violations(page) == [] and page.faults == []


def test_the_site_serves_what_terraform_made_and_nothing_else_of_the_lake(site, stage):
    def get(path):
        return urllib3.request("GET", site + path, retries=False)

    page = get("/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and f"'self' {stage.endpoint};" in policy
    assert get("/config.json").json() == {"api": stage.outputs.api_url}
    stage.client("s3").put_object(Bucket=stage.outputs.bucket, Key="reports/t.html", Body=b"hi")
    report = get("/reports/t.html")
    assert (report.status, report.data) == (200, b"hi")
    assert "script-src" not in report.headers["Content-Security-Policy"]
    for path in ("/state/compaction.json", "/reports/../state/compaction.json",
                 "/reports/%2e%2e/state/compaction.json", "/nothing"):  # fmt: skip
        missing = get(path)
        assert missing.status == 404 and b"Nothing here" in missing.data
    stage.client("s3").delete_object(Bucket=stage.outputs.bucket, Key="reports/t.html")
