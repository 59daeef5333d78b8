"""A stream refuses what it has no capacity for: see `stream_refuses.md`."""

import json

from tests import aws, plan
from tests.stack.drills.faults import fated
from transform.handlers import ingest


def test_what_is_refused_is_whole_and_comes_again_once(
    stage, api, raw, eventually, aws_environment, monkeypatch
):
    monkeypatch.setenv("STREAM_NAME", stage.outputs.stream_name)
    ingest._kinesis.cache_clear()
    kinesis = ingest._kinesis()
    film = plan.film("stream-refuses")

    def post(likes):
        answer = ingest.handler(aws.post(json.dumps(likes)), aws.CONTEXT)
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    requests = [[{"movie_id": film, "n": n} for n in range(3)] for _ in range(3)]
    fates = ["goes", *["refused"] * 3, "refused", "refused", "goes"]
    try:
        with fated(kinesis, "PutRecord", fates) as left:
            first, second, third = map(post, requests)
        assert left == []
        assert (first[0], second[0], third[0]) == (202, 503, 202)
        assert int(second[2]["Retry-After"]) > 0
        ids = second[1]["event_ids"]
        assert len(ids) == 3
        again = [like | {"event_id": i} for like, i in zip(requests[1], ids, strict=True)]
        assert post(again)[:2] == (202, {"accepted": 3, "event_ids": ids})
    finally:
        ingest._kinesis.cache_clear()
    eventually(lambda: (api.likes(film), len(raw(film))), (9, 9))
    rows = raw(film)
    named = [*first[1]["event_ids"], *ids, *third[1]["event_ids"]]
    assert sorted(row["event_id"] for row in rows) == sorted(named)
    assert len({row["place"] for row in rows}) == 9
