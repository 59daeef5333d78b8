"""The rows that likes become on their way through Firehose, and the lines that cannot."""

import base64
import gzip
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Literal, TypedDict

import msgspec

from transform.event import likes, stream_records
from transform.event.likes import Like
from transform.event.stream_records import BadLine, FirehoseRecord

MAX_RESPONSE_BYTES = 6_000_000
"""A synchronous Lambda response holds at most 6 MB (AWS Lambda quotas)."""
_OUTCOME_BYTES = 128  # recordId, result and the JSON around them
_LEVEL = 6  # of gzip; 9 takes half as long again for a twentieth less


_TIMES = ("liked_at", "received_at")
_TEXTS = (*(name for name in likes.FIELDS if name not in _TIMES), "extra")
Row = msgspec.defstruct(
    "Row",
    [
        *((name, str) for name in _TIMES),
        *((name, str | None, None) for name in (*_TEXTS, "place")),
    ],
    module=__name__,
    frozen=True,
    gc=False,
    omit_defaults=True,
)
"""A row of `likes_raw`, as Firehose takes it: times are text, what is null is left out."""


class Rejected(msgspec.Struct, frozen=True):
    """A row of `rejected`: a line that can never become a like, why, and where it came from.

    `file` is that of a backfill; all others between `payload_encoding` and `received_at` but
    `line` are then null.
    """

    reason: str
    detail: str
    payload: str
    payload_encoding: Literal["utf-8", "base64"]
    record_id: str | None
    line: int
    shard_id: str | None
    sequence_number: str | None
    partition_key: str | None
    received_at: str
    file: str | None = None
    place: str | None = None


