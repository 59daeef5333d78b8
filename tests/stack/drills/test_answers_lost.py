"""Answers are lost after the stream took the record: see `answers_lost.md`."""

import json

from infra.stage import invoke
from tests import aws, plan
from tests.examples import nightly
from tests.stack.drills.faults import fated
from transform.handlers import ingest

pytestmark = nightly


def test_a_like_that_stands_twice_on_the_stream_is_told_by_its_places(
    stage, raw, once, eventually, aws_environment, monkeypatch
):
    kinesis = stage.client("kinesis")
    monkeypatch.setenv("STREAM_NAME", stage.outputs.stream_name)
    monkeypatch.setattr(ingest, "_kinesis", lambda: kinesis)
    film = plan.film("answers-lost")

    def post(*likes):
        answer = ingest.handler(aws.post(json.dumps(likes)), aws.CONTEXT)
        assert answer["statusCode"] == 202
        return json.loads(answer["body"])["event_ids"]

    with fated(kinesis, "PutRecord", ["answer lost", "goes"]) as left:
        [first] = post({"movie_id": film})
    assert left == []
    again = {"movie_id": film, "event_id": f"{film}-again"}
    assert post(again) == post(again) == [f"{film}-again"]

    eventually(lambda: len(raw(film)), 4)
    rows = raw(film)
    assert sorted(row["event_id"] for row in rows) == sorted([first, first, *[f"{film}-again"] * 2])
    assert len({row["place"] for row in rows}) == 4
    assert invoke(stage, "compact", {})["failed"] == {}
    assert once(film) == sorted([(film, first), (film, f"{film}-again")])
