"""The emulator's Firehose tells, retries and keeps what AWS's does."""

import base64
import json

from infra.local import delivery
from infra.local.delivery import Failure
from tests.kpl import aggregate
from transform.event import stream_records
from transform.event.stream_records import Record

NOW = 1_780_000_000_123
SHARD, SEQUENCE = "shardId-000000000002", "49590338271490256608"
TOLD = {
    "SequenceNumber": SEQUENCE,
    "ApproximateArrivalTimestamp": NOW / 1000,
    "PartitionKey": "key",
}
LINES = b'{"movie_id":"a"}\n{"movie_id":"b"}'


def test_a_record_is_told_as_aws_tells_it_and_reads_as_the_stream_s():
    event = delivery.event(delivery.parts(SHARD, TOLD, LINES), "arn:d", "arn:s", "us-east-1")
    [record] = event["records"]
    assert record["kinesisRecordMetadata"] == {
        "shardId": SHARD,
        "sequenceNumber": SEQUENCE,
        "subsequenceNumber": 0,
        "partitionKey": "key",
        "approximateArrivalTimestamp": NOW,
    }
    [told] = stream_records.from_firehose(event)
    of_stream = Record(LINES, NOW, SHARD, SEQUENCE, "key")
    assert stream_records.read_placed(told.record()) == stream_records.read_placed(of_stream)


def test_what_a_producer_s_library_put_together_is_taken_apart():
    whole = aggregate([LINES, b"hello"])
    event = delivery.event(delivery.parts(SHARD, TOLD, whole), "arn:d", "arn:s", "us-east-1")
    records = [one.record() for one in stream_records.from_firehose(event)]
    assert [one.data for one in records] == [LINES, b"hello"]
    assert len({one.record_id for one in records}) == 2
    read = [stream_records.read_placed(one) for one in records]
    placed = stream_records.read_placed(Record(whole, NOW, SHARD, SEQUENCE, "key"))
    assert placed.places == [place for one in read for place in one.places]


def test_what_a_call_made_of_each_record_is_known():
    batch = delivery.parts(SHARD, TOLD, aggregate([b"a", b"b", b"c", b"d", b"e"]))
    ids = [part.record_id for part in batch]
    rows = base64.b64encode(b"rows").decode()
    body = {
        "records": [
            {"recordId": ids[3], "result": "Dropped"},
            {"recordId": ids[0], "result": "Ok", "data": rows},
            {"recordId": ids[1], "result": "ProcessingFailed", "data": rows},
            {"recordId": ids[4], "result": "Ok", "data": "no Base64"},
        ]
    }
    found = delivery.outcomes(batch, {"body": json.dumps(body)})
    assert found[0] == b"rows" and found[3] is None
    codes = [one.code for one in found if isinstance(one, Failure)]
    assert codes == [
        "Lambda.ProcessingFailedStatus",
        "Lambda.MissingRecordId",
        "Lambda.ProcessingFailedStatus",
    ]
    for answer in ("no JSON", None, {}, {"records": [{}]}):
        found = delivery.outcomes(batch, {"body": answer})
        assert {one.code for one in found} == {"Lambda.JsonProcessingException"}


def test_why_a_function_failed_is_told_by_its_code():
    [part] = delivery.parts(SHARD, TOLD, LINES)
    for result, code in (
        ({"error": True, "throttle": True}, "Lambda.InvokeLimitExceeded"),
        ({"error": True, "body": {"errorMessage": "Task timed out after 3.00 seconds"}},
         "Lambda.FunctionTimedOut"),
        ({"error": True, "body": {"errorMessage": "boom"}}, "Lambda.FunctionError"),
    ):  # fmt: skip
        [why] = delivery.outcomes([part], result)
        assert why.code == code
    told = json.loads(delivery.failed(part, why._replace(attempts=4), "arn:f", NOW, NOW + 9))
    assert base64.b64decode(told["rawData"]) == LINES
    assert (told["attemptsMade"], told["arrivalTimestamp"]) == (4, NOW)
    assert not {"shardId", "sequenceNumber"} & told.keys()
