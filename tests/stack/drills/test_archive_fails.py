"""The archive's function fails for a while, and nothing is lost: see `archive_fails.md`."""

import json

from click.testing import CliRunner

import lake
from infra.cli import undelivered
from infra.stage import LIVE, Stage, invoke
from tests import plan
from tests.examples import nightly
from transform.aws.buckets import Bucket
from transform.event import stream_records
from transform.event.stream_records import Record

pytestmark = nightly

LINES = 2
"""Likes of a record."""


def put(stage, film, first, bad=b""):
    """Put a record of likes on the stream: one with an id, one without; gives it as it is read."""
    payloads = [
        json.dumps({"movie_id": film, "event_id": f"{film}-{first}"}).encode(),
        json.dumps({"movie_id": film, "n": first}).encode(),
    ]
    data = b"\n".join([payloads[0], *([bad] if bad else []), payloads[1]])
    told = stage.client("kinesis").put_record(
        StreamName=stage.outputs.stream_name, Data=data, PartitionKey=film
    )
    return told["ShardId"], told["SequenceNumber"], data


def test_what_it_could_not_take_comes_back_once(
    stage, home, api, raw, once, run, connection, eventually, role, monkeypatch
):
    bucket = Bucket(stage.client("s3"), stage.outputs.bucket)
    functions = stage.client("lambda")
    name = stage.outputs.function_names["archive"]
    film = plan.film("archive-fails")
    assert undelivered.look(bucket).objects == 0

    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        taken = [put(stage, film, 0), put(stage, film, 1)]
        eventually(lambda: undelivered.look(bucket).records, 2)
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    called = functions.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
    told = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"A": "b"}}
    )
    without = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=without)
    try:
        taken.append(put(stage, film, 2, bad=b"hello"))
        eventually(lambda: undelivered.look(bucket).records, 3)
    finally:
        functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=called)
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": told})
    eventually(lambda: api.likes(film), 3 * LINES)
    assert raw(film) == []

    monkeypatch.setenv("LAKE_HOME", str(home))
    status = CliRunner().invoke(lake.main, ["status", "--format", "json"])
    [part] = [one for one in json.loads(status.stdout) if one["part"] == "undelivered"]
    assert (status.exit_code, part["state"]) == (1, "NOT OK")
    assert part["detail"].startswith("3 records in 3 objects, since ")

    tried = json.loads(run("redrive", "--dry-run", "--format", "json"))
    assert raw(film) == [] and undelivered.look(bucket).records == 3
    with monkeypatch.context() as patch:  # a mender's rights are enough
        patch.setattr(Stage, "client", role("mender"))
        assert json.loads(run("redrive", "--format", "json")) == tried
    [tried] = tried
    numbers = {"objects": 3, "records": 3, "likes": 6, "rejected": 1, "placed": 6}
    assert {key: tried[key] for key in numbers} == numbers
    assert tried["codes"] == {"Lambda.InvokeLimitExceeded": 2, "Lambda.FunctionError": 1}

    records = stage.client("kinesis").get_records(
        ShardIterator=stage.client("kinesis").get_shard_iterator(
            StreamName=stage.outputs.stream_name,
            ShardId=taken[0][0],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=taken[0][1],
        )["ShardIterator"]
    )["Records"]
    arrived = {
        one["SequenceNumber"]: round(one["ApproximateArrivalTimestamp"].timestamp() * 1000)
        for one in records
    }
    expected = []
    for shard, sequence, data in taken:
        placed = stream_records.read_placed(Record(data, arrived[sequence], shard, sequence))
        expected += zip((like.event_id for like in placed.likes), placed.places, strict=True)
    assert [(row["event_id"], row["place"]) for row in raw(film)] == sorted(expected)

    assert run("redrive").startswith("Nothing lies in errors/.")
    assert undelivered.look(bucket).objects == 0
    assert len(raw(film)) == 3 * LINES
    assert invoke(stage, "compact", {})["failed"] == {}
    assert once(film) == sorted((film, event_id) for event_id, _ in expected)
    lines = json.loads(
        run("rejected", "--reason", "not_json", "--format", "json", "--limit", "500")
    )
    places = [one["place"] for one in lines]
    assert places.count(f"{taken[2][0]}/{taken[2][1]}/1") == 1
