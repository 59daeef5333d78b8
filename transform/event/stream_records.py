"""Kinesis records and the likes in them: one record holds one or more likes, a line each.

What the Kinesis Producer Library put together is read as the records that its users put there,
whoever reads it, so that each reader knows a like by the same id and place.
"""

import base64
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from transform.event import aggregated, event_ids, likes, places
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
    subsequence: int = 0
    """Which it was, from 0, of the records that a producer's library put in one."""

    @property
    def origin(self) -> str:
        """What tells this record from every other one, the same whoever reads it where told."""
        part = f".{self.subsequence}" if self.subsequence else ""
        if self.shard_id:
            return f"{self.shard_id}:{self.sequence_number}{part}"
        return f"{self.record_id}{part}"

    def place(self, line: int) -> str | None:
        """Give the place of a line, from 0, of those not blank; None where it is not told."""
        if not self.shard_id:
            return None
        return places.make(self.shard_id, self.sequence_number, self.subsequence, line)

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
    """A line that is no like: its number in the record from 1, its bytes, why, and its place."""

    number: int
    payload: bytes
    reason: str
    detail: str
    place: str | None = None


class Placed(NamedTuple):
    """What a record holds: its likes, and the place of each; and the lines of it that are none."""

    likes: list[Like]
    places: list[str | None]
    bad: list[BadLine]


def encode(batch: Iterable[Like]) -> bytes:
    """Give the bytes of the record that holds these likes."""
    return b"\n".join(map(likes.line, batch))


def read(record: Record) -> tuple[list[Like], list[BadLine]]:
    """Give the likes of a record, and the lines of it that are none; blank lines are neither."""
    good: list[Like] = []
    bad: list[BadLine] = []
    for part in _parts(record):
        _read(part, good, [], bad)
    return good, bad


def read_placed(record: Record) -> Placed:
    """Give what `read` gives, and where each like stood."""
    placed = Placed([], [], [])
    for part in _parts(record):
        lines: list[int] = []
        _read(part, placed.likes, lines, placed.bad)
        first = part.place(0)  # the others differ from it in the last number
        placed.places.extend(first and f"{first[:-1]}{line}" for line in lines)
    return placed


def _parts(record: Record) -> list[Record]:
    """Give the records that a producer's library put in one; mostly there is this one alone."""
    parts = aggregated.split(record.data)
    if parts is None:
        return [record]
    return [
        msgspec.structs.replace(record, data=data, subsequence=number)
        for number, data in enumerate(parts)
    ]


def _read(record: Record, good: list[Like], numbers: list[int], bad: list[BadLine]) -> None:
    """Add likes, the numbers of their lines, from 0, of those not blank, and the other lines."""
    number = index = 0

    def make_id() -> str:
        return event_ids.derived(record.arrived_at, f"{record.origin}:{number}")

    def reject(payload: bytes, reason: str, detail: str) -> None:
        bad.append(BadLine(number, payload, reason, detail, record.place(index)))

    lines = record.data.split(b"\n", MAX_RECORD_LINES)
    for number, line in enumerate(lines, 1):  # noqa: B007  make_id reads it
        if not line or line.isspace():
            continue
        if number > MAX_RECORD_LINES:
            detail = f"A record is read to its line {MAX_RECORD_LINES}; this is all that follows."
            reject(line, "too_many_lines", detail)
        else:
            try:
                good.append(likes.parse(line, record.arrived_at, make_id, CLOCK_SKEW_MS))
                numbers.append(index)
            except InvalidLike as invalid:
                reject(line, invalid.reason, invalid.detail)
        index += 1
    if not index:
        number = 1
        reject(record.data, "empty", "The record holds no line at all.")


def sequence(number: str) -> int:
    """Give a sequence number as an integer: as text, "9" would come after "10"."""
    return int(number)


def ordered(number: str) -> str:
    """Give a sequence number as text that sorts as the numbers do: they have up to 56 digits."""
    return number.zfill(56)


def from_lambda(event: Mapping[str, Any], skipped: Container[str] = ()) -> list[Record]:
    """Give the records of a Lambda event from a Kinesis mapping or fan-out consumer.

    Those whose `shardId:sequenceNumber` is named as skipped are left out, unread.
    """
    return [
        Record(
            data=base64.b64decode(record["kinesis"]["data"]),
            arrived_at=round(record["kinesis"]["approximateArrivalTimestamp"] * 1000),
            shard_id=record["eventID"].partition(":")[0],
            sequence_number=record["kinesis"]["sequenceNumber"],
            partition_key=record["kinesis"]["partitionKey"],
        )
        for record in event["Records"]
        if record["eventID"] not in skipped
    ]


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Where a record stood on the stream; its arrival is in epoch milliseconds."""

    shard_id: str
    sequence_number: str
    partition_key: str
    approximate_arrival_timestamp: int
    subsequence_number: int | str | None = None
    """0, or nothing, for a record that is not aggregated; AWS has told it as text, too."""


class FirehoseRecord(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A record as a Firehose transformation event tells of it; AWS adds where it came from."""

    record_id: str
    data: bytes
    approximate_arrival_timestamp: int
    kinesis_record_metadata: Metadata | None = None

    def place(self, line: int) -> str | None:
        """Give the place of a line, as `Record` does, for a record that is not aggregated."""
        told = self.kinesis_record_metadata
        if told is None:
            return None
        part = int(told.subsequence_number or 0)
        return places.make(told.shard_id, told.sequence_number, part, line)

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
            int(told.subsequence_number or 0),
        )


def from_firehose(event: Mapping[str, Any]) -> list[FirehoseRecord]:
    """Give the records of a Firehose transformation event, whose source is the stream."""
    return msgspec.convert(event["records"], list[FirehoseRecord])
