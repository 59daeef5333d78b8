"""What lies in errors/ comes back once, whoever is cut off or runs beside."""

import gzip
import io
import json
from datetime import UTC, datetime
from hashlib import sha256

import pyarrow.parquet as pq
import pytest

from infra.cli import redrive, stream_search, undelivered
from infra.cli.stream_search import Wanted
from tests.bucket import Objects
from tests.errors import failed
from tests.kpl import aggregate
from transform.aws import conditions
from transform.aws.buckets import Bucket
from transform.event import stream_records
from transform.event.stream_records import Metadata, Record

NOW = 1_800_000_000_000
LIKE = b'{"movie_id":"m","event_id":"e"}'
KEY = "errors/processing-failed/day=2027-01-15/one"


class Kinesis:
    """Two shards of records, a page a record, as the boto3 client shows them."""

    def __init__(self, *shards):
        self.shards = {f"shardId-{n:012}": records for n, records in enumerate(shards)}
        self.exceptions = type("E", (), {"ProvisionedThroughputExceededException": KeyError})
        self.refusals = 1

    def list_shards(self, **asked):
        first, second = self.shards
        if "NextToken" in asked:
            return {"Shards": [{"ShardId": second}]}
        return {"Shards": [{"ShardId": first}], "NextToken": "more"}

    def get_shard_iterator(self, *, ShardId, ShardIteratorType, Timestamp, **_):
        records = self.shards[ShardId]
        since = Timestamp.timestamp() * 1000
        start = next((n for n, one in enumerate(records) if one.arrived_at >= since), len(records))
        return {"ShardIterator": (ShardId, start)}

    def get_records(self, ShardIterator):
        if self.refusals:
            self.refusals -= 1
            raise KeyError
        shard_id, place = ShardIterator
        page = self.shards[shard_id][place : place + 1]
        told = [
            {
                "SequenceNumber": one.sequence_number,
                "Data": one.data,
                "PartitionKey": one.partition_key,
                "ApproximateArrivalTimestamp": datetime.fromtimestamp(one.arrived_at / 1000, UTC),
            }
            for one in page
        ]
        behind = 1 if page else 0
        return {
            "Records": told,
            "MillisBehindLatest": behind,
            "NextShardIterator": (shard_id, place + len(page)),
        }


@pytest.fixture
def s3():
    return Objects()


def rows(s3):
    found = []
    for key, body in s3.objects.items():
        if key.startswith("raw/"):
            found += pq.read_table(io.BytesIO(body)).to_pylist()
    return found


def record(data, arrived_at, number, shard=0):
    return Record(data, arrived_at, f"shardId-{shard:012}", str(number), "key")


def run(s3, kinesis=None, dry_run=False, now=NOW):
    return redrive.run(Bucket(s3, "lake"), kinesis, "stream", now, dry_run)


def test_it_comes_back_into_raw_and_rejected_and_a_second_run_adds_nothing(s3):
    s3.add(KEY, failed(LIKE + b"\nhello", NOW - 60_000) + failed(b"{}", NOW - 60_000))
    done = run(s3)
    assert done[:5] == (1, 2, 1, 2, 0)
    assert dict(done.codes) == {"Lambda.FunctionError": 2}
    [row] = rows(s3)
    assert (row["event_id"], row["received_at"].isoformat()) == ("e", "2027-01-15T07:59:00")
    [kept] = [body for key, body in s3.objects.items() if key.startswith("rejected/")]
    reasons = [json.loads(line)["reason"] for line in gzip.decompress(kept).splitlines()]
    assert reasons == ["not_json", "missing_movie_id"]
    assert KEY not in s3.objects
    assert "errors/redriven/processing-failed/day=2027-01-15/one" in s3.objects
    before = dict(s3.objects)
    assert run(s3) == redrive.Redriven()
    assert s3.objects == before
    assert redrive.told(redrive.Redriven(), False) == "Nothing lies in errors/."


def test_a_dry_run_says_the_same_and_writes_nothing(s3):
    s3.add(KEY, failed(LIKE, NOW) + failed(b"hello", NOW))
    before = dict(s3.objects)
    told = run(s3, dry_run=True)
    assert s3.objects == before and not s3.writes
    assert told == run(s3)
    text = redrive.told(told, True)
    assert text.startswith("would bring back 2 records of 1 object: 1 like, 1 line rejected")


