"""What the page works out by itself, module by module, in the browser that runs it."""

import re
import threading
import uuid

import pytest

from infra.local.site.distribution import Behavior, Distribution
from infra.local.site.server import Object, Server
from infra.paths import REPOSITORY
from transform.event import likes

PAGES = REPOSITORY / "infra/page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def read(bucket, key):
    path = PAGES / key
    if not path.is_file():
        return Object(404)
    return Object(200, path.read_bytes(), TYPES.get(path.suffix, "image/svg+xml"))


@pytest.fixture(scope="module")
def page(browser):
    """A page of the site that starts nothing by itself."""
    site = Distribution((Behavior("*", "pages", {}),), "index.html", {404: (404, "/404.html")})
    with Server(0, site, read) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        opened = browser.new_page()
        opened.goto(f"http://127.0.0.1:{server.server_port}/404.html")
        yield opened
        opened.close()
        server.shutdown()


@pytest.fixture
def call(page):
    """Call a function of a module of the page."""
    page.evaluate("localStorage.clear()")

    def run(module, function, *given):
        return page.evaluate(
            "async ([module, name, given]) => (await import(`/${module}.js`))[name](...given)",
            [module, function, list(given)],
        )

    return run


@pytest.mark.parametrize(
    ("host", "uri", "answer"),
    [
        ("a.example", "/reports/secret/2026-01-31.html", "/reports/2026-01-31.html"),
        ("a.example", "/reports/secret/", "/reports/"),
        ("a.example", "/reports/secret/2026-01-31/top.csv", "/reports/2026-01-31/top.csv"),
        ("a.example", "/reports/", 404),
        ("a.example", "/reports/2026-01-31.html", 404),
        ("a.example", "/reports/secret", 404),
        ("a.example", "/reports/secre/secret/", 404),
        ("a.example", "/reports/SECRET/", 404),
        ("b.example", "/reports/secret/", "https://a.example/reports/secret/"),
    ],
)
def test_the_edge_shows_reports_to_who_has_the_link_alone(page, host, uri, answer):
    """The function of modules/site/reports.tf, with what Terraform puts into it."""
    text = (REPOSITORY / "infra/terraform/modules/site/reports.tf").read_text("utf-8")
    redirect, code = re.findall(r"<<-JS\n(.*?)\n +JS\n", text, re.DOTALL)
    filled = code.replace("${indent(6, local.to_our_name)}", redirect)
    for place, value in {
        '${jsonencode("/reports/${local.secret}/")}': '"/reports/secret/"',
        "${jsonencode(name)}": '"a.example"',
        '${jsonencode("https://${name}")}': '"https://a.example"',
    }.items():
        assert place in filled
        filled = filled.replace(place, value)
    told = page.evaluate(
        "([code, event]) => new Function(`${code}; return handler;`)()(event)",
        [filled, {"request": {"uri": uri, "headers": {"host": {"value": host}}}}],
    )
    location = told.get("headers", {}).get("location", {}).get("value")
    assert (location or told.get("uri") or told["statusCode"]) == answer


@pytest.mark.parametrize(
    ("counted", "settling", "mine", "number"),
    [
        (5, None, 0, 5),
        (5, None, 1, 6),  # waits to be sent
        (5, (5, 1), 0, 6),  # taken, not counted yet
        (6, (5, 1), 0, 6),  # counted: not a second time
        (9, (5, 1), 0, 9),  # others like it too
        (6, (6, -1), 0, 5),
        (5, (6, -1), 0, 5),
        (6, (5, 0), 0, 5),  # liked and taken back: the first half is counted
        (5, (5, 1), -1, 5),  # taken, and taken back meanwhile
        (3, (5, 1), 0, 6),
    ],
)
def test_a_count_holds_what_is_mine_once_and_ends_on_the_api_s(
    call, counted, settling, mine, number
):
    told = settling and {"base": settling[0], "delta": settling[1], "until": 1000}
    assert call("counts", "shown", counted, told, mine, 999) == number
    assert call("counts", "shown", counted, told, mine, 1000) == counted + mine


def test_a_count_that_is_not_known_is_not_made_up(page):
    assert page.evaluate(
        "async () => (await import('/counts.js')).shown(undefined, null, 1, 0)"
    ) is None  # fmt: skip


