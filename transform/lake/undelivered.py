"""What Firehose could not deliver, as it lies below `errors/`, and the rows that it becomes.

A record that the function did not process is kept as it came, with its arrival, and without shard
and sequence number:
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html. One whose
rows could not become Parquet is kept with these rows:
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, NamedTuple

import msgspec
import pyarrow as pa

from glue import schema, tables
from transform.event.stream_records import FirehoseRecord, Metadata
from transform.lake import archive
from transform.lake.archive import Rejected
from transform.lake.watermark import Object

PREFIX = "errors/"
DONE = f"{PREFIX}redriven/"
"""Where an object is kept once what it holds is in raw and rejected."""

_RAW = tables.read("likes_raw")
_SCHEMA = schema.arrow(_RAW)
_Text = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$")]


class Unreadable(ValueError):
    """An object that is not as Firehose writes it. Permanent: it stays where it is."""


class Failed(NamedTuple):
    """A record that was not delivered: its bytes, when Firehose had it (epoch milliseconds), and
    what tells it from others of the same bytes and time in its object."""

    data: bytes
    taken_at: int
    number: int
    code: str

    @property
    def digest(self) -> bytes:
        """What its bytes are found by."""
        return sha256(self.data).digest()


class _Line(msgspec.Struct, rename="camel"):
    raw_data: str
    arrival_timestamp: int
    error_code: str | None = None
    converted: str | None = msgspec.field(default=None, name="ErrorCode")
    last: str | None = msgspec.field(default=None, name="lastErrorCode")


class _Row(msgspec.Struct):
    """What the archive's function makes of a like, which no producer may send: times differ."""

    event_id: str
    movie_id: str
    action: str
    liked_at: _Text
    received_at: _Text
    user_id: str | None = None
    source: str | None = None
    extra: str | None = None
    place: str | None = None


class Brought(NamedTuple):
    """What an object becomes: rows of `likes_raw`, and lines that are no likes."""

    rows: pa.Table
    rejected: list[Rejected]
    placed: int
    """Of how many likes the place is known."""


_decode = msgspec.json.Decoder(_Line, strict=False).decode
_decode_row = msgspec.json.Decoder(_Row).decode
_decode_made = msgspec.json.Decoder(archive.Row).decode


def read(body: bytes) -> list[Failed]:
    """Give the records of an object below `errors/`; raises `Unreadable`."""
    seen: Counter[tuple[bytes, int]] = Counter()
    found = []
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = _decode(line)
            data = base64.b64decode(told.raw_data, validate=True)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, binascii.Error) as error:
            raise Unreadable(f"Line {number} is none of Firehose's: {error}.") from None
        key = data, told.arrival_timestamp
        code = told.error_code or told.converted or told.last or "unknown"
        found.append(Failed(*key, seen[key], code))
        seen[key] += 1
    if not found:
        raise Unreadable("It holds no record.")
    return found


def bring(records: Sequence[Failed], places: Mapping[int, Metadata]) -> Brought:
    """Give what records become, by the archive's own rules, and where those stood whose index is
    known.

    One whose place is not known arrived when Firehose had it. A like without an event id gets one
    then of its bytes and that time; it is the same whenever this is asked.
    """
    rows: list[Any] = []
    others: list[FirehoseRecord] = []
    for index, failed in enumerate(records):
        made = _rows(failed.data)
        if made is not None:
            rows += made
            continue
        others.append(FirehoseRecord(_id(failed), failed.data, failed.taken_at, places.get(index)))
    archived = archive.transform(others, float("inf"))
    for outcome in archived.outcomes:
        rows += map(_decode_made, outcome.data.splitlines())
    placed = sum(row.place is not None for row in rows)
    return Brought(_table(rows), archived.rejected, placed)


def rows_of(outcomes: Iterable[bytes]) -> pa.Table:
    """Give what the archive's function made of records as rows of `likes_raw`."""
    return _table([_decode_made(line) for data in outcomes for line in data.splitlines()])


def raw_key(one: Object) -> str:
    """Give where the rows of an object of `errors/` go: always the same, in the hour of its own."""
    moment = datetime.fromtimestamp(one.modified / 1000, UTC)
    name = sha256(one.key.encode()).hexdigest()[:32]
    hour = f"arrival_day={moment:%Y-%m-%d}/arrival_hour={moment:%H}/"
    return f"{_RAW.location}{hour}redriven-{name}.parquet"


def done_key(key: str) -> str:
    """Give where an object of `errors/` is kept once it was brought back."""
    return DONE + key.removeprefix(PREFIX)


def _id(failed: Failed) -> str:
    digest = sha256(b"%d:%s" % (failed.taken_at, failed.data)).hexdigest()[:40]
    return f"failed-{digest}-{failed.number}"


def _rows(data: bytes) -> list[_Row] | None:
    """Give the rows that a record already became; None for one that is as it came."""
    try:
        return [_decode_row(line) for line in data.splitlines() if line.strip()] or None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _table(rows: Sequence[Any]) -> pa.Table:
    columns = []
    for field in _SCHEMA:
        values = pa.array([getattr(row, field.name) for row in rows], pa.string())
        columns.append(values.cast(field.type))
    return pa.Table.from_arrays(columns, schema=_SCHEMA)