class Outcome(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What became of one record; `data` is JSON rows, a line each."""

    record_id: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]
    data: bytes = b""


class Archived(msgspec.Struct, frozen=True):
    """What became of all records: an outcome each, in order, and the lines to keep elsewhere."""

    outcomes: list[Outcome]
    likes: int
    """How many likes have rows in the outcomes."""
    rejected: list[Rejected]


# Written out for the fields there are: to get them by name and unpack them takes a tenth longer.
_given = ", ".join(f"like.{name}" for name in _TEXTS)
_make = eval(
    f"lambda like, liked_at, received_at, place: Row(liked_at, received_at, {_given}, place)"
)
_encode_rows = msgspec.json.Encoder().encode_lines


def transform(records: Sequence[FirehoseRecord], most: float = MAX_RESPONSE_BYTES) -> Archived:
    """Give every record its rows.

    A record is `Dropped` when no line of it is a like; whoever calls keeps `rejected` first. It
    is `ProcessingFailed`, so that Firehose keeps it as it is, when its rows would not fit any more
    in a response of `most` bytes, which the delivery's small transformation buffer rules out.
    """
    # This loop is the archive's cost. Most records are one like in its normal form, and one look
    # at all their bytes spares a look at each text in them.
    plain = likes.is_plain(b"".join([record.data for record in records]))
    rows: list[msgspec.Struct] = []
    sizes: list[int] = []
    rejected: list[Rejected] = []
    for record in records:
        told = record.kinesis_record_metadata
        arrived_at = (told or record).approximate_arrival_timestamp
        like = likes.normal(record.data, arrived_at + likes.AHEAD_MS, plain)
        if like is not None:
            if told and not told.subsequence_number:  # as `place` gives it, which takes longer
                place: str | None = f"{told.shard_id}/{told.sequence_number}/0"
            else:
                place = record.place(0)
            rows.append(_row(like, arrived_at, place))
            sizes.append(1)
        else:
            good, places, bad = stream_records.read_placed(record.record())
            rows += [
                _row(like, arrived_at, place) for like, place in zip(good, places, strict=True)
            ]
            sizes.append(len(good))
            rejected += [_reject(record, line) for line in bad]
    encoded = _encode_rows(rows)
    lines = iter(encoded.splitlines(keepends=True))
    if len(encoded) * 4 // 3 + len(records) * _OUTCOME_BYTES > most:
        return Archived(*_fit(records, sizes, lines, most), rejected)
    outcomes = [
        Outcome(record.record_id, "Ok", next(lines))
        if size == 1
        else Outcome(record.record_id, "Ok", b"".join(islice(lines, size)))
        if size
        else Outcome(record.record_id, "Dropped")
        for record, size in zip(records, sizes, strict=True)
    ]
    return Archived(outcomes, len(rows), rejected)


def _fit(
    records: Sequence[FirehoseRecord], sizes: Iterable[int], lines: Iterator[bytes], room: float
) -> tuple[list[Outcome], int]:
    """Give the outcomes that fit in a response, and how many likes those hold."""
    outcomes = []
    archived = 0
    for record, size in zip(records, sizes, strict=True):
        data = b"".join(islice(lines, size))
        cost = len(data) * 4 // 3 + _OUTCOME_BYTES
        if not size:
            outcomes.append(Outcome(record.record_id, "Dropped"))
        elif cost <= room:
            outcomes.append(Outcome(record.record_id, "Ok", data))
            room -= cost
            archived += size
        else:
            outcomes.append(Outcome(record.record_id, "ProcessingFailed"))
    return outcomes, archived


def _row(like: Like, arrived_at: int, place: str | None) -> msgspec.Struct:
    seconds, fraction = divmod(like.liked_at, 1000)
    row: msgspec.Struct = _make(
        like, _seconds[seconds] + _FRACTIONS[fraction], _arrival(arrived_at), place
    )
    return row


class _Identified(msgspec.Struct):
    event_id: str


def correlation_id(record: FirehoseRecord, outcome: Outcome) -> str | None:
    """Give what logs call the request that a record came from; where Firehose does not tell of the
    stream, the event id of its first like, which is the same."""
    if record.kinesis_record_metadata:
        return record.record().correlation_id
    first = outcome.data.partition(b"\n")[0]
    return msgspec.json.decode(first, type=_Identified).event_id if first else None


def timestamp(milliseconds: int) -> str:
    """Give epoch milliseconds as UTC text like `2026-01-31 12:00:00.123`.

    This is the form of java.sql.Timestamp, which Firehose's and Athena's JSON SerDes read.
    """
    seconds, fraction = divmod(milliseconds, 1000)
    return _seconds[seconds] + _FRACTIONS[fraction]


class _Seconds(dict[int, str]):
    """Remembers the text of seconds: a batch holds few of them."""

    def __missing__(self, seconds: int) -> str:
        if len(self) >= 65_536:
            self.clear()
        text = self[seconds] = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return text


_seconds = _Seconds()
_FRACTIONS = [f".{fraction:03d}" for fraction in range(1000)]
_arrival = lru_cache(maxsize=4_096)(timestamp)  # records come many to a millisecond


def _reject(source: FirehoseRecord, line: BadLine) -> Rejected:
    record = source.record()
    return Rejected(
        reason=line.reason,
        detail=line.detail,
        **_payload(line),
        record_id=record.record_id,
        line=line.number,
        shard_id=record.shard_id,
        sequence_number=record.sequence_number,
        partition_key=record.partition_key,
        received_at=timestamp(record.arrived_at),
        place=line.place,
    )


def reject(line: BadLine, arrived_at: int, file: str) -> Rejected:
    """Give the row for a line of a file that arrived at a time in epoch milliseconds."""
    return Rejected(
        reason=line.reason,
        detail=line.detail,
        **_payload(line),
        record_id=None,
        line=line.number,
        shard_id=None,
        sequence_number=None,
        partition_key=None,
        received_at=timestamp(arrived_at),
        file=file,
    )


class _Payload(TypedDict):
    payload: str
    payload_encoding: Literal["utf-8", "base64"]


def _payload(line: BadLine) -> _Payload:
    try:
        return {"payload": line.payload.decode(), "payload_encoding": "utf-8"}
    except UnicodeDecodeError:
        encoded = base64.b64encode(line.payload).decode()
        return {"payload": encoded, "payload_encoding": "base64"}


def rejected_objects(rejected: Iterable[Rejected]) -> dict[str, bytes]:
    """Give the objects (key to gzipped JSON lines) that keep these lines, one an arrival day.

    The key is made of the content, so that a batch that comes again is written once.
    """
    days: dict[str, list[Rejected]] = {}
    for line in rejected:
        days.setdefault(line.received_at[:10], []).append(line)
    objects = {}
    for day, lines in days.items():
        text = _encode_rows(lines)
        name = sha256(text).hexdigest()[:32]
        objects[f"rejected/day={day}/{name}.json.gz"] = gzip.compress(text, _LEVEL, mtime=0)
    return objects