def test_likes_that_settle_add_up_until_they_have_settled(call):
    first = call("counts", "settle", None, 5, 1, 0)
    second = call("counts", "settle", first, 6, -1, 9_999)
    assert (second["base"], second["delta"]) == (5, 0)
    late = call("counts", "settle", second, 7, 1, second["until"])
    assert (late["base"], late["delta"]) == (7, 1)


ENTRIES = [{"like": {"event_id": str(n), "liked_at": 1000}} for n in range(3)]


def judged(call, status, body=None, entries=ENTRIES):
    verdict = call("outbox", "judge", entries, {"status": status, "body": body or {}, "wait": 0})
    return {name: value for name, value in verdict.items() if value}


def test_what_was_taken_is_taken_whole(call):
    assert judged(call, 202) == {"taken": ENTRIES}


@pytest.mark.parametrize("status", [0, 403, 404, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_sent_again(call, status):
    assert judged(call, status) == {"again": True}


def test_what_is_named_is_refused_and_the_rest_stays(call):
    bad = {"index": 1, "reason": "bad_movie_id", "detail": "No film."}
    assert judged(call, 400, {"errors": [bad]}) == {"refused": [[ENTRIES[1], "No film."]]}


@pytest.mark.parametrize("reason", ["liked_at_ahead", "liked_at_too_early"])
def test_a_like_whose_time_is_refused_is_sent_once_more_by_the_api_s_clock(call, page, reason):
    errors = {"errors": [{"index": 0, "reason": reason, "detail": "When?"}]}
    mended = judged(call, 400, errors)
    assert mended == {"mended": [{"like": {"event_id": "0"}, "mended": True}]}
    page.evaluate("localStorage.setItem('likes/clock/offset', '-400')")
    [entry] = judged(call, 400, errors)["mended"]
    assert entry["like"] == {"event_id": "0", "liked_at": 600}
    assert judged(call, 400, errors, [entry]) == {"refused": [[entry, "When?"]]}


def test_what_is_refused_without_a_name_is_sent_one_by_one_until_it_is_found(call):
    assert judged(call, 413) == judged(call, 400, {"errors": "all"}) == {"smaller": True}
    alone = judged(call, 413, {"message": "Too large."}, ENTRIES[:1])
    assert alone == {"refused": [[ENTRIES[0], "Too large."]]}


def test_waits_double_with_chance_in_them_up_to_a_minute_and_never_less_than_asked(call):
    assert [call("outbox", "pause", n, 0, 0) for n in range(3)] == [500, 1000, 2000]
    assert call("outbox", "pause", 0, 0, 1) == 1000
    assert call("outbox", "pause", 1000, 0, 1) == 60_000
    assert call("outbox", "pause", 0, 5000, 0) == 5000


def test_a_press_is_an_event_that_the_api_takes_and_ids_sort_as_pressed(call, page):
    for action in ("like", "unlike", "like"):
        call("outbox", "press", "tt1", action)
    waiting = call("outbox", "waiting")
    told = [entry["like"] for entry in waiting]
    assert [like["action"] for like in told] == ["like", "unlike", "like"]
    assert call("outbox", "pressed", "tt1") and not call("outbox", "pressed", "tt2")
    ids = [like["event_id"] for like in told]
    assert ids == sorted(set(ids)) and len({like["user_id"] for like in told}) == 1
    for like in told:
        made = uuid.UUID(like["event_id"])
        assert (made.version, made.variant, str(made)) == (7, uuid.RFC_4122, like["event_id"])
        assert abs((made.int >> 80) - like["liked_at"]) < 10
        payload = likes.msgspec.json.encode(like)
        assert likes.parse(payload, like["liked_at"], str) == likes.Like(**like)


def test_a_press_that_cannot_be_kept_is_an_error_not_a_like(page, call):
    full = """async () => {
        const { press, waiting } = await import("/outbox.js");
        const { setItem } = Storage.prototype;
        Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
        try { press("tt1", "like"); return "kept"; }
        catch (error) { return `${error.name} ${waiting().length}`; }
        finally { Storage.prototype.setItem = setItem; }
    }"""
    assert page.evaluate(full) == "QuotaExceededError 0"


def test_what_was_taken_is_not_sent_again_even_where_nothing_more_can_be_kept(page, call):
    call("outbox", "press", "tt1", "like")
    sent = """async () => {
        const { Outbox, waiting } = await import("/outbox.js");
        const posts = [];
        const answer = { status: 202, wait: 0, body: {} };
        const api = { post: async (likes) => (posts.push(likes), answer) };
        const taken = () => { throw new DOMException("full", "QuotaExceededError"); };
        const outbox = new Outbox(api, { before: () => new Map(), taken });
        await outbox.send().catch(() => {});
        await outbox.send();
        return [posts.length, waiting().length];
    }"""
    assert page.evaluate(sent) == [1, 0]
    assert call("outbox", "pressed", "tt1")


@pytest.mark.parametrize(
    ("date", "offset"),
    [(0, 0), (90_000, 0), (3_600_000, 3_600_000), (-86_400_000, -86_400_000)],
)
def test_a_clock_that_is_off_is_noticed_and_a_slow_answer_is_not_taken_for_one(page, date, offset):
    heard = """async (off) => {
        localStorage.clear();
        const clock = await import("/clock.js");
        clock.heard(new Date(Date.now() + off).toUTCString());
        clock.heard(null);
        clock.heard("yesterday");
        return clock.offset();
    }"""
    assert abs(page.evaluate(heard, date) - offset) <= (1500 if offset else 0)


@pytest.mark.parametrize(
    ("text", "wait"), [(None, 0), ("3", 3000), ("soon", 0), ("Thu, 01 Jan 2015 00:00:00 GMT", 0)]
)
def test_what_the_api_asks_to_wait_is_understood(call, text, wait):
    assert call("api", "waitAsked", text) == wait


@pytest.mark.parametrize(
    ("rank", "previous", "words", "kind"),
    [(1, 4, "up 3", "up"), (5, 2, "down 3", "down"), (2, 2, "no change", "same"),
     (1, None, "new", "new")],
)  # fmt: skip
def test_a_move_is_told_in_words(call, rank, previous, words, kind):
    told = call("trends", "move", {"rank": rank, "previous_rank": previous})
    assert (told["words"], told["kind"]) == (words, kind)


def test_how_likes_wait_is_said_in_a_sentence_and_seconds_are_for_the_eye(call):
    retry = {"at": 5000, "status": 503}
    assert call("notice", "words", 0, retry, True, 0)["said"] == ""
    assert call("notice", "words", 1, None, True, 0)["said"] == ""
    told = call("notice", "words", 2, retry, True, 1500)
    assert told["said"] == "Likes cannot be sent right now; yours are kept (2 waiting)"
    assert told["counting"] == "; trying again in 4 s"
    assert "have to wait" in call("notice", "words", 1, {"at": 0, "status": 429}, True, 0)["said"]
    offline = call("notice", "words", 1, retry, False, 0)
    assert offline["said"].startswith("You are offline; yours are kept (1 waiting)")


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("reports/2026-W05.html", "/reports/2026-W05.html"),
        ("2026-W05.html", "/reports/2026-W05.html"),
        ("/reports/2026-W05.html", "/reports/2026-W05.html"),
        ("../config.json", None),
        ("https://other.example/reports/x", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_link_to_a_report_leads_to_a_report(call, href, path):
    assert call("report", "address", href, "https://site.example") == path


def test_films_are_found_by_any_words_without_accents_and_ordered(call, page):
    page.set_content('<template id="card"></template>')
    films = [
        {"movie_id": "a", "title": "Léon: The Professional", "year": 1994, "likes": 2},
        {"movie_id": "b", "title": "Up", "year": 2009},
        {"movie_id": "c", "title": "The Lion King", "year": 1994, "likes": 9},
    ]

    def found(words, order):
        return "".join(film["movie_id"] for film in call("cards", "select", films, words, order))

    assert found("LEON", "title") == "a" and found("1994 the", "title") == "ac"
    assert found("", "likes") == "cab" and found(" ", "newest") == "bac"
    assert found("", "oldest") == "acb" and found("none", "likes") == ""
    films.append({"movie_id": "d", "title": "M", "year": None})
    assert found("", "newest") == "bacd" and found("", "oldest") == "acbd"
    assert found("null", "title") == "" and call("cards", "name", films[-1]) == "M"


def test_the_pages_name_nothing_of_another_site_and_every_module_that_is_there():
    texts = {path.name: path.read_text("utf-8") for path in PAGES.iterdir()}
    for name, text in texts.items():
        outside = text.replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in outside and "https:" not in outside, name
        assert " style=" not in text and "onclick" not in text, name
    imported = {name for name in texts if any(f'"./{name}"' in text for text in texts.values())}
    modules = {name for name in texts if name.endswith(".js")}
    assert imported == modules - {"app.js"} and "app.js" in texts["index.html"]
