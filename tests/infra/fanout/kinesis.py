"""Kinesis in memory as an enhanced fan-out consumer sees it on AWS, in a time of its own.

Parents stay readable until they expire; a closed shard names its children after its last record; a
subscription ends after 5 minutes, and a second one within 5 seconds is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError, EventStreamError

from infra.fanout.subscription import Batch, Ended, batch

STREAM = "stream"
CONSUMER = "arn:aws:kinesis:us-east-1:000000000000:stream/stream/consumer/trends:1"
LASTS_S, REFUSED_S, HEARTBEAT_S = 300, 5, 5


def refusal(code: str) -> ClientError:
    """Give what the service answers a request with."""
    return ClientError({"Error": {"Code": code, "Message": f"{code}."}}, "SubscribeToShard")


class Clock:
    """A time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass
class _Shard:
    shard_id: str
    parents: tuple[str, ...]
    first: int
    last: int | None = None  # where it is closed
    records: list[dict[str, Any]] = field(default_factory=list)


class Kinesis:
    """A stream with one consumer. What `faults` holds is raised by the next requests."""

    def __init__(
        self,
        shards: int = 1,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        own = Clock()
        self.clock: Callable[[], float] = clock or own
        self.sleep: Callable[[float], None] = sleep or own.sleep
        self.shards: dict[str, _Shard] = {}
        self.faults: list[Exception] = []
        self.breaks: list[Exception] = []
        self.most_records = 1000
        self.most_events: int | None = None
        self.page = 100
        self.lost: set[str] = set()
        self.last_with_records = False  # or after them, with none
        self.connected = 0
        self.subscribed: list[tuple[str, dict[str, Any]]] = []
        self._made = 0
        self._number = 49590338271490256608559692538361571095921575989136588000
        self._live: dict[str, _Events] = {}
        for _ in range(shards):
            self._make(())

    def put(self, shard_id: str, data: bytes) -> str:
        """Put a record on an open shard; gives its sequence number."""
        shard = self.shards[shard_id]
        assert shard.last is None, f"{shard_id} is closed"
        number = str(self._next())
        arrived = datetime.fromtimestamp(self.clock(), UTC)
        shard.records.append(
            {
                "SequenceNumber": number,
                "ApproximateArrivalTimestamp": arrived,
                "Data": data,
                "PartitionKey": "key",
            }
        )
        return number

    def split(self, shard_id: str) -> list[str]:
        """Close a shard and open its two children."""
        self._shut(shard_id)
        return [self._make((shard_id,)), self._make((shard_id,))]

    def merge(self, one: str, other: str) -> str:
        """Close two shards and open their child."""
        self._shut(one)
        self._shut(other)
        return self._make((one, other))

    def add(self) -> str:
        """Open a shard that is nobody's child, as resharding of the emulator does."""
        return self._make(())

    def expire(self, shard_id: str) -> None:
        """Remove a closed shard, as retention does; the emulator does so at once."""
        assert self.shards[shard_id].last is not None
        del self.shards[shard_id]

    def open(self) -> list[str]:
        """The shards that take records."""
        return [shard.shard_id for shard in self.shards.values() if shard.last is None]

    def list_shards(self, StreamName: str = "", NextToken: str = "") -> dict[str, Any]:
        """A page of the shards, closed ones included."""
        assert bool(StreamName) != bool(NextToken), "ListShards takes one of the two"
        self._fault()
        first = int(NextToken or 0)
        shards = sorted(self.shards.values(), key=lambda shard: shard.shard_id)
        page: dict[str, Any] = {"Shards": [_told(s) for s in shards[first : first + self.page]]}
        if first + self.page < len(shards):
            page["NextToken"] = str(first + self.page)
        return page

    def describe_stream_summary(self, StreamName: str) -> dict[str, Any]:
        """What tells this stream from another of its name."""
        self._fault()
        created = datetime(2026, 1, 31, tzinfo=UTC)
        return {"StreamDescriptionSummary": {"StreamCreationTimestamp": created}}

    def subscribe_to_shard(
        self, ConsumerARN: str, ShardId: str, StartingPosition: dict[str, Any]
    ) -> dict[str, Any]:
        """Subscribe; takes over from an older subscription."""
        assert ConsumerARN == CONSUMER
        self._fault()
        if ShardId not in self.shards:
            raise refusal("ResourceNotFoundException")
        live = self._live.get(ShardId)
        if live and self.clock() - live.since < REFUSED_S:
            raise refusal("ResourceInUseException")
        shard = self.shards[ShardId]
        after = shard.first - 1
        if StartingPosition["Type"] == "LATEST":
            after = self._next()
        elif StartingPosition["Type"] == "AFTER_SEQUENCE_NUMBER":
            if ShardId in self.lost:
                raise refusal("InvalidArgumentException")
            after = int(StartingPosition["SequenceNumber"])
        if live:
            live.over = EventStreamError(
                {"Error": {"Code": "ResourceInUseException", "Message": "Taken over."}}, "Subscribe"
            )
        self.subscribed.append((ShardId, StartingPosition))
        self._live[ShardId] = events = _Events(self, shard, after)
        return {"EventStream": events}

    def children(self, shard_id: str) -> list[str]:
        """The shards made of a shard."""
        return [shard.shard_id for shard in self.shards.values() if shard_id in shard.parents]

    def _make(self, parents: tuple[str, ...]) -> str:
        shard_id = f"shardId-{self._made:012d}"
        self._made += 1
        self.shards[shard_id] = _Shard(shard_id, parents, self._next())
        return shard_id

    def _shut(self, shard_id: str) -> None:
        shard = self.shards[shard_id]
        assert shard.last is None, f"{shard_id} is closed"
        shard.last = self._next()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


def hasty(shards: int = 1) -> Kinesis:
    """A stream for readers in threads, whose time passes a hundred times as fast as ours."""
    return Kinesis(shards, lambda: time.monotonic() * 100, lambda seconds: time.sleep(0.002))


class _Events:
    """The events of one subscription, as boto3 gives them."""

    def __init__(self, kinesis: Kinesis, shard: _Shard, after: int) -> None:
        self._kinesis = kinesis
        self._shard = shard
        self._after = after
        self._sent = 0
        self._connected = True
        self.since = kinesis.clock()
        self.over: Exception | None = None
        kinesis.connected += 1

    @property
    def _raw_stream(self) -> _Events:
        return self

    def shutdown(self) -> None:
        """Cut the connection."""
        self._kinesis.connected -= self._connected
        self._connected = False
        self.over = self.over or ConnectionError("The connection was closed.")

    close = shutdown

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        kinesis = self._kinesis
        if kinesis.breaks and not self.over:
            self.over = kinesis.breaks.pop(0)
        if self.over:
            raise self.over
        if kinesis.clock() - self.since >= LASTS_S or self._sent == kinesis.most_events:
            raise StopIteration
        if self._shard.shard_id not in kinesis.shards:
            self.over = StopIteration()
            return self._event([], ends=True)
        new = [r for r in self._shard.records if int(r["SequenceNumber"]) > self._after]
        if not new and self._shard.last is not None:
            self.over = StopIteration()
            return self._event([], ends=True)
        if self._shard.last is not None and kinesis.last_with_records:
            self.over = StopIteration()
            return self._event(new, ends=True)
        if not new and self._sent:
            kinesis.sleep(HEARTBEAT_S)
        return self._event(new[: kinesis.most_records], left=len(new))

    def _event(
        self, records: list[dict[str, Any]], left: int = 0, ends: bool = False
    ) -> dict[str, Any]:
        self._sent += 1
        if records:
            self._after = int(records[-1]["SequenceNumber"])
        told: dict[str, Any] = {
            "Records": records,
            "MillisBehindLatest": 1000 * (left - len(records)),
        }
        if ends:
            told["ChildShards"] = [
                {"ShardId": child, "ParentShards": list(self._kinesis.shards[child].parents)}
                for child in self._kinesis.children(self._shard.shard_id)
            ]
        else:
            told["ContinuationSequenceNumber"] = str(self._after)
        return {"SubscribeToShardEvent": told}


class Direct:
    """A subscription that is read step by step, by whoever takes from it."""

    def __init__(self, kinesis: Any, consumer_arn: str, shard_id: str, position: Any) -> None:
        self._shard_id = shard_id
        self._events = kinesis.subscribe_to_shard(
            ConsumerARN=consumer_arn, ShardId=shard_id, StartingPosition=position
        )["EventStream"]

    def take(self) -> Batch:
        """Give the next event."""
        for event in self._events:
            return batch(self._shard_id, [event["SubscribeToShardEvent"]])
        raise Ended

    def close(self) -> None:
        """Cut the connection."""
        self._events.close()


def _told(shard: _Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": str(shard.first)}
    if shard.last is not None:
        numbers["EndingSequenceNumber"] = str(shard.last)
    told: dict[str, Any] = {"ShardId": shard.shard_id, "SequenceNumberRange": numbers}
    told |= dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
    return told
