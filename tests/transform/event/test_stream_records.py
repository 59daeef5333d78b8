"""Records and lines: what is read of a record is the same whoever reads it."""

import base64

import msgspec

from tests import aws
from tests.kpl import aggregate
from transform.event import likes, stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record

NOW = 1_780_000_000_000


def test_a_record_of_likes_reads_as_these_likes():
    batch = [Like(f"e-{n}", "m", "like", NOW - n, f"u {n}", None) for n in range(500)]
    good, bad = stream_records.read(
        Record(stream_records.encode(batch), NOW, "shardId-1", "1", "e-0")
    )
    assert (good, bad) == (batch, [])


def test_blank_lines_and_line_breaks_of_any_kind_are_no_matter():
    data = b'\r\n{"movie_id":"a","event_id":"1"}\r\n\n \t\n{"movie_id":"b","event_id":"2"}\n'
    good, bad = stream_records.read(Record(data, NOW, "shardId-1", "1"))
    assert [like.movie_id for like in good] == ["a", "b"]
    assert bad == []


def test_bad_lines_are_told_by_number_beside_the_good_ones():
    data = b'{"movie_id":"a"}\nhello\n{"movie_id":"b"}\n{}'
    good, bad = stream_records.read(Record(data, NOW, "shardId-1", "1"))
    assert [like.movie_id for like in good] == ["a", "b"]
    assert [(line.number, line.reason, line.payload) for line in bad] == [
        (2, "not_json", b"hello"),
        (4, "missing_movie_id", b"{}"),
    ]


def test_a_record_without_any_line_is_told_too():
    for data in (b"", b"\n\n", b" \r\n"):
        good, [line] = stream_records.read(Record(data, NOW, "shardId-1", "1"))
        assert (good, line.reason) == ([], "empty")


def test_lines_past_the_limit_are_kept_as_one():
    data = b"\n".join([b'{"movie_id":"m"}'] * (stream_records.MAX_RECORD_LINES + 7))
    good, [line] = stream_records.read(Record(data, NOW, "shardId-1", "1"))
    assert len(good) == stream_records.MAX_RECORD_LINES
    assert (line.reason, line.payload.count(b"\n")) == ("too_many_lines", 6)


def test_what_someone_else_put_there_gets_its_id_from_its_place_and_its_time_from_its_arrival():
    data = b'{"movie_id":"a"}\n{"movie_id":"a"}'
    record = Record(data, NOW, "shardId-000000000006", "49590338271490256608")
    first, second = stream_records.read(record)[0]
    assert first.event_id != second.event_id
    assert first.liked_at == NOW
    again = Record(data, NOW, "shardId-000000000006", "49590338271490256608", "another reader")
    assert stream_records.read(again)[0] == [first, second]
    elsewhere = Record(data, NOW, "shardId-000000000007", "49590338271490256608")
    assert stream_records.read(elsewhere)[0][0].event_id != first.event_id


def test_what_the_api_accepted_is_not_refused_by_a_clock_that_is_a_little_behind():
    latest = NOW + likes.AHEAD_MS
    accepted = likes.parse(b'{"movie_id":"m","liked_at":%d}' % latest, NOW, lambda: "e")
    behind = Record(likes.line(accepted), NOW - stream_records.CLOCK_SKEW_MS, "shardId-1", "1")
    assert stream_records.read(behind) == ([accepted], [])


def test_both_readers_see_the_same_record():
    """Lambda and Firehose tell of it in events of different shape."""
    [by_lambda] = stream_records.from_lambda(aws.event("kinesis"))
    [by_firehose] = stream_records.from_firehose(aws.event("firehose"))
    record = by_firehose.record()
    assert stream_records.read(by_lambda) == stream_records.read(record)
    assert by_lambda.origin == record.origin
    assert (by_lambda.arrived_at, by_lambda.partition_key) == (
        record.arrived_at,
        record.partition_key,
    )
    assert record.record_id == "49590338271490256608559692538361571095921575989136588898000000"


def test_each_line_has_a_place_whether_it_is_a_like_or_not():
    data = b'\n{"movie_id":"a"}\n \nhello\n{"movie_id":"b"}\n'
    record = Record(data, NOW, "shardId-000000000006", "4959")
    placed = stream_records.read_placed(record)
    assert (placed.likes, placed.bad) == stream_records.read(record)
    assert placed.places == ["shardId-000000000006/4959/0", "shardId-000000000006/4959/2"]
    [hello] = placed.bad
    assert (hello.place, hello.number) == ("shardId-000000000006/4959/1", 4)
    untold = stream_records.read_placed(Record(data, NOW, record_id="r"))
    assert untold.places == [None, None]
    assert untold.bad[0].place is None


def test_lines_past_the_limit_have_one_place():
    data = b"\n" * stream_records.MAX_RECORD_LINES + b"one\ntwo"
    placed = stream_records.read_placed(Record(data, NOW, "shardId-1", "1"))
    [rest] = placed.bad
    assert (rest.reason, rest.place) == ("too_many_lines", "shardId-1/1/0")


PARTS = [
    b'{"movie_id":"a"}',
    b'{"movie_id":"a"}\n{"movie_id":"a"}',
    b"hello",
    b"",
    b'{"movie_id":"a"}\n',
]
"""Of an aggregated record: what has neither an id nor a time, so that its place alone tells it."""


def test_an_aggregated_record_reads_alike_through_lambda_and_through_firehose():
    """AWS's Firehose takes it apart, and tells which part each is; nobody else does."""
    [told] = aws.event("firehose")["records"]
    sequence = told["kinesisRecordMetadata"]["sequenceNumber"]
    shard = told["kinesisRecordMetadata"]["shardId"]
    whole = Record(aggregate(PARTS), NOW, shard, sequence)
    by_firehose = [
        msgspec.convert(
            told
            | {
                "data": base64.b64encode(data).decode(),
                "kinesisRecordMetadata": told["kinesisRecordMetadata"]
                | {"subsequenceNumber": number, "approximateArrivalTimestamp": NOW},
            },
            stream_records.FirehoseRecord,
        ).record()
        for number, data in enumerate(PARTS)
    ]
    read = [stream_records.read_placed(part) for part in by_firehose]
    placed = stream_records.read_placed(whole)
    assert placed.likes == [like for one in read for like in one.likes]
    assert placed.places == [place for one in read for place in one.places]
    assert placed.bad == [line for one in read for line in one.bad]
    at = f"{shard}/{sequence}"
    assert placed.places == [f"{at}/0", f"{at}.1/0", f"{at}.1/1", f"{at}.4/0"]
    assert [line.place for line in placed.bad] == [f"{at}.2/0", f"{at}.3/0"]
    assert len({like.event_id for like in placed.likes}) == 4
    assert stream_records.read(whole) == (placed.likes, placed.bad)


def test_a_part_that_firehose_does_not_tell_is_none():
    [told] = aws.event("firehose")["records"]
    for untold in ({}, {"subsequenceNumber": ""}, {"subsequenceNumber": None}):
        metadata = {
            name: value
            for name, value in told["kinesisRecordMetadata"].items()
            if name != "subsequenceNumber"
        }
        again = told | {"kinesisRecordMetadata": metadata | untold}
        record = msgspec.convert(again, stream_records.FirehoseRecord).record()
        [same] = stream_records.from_firehose(aws.event("firehose"))
        assert record == same.record()
