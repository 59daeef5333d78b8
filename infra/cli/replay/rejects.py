"""Rows of `rejected` as they rest, and what tells each from all others."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

import msgspec

from glue import tables
from transform.aws.buckets import Bucket
from transform.event.movie_ids import BLANKS

LOCATION = tables.read("rejected").location

Key = tuple[str | None, ...]


class Reject(msgspec.Struct, frozen=True):
    """A row of `rejected`, as far as it matters here."""

    reason: str
    payload: str
    received_at: str
    detail: str = ""
    payload_encoding: Literal["utf-8", "base64"] = "utf-8"
    record_id: str | None = None
    line: int | None = None
    file: str | None = None
    place: str | None = None
    known_as: str | None = None
    """What `identity` was before somebody's id was taken out of the payload."""

    @property
    def data(self) -> bytes:
        """The line as it came."""
        if self.payload_encoding == "base64":
            return base64.b64decode(self.payload)
        return self.payload.encode()

    @property
    def arrived_at(self) -> int:
        """When it arrived, in epoch milliseconds."""
        moment = datetime.fromisoformat(self.received_at).replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)

    @property
    def key(self) -> Key:
        """What finds it among the others: its place, or else its file or record, and its line."""
        if self.place:
            return (self.place,)
        return (self.file, self.record_id, str(self.line), str(self.arrived_at))

    @property
    def identity(self) -> str:
        """What a like made of it is known by: not when its file was touched, nor what it is called.

        A line of a file is its bytes, as for a backfill; one of the stream is where it stood.
        """
        if self.place:
            return self.place
        if self.file is not None:
            return self.known_as or sha256(self.data.strip()).hexdigest()
        return f"{self.record_id}:{self.line}"

    @property
    def source(self) -> str | None:
        """What the line tells as the like's source, if it is JSON that tells one."""
        try:
            return msgspec.json.decode(self.data, type=_Sourced).source.strip(BLANKS) or None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


class _Sourced(msgspec.Struct):
    source: str = ""


def read(bucket: Bucket, first: str = "", last: str = "9999") -> Iterator[Reject]:
    """Give the rows that arrived on days from one to another, such as 2026-01-31."""
    decode = msgspec.json.Decoder(Reject).decode_lines
    after = f"{LOCATION}day={first}" if first else ""
    for one in bucket.list(LOCATION, after):
        day = one.key.removeprefix(f"{LOCATION}day=").partition("/")[0]
        if not first <= day <= last:
            continue
        found = bucket.read(one.key)
        if found:
            yield from decode(gzip.decompress(found[0]))
