"""Raw files of likes as Firehose delivers them, and what the lake should hold of them."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from glue import schema, tables

SCHEMA = schema.arrow(tables.read("likes_raw"))
LAKE = schema.arrow(tables.read("likes"))
HOUR = 3_600_000


class Row(NamedTuple):
    """A row; times are epoch milliseconds."""

    event_id: str
    movie_id: str
    user_id: str | None
    action: str
    liked_at: int
    received_at: int
    source: str | None = None
    extra: str | None = None
    backfill: int | None = None


def table(rows: Sequence[Row]) -> pa.Table:
    """Give rows as a table of the lake's own types, without what raw files do not have."""
    columns = list(zip(*rows, strict=True) if rows else [()] * len(LAKE))[: len(SCHEMA)]
    return pa.table([pa.array(list(c), f.type) for c, f in zip(columns, SCHEMA, strict=True)],
                    schema=SCHEMA)  # fmt: skip


def encode(rows: pa.Table | Sequence[Row], **how: Any) -> bytes:
    """Give a raw file: snappy, and times as INT96, as Firehose writes it, or as told."""
    sink = io.BytesIO()
    told = {"compression": "snappy", "use_deprecated_int96_timestamps": True} | how
    pq.write_table(rows if isinstance(rows, pa.Table) else table(rows), sink, **told)
    return sink.getvalue()


def decode(data: bytes | Path) -> list[Row]:
    """Give the rows of a file of the lake."""
    read = pq.read_table(data if isinstance(data, Path) else pa.BufferReader(data))
    assert read.schema.equals(LAKE), read.schema
    plain = read.set_column(4, "liked_at", read["liked_at"].cast(pa.int64()))
    plain = plain.set_column(5, "received_at", plain["received_at"].cast(pa.int64()))
    return [Row(*row.values()) for row in plain.to_pylist()]


def first(rows: Iterable[Row]) -> dict[str, Row]:
    """Give of each event id the row that came first."""
    kept: dict[str, Row] = {}
    for row in sorted(rows, key=_came):
        kept.setdefault(row.event_id, row)
    return kept


def _came(row: Row) -> tuple[Any, ...]:
    absent = [(value is None, value or "") for value in (row.user_id, row.source, row.extra)]
    return row.backfill or 0, row.received_at, row.liked_at, row.movie_id, row.action, *absent


def hours(rows: Iterable[Row], buckets: int = 1) -> dict[tuple[int, int], list[Row]]:
    """Give what each epoch hour and bucket should hold, in order."""
    found: dict[tuple[int, int], list[Row]] = {}
    for row in first(rows).values():
        found.setdefault((row.liked_at // HOUR, bucket(row.event_id, buckets)), []).append(row)
    return {
        place: sorted(held, key=lambda row: (row.movie_id, row.liked_at, row.event_id))
        for place, held in found.items()
    }


def bucket(event_id: str, buckets: int) -> int:
    """Give the bucket of an event id."""
    return int.from_bytes(md5(event_id.encode()).digest(), "little") % buckets


def raw_key(name: str, at: int) -> str:
    """Give where Firehose would put a file at a time."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"raw/arrival_day={moment:%Y-%m-%d}/arrival_hour={moment:%H}/{name}.parquet"
