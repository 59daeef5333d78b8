"""IngestLike accepts every like of a request or none, and answers whatever it is sent."""

import base64
import gzip
import json
import random
import time
import zlib

import pytest
from botocore.exceptions import EndpointConnectionError

from tests import aws, fakes
from tests.generated import hostile_payloads
from transform.event import likes, stream_records
from transform.event.invalid import InvalidLike
from transform.event.stream_records import Record
from transform.handlers.ingest import handler


def answer(event):
    response = handler(event, aws.CONTEXT)
    return response["statusCode"], json.loads(response["body"]), response["headers"]


def on_stream(kinesis):
    return [
        like
        for number, (key, data) in enumerate(kinesis.records)
        for like in stream_records.read(
            Record(data, time.time_ns() // 10**6, "s-1", str(number), key)
        )[0]
    ]


def test_one_like_is_accepted_with_its_defaults_filled(kinesis, measured):
    status, body, headers = answer(aws.event("api_post"))
    [like] = on_stream(kinesis)
    assert (status, body) == (202, {"accepted": 1, "event_ids": [like.event_id]})
    assert like.event_id[14] == "7"
    assert abs(like.liked_at - time.time() * 1000) < 60_000
    [(key, _)] = kinesis.records
    assert key == headers["X-Correlation-Id"] == like.event_id
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert measured("LikesAccepted") == 1


def test_a_batch_is_one_record(kinesis, measured):
    batch = [{"movie_id": f"m{number}", "event_id": f"e{number}"} for number in range(500)]
    status, body, _ = answer(aws.post(json.dumps(batch)))
    assert (status, body["accepted"]) == (202, 500)
    assert body["event_ids"] == [f"e{number}" for number in range(500)]
    assert len(kinesis.records) == 1
    assert [like.movie_id for like in on_stream(kinesis)] == [f"m{number}" for number in range(500)]
    assert measured("LikesAccepted") == 500


def test_an_event_id_twice_in_a_request_is_one_like_and_the_answer_says_so(kinesis, measured):
    batch = [
        {"movie_id": "a", "event_id": "e1"},
        {"movie_id": "b", "event_id": "e2"},
        {"movie_id": "a", "eventId": " e1 "},
        {"movie_id": "c"},
        {"movie_id": "other", "event_id": "e1"},
    ]
    status, body, headers = answer(aws.post(json.dumps(batch)))
    assert (status, body["accepted"], body["repeated"]) == (202, 3, [2, 4])
    made = body["event_ids"][3]
    assert body["event_ids"] == ["e1", "e2", "e1", made, "e1"]
    assert [(like.event_id, like.movie_id) for like in on_stream(kinesis)] == [
        ("e1", "a"),
        ("e2", "b"),
        (made, "c"),
    ]
    assert headers["X-Correlation-Id"] == "e1"
    assert measured("LikesAccepted") == 3


def test_one_bad_item_refuses_the_batch_and_every_bad_item_is_named(kinesis, measured):
    batch = [{"movie_id": "a"}, {}, {"movie_id": "b"}, {"movie_id": "c", "action": "love"}, 7]
    status, body, _ = answer(aws.post(json.dumps(batch)))
    assert status == 400
    assert body["error"] == "invalid_likes"
    assert "3 of 5" in body["message"]
    assert [(error["index"], error["reason"]) for error in body["errors"]] == [
        (1, "missing_movie_id"),
        (3, "bad_action"),
        (4, "not_an_object"),
    ]
    assert kinesis.records == []
    assert measured("RequestsRefused") == 1


@pytest.mark.parametrize(
    ("event", "status", "error"),
    [
        (aws.post(None), 400, "empty"),
        (aws.post(""), 400, "empty"),
        (aws.post("  \n"), 400, "empty"),
        (aws.post("[]"), 400, "empty"),
        (aws.post("[ ]"), 400, "empty"),
        (aws.post('[{"movie_id":"m"}'), 400, "not_json"),
        (aws.post("hello"), 400, "invalid_likes"),
        (aws.post('{"movie_id":"\ud800"}'), 400, "invalid_likes"),
        (aws.post(b'[{"movie_id":"\xff"}]'), 400, "invalid_likes"),
        (aws.post("%%%", isBase64Encoded=True), 400, "not_base64"),
        (aws.post("é", isBase64Encoded=True), 400, "not_base64"),
        (aws.post("[" * 100_000), 400, "not_json"),
        (aws.post('{"movie_id":"m"}', headers={"content-type": "text/plain"}), 400,
         "bad_content_type"),
        (aws.post("movie_id=m", headers={"Content-Type": "application/x-www-form-urlencoded"}),
         400, "bad_content_type"),
        (aws.post(json.dumps([{"movie_id": "m"}] * 501)), 413, "too_many"),
        (aws.post('{"movie_id":"' + "m" * 900_000 + '"}'), 413, "too_large"),
        (aws.post(json.dumps([{"movie_id": "m", "x": "y" * 4000}] * 220)), 413, "too_large"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_accepted_says_why(event, status, error, kinesis):
    told, body, _ = answer(event)
    assert (told, body["error"]) == (status, error)
    assert body["message"].endswith(".")
    assert kinesis.records == []


@pytest.mark.parametrize(
    "event",
    [
        aws.post(b'{"movie_id":"m"}'),
        aws.post('{"movie_id":"m"}', headers={"CONTENT-TYPE": "application/json; charset=utf-8"}),
        aws.post('{"movie_id":"m"}', headers={"content-type": "application/vnd.shop+json"}),
        aws.post('{"movie_id":"m"}', headers={}),
        aws.post('{"movie_id":"m"}', headers=None),
        aws.post('\ufeff {"movie_id":"m"}\r\n'),
        aws.post(' [ {"movie_id":"m"} ] '),
    ],
)
def test_a_request_of_any_usual_shape_is_accepted(event, kinesis):
    status, body, _ = answer(event)
    assert (status, body["accepted"]) == (202, 1)
    assert [like.movie_id for like in on_stream(kinesis)] == ["m"]


@pytest.mark.parametrize(
    "fault",
    [
        fakes.refusal("ProvisionedThroughputExceededException"),
        fakes.refusal("AccessDeniedException"),
        EndpointConnectionError(endpoint_url="https://kinesis.us-east-1.amazonaws.com"),
    ],
)
def test_a_stream_that_refuses_means_come_back_with_the_same_ids(fault, kinesis):
    kinesis.fault = fault
    status, body, headers = answer(aws.post('{"movie_id":"m"}'))
    assert (status, headers["Retry-After"], body["error"]) == (503, "1", "unavailable")
    kinesis.fault = None
    again = json.dumps({"movie_id": "m", "event_id": body["event_ids"][0]})
    assert answer(aws.post(again))[1]["event_ids"] == body["event_ids"]


def test_a_browser_may_ask_first():
    response = handler(aws.post(None, httpMethod="OPTIONS"), aws.CONTEXT)
    assert response["statusCode"] == 204
    assert "POST" in response["headers"]["Access-Control-Allow-Methods"]
    assert response["headers"]["Access-Control-Allow-Headers"] == (
        "Content-Type, Content-Encoding, Idempotency-Key, Authorization, X-Api-Key"
    )


@pytest.mark.parametrize(
    ("origins", "origin", "let_in", "varies"),
    [
        ("*", "https://shop.example", "*", None),
        ("https://shop.example https://tv.example", "https://tv.example", "same", "Origin"),
        ("https://shop.example", "https://shop.example.evil.example", None, "Origin"),
        ("https://shop.example", "", None, "Origin"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_a_page_of_another_origin_is_not_let_in(
    method, origins, origin, let_in, varies, kinesis, monkeypatch
):
    """And what is one page's answer is no other's: caches are told that it depends on it."""
    monkeypatch.setenv("CORS_ORIGINS", origins)
    event = aws.post('{"movie_id":"m"}', httpMethod=method)
    event["headers"] = {**(event["headers"] or {}), "Origin": origin}
    headers = handler(event, aws.CONTEXT)["headers"]
    told = headers.get("Access-Control-Allow-Origin")
    assert told == (origin if let_in == "same" else let_in)
    assert headers.get("Vary") == varies


def test_the_user_is_whose_token_it_is_whatever_a_like_says(kinesis, monkeypatch):
    monkeypatch.setenv("USER_CLAIM", "sub")
    event = aws.post('[{"movie_id":"m","user_id":"somebody else"},{"movie_id":"n"}]')
    event["requestContext"] = {"authorizer": {"claims": {"sub": "u-7", "email": "a@b.example"}}}
    assert answer(event)[0] == 202
    assert [like.user_id for like in on_stream(kinesis)] == ["u-7", "u-7"]


def test_an_http_api_tells_of_a_request_and_a_token_in_the_same_form(kinesis, monkeypatch):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    monkeypatch.setenv("USER_CLAIM", "sub")
    event = json.loads((aws.EVENTS / "http_api_post.json").read_text("utf-8"))
    assert answer(event)[0] == 202
    [like] = on_stream(kinesis)
    assert (like.movie_id, like.user_id) == ("tt0111161", "u-7")


@pytest.mark.parametrize(
    "context", [{}, {"authorizer": None}, {"authorizer": {"claims": {"sub": "u" * 129}}}]
)
def test_where_a_token_is_needed_one_that_names_nobody_is_refused(context, kinesis, monkeypatch):
    monkeypatch.setenv("USER_CLAIM", "sub")
    event = aws.post('{"movie_id":"m","user_id":"u"}')
    event["requestContext"] = context
    status, body, _ = answer(event)
    assert (status, body["error"], kinesis.records) == (401, "no_user", [])


def test_an_event_of_the_bus_is_a_like_with_the_bus_s_id_and_time(kinesis, measured):
    event = aws.event("bus")
    assert handler(event, aws.CONTEXT) is None
    [like] = on_stream(kinesis)
    assert (like.event_id, like.liked_at) == (event["id"], 1_780_000_000_000)
    assert (like.movie_id, like.user_id) == ("tt0111161", "u-1")
    assert measured("LikesAccepted") == 1


@pytest.mark.parametrize("detail", [{}, {"movie_id": "a b"}, "text", None, [1], {"movie_id": 7}])
def test_an_event_of_the_bus_that_is_no_like_goes_on_the_stream_as_it_is(detail, kinesis):
    handler(aws.event("bus") | {"detail": detail}, aws.CONTEXT)
    [(_, data)] = kinesis.records
    assert json.loads(data) == detail
    good, [bad] = stream_records.read(Record(data, 1_780_000_000_000, "s-1", "1"))
    assert good == []


def test_an_event_of_the_bus_comes_again_when_the_stream_refuses(kinesis):
    kinesis.fault = fakes.refusal("ProvisionedThroughputExceededException")
    with pytest.raises(type(kinesis.fault)):
        handler(aws.event("bus"), aws.CONTEXT)


def test_any_bytes_get_an_answer_with_a_json_body(kinesis):
    """Never a 500; and what is accepted is what the parser accepts, all or nothing."""
    chance = random.Random(4)
    statuses = dict.fromkeys((202, 400, 413), 0)
    hostile = hostile_payloads(seed=4, number=10_000)
    for payload in hostile:
        if chance.random() < 0.3:
            payload = b"[" + payload + b"," + next(hostile, b"{}") + b"]"
        before = len(kinesis.records)
        binary = chance.random() < 0.5
        text = payload if binary else payload.decode("utf-8", "surrogateescape")
        status, body, headers = answer(aws.post(text))
        statuses[status] += 1
        assert headers["Content-Type"] == "application/json"
        assert len(kinesis.records) == before + (status == 202)
        if status == 202:
            assert body["accepted"] == len(set(body["event_ids"])) > 0
            again = body.get("repeated", [])
            assert body["accepted"] + len(again) == len(body["event_ids"])
        else:
            assert body["error"] and body["message"]
        if not payload.lstrip().startswith(b"[") and payload.strip():
            try:
                likes.parse(payload, time.time_ns() // 10**6, lambda: "e")
                assert status == 202
            except InvalidLike:
                assert status == 400
    assert min(statuses[202], statuses[400]) > 500


def test_a_body_in_base64_is_the_same_body(kinesis):
    body = base64.b64encode('{"movie_id":"m","user_id":"é"}'.encode()).decode()
    status, _, _ = answer(aws.post(body, isBase64Encoded=True))
    assert status == 202
    assert on_stream(kinesis)[0].user_id == "é"


PACKED = gzip.compress(b'[{"movie_id":"m"}]')


@pytest.mark.parametrize(
    ("body", "coding"),
    [(PACKED, "gzip"), (zlib.compress(b'{"movie_id":"m"}'), "deflate")],
)
def test_a_request_may_come_packed(body, coding, kinesis):
    status, told, _ = answer(aws.post(body, headers={"Content-Encoding": coding}))
    assert (status, told["accepted"]) == (202, 1)
    assert [like.movie_id for like in on_stream(kinesis)] == ["m"]


@pytest.mark.parametrize(
    ("body", "coding", "status", "error"),
    [
        (PACKED, "br", 415, "bad_content_encoding"),
        (PACKED[:-1], "gzip", 400, "bad_content_encoding"),
        (gzip.compress(b"[" + bytes(10**7)), "gzip", 413, "too_large"),
        (gzip.compress(b" "), "gzip", 400, "empty"),
    ],
)
def test_a_packed_request_that_cannot_be_accepted_says_why(body, coding, status, error, kinesis):
    told, answered, _ = answer(aws.post(body, headers={"Content-Encoding": coding}))
    assert (told, answered["error"]) == (status, error)
    assert answered["message"].endswith(".")
    assert kinesis.records == []


def keyed(body, key):
    status, told, _ = answer(aws.post(body, headers={"idempotency-key": key}))
    return status, told.get("event_ids", told.get("error"))


def test_a_request_with_an_idempotency_key_has_the_same_event_ids_each_time(kinesis):
    body = '[{"movie_id":"m"},{"movie_id":"m"},{"movie_id":"m","event_id":"e"}]'
    status, first = keyed(body, '"8e03978e-40d5-43dd-bc93-6894a57f9324"')
    assert status == 202
    assert len({*first}) == 3 and first[2] == "e"
    assert keyed(body, "8e03978e-40d5-43dd-bc93-6894a57f9324") == (202, first)
    assert keyed(body, "another")[1][0] not in first
    other = keyed('[{"movie_id":"n"}]', "8e03978e-40d5-43dd-bc93-6894a57f9324")[1]
    assert other[0] not in first  # what is something else is no repetition


@pytest.mark.parametrize("key", ["x" * 256, "é", "a\tb", '""'])
def test_a_key_that_is_none_is_refused(key, kinesis):
    assert keyed('{"movie_id":"m"}', key) == (400, "bad_idempotency_key")
    assert kinesis.records == []
