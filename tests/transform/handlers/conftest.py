"""What a function finds around it on AWS, and fakes in place of its clients."""

import json

import pytest

from tests import fakes
from transform.handlers import archive, count, ingest, read


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("STREAM_NAME", "MovieLikesStream-test")
    monkeypatch.setenv("COUNTS_TABLE", "MovieLikesTable-test")
    monkeypatch.setenv("TRENDS_TABLE", "MovieTrendsTable-test")
    monkeypatch.setenv("LAKE_BUCKET", "raw-likes-bucket-test-000000000000")


@pytest.fixture
def kinesis(monkeypatch):
    fake = fakes.Kinesis()
    monkeypatch.setattr(ingest, "_kinesis", lambda: fake)
    return fake


@pytest.fixture
def dynamodb(monkeypatch):
    fake = fakes.DynamoDB()
    monkeypatch.setattr(count, "_dynamodb", lambda: fake)
    monkeypatch.setattr(read, "_dynamodb", lambda: fake)
    return fake


@pytest.fixture
def s3(monkeypatch):
    fake = fakes.S3()
    monkeypatch.setattr(archive, "_s3", lambda: fake)
    return fake


@pytest.fixture
def measured(capsys):
    """Give the sum of a metric in what the functions printed in embedded metric format."""

    def total(name):
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        seen.extend(entry for entry in map(json.loads, lines) if "_aws" in entry)
        values = [entry[name] for entry in seen if name in entry]
        return sum(sum(value) if isinstance(value, list) else value for value in values)

    seen = []
    return total
