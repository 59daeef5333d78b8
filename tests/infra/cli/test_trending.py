"""Trends as the API tells them: asked once or again and again, and laid out for whoever reads."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.cli import trending
from infra.cli.trending import Board, Entry, Source, TrendingError

NOON = datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)
FILMS = [
    Entry(1, 4, "tt1", 1200, 3, 40.25),
    Entry(2, 1, "tt2", 7, 0, 4.0),
    Entry(3, 3, "x", 5, 1, 0.04),
    Entry(4, None, "y", 4, 0, -1.26),
]
BOARD = Board("1h", NOON, FILMS)


class Api:
    """Stands in for the API: gives the answers it is told to, and keeps what was asked."""

    def __init__(self):
        self.answers = []
        self.asked = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                api.asked.append((self.path, self.headers.get("If-None-Match")))
                status, headers, body = api.answers.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/local"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()


@pytest.fixture
def api():
    stands_in = Api()
    yield stands_in
    stands_in.server.shutdown()
    stands_in.thread.join()
    stands_in.server.server_close()


def body(films=(), as_of="2026-01-31T12:00:00.123Z"):
    return json.dumps({"window": "1h", "as_of": as_of, "trends": list(films), "more": 1}).encode()


FILM = {"rank": 1, "previous_rank": None, "movie_id": "tt1", "likes": 2, "unlikes": 1, "score": 4}


def test_a_board_is_asked_for_by_window_and_limit(api):
    api.answers = [(200, {}, body([FILM]))]
    board = Source(api.url, "15m", 7).ask()
    assert board == Board("1h", NOON, [Entry(1, None, "tt1", 2, 1, 4.0)])
    assert api.asked == [("/local/trends?window=15m&limit=7", None)]


def test_a_board_that_has_not_changed_is_not_sent_again(api):
    api.answers = [
        (200, {"ETag": '"1"'}, body([FILM])),
        (304, {"ETag": '"1"'}, b""),
        (200, {"ETag": '"2"'}, body()),
        (304, {"ETag": '"2"'}, b""),
    ]
    source = Source(api.url, "1h", 20)
    boards = [source.ask() for _ in range(4)]
    assert boards[0] == boards[1] != boards[2] == boards[3]
    assert [etag for _, etag in api.asked] == [None, '"1"', '"1"', '"2"']


def test_an_api_that_is_busy_is_asked_again_when_it_says(api):
    api.answers = [(503, {"Retry-After": "0"}, b"{}"), (200, {}, body())]
    assert Source(api.url, "1h", 20).ask().trends == []
    assert len(api.asked) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((400, {}, b'{"error":"bad_limit","message":"So many?"}'), "HTTP 400: So many?"),
        ((403, {}, b"Forbidden"), "HTTP 403: Forbidden"),
        ((500, {}, b"\xff"), "HTTP 500: \ufffd"),
        ((502, {}, b""), "HTTP 502: no message"),
        ((304, {}, b""), "HTTP 304"),
        ((200, {}, b"<html>"), "something else than trends"),
        ((200, {}, b'{"window":"1h","as_of":null,"trends":[{}]}'), "something else than trends"),
    ],
)
def test_an_answer_without_trends_is_one_sentence(api, answer, says):
    api.answers = [answer]
    with pytest.raises(TrendingError) as told:
        Source(api.url, "1h", 20).ask()
    assert says in str(told.value) and "\n" not in str(told.value)


def test_an_api_that_stays_busy_is_one_sentence_with_its_own_words(api):
    api.answers = [(503, {"Retry-After": "0"}, b'{"message":"Ask again."}')] * 3
    with pytest.raises(TrendingError, match="HTTP 503: Ask again."):
        Source(api.url, "1h", 20).ask()


def test_an_api_that_is_not_there_is_one_sentence():
    with pytest.raises(TrendingError) as told:
        Source("http://127.0.0.1:9/local", "1h", 20).ask()
    assert str(told.value).startswith("The API at http://127.0.0.1:9/local cannot be reached;")


def test_a_board_in_hand_outlives_an_api_that_is_away_for_a_while(api):
    api.answers = [(200, {"ETag": '"1"'}, body([FILM])), (500, {}, b""), (304, {}, b"")]
    source = Source(api.url, "1h", 20)
    first = source.ask()
    with pytest.raises(TrendingError):
        source.ask()
    assert source.ask() == first


def test_people_see_how_films_moved():
    columns, rows = trending.rows(BOARD, {"tt1": "Vertigo"}, "table")
    assert columns == ("rank", "change", "title", "movie_id", "likes", "unlikes", "score")
    assert list(rows) == [
        (1, "▲3", "Vertigo", "tt1", 1200, 3, 40.2),
        (2, "▼1", None, "tt2", 7, 0, 4.0),
        (3, "=", None, "x", 5, 1, 0.0),
        (4, "new", None, "y", 4, 0, -1.3),
    ]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_programs_get_ranks_and_the_time(form):
    columns, rows = trending.rows(BOARD, {}, form)
    assert columns[1] == "previous_rank" and columns[-1] == "as_of"
    assert [(row[1], row[-1]) for row in rows] == [(n, NOON) for n in (4, 1, 3, None)]


@pytest.mark.parametrize(
    ("board", "says"),
    [
        (Board("1h", None, []), "Nothing has been ranked yet; the films are ranked each minute."),
        (BOARD, "The last 1h as of 2026-01-31 12:00:00 UTC, 0:00:34 ago."),
        (
            Board("24h", NOON, []),
            "No film was liked in the last 24h as of 2026-01-31 12:00:00 UTC, 0:00:34 ago.",
        ),
        (
            Board("1h", NOON + timedelta(minutes=5), FILMS),
            "The last 1h as of 2026-01-31 12:05:00 UTC, 0:00:00 ago.",
        ),
    ],
)
def test_what_a_board_is_of_and_how_old(board, says):
    assert trending.told(board, NOON + timedelta(seconds=34.9)) == says
