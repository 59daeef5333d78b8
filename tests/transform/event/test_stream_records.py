"""Records and lines: what is read of a record is the same whoever reads it."""

from tests import aws
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
