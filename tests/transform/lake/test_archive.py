"""Every record is answered once; every line is a row, or is kept with its reason."""

import base64
import gzip
import json
import random
from itertools import islice

import pytest

from tests import aws
from tests.generated import hostile_payloads
from transform.event import likes, stream_records
from transform.lake import archive

NOW = 1_780_000_000_000


def transform(*payloads, told=True):
    return archive.transform(stream_records.from_firehose(aws.firehose(payloads, NOW, told)))


def rows(outcome):
    assert outcome.data.endswith(b"\n")
    return [json.loads(line) for line in outcome.data.splitlines()]


def test_a_like_becomes_a_row_with_times_as_text():
    archived = transform(b'{"movie_id":"m","event_id":"e","liked_at":1779998400123,"x":"a b"}')
    [outcome] = archived.outcomes
    assert (outcome.result, archived.likes) == ("Ok", 1)
    assert rows(outcome) == [
        {
            "event_id": "e",
            "movie_id": "m",
            "action": "like",
            "liked_at": "2026-05-28 20:00:00.123",
            "received_at": "2026-05-28 20:26:40.000",
            "extra": '{"x":"a b"}',
            "place": f"shardId-000000000006/{0:056d}/0",
        }
    ]
    [untold] = transform(b'{"movie_id":"m"}', told=False).outcomes
    assert "place" not in rows(untold)[0]


def test_a_record_with_good_and_bad_lines_gives_rows_and_rejects():
    archived = transform(b'{"movie_id":"a"}\nhello\n{"movie_id":"b"}', b"{}", b'{"movie_id":"c"}')
    assert [outcome.result for outcome in archived.outcomes] == ["Ok", "Dropped", "Ok"]
    assert [row["movie_id"] for row in rows(archived.outcomes[0])] == ["a", "b"]
    assert [row["movie_id"] for row in rows(archived.outcomes[2])] == ["c"]
    assert archived.likes == 3
    places = [row["place"] for row in rows(archived.outcomes[0])]
    places += [line.place for line in archived.rejected]
    assert [place.removeprefix("shardId-000000000006/").lstrip("0") for place in places] == [
        "/0",
        "/2",
        "/1",
        "1/0",
    ]
    hello, empty = archived.rejected
    assert (hello.reason, hello.payload, hello.payload_encoding) == ("not_json", "hello", "utf-8")
    assert (hello.line, hello.record_id) == (2, archived.outcomes[0].record_id)
    assert (hello.shard_id, hello.sequence_number) == ("shardId-000000000006", f"{0:056d}")
    assert hello.received_at == "2026-05-28 20:26:40.000"
    assert (empty.reason, empty.line, empty.record_id) == (
        "missing_movie_id",
        1,
        archived.outcomes[1].record_id,
    )


def test_bytes_that_are_no_text_are_kept_as_base64():
    [line] = transform(b"\xff\xfe").rejected
    assert line.payload_encoding == "base64"
    assert base64.b64decode(line.payload) == b"\xff\xfe"


def test_any_bytes_get_one_answer_and_every_line_is_somewhere():
    chance = random.Random(3)
    hostile = hostile_payloads(seed=3, number=20_000)
    batches = 0
    while payloads := [
        b"\n".join(lines)
        for _ in range(chance.randint(1, 40))
        if (lines := list(islice(hostile, chance.randint(1, 3))))
    ]:
        batches += 1
        archived = transform(*payloads, told=chance.random() < 0.5)
        assert [o.record_id for o in archived.outcomes] == [
            f"{number:056d}000000" for number in range(len(payloads))
        ]
        lines = sum(len(rows(o)) for o in archived.outcomes if o.result == "Ok")
        assert lines == archived.likes
        split = [[line for line in p.split(b"\n") if line.strip()] for p in payloads]
        blank = split.count([])
        assert lines + len(archived.rejected) == sum(map(len, split)) + blank
    assert batches > 100


def test_the_short_way_gives_the_same_rows_as_the_long_one():
    plain = b'{"event_id":"e","movie_id":"m","action":"like","liked_at":1779998400123}'
    escaped = plain.replace(b'"e"', b'"\\u0065"')
    longer = b"\n" + plain
    one, two, three = (transform(one).outcomes[0] for one in (plain, escaped, longer))
    assert one.data == two.data == three.data


def test_a_text_that_needs_trimming_is_trimmed_whatever_stands_beside_it():
    blank = b'{"event_id":" e","movie_id":"m","action":"like","liked_at":1779998400123}'
    [outcome] = transform(blank).outcomes
    assert rows(outcome)[0]["event_id"] == "e"


def test_rows_that_do_not_fit_in_a_response_are_left_to_firehose():
    """A transformation buffer of 0.2 MB rules it out; nothing may be lost all the same."""
    tiny = b"\n".join([b'{"movie_id":"m"}'] * stream_records.MAX_RECORD_LINES)
    archived = transform(*[tiny] * 5, b"{}", b'{"movie_id":"last"}')
    results = [outcome.result for outcome in archived.outcomes]
    assert results == ["Ok", *["ProcessingFailed"] * 4, "Dropped", "Ok"]
    assert archived.likes == stream_records.MAX_RECORD_LINES + 1
    size = sum(len(base64.b64encode(o.data)) + 128 for o in archived.outcomes)
    assert size <= archive.MAX_RESPONSE_BYTES


def test_the_largest_buffer_that_the_delivery_sends_always_fits():
    """0.2 MB and one record more, of the lines that grow most."""
    line = b'{"movie_id":"m"}'
    many = b"\n".join([line] * stream_records.MAX_RECORD_LINES)
    archived = transform(b"\n".join([line] * (200_000 // len(line) // 2)), many)
    assert {outcome.result for outcome in archived.outcomes} == {"Ok"}
    spread = b'{"movie_id":"m","x":"' + b'\\"' * 2000 + b'"}'
    full = transform(b"\n".join([spread] * (1_048_576 // len(spread)))).outcomes
    assert full[0].result == "Ok"


def test_rejects_rest_by_arrival_day_under_a_key_made_of_what_they_hold():
    rejected = transform(b"{}", b"hello").rejected
    [(key, body)] = archive.rejected_objects(rejected).items()
    assert key.startswith("rejected/day=2026-05-28/") and key.endswith(".json.gz")
    kept = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert [line["reason"] for line in kept] == ["missing_movie_id", "not_json"]
    assert set(kept[0]) == set(archive.Rejected.__struct_fields__)
    assert archive.rejected_objects(rejected) == {key: body}


@pytest.mark.parametrize("first", ["first", "0199a0de-7c11-7b1e-8a35-5d1a2b3c4d5e"])
def test_a_record_tells_the_request_it_came_from(first):
    """But no log tells a partition key that somebody else chose, who may have named a user."""
    line = b'{"event_id":"%s","movie_id":"m","action":"like","liked_at":1779998400123}' % (
        first.encode()
    )
    for told, expected in ((True, f"{0:056d}" if first == "first" else first), (False, first)):
        records = stream_records.from_firehose(
            aws.firehose([line + b"\n" + line, b"{}"], NOW, told)
        )
        outcomes = archive.transform(records).outcomes
        assert archive.correlation_id(records[0], outcomes[0]) == expected
        if not told:
            assert archive.correlation_id(records[1], outcomes[1]) is None


def test_times_are_utc_to_the_millisecond():
    assert archive.timestamp(0) == "1970-01-01 00:00:00.000"
    assert archive.timestamp(likes.EARLIEST_MS - 1) == "2009-12-31 23:59:59.999"
    assert archive.timestamp(NOW + 7) == "2026-05-28 20:26:40.007"
