"""The event is Lambda's own, and no larger than it may be."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.bridge import events
from infra.local.bridge.events import Source
from tests import aws
from tests.infra.fanout.kinesis import CONSUMER
from transform.event import stream_records
from transform.event.stream_records import Record

SOURCE = Source(CONSUMER, "arn:aws:iam::000000000000:role/TrackTrends-local")


def record(data=b"x", number=7, key="key"):
    return Record(data, 1_780_000_000_123, "shardId-000000000006", str(number), key)


def shape(value):
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def test_the_event_has_the_shape_that_aws_sends():
    sent = json.loads(msgspec.json.encode(events.event([record()], SOURCE)))
    assert shape(sent) == shape(aws.event("kinesis"))


def test_the_event_of_aws_is_made_again_from_its_records():
    told = aws.event("kinesis")
    [entry] = told["Records"]
    source = Source(entry["eventSourceARN"], entry["invokeIdentityArn"])
    assert events.event(stream_records.from_lambda(told), source) == told


@given(st.binary(max_size=50), st.text(min_size=1, max_size=10), st.integers(0, 2**41))
def test_the_function_reads_what_the_stream_held(data, key, arrived_at):
    records = [Record(data, arrived_at, "shardId-000000000006", "7", key)]
    sent = json.loads(msgspec.json.encode(events.event(records, SOURCE)))
    assert stream_records.from_lambda(sent) == records


def test_the_event_is_of_the_consumer_and_the_function_s_role():
    [entry] = events.event([record()], SOURCE)["Records"]
    assert entry["eventSourceARN"] == CONSUMER
    assert entry["invokeIdentityArn"] == SOURCE.role_arn
    assert entry["awsRegion"] == "us-east-1"


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], [0]),
        ([1] * 1000, [1000]),
        ([1] * 2001, [1000, 1000, 1]),
        ([900_000] * 6, [5, 1]),
        ([1, 900_000, 900_000, 900_000, 900_000, 900_000, 300_000, 1], [6, 2]),
    ],
)
def test_a_delivery_is_cut_where_it_is_too_much_for_one_call(sizes, parts):
    cut = events.cut([record(b"x" * size) for size in sizes])
    assert [len(part) for part in cut] == parts


@given(st.lists(st.integers(0, 900_000), max_size=30))
def test_every_part_fits_and_no_record_is_lost(sizes):
    data = b"\xff" * 900_000
    keys = "\N{PILE OF POO}" * 256
    records = [record(data[:size], number, keys) for number, size in enumerate(sizes)]
    cut = events.cut(records)
    assert [one for part in cut for one in part] == records
    for part in cut:
        assert len(json.dumps(events.event(part, SOURCE))) < 6 * 1024 * 1024
