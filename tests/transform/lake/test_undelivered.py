"""What Firehose left in errors/ becomes the rows that it would have become."""

import pytest

from glue import schema, tables
from tests import aws
from tests.errors import failed, unconverted
from transform.event import stream_records
from transform.event.stream_records import Metadata, Record
from transform.lake import archive, undelivered
from transform.lake.undelivered import Unreadable
from transform.lake.watermark import Object

NOW = 1_780_000_000_000
LIKE = b'{"movie_id":"m","event_id":"e","liked_at":1779998400123,"x":"a b"}'
PLAIN = b'{"movie_id":"m"}'
AT = Metadata("shardId-000000000006", "4959", "key", NOW - 5_000, 0)


def test_a_record_becomes_the_rows_it_would_have_become_where_its_place_is_known():
    data = LIKE + b"\nhello\n" + PLAIN
    records = undelivered.read(failed(data, NOW))
    brought = undelivered.bring(records, {0: AT})
    placed = stream_records.read_placed(Record(data, NOW - 5_000, AT.shard_id, AT.sequence_number))
    assert brought.rows.schema == schema.arrow(tables.read("likes_raw"))
    first, second = brought.rows.to_pylist()
    assert [first["event_id"], second["event_id"]] == [one.event_id for one in placed.likes]
    assert [first["place"], second["place"]] == placed.places
    assert brought.placed == 2
    assert str(first["received_at"]) == "2026-05-28 20:26:35"
    assert (str(first["liked_at"]), first["extra"]) == (
        "2026-05-28 20:00:00.123000",
        '{"x":"a b"}',
    )
    [hello] = brought.rejected
    assert (hello.reason, hello.place) == ("not_json", "shardId-000000000006/4959/1")


def test_without_a_place_its_arrival_is_firehose_s_and_its_id_always_the_same():
    body = failed(PLAIN, NOW) + failed(PLAIN, NOW) + b"\n" + failed(PLAIN, NOW + 1)
    once, again = (undelivered.bring(undelivered.read(body), {}).rows.to_pylist() for _ in "ab")
    assert once == again
    assert len({row["event_id"] for row in once}) == 3, "records of the same bytes are others"
    assert {row["place"] for row in once} == {None}
    assert {str(row["received_at"]) for row in once} == {
        "2026-05-28 20:26:40",
        "2026-05-28 20:26:40.001000",
    }


def test_rows_that_could_not_become_parquet_come_back_as_they_were():
    event = aws.firehose([LIKE, PLAIN + b"\n" + PLAIN], NOW)
    outcomes = archive.transform(stream_records.from_firehose(event)).outcomes
    body = b"".join(unconverted(outcome.data, NOW + 9_000) for outcome in outcomes)
    brought = undelivered.bring(undelivered.read(body), {})
    assert brought.placed == 3 and not brought.rejected
    for row in brought.rows.to_pylist():
        assert str(row["received_at"]) == "2026-05-28 20:26:40"
        assert row["place"].startswith("shardId-000000000006/")
    assert len(set(brought.rows["event_id"].to_pylist())) == 3


def test_records_that_a_response_had_no_room_for_have_room_here():
    tiny = b"\n".join([PLAIN] * stream_records.MAX_RECORD_LINES)
    body = failed(tiny, NOW) * 5
    assert len(undelivered.bring(undelivered.read(body), {}).rows) == 50_000


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"{}",
        b'{"rawData":"%%%","arrivalTimestamp":1}',
        b'{"rawData":"","arrivalTimestamp":"soon"}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_an_object_that_is_not_firehose_s_is_said_to_be_none(line):
    with pytest.raises(Unreadable, match="Line 2 is none of Firehose's"):
        undelivered.read(failed(PLAIN, NOW) + line)
    with pytest.raises(Unreadable, match="no record"):
        undelivered.read(b"\n")


def test_numbers_may_be_told_as_text_as_aws_s_document_has_them():
    [record] = undelivered.read(failed(PLAIN, NOW, arrivalTimestamp=str(NOW), attemptsMade="4"))
    assert (record.taken_at, record.code) == (NOW, "Lambda.FunctionError")


def test_an_object_always_goes_to_the_same_place():
    one = Object("errors/processing-failed/day=2026-05-28/x", "e", NOW, 7)
    key = undelivered.raw_key(one)
    assert key.startswith("raw/arrival_day=2026-05-28/arrival_hour=20/redriven-")
    assert key == undelivered.raw_key(Object(one.key, "other", NOW, 8))
    assert key != undelivered.raw_key(Object(one.key + "y", "e", NOW, 7))
    assert undelivered.done_key(one.key) == "errors/redriven/processing-failed/day=2026-05-28/x"