@pytest.mark.parametrize("call", range(5))
def test_wherever_it_is_cut_off_the_next_run_ends_with_the_same(s3, call):
    body = failed(LIKE + b"\nhello", NOW) + failed(LIKE.replace(b'"e"', b'"f"'), NOW)
    s3.add(KEY, body)
    whole = Objects()
    whole.add(KEY, body)
    run(whole)
    calls = 0

    def kill(kind, key):
        nonlocal calls
        calls += kind != "list"
        if calls > call:
            raise KeyboardInterrupt

    s3.after = kill
    with pytest.raises(KeyboardInterrupt):
        run(s3)
    s3.after = lambda kind, key: None
    run(s3)
    assert s3.objects == whole.objects


def test_two_at_once_bring_it_back_once(s3):
    s3.add(KEY, failed(LIKE, NOW))

    def rival(kind, key):
        s3.before = lambda kind, key: None
        run(s3)

    s3.before = lambda kind, key: rival(kind, key) if kind == "put" else None
    run(s3)
    assert len(rows(s3)) == 1
    assert run(s3) == redrive.Redriven()


def test_an_object_that_is_not_firehose_s_stays_and_the_others_come_back(s3):
    s3.add(KEY, b"hello")
    s3.add(KEY + "2", failed(LIKE, NOW))
    done = run(s3)
    assert done.objects == 1 and KEY in s3.objects
    [(key, why)] = done.unreadable
    assert key == KEY and why.startswith("Line 1 is none of Firehose's")


def test_the_stream_tells_the_place_as_long_as_it_has_it(s3):
    plain = b'{"movie_id":"m"}'
    parts = [plain, LIKE]
    taken = [
        record(plain, NOW - 70_000, 1),
        record(b"other", NOW - 65_000, 2),
        record(aggregate(parts), NOW - 61_000, 3),
        record(plain, NOW + 70_000, 4),
    ]
    other = [record(plain, NOW - 62_000, 9, shard=1)]
    s3.add(KEY, b"".join(failed(data, NOW - 60_000) for data in (*parts, plain, plain, plain)))
    done = run(s3, Kinesis(taken, other))
    assert (done.likes, done.placed) == (5, 4)
    found = rows(s3)
    expected = [
        one
        for whole in (taken[0], taken[2], other[0])
        for one in zip(*stream_records.read_placed(whole)[:2], strict=True)
    ]
    told = {(row["place"], row["event_id"]) for row in found if row["place"]}
    assert told == {(place, like.event_id) for like, place in expected}
    assert len({row["event_id"] for row in found}) == 5
    assert "place of 1 like:" in redrive.told(done, False)


def test_of_the_same_bytes_the_last_before_it_is_meant():
    """A producer that sent again after a lost answer: the first is archived, the second is not."""
    digest = sha256(LIKE).digest()
    at = [Metadata("shardId-000000000000", str(n), "key", NOW + n, 0) for n in (1, 2, 900_000)]
    found = stream_search.match([Wanted("it", digest, NOW + 100)], {digest: at})
    assert found == {"it": at[1]}
    two = [Wanted("a", digest, NOW + 100), Wanted("b", digest, NOW + 100)]
    assert set(stream_search.match(two, {digest: at}).values()) == set(at[:2])


def test_what_compaction_looks_at_no_more_is_named(s3):
    s3.add(KEY, failed(LIKE, NOW - 9 * 86_400_000), NOW - 9 * 86_400_000)
    done = run(s3)
    assert done.days == ("2027-01-06",)
    assert "`lake compact --day 2027-01-06`" in redrive.told(done, False)


def test_how_much_lies_there_is_told(s3, monkeypatch):
    bucket = Bucket(s3, "lake")
    assert str(undelivered.look(bucket)) == "nothing"
    s3.add("errors/redriven/processing-failed/day=2027-01-15/old", failed(LIKE, NOW))
    assert undelivered.look(bucket).objects == 0
    s3.add(KEY, failed(LIKE, NOW) * 2, NOW)
    s3.add(KEY + "2", failed(LIKE, NOW), NOW + 5)
    found = undelivered.look(bucket)
    assert found == (2, 3, NOW)
    assert str(found) == "3 records in 2 objects, since 2027-01-15 08:00:00 UTC"
    monkeypatch.setattr(conditions, "MOST_BYTES", 10)
    assert undelivered.look(bucket) == (2, None, NOW)
