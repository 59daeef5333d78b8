"""ArchiveLikes keeps what cannot become a row before it says that it dropped it."""

import base64
import gzip
import json

import pytest

from tests import aws, fakes
from transform.handlers.archive import handler

NOW = 1_780_000_000_000


def test_an_event_as_aws_sends_it_is_answered_in_the_contract_s_shape(s3, measured):
    response = handler(aws.event("firehose"), aws.CONTEXT)
    json.dumps(response)
    [record] = response["records"]
    assert set(record) == {"recordId", "result", "data"}
    assert record["recordId"] == aws.event("firehose")["records"][0]["recordId"]
    row = json.loads(base64.b64decode(record["data"]))
    assert (row["movie_id"], row["received_at"]) == ("tt0111161", "2026-05-28 20:26:40.123")
    assert s3.objects == {}
    assert measured("LikesArchived") == 1


def test_bad_lines_are_in_the_bucket_when_their_record_is_dropped(s3, measured):
    response = handler(aws.firehose([b"hello", b'{"movie_id":"m"}\n{}'], NOW), aws.CONTEXT)
    assert [record["result"] for record in response["records"]] == ["Dropped", "Ok"]
    [(key, body)] = s3.objects.items()
    assert key.startswith("rejected/day=2026-05-28/")
    kept = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert [line["payload"] for line in kept] == ["hello", "{}"]
    assert measured("LikesRejected") == 2


def test_the_same_batch_again_writes_the_same_object(s3):
    for _ in range(3):
        handler(aws.firehose([b"hello"], NOW), aws.CONTEXT)
    assert len(s3.objects) == 1


def test_nothing_is_answered_when_rejects_cannot_be_kept(s3):
    s3.fault = fakes.refusal("AccessDenied")
    with pytest.raises(type(s3.fault)):
        handler(aws.firehose([b'{"movie_id":"m"}', b"hello"], NOW), aws.CONTEXT)
