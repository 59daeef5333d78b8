"""A stage in memory whose every step is the real one: stream, counts, archive, lake, trends."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bucket import Objects
from tests.fakes import DynamoDB, refusal
from tests.raw_likes import raw_key
from tests.small_lake import NOW, POWER, run
from transform.audit.steps import Difference
from transform.aws import adjusting, auditing
from transform.aws.adjusting import Counts
from transform.aws.audit_sources import Asked, Sources
from transform.aws.auditing import Taken
from transform.aws.buckets import Bucket
from transform.counts import streamed
from transform.event import stream_records
from transform.event.likes import Like, LikeWithExtra
from transform.event.stream_records import FirehoseRecord, Metadata, Record
from transform.handlers import count
from transform.lake import archive, keys, undelivered
from transform.trends import batch_sums, rollups
from transform.trends.batch_sums import Batch

MINUTE = 60_000
TABLE = "counts"


class Stream:
    """A stream as the boto3 client shows it, for the three calls that are made of it."""

    exceptions = SimpleNamespace(ProvisionedThroughputExceededException=ZeroDivisionError)

    def __init__(self) -> None:
        self.shards: dict[str, list[Record]] = {}
        self.reads = 0

    def list_shards(self, **_: Any) -> dict[str, Any]:
        """Give the shards."""
        return {"Shards": [{"ShardId": name} for name in self.shards]}

    def get_shard_iterator(self, ShardId: str, Timestamp: datetime, **_: Any) -> dict[str, str]:
        """Give where a shard is read from."""
        since = round(Timestamp.timestamp() * 1000)
        first = sum(one.arrived_at < since for one in self.shards[ShardId])
        return {"ShardIterator": f"{ShardId}/{first}"}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:
        """Give two records and where it goes on."""
        shard_id, _, first = ShardIterator.partition("/")
        some = self.shards[shard_id][int(first) : int(first) + 2]
        self.reads += len(some)
        behind = len(self.shards[shard_id]) - int(first) - len(some)
        return {
            "Records": [
                {
                    "Data": one.data,
                    "ApproximateArrivalTimestamp": datetime.fromtimestamp(
                        one.arrived_at / 1000, UTC
                    ),
                    "SequenceNumber": one.sequence_number,
                    "PartitionKey": "key",
                }
                for one in some
            ],
            "MillisBehindLatest": behind,
            "NextShardIterator": f"{shard_id}/{int(first) + len(some)}",
        }


class World:
    """The stage; each step does what is pending for it when it is asked to."""

    def __init__(self, monkeypatch: Any, now: int = NOW) -> None:
        self.now = now
        self.s3, self.table, self.stream = Objects(), DynamoDB(), Stream()
        self.bucket = Bucket(self.s3, "bucket")  # type: ignore[arg-type]
        self.numbers = 0
        self.files = 0
        self.at: dict[tuple[str, str], int] = {}
        self.cursors: dict[str, str] = {}
        monkeypatch.setenv("COUNTS_TABLE", TABLE)
        monkeypatch.setattr(count, "_dynamodb", lambda: self.table)
        monkeypatch.setattr(count, "time", SimpleNamespace(time=lambda: self.now / 1000))

    def sources(self) -> Sources:
        """Give where its numbers are."""
        counts = Counts(self.table, TABLE)  # type: ignore[arg-type]
        stream: Any = self.stream
        return Sources(self.bucket, counts, stream, "stream", POWER, NOW, lambda: self.cursors)

    def put(self, *likes: Like, shard: int = 0) -> Record:
        """Have the stream take a record of likes."""
        self.numbers += 1
        shard_id = f"shardId-{shard:012}"
        data = stream_records.encode(likes)
        record = Record(data, self.now, shard_id, f"{9_000_000 + self.numbers}", "key")
        self.stream.shards.setdefault(shard_id, []).append(record)
        return record

    def like(self, event_id: str, film: str = "m", at: int | None = None, **more: Any) -> Like:
        """Give a like that happens now, or when told."""
        liked_at = self.now if at is None else at
        kind = LikeWithExtra if "extra" in more else Like
        return kind(event_id, film, more.pop("action", "like"), liked_at, **more)

    def pending(self, step: str) -> Iterable[tuple[str, list[Record]]]:
        """Give what a step has not read of each shard, which it then has."""
        for shard_id, records in self.stream.shards.items():
            first = self.at.get((step, shard_id), 0)
            self.at[step, shard_id] = len(records)
            if records[first:]:
                yield shard_id, records[first:]

    def count(self) -> None:
        """Count what is pending."""
        for _, records in self.pending("count"):
            batch = [(record, stream_records.read(record)[0]) for record in records]
            for tally in streamed.fold(batch):
                streamed.apply(tally, count._write)

    def deliver(self) -> list[str]:
        """Archive what is pending; gives the keys of raw objects, one a record."""
        return [
            self._archive(record) for _, records in self.pending("deliver") for record in records
        ]

    def _archive(self, record: Record) -> str:
        told = Metadata(
            record.shard_id or "", record.sequence_number or "", "key", record.arrived_at
        )
        given = FirehoseRecord("id", record.data, record.arrived_at, told)
        [outcome] = archive.transform([given]).outcomes
        decode = msgspec.json.Decoder(archive.Row).decode
        rows: pa.Table = undelivered._table([decode(line) for line in outcome.data.splitlines()])
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink)
        self.files += 1
        key = raw_key(f"{self.files}", self.now)
        self.s3.add(key, sink.getvalue().to_pybytes(), self.now)
        return key

    def track(self) -> None:
        """Roll up what is pending."""
        for shard_id, records in self.pending("track"):
            batch = [(record, stream_records.read(record)[0]) for record in records]
            counts = batch_sums.count(batch)
            last = stream_records.ordered(records[-1].sequence_number or "")
            one = Batch(shard_id, last, [counts], False)
            for hour, batches in rollups.hours([one]).items():
                body = self.s3.objects.get(keys.rollup(hour))
                there = rollups.decode(hour, body) if body else rollups.empty(hour)
                self.s3.add(keys.rollup(hour), rollups.encode(rollups.add(there, batches)))
            self.cursors[shard_id] = last

    def compact(self) -> None:
        """Merge what was delivered, and adjust."""
        self.s3.now = self.now
        run(self.bucket)
        adjusting.adjust(self.bucket, Counts(self.table, TABLE))  # type: ignore[arg-type]

    def all(self) -> None:
        """Have each step do all that is pending for it."""
        self.count()
        self.deliver()
        self.track()
        self.compact()

    def passes(self, minutes: float) -> None:
        """Let time pass."""
        self.now += round(minutes * MINUTE)
        self.s3.now = self.now

    def audit(self, **asked: Any) -> Taken:
        """Audit it."""
        return auditing.audit(self.sources(), Asked(self.now, **asked), self.compact)

    def off(self, **asked: Any) -> list[tuple[str, str, int | None, int]]:
        """Give what an audit finds: step, film, hour before or after the first, and number."""
        return told(self.audit(**asked).differences)


def told(found: Iterable[Difference]) -> list[tuple[str, str, int | None, int]]:
    """Give differences as step, film, hour before or after the first, and number."""
    hour = NOW // 3_600_000
    return [
        (one.step, one.movie_id, None if one.hour is None else one.hour - hour, one.number)
        for one in found
    ]


def gone(*_: Any) -> None:
    """Fail as a service does."""
    raise refusal("InternalError")
