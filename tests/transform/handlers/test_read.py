"""ReadLikes answers for films it knows, films it does not, and films that cannot be; and it tells
what rises."""

import json

import pytest

from tests import aws, fakes
from transform.handlers import read
from transform.trends.leaderboards import WINDOWS


@pytest.fixture(autouse=True)
def table(dynamodb, monkeypatch):
    monkeypatch.setattr(read.time, "sleep", lambda seconds: None)
    for film, likes in {"a": 3, "b": -1}.items():
        dynamodb.items[film] = {"movie_id": {"S": film}, "likes": {"N": str(likes)}}
    return dynamodb


def answer(event):
    response = read.handler(event, aws.CONTEXT)
    return response["statusCode"], json.loads(response["body"])


@pytest.mark.parametrize(("film", "likes"), [("a", 3), ("b", -1), ("never", 0), (" a ", 3)])
def test_a_film_by_its_path(film, likes):
    body = {"movie_id": film.strip(), "likes": likes}
    assert answer(aws.get(path={"movie_id": film})) == (200, body)


def test_films_by_query_come_once_each_in_the_order_asked():
    status, body = answer(aws.get(query={"movie_ids": "never,a, b,a"}))
    assert (status, body) == (
        200,
        {"likes": [{"movie_id": "never", "likes": 0}, {"movie_id": "a", "likes": 3},
                   {"movie_id": "b", "likes": -1}]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (aws.get(path={"movie_id": "a/b"}), "bad_movie_id"),
        (aws.get(path={"movie_id": "m" * 65}), "bad_movie_id"),
        (aws.get(), "bad_movie_id"),
        (aws.get(query={"movie_ids": ""}), "bad_movie_id"),
        (aws.get(query={"movie_ids": "a,,b"}), "bad_movie_id"),
        (aws.get(query={"movie_ids": ",".join(map(str, range(101)))}), "too_many"),
    ],
)
def test_what_cannot_be_asked_says_why(event, error):
    status, body = answer(event)
    assert (status, body["error"]) == (400, error)


def test_a_hundred_films_are_answered_though_the_table_reads_them_piecemeal(table):
    table.unprocessed = 4
    films = ",".join(["a", "b", *map(str, range(98))])
    status, body = answer(aws.get(query={"movie_ids": films}))
    assert status == 200
    assert len(body["likes"]) == 100
    assert {one["movie_id"]: one["likes"] for one in body["likes"]}["b"] == -1


@pytest.mark.parametrize("unprocessed, fault", [(99, None), (0, fakes.refusal("AccessDenied"))])
def test_a_table_that_does_not_answer_means_come_back(table, unprocessed, fault):
    table.unprocessed, table.faults = unprocessed, [fault]
    response = read.handler(aws.get(path={"movie_id": "a"}), aws.CONTEXT)
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "1")
    assert json.loads(response["body"])["error"] == "unavailable"


def test_a_browser_may_ask_first():
    response = read.handler(aws.get() | {"httpMethod": "OPTIONS"}, aws.CONTEXT)
    assert (response["statusCode"], response["body"]) == (204, "")
    assert response["headers"]["Access-Control-Allow-Headers"] == "Content-Type, If-None-Match"


# --- what rises ---

NOON = 1_769_860_800_123  # 2026-01-31T12:00:00.123Z


def entry(rank, movie_id="tt"):
    return {"rank": rank, "previous_rank": None, "movie_id": f"{movie_id}{rank}",
            "likes": 1000 - rank, "unlikes": 1, "score": 50.5 - rank / 10}  # fmt: skip


def ranked(table, window, as_of, films):
    """Put a leaderboard in place of the last, as RankTrends does: one item."""
    table.trends["leaderboard", window] = {
        "pk": {"S": "leaderboard"},
        "sk": {"S": window},
        "as_of": {"N": str(as_of)},
        "films": {"B": json.dumps(films, separators=(",", ":")).encode()},
    }


def trends(query=None, **headers):
    event = aws.get(query=query) | {"resource": "/trends", "path": "/trends", "headers": headers}
    return read.handler(event, aws.CONTEXT)


def told(query=None):
    response = trends(query)
    assert response["statusCode"] == 200, response
    return json.loads(response["body"])


@pytest.fixture
def boards(table):
    """Leaderboards of every window, a hundred films each."""
    for window in WINDOWS:
        ranked(table, window, NOON, [entry(rank, window) for rank in range(1, 101)])


def test_the_first_twenty_of_the_last_hour_where_nothing_else_is_asked(boards):
    answer = told()
    assert (answer["window"], answer["as_of"]) == ("1h", "2026-01-31T12:00:00.123Z")
    assert answer["trends"] == [entry(rank, "1h") for rank in range(1, 21)]


