"""One SubscribeToShard: its events are read as they come, so that none waits for a slow handler."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from queue import Empty, Full, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from transform.event.stream_records import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

WAITING = 16
"""Events that wait for the handler at most; then the service has to wait."""


class Ended(Exception):
    """A subscription came to its end in peace, after 5 minutes on AWS; the shard may go on."""


class Batch(msgspec.Struct, frozen=True):
    """Records of a shard in order, what to go on after, and whether the shard ends here."""

    records: list[Record]
    behind_ms: int
    continuation: str | None
    ends: bool


class Subscription(Protocol):
    """What a reader needs of a subscription."""

    def take(self) -> Batch:
        """Give what has come, or wait for it. Raises `Ended`, or what broke it."""

    def close(self) -> None:
        """End it; a `take` that waits is over."""


def batch(shard_id: str, events: Iterable[Mapping[str, Any]]) -> Batch:
    """Fold one event or several, in order.

    A shard's last event names its children and has nothing to continue from (SubscribeToShardEvent
    in the Kinesis API Reference).
    """
    records: list[Record] = []
    event: Mapping[str, Any] = {}
    for event in events:
        records += [_record(shard_id, told) for told in event["Records"]]
    continuation = event.get("ContinuationSequenceNumber")
    ends = bool(event.get("ChildShards")) or not continuation
    return Batch(records, event["MillisBehindLatest"], continuation, ends)


class Live:
    """A subscription of boto3's client, read by a thread of its own."""

    def __init__(
        self, kinesis: KinesisClient, consumer_arn: str, shard_id: str, position: Any
    ) -> None:
        told = kinesis.subscribe_to_shard(
            ConsumerARN=consumer_arn, ShardId=shard_id, StartingPosition=position
        )
        self._shard_id = shard_id
        self._stream: Any = told["EventStream"]
        self._came: Queue[Mapping[str, Any] | Exception] = Queue(WAITING)
        self._over: Exception | None = None
        Thread(target=self._read, name=f"{shard_id} events", daemon=True).start()

    def take(self) -> Batch:
        """Give all events that wait as one, or wait for the next."""
        events: list[Mapping[str, Any]] = []
        while self._over is None and not (events and self._came.empty()):
            came = self._came.get()
            if isinstance(came, Exception):
                self._over = came
            else:
                events.append(came)
        if events:
            return batch(self._shard_id, events)
        assert self._over
        raise self._over

    def close(self) -> None:
        """Cut the connection; the thread that reads it ends."""
        # Closing alone would not wake a thread that waits in a read (urllib3's `shutdown` does);
        # it may have ended meanwhile, and then there is nothing to wake.
        with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
            self._stream._raw_stream.shutdown()
        with contextlib.suppress(Empty):
            while True:
                self._came.get_nowait()
        with contextlib.suppress(Full):  # in place of the end that may have been among them
            self._came.put_nowait(Ended("The subscription was closed."))

    def _read(self) -> None:
        over: Exception = Ended("The subscription ended.")
        try:
            for event in self._stream:
                if told := event.get("SubscribeToShardEvent"):
                    self._came.put(told)
        except Exception as error:  # whatever broke it is for `take` to raise
            over = error
        self._came.put(over)
        self._stream.close()


def _record(shard_id: str, told: Mapping[str, Any]) -> Record:
    return Record(
        told["Data"],
        round(told["ApproximateArrivalTimestamp"].timestamp() * 1000),
        shard_id,
        told["SequenceNumber"],
        told["PartitionKey"],
    )
