"""A rejected line becomes the like that it was meant to be, with the same id each time."""

import base64
import json

import msgspec
import pytest

from infra.cli.replay import mending
from infra.cli.replay.mending import Rule
from infra.cli.replay.rejects import Reject
from transform.event.invalid import InvalidLike
from transform.lake import erased_files
from transform.lake.erasure import Texts

ARRIVED = 1_780_000_000_000
NOW = ARRIVED + 3_600_000
PLACE = "shardId-000000000006/4959/3"


def reject(payload, reason="not_json", **more):
    told = {"received_at": "2026-05-28 20:26:40.000", "place": PLACE, "line": 4} | more
    return Reject(reason, payload, **told)


def mend(row, now=NOW, **rule):
    [(identity, line)] = mending.lines(row)
    return msgspec.json.decode(mending.mend(row, identity, line, Rule(**rule), now))


RULES = {
    "what was missing is set": (
        '{"film":"tt1"}',
        {"values": {"movie_id": "tt2"}},
        {"movie_id": "tt2", "film": "tt1"},
    ),
    "another field is read": (
        '{"film":"tt1"}',
        {"fields": {"movie_id": "film"}},
        {"movie_id": "tt1"},
    ),
    "seconds are milliseconds": (
        '{"movie_id":"tt1","liked_at":1779998400}',
        {"unit": "s"},
        {"movie_id": "tt1", "liked_at": 1779998400000},
    ),
    "what is wrong is taken away": (
        '{"movieId":"tt1","userId":7,"source":"web"}',
        {"values": {"user_id": None}},
        {"movie_id": "tt1", "source": "web"},
    ),
    "a time that has come": (
        f'{{"movie_id":"tt1","liked_at":{ARRIVED + 3_000_000}}}',
        {},
        {"movie_id": "tt1", "liked_at": ARRIVED + 3_000_000},
    ),
}


@pytest.mark.parametrize(("payload", "rule", "wanted"), RULES.values(), ids=RULES)
def test_what_is_set_right_is_a_like_that_happened_when_it_arrived(payload, rule, wanted):
    row = reject(payload)
    like = mend(row, **rule)
    made = like.pop("event_id")
    assert like == {"action": "like", "liked_at": ARRIVED} | wanted
    assert mend(row, NOW + 10**9, **rule)["event_id"] == made, "at whatever time"
    assert mend(reject(payload, record_id="another"), **rule)["event_id"] == made
    assert mend(reject(payload, place=PLACE + "1"), **rule)["event_id"] != made


def test_a_like_keeps_its_own_id():
    row = reject('{"event_id":"e","movie_id":"","film":"tt1"}')
    assert mend(row, fields={"movie_id": "film"})["event_id"] == "e"


def test_a_line_of_a_file_is_its_bytes_whatever_the_file_is_called_or_when_it_was_touched():
    payload = '{"film":"tt1","liked_at":1779998400000}'
    rule = {"fields": {"movie_id": "film"}}
    one = mend(reject(payload, place=None, file="a.jsonl"), **rule)
    touched = reject(
        payload + " ", place=None, file="b.jsonl", received_at="2026-05-29 00:00:00.000"
    )
    assert mend(touched, **rule) == one
    other = reject(payload.replace("400000", "400001"), place=None, file="a.jsonl")
    assert mend(other, **rule)["event_id"] != one["event_id"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_a_file_is_the_same_like_after_its_user_was_forgotten(packed):
    payload = '{"film":"tt1","userId":"user-000123","liked_at":1779998400000}'
    told = {"payload": payload, "payload_encoding": "utf-8"}
    if packed:
        told = {"payload": base64.b64encode(payload.encode()).decode(),
                "payload_encoding": "base64"}  # fmt: skip
    told |= {"reason": "missing_movie_id", "file": "a.jsonl", "line": 1,
             "received_at": "2026-05-28 20:00:00.000"}  # fmt: skip
    body = json.dumps(told).encode() + b"\n"
    texts = Texts(["user-000123"])
    without = erased_files._text(body, texts)[0]
    assert b"user-000123" not in without and erased_files._text(without, texts)[0] == without
    rule = {"fields": {"movie_id": "film"}}
    came, now = (mend(msgspec.json.decode(one, type=Reject), **rule) for one in (body, without))
    assert came.pop("user_id") == "user-000123" and now == came


def test_what_is_still_no_like_says_why():
    for payload, reason in (
        ("hello", "not_json"),
        ("[]", "not_an_object"),
        ("{}", "missing_movie_id"),
    ):
        with pytest.raises(InvalidLike) as raised:
            mend(reject(payload), values={"source": "ios"})
        assert raised.value.reason == reason
    raw = base64.b64encode(b"\xff").decode()
    with pytest.raises(InvalidLike):
        mend(reject(raw, payload_encoding="base64"))


def test_lines_that_were_too_many_are_read_each_on_its_own():
    row = reject('{"movie_id":"a"}\n\n{"movie_id":"b"}', "too_many_lines")
    made = [mending.mend(row, identity, line, Rule(), NOW) for identity, line in mending.lines(row)]
    likes = [msgspec.json.decode(line) for line in made]
    assert [like["movie_id"] for like in likes] == ["a", "b"]
    assert len({like["event_id"] for like in likes}) == 2


def test_values_are_text_or_json():
    given = ["movie_id=7", " liked_at = 5", "source=", 'shop={"n":1}', "note=so what", "n=7"]
    assert mending.values(given) == {
        "movie_id": "7",
        "liked_at": 5,
        "source": None,
        "shop": {"n": 1},
        "note": "so what",
        "n": 7,
    }


@pytest.mark.parametrize("given", [["x"], ["=1"], ["a=1", "a=2"], ["event_id=e"], ["eventId=e"]])
def test_values_that_are_none_are_said_to_be_none(given):
    with pytest.raises(ValueError, match="--set"):
        mending.values(given)
