"""Brings records that the stream still has, and the archive lost, into raw by the archive's rules.

Which they are names the object that they go to, so that a second run adds nothing; and each like
comes with its place, so that one which Firehose delivers after all is the same delivery.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256

import pyarrow as pa

from glue import schema, tables
from transform.aws import shard_reading
from transform.aws.audit_sources import Sources
from transform.aws.buckets import Conflict
from transform.event import places
from transform.event.stream_records import FirehoseRecord, Metadata, Record
from transform.lake import archive, raw_files, undelivered, watermark

RAW = schema.arrow(tables.read("likes_raw"))
AT_ONCE = 10_000
"""Records, or likes, that go into an object."""


def bring(sources: Sources, lost: pa.Table, now: int) -> int:
    """Bring the records that have these deliveries (`audit.deliveries.SCHEMA`); gives how many
    there were. Raises what a service raises."""
    wanted: dict[str, set[str]] = {}
    since: dict[str, int] = {}
    for row in lost.select(["place", "arrived"]).to_pylist():
        place = places.parse(row["place"])
        wanted.setdefault(place.shard_id, set()).add(place.sequence_number)
        since[place.shard_id] = min(since.get(place.shard_id, now), row["arrived"])
    brought = 0
    for shard_id, numbers in wanted.items():
        assert sources.kinesis
        found = [
            record
            for record in shard_reading.records(
                sources.kinesis, sources.stream, shard_id, since[shard_id]
            )
            if record.sequence_number in numbers
        ]
        for first in range(0, len(found), AT_ONCE):
            _put(sources, found[first : first + AT_ONCE], now)
        brought += len(found)
    return brought


def restore(sources: Sources, likes: pa.Table, now: int) -> int:
    """Put likes that the lake has back into raw, which lost them; gives how many. Nothing tells
    their places any more: they are null, as those of before there were places, and no repeats."""
    for first in range(0, len(likes), AT_ONCE):
        some = likes.slice(first, AT_ONCE)
        columns = [
            some[field.name] if field.name in some.column_names else pa.nulls(len(some), field.type)
            for field in RAW
        ]
        told = "\n".join(map(str, some["event_id"].to_pylist()))
        _put_rows(sources, pa.table(columns, schema=RAW), "restored", told, now)
    return len(likes)


def _put(sources: Sources, records: list[Record], now: int) -> None:
    archived = archive.transform(list(_as_firehose(records)), float("inf"))
    for key, lines in archive.rejected_objects(archived.rejected).items():
        sources.bucket.replace(key, lines)
    told = "\n".join(f"{one.shard_id} {one.sequence_number}" for one in records)
    rows = undelivered.rows_of(outcome.data for outcome in archived.outcomes)
    _put_rows(sources, rows, "reconciled", told, now)


def _put_rows(sources: Sources, rows: pa.Table, name: str, told: str, now: int) -> None:
    """Put rows below the hour of now, where compaction looks for what is new; the same once."""
    body = raw_files.encode(rows, sources.bucket.on_aws)
    moment = datetime.fromtimestamp(now / 1000, UTC)
    hour = f"arrival_day={moment:%Y-%m-%d}/arrival_hour={moment:%H}/"
    digest = sha256(told.encode()).hexdigest()[:32]
    with suppress(Conflict):  # an earlier run got so far
        sources.bucket.put(f"{watermark.RAW}{hour}{name}-{digest}.parquet", body, None)


def _as_firehose(records: Iterable[Record]) -> Iterator[FirehoseRecord]:
    """Give records as Firehose hands them over; aggregated ones are told apart by `read_placed`."""
    for one in records:
        told = Metadata(
            one.shard_id or "", one.sequence_number or "", one.partition_key or "", one.arrived_at
        )
        yield FirehoseRecord(f"{one.sequence_number}", one.data, one.arrived_at, told)
