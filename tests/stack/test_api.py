"""The API over HTTP: what it accepts is counted, and what it refuses says why."""

import gzip
import json
import uuid
import zlib

import pytest

JSON = {"Content-Type": "application/json"}


def test_a_like_is_counted_and_one_taken_back_is_not(api, eventually):
    film = f"api-{uuid.uuid4()}"
    assert api.likes(film) == 0
    response = api.post({"movie_id": film}, {"movieId": film}, {"movie_id": film})
    assert response.status == 202
    body = response.json()
    assert (body["accepted"], len(set(body["event_ids"]))) == (3, 3)
    assert response.headers["X-Correlation-Id"] == body["event_ids"][0]
    eventually(lambda: api.likes(film), 3)
    assert api.post({"movie_id": film, "action": "unlike"}).status == 202
    eventually(lambda: api.likes(film), 2)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_request_may_come_packed_and_again(api, coding, pack):
    film = f"packed-{uuid.uuid4()}"
    headers = JSON | {"Content-Encoding": coding, "Idempotency-Key": f'"{film}"'}
    body = pack(json.dumps([{"movie_id": film}, {"movie_id": film}]).encode())
    told = [api.request("POST", "/likes", body=body, headers=headers) for _ in "12"]
    assert [response.status for response in told] == [202, 202]
    assert told[0].json()["event_ids"] == told[1].json()["event_ids"]


def test_films_are_read_many_at_a_time(api, eventually):
    films = [f"many-{uuid.uuid4()}" for _ in range(99)]
    assert api.post(*({"movie_id": film} for film in films)).status == 202
    asked = ",".join([*films, "never-liked"])
    expected = [{"movie_id": film, "likes": 1} for film in films]
    expected.append({"movie_id": "never-liked", "likes": 0})
    eventually(lambda: api.request("GET", f"/likes?movie_ids={asked}").json()["likes"], expected)


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (b'[{"movie_id":"a"},{}]', JSON, 400, "invalid_likes"),
        (b'{"movie_id":"a b"}', JSON, 400, "invalid_likes"),
        (b"hello", JSON, 400, "not_json"),
        (b"", JSON, 400, None),
        (b"[]", JSON, 400, "empty"),
        (b"\xff\xfe", JSON, 400, None),
        (b"[" * 20_000, JSON, 400, None),
        (b'{"movie_id":"a"}', {"Content-Type": "text/plain"}, 400, "bad_content_type"),
        (json.dumps([{"movie_id": "a"}] * 501).encode(), JSON, 413, "too_many"),
        (b"x", JSON | {"Content-Encoding": "gzip"}, 415, "bad_content_encoding"),
        (b"x", JSON | {"Content-Encoding": "br"}, 415, "bad_content_encoding"),
        (
            gzip.compress(b"[" + b" " * 2_000_000 + b"]"),
            JSON | {"Content-Encoding": "gzip"},
            413,
            "too_large",
        ),
        (b'{"movie_id":"' + b"a" * 900_001 + b'"}', JSON, 413, "too_large"),
    ],
)
def test_what_is_refused_says_why_in_json(api, body, headers, status, error):
    response = api.request("POST", "/likes", body=body, headers=headers)
    told = response.json()
    assert response.status == status, told
    assert told["error"] and told["message"]
    if error:
        assert told["error"] == error


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/movies/a%20b/likes", "bad_movie_id"),
        ("/movies/" + "a" * 65 + "/likes", "bad_movie_id"),
        ("/likes?movie_ids=", None),
        ("/likes?movie_ids=a,,b", "bad_movie_id"),
        ("/likes?movie_ids=" + ",".join(map(str, range(101))), "too_many"),
        ("/likes", None),
    ],
)
def test_what_cannot_be_asked_says_why(api, path, error):
    response = api.request("GET", path)
    assert response.status == 400
    if error:
        assert response.json()["error"] == error


def test_a_page_of_another_origin_may_post(api):
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    response = api.request("OPTIONS", "/likes", headers=asked)
    assert response.status in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]


def test_one_id_tells_of_a_request_in_every_step_s_log(api, stage, eventually):
    film = f"trace-{uuid.uuid4()}"
    event_id = api.post({"movie_id": film}).json()["event_ids"][0]
    eventually(lambda: api.likes(film), 1)
    logs = stage.client("logs")

    def told(step):
        group = f"/aws/lambda/{stage.outputs.function_names[step]}"
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return any(event_id in event["message"] for page in pages for event in page["events"])

    for step in ("ingest", "count", "archive"):
        eventually(lambda step=step: told(step), True)
