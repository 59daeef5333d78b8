"""What functions log is for those who run them: no line names a user, nor shows what was sent."""

import pytest
from botocore.exceptions import EndpointConnectionError

from tests import aws
from transform.event.stream_records import Record
from transform.handlers import archive, count, ingest

USER = "u-who-likes-secretly"
NOW = 1_780_000_000_000
GOOD = b'{"movie_id":"m","event_id":"e-1","user_id":"u-who-likes-secretly"}'
BAD = b'{"movie_id":7,"user_id":"u-who-likes-secretly"}'


@pytest.fixture
def logged(capsys):
    """Call a handler, and give what it logged, which is something."""

    def call(handler, event):
        capsys.readouterr()
        handler(event, aws.CONTEXT)
        told = capsys.readouterr().out
        assert told.strip()
        return told

    return call


@pytest.mark.parametrize("body", [GOOD, BAD, b"[" + GOOD + b"," + BAD + b"]"])
def test_the_door_names_nobody(body, kinesis, logged):
    assert USER not in logged(ingest.handler, aws.post(body.decode()))


def test_nor_where_the_stream_refuses(kinesis, logged):
    kinesis.fault = EndpointConnectionError(endpoint_url="https://kinesis.example")
    assert USER not in logged(ingest.handler, aws.post(GOOD.decode()))


def test_nor_does_the_archive_of_what_it_rejects(s3, logged):
    assert USER not in logged(archive.handler, aws.firehose([GOOD, BAD], NOW))


def test_nor_does_who_counts(dynamodb, logged):
    records = [Record(one, NOW, "shardId-1", str(n), "e-1") for n, one in enumerate((GOOD, BAD))]
    assert USER not in logged(count.handler, aws.kinesis(records))
