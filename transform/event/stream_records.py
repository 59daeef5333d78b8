"""Kinesis records and the likes in them: one record holds one or more likes, a line each."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from transform.event import event_ids, likes
from transform.event.invalid import InvalidLike
from transform.event.likes import Like

MAX_RECORD_BYTES = 900_000
"""What one request may put in one record; Kinesis itself takes 1 MiB, partition key included."""
MAX_RECORD_LINES = 10_000
"""Lines of a record that are read, so that rows made of it always fit in a Lambda response."""
CLOCK_SKEW_MS = 60_000
"""How much more leniently the stream's readers judge "ahead" than the API did before them, so
that two clocks in slight disagreement never refuse what was accepted."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of the stream: its bytes, its arrival in epoch milliseconds, where it stands.

    Kinesis tells shard and sequence number, Firehose an id of its own (and, on AWS, the others).
    """

    data: bytes
    arrived_at: int
    shard_id: str | None = None
    sequence_number: str | None = None
    partition_key: str | None = None
    record_id: str | None = None

    @property
    def origin(self) -> str:
        """What tells this record from every other one, the same whoever reads it where told."""
        return f"{self.shard_id}:{self.sequence_number}" if self.shard_id else f"{self.record_id}"

    @property
    def correlation_id(self) -> str | None:
        """What logs call the record: the id of its request, else where it stands on the stream.

        IngestLike's partition key is the event id that its record begins with. Whoever else puts
        records on the stream may take the id of a user as the key, and that is for no log.
        """
        key = self.partition_key
        if key is not None and self.data.startswith(b'{"event_id":"%s"' % key.encode()):
            return key
        return self.sequence_number or self.record_id


class BadLine(msgspec.Struct, frozen=True, gc=False):
    """A line that is no like: its number in the record from 1, its bytes, and why."""

    number: int
    payload: bytes
    reason: str
    detail: str


def encode(batch: Iterable[Like]) -> bytes:
    """Give the bytes of the record that holds these likes."""
    return b"\n".join(map(likes.line, batch))


def read(record: Record) -> tuple[list[Like], list[BadLine]]:
    """Give the likes of a record, and the lines of it that are none; blank lines are neither."""
    good: list[Like] = []
    bad: list[BadLine] = []
    number = 0

    def make_id() -> str:
        return event_ids.derived(record.arrived_at, f"{record.origin}:{number}")

    lines = record.data.split(b"\n", MAX_RECORD_LINES)
    for number, line in enumerate(lines, 1):  # noqa: B007  make_id reads it
        if not line or line.isspace():
            continue
        if number > MAX_RECORD_LINES:
            detail = f"A record is read to its line {MAX_RECORD_LINES}; this is all that follows."
            bad.append(BadLine(number, line, "too_many_lines", detail))
            continue
        try:
            good.append(likes.parse(line, record.arrived_at, make_id, CLOCK_SKEW_MS))
        except InvalidLike as invalid:
            bad.append(BadLine(number, line, invalid.reason, invalid.detail))
    if not good and not bad:
        bad.append(BadLine(1, record.data, "empty", "The record holds no line at all."))
    return good, bad


def sequence(number: str) -> int:
    """Give a sequence number as an integer: as text, "9" would come after "10"."""
    return int(number)


def ordered(number: str) -> str:
    """Give a sequence number as text that sorts as the numbers do: they have up to 56 digits."""
    return number.zfill(56)


def from_lambda(event: Mapping[str, Any]) -> list[Record]:
    """Give the records of a Lambda event from a Kinesis mapping or fan-out consumer."""
    return [
        Record(
            data=base64.b64decode(record["kinesis"]["data"]),
            arrived_at=round(record["kinesis"]["approximateArrivalTimestamp"] * 1000),
            shard_id=record["eventID"].partition(":")[0],
            sequence_number=record["kinesis"]["sequenceNumber"],
            partition_key=record["kinesis"]["partitionKey"],
        )
        for record in event["Records"]
    ]


class _Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    shard_id: str
    sequence_number: str
    partition_key: str
    approximate_arrival_timestamp: int


class FirehoseRecord(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A record as a Firehose transformation event tells of it; AWS adds where it came from."""

    record_id: str
    data: bytes
    approximate_arrival_timestamp: int
    kinesis_record_metadata: _Metadata | None = None

    def record(self) -> Record:
        """Give the stream's record behind it."""
        told = self.kinesis_record_metadata
        if told is None:
            arrived_at = self.approximate_arrival_timestamp
            return Record(self.data, arrived_at, record_id=self.record_id)
        return Record(
            self.data,
            told.approximate_arrival_timestamp,
            told.shard_id,
            told.sequence_number,
            told.partition_key,
            self.record_id,
        )


def from_firehose(event: Mapping[str, Any]) -> list[FirehoseRecord]:
    """Give the records of a Firehose transformation event, whose source is the stream."""
    return msgspec.convert(event["records"], list[FirehoseRecord])
