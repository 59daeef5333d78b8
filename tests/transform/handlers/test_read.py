"""ReadLikes answers for films it knows, films it does not, and films that cannot be."""

import json

import pytest

from tests import aws, fakes
from transform.handlers import read


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