@pytest.mark.parametrize("window", WINDOWS)
def test_every_window_that_is_ranked_can_be_asked_for(boards, window):
    answer = told({"window": window})
    assert (answer["window"], answer["trends"][0]) == (window, entry(1, window))


@pytest.mark.parametrize("limit", [1, 9, 10, 99, 100])
def test_as_many_films_as_asked_for(boards, limit):
    assert told({"limit": str(limit)})["trends"] == [entry(n, "1h") for n in range(1, limit + 1)]


def test_a_limit_above_what_is_ranked_gives_all_of_it(table):
    ranked(table, "15m", NOON, [entry(1), entry(2)])
    assert told({"window": "15m", "limit": "100"})["trends"] == [entry(1), entry(2)]


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (NOON - 123, "2026-01-31T12:00:00.000Z")],
)
def test_the_time_of_a_ranking_is_told_to_the_millisecond(table, epoch_ms, text):
    ranked(table, "1h", epoch_ms, [])
    assert told() == {"window": "1h", "as_of": text, "trends": []}


def test_before_the_first_ranking_there_is_no_time_and_no_film(table):
    assert told({"window": "24h"}) == {"window": "24h", "as_of": None, "trends": []}


@pytest.mark.parametrize("window", ["", "1H", "60m", "7d", " 1h", "1h "])
def test_a_window_that_is_none_says_why(boards, window):
    response = trends({"window": window})
    body = json.loads(response["body"])
    assert (response["statusCode"], body["error"]) == (400, "bad_window")
    assert body["message"] == "The window is one of 15m, 1h, 24h."


@pytest.mark.parametrize(
    "limit", ["", "0", "101", "-1", "+5", "007", "1.0", "1e1", "ten", "٣", "5 "]
)
def test_a_limit_that_is_none_says_why(boards, limit):
    response = trends({"limit": limit})
    body = json.loads(response["body"])
    assert (response["statusCode"], body["error"]) == (400, "bad_limit")
    assert "from 1 to 100" in body["message"] and "ETag" not in response["headers"]


def test_who_has_it_already_is_not_sent_it_again(boards):
    first = trends()
    assert first["headers"]["Cache-Control"] == "public, max-age=5"
    etag = first["headers"]["ETag"]
    again = trends(**{"If-None-Match": etag})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert again["headers"]["ETag"] == etag
    assert again["headers"]["Cache-Control"] == "public, max-age=5"
    assert again["headers"]["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("held", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ("*", 304),
        ('"other", W/"a,b" ,{etag}', 304),
        ('"a","b"', 200),
        ('"*"', 200),
        ("{bare}", 200),
        ("", 200),
    ],
)
def test_what_a_client_says_it_has(boards, held, status):
    etag = trends()["headers"]["ETag"]
    said = held.format(etag=etag, bare=etag.strip('"'))
    assert trends(**{"if-none-match": said})["statusCode"] == status


def test_an_etag_is_of_these_very_bytes(table, boards):
    seen = {trends({"window": window})["headers"]["ETag"] for window in WINDOWS}
    seen.add(trends({"limit": "19"})["headers"]["ETag"])
    first = trends()["headers"]["ETag"]
    ranked(table, "1h", NOON + 60_000, [entry(rank, "1h") for rank in range(1, 101)])
    renewed = trends(**{"If-None-Match": first})
    assert renewed["statusCode"] == 200, "the films are the same, their time is not"
    assert len(seen | {renewed["headers"]["ETag"]}) == 5
    assert trends({"window": "1h", "limit": "20"})["headers"]["ETag"] == renewed["headers"]["ETag"]


def test_a_board_replaced_between_two_reads_is_one_or_the_other_whole(table):
    for as_of in (NOON, NOON + 60_000):
        ranked(table, "1h", as_of, [entry(rank, f"{as_of}-") for rank in range(1, 4)])
        answer = told()
        assert [film["movie_id"] for film in answer["trends"]] == [
            f"{as_of}-{n}" for n in (1, 2, 3)
        ]
        assert answer["as_of"] == f"2026-01-31T12:0{(as_of - NOON) // 60_000}:00.123Z"
    assert table.reads == 2, "one read a question"


@pytest.mark.parametrize("code", ["AccessDenied", "ProvisionedThroughputExceededException"])
def test_trends_that_cannot_be_read_mean_come_back(table, measured, code):
    table.faults = [fakes.refusal(code)]
    response = trends()
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "1")
    body = json.loads(response["body"])
    assert (body["error"], body["message"]) == (
        "unavailable",
        "The trends cannot be read just now; ask again.",
    )
    assert measured("RequestsUnavailable") == 1 and measured("TrendsRead") == 0


def test_questions_are_measured(boards, measured):
    trends()
    trends({"limit": "0"})
    assert (measured("TrendsRead"), measured("RequestsRefused")) == (1, 1)
