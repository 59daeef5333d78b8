"""The emulator's stream as AWS's: what expires is not passed over, and numbers only rise."""

import time

import pytest

from infra.local import stream_positions
from infra.local.stream_positions import Rising

SHARD = "shardId-000000000000"


def test_numbers_rise_whatever_the_clock_says():
    given = iter(["5", "9", "3", "4", "12"])
    rising = Rising(lambda: next(given), lambda: iter(["6"]))
    assert [int(rising()) for _ in range(5)] == [7, 9, 10, 11, 12]
    assert rising._last == 12 and len(Rising(lambda: "1", lambda: iter(()))()) == 30


@pytest.fixture
def emulated(monkeypatch):
    """The emulator's own modules, with our changes, undone after the test."""
    kinesis = pytest.importorskip("ministack.services.kinesis")
    from ministack.services import lambda_svc

    for module, name in (
        (kinesis, "_expire_records"),
        (kinesis, "_next_sequence_number"),
        (lambda_svc, "_poll_kinesis"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    stream_positions.install()
    return kinesis, lambda_svc


def test_what_expires_moves_the_place_of_a_mapping(emulated):
    """Of four records two expire; the mapping had read three, and has one left to read."""
    kinesis, lambda_svc = emulated
    now = time.time()
    records = [
        {"SequenceNumber": str(n), "ApproximateArrivalTimestamp": now - age}
        for n, age in enumerate((90_000, 90_000, 60, 0))
    ]
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    shard = {"records": records, "starting_sequence_number": "0"}
    stream = {"StreamName": "s", "StreamARN": arn, "RetentionPeriodHours": 24,
              "shards": {SHARD: shard}}  # fmt: skip
    lambda_svc._esms["it"] = {"UUID": "it", "EventSourceArn": arn}
    lambda_svc._esms["other"] = {"UUID": "other", "EventSourceArn": arn + "2"}
    lambda_svc._kinesis_positions["it"] = {SHARD: 3}
    lambda_svc._kinesis_positions["other"] = {SHARD: 3}
    kinesis._shard_iterators["token"] = {"stream": "s", "shard_id": SHARD, "position": 2}
    try:
        kinesis._expire_records(stream)
        assert [r["SequenceNumber"] for r in shard["records"]] == ["2", "3"]
        assert lambda_svc._kinesis_positions["it"] == {SHARD: 1}
        assert lambda_svc._kinesis_positions["other"] == {SHARD: 3}
        assert kinesis._shard_iterators["token"]["position"] == 0
    finally:
        for store, name in (
            (lambda_svc._esms, "it"), (lambda_svc._esms, "other"),
            (lambda_svc._kinesis_positions, "it"), (lambda_svc._kinesis_positions, "other"),
            (kinesis._shard_iterators, "token"),
        ):  # fmt: skip
            del store[name]
