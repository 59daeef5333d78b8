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
from transform.lake.division import Division

RAW = schema.arrow(tables.read("likes_raw"))
SCHEMA = RAW.remove(RAW.get_field_index("place"))
"""What raw files have in common with the lake, and all that those of before `place` have."""
LAKE = schema.arrow(tables.read("likes"))
TOTALS = schema.arrow(tables.read("likes_by_hour"))
HOUR = 3_600_000
WHOLE_DAYS = Division()


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
    place: str | None = None
    """Where it stood on the stream, which raw files alone tell."""


def table(rows: Sequence[Row]) -> pa.Table:
    """Give rows as a table of the lake's own types, without what raw files do not have."""
    return _table(rows, SCHEMA)


def of_the_lake(rows: Sequence[Row]) -> pa.Table:
    """Give rows with all columns of the lake."""
    return _table(rows, LAKE)


def _table(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    columns = [[getattr(row, name) for row in rows] for name in schema.names]
    arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def encode(rows: pa.Table | Sequence[Row], **how: Any) -> bytes:
    """Give a raw file: snappy, and times as INT96, as Firehose writes it, or as told."""
    sink = io.BytesIO()
    told = {"compression": "snappy", "use_deprecated_int96_timestamps": True} | how
    pq.write_table(rows if isinstance(rows, pa.Table) else _table(rows, RAW), sink, **told)
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


def days(rows: Iterable[Row], division: Division = WHOLE_DAYS) -> dict[tuple[int, str], list[Row]]:
    """Give what each epoch day's objects should hold, by name, in order."""
    found: dict[tuple[int, str], list[Row]] = {}
    for row in first(rows).values():
        hour = row.liked_at // HOUR
        place = hour // 24, name(row.event_id, hour, division)
        found.setdefault(place, []).append(row._replace(place=None))
    return {
        place: sorted(held, key=lambda row: (row.movie_id, row.liked_at, row.event_id))
        for place, held in found.items()
    }


def name(event_id: str, hour: int, division: Division) -> str:
    """Give what the object is called that holds a like of an epoch hour."""
    if division.is_whole:
        return "whole.parquet"
    parts = [f"hour-{hour % 24:02}"] if division.by_hour else []
    if division.buckets > 1:
        number = bucket(event_id, division.buckets)
        parts.append(f"bucket-{number:02}-of-{division.buckets:02}")
    return "-".join(parts) + ".parquet"


Sums = dict[tuple[int, str], tuple[int, int, int, int]]


def sums(rows: Sequence[Row]) -> Sums:
    """Give what likes come to by epoch hour and film: likes, unlikes, and net what was brought by
    backfills and what came from other places of the stream than the likes did."""
    found: Sums = {}
    for row in first(rows).values():
        place = row.liked_at // HOUR, row.movie_id
        likes, unlikes, brought, again = found.get(place, (0, 0, 0, 0))
        liked = row.action == "like"
        net = _net(row) if row.backfill else 0
        found[place] = likes + liked, unlikes + (not liked), brought + net, again
    for row in repeats(rows):
        place = row.liked_at // HOUR, row.movie_id
        likes, unlikes, brought, again = found.get(place, (0, 0, 0, 0))
        found[place] = likes, unlikes, brought, again + _net(row)
    return {place: told for place, told in found.items() if any(told)}


def repeats(rows: Sequence[Row]) -> list[Row]:
    """Give the deliveries of event ids from other places of the stream than that which came first,
    each once."""
    places: dict[str, dict[str, Row]] = {}
    for row in sorted((row for row in rows if row.place), key=_came):
        places.setdefault(row.event_id, {}).setdefault(row.place or "", row)
    return [row for one in places.values() for row in list(one.values())[1:]]


def _net(row: Row) -> int:
    return 1 if row.action == "like" else -1


def totals(body: bytes | pa.Table) -> Sums:
    """Give what a day of totals tells, as `sums` does, and hold its order."""
    read = body if isinstance(body, pa.Table) else pq.read_table(pa.BufferReader(body))
    assert read.schema.equals(TOTALS, check_metadata=False), read.schema
    hours = [ms // HOUR for ms in read["hour"].cast(pa.int64()).to_pylist()]
    columns = [read[column].to_pylist() for column in TOTALS.names[1:]]
    found = {(h, film): tuple(told) for h, film, *told in zip(hours, *columns, strict=True)}
    assert list(found) == sorted(found, key=lambda place: (place[1].encode(), place[0]))
    assert len(found) == len(read)
    return found


def bucket(event_id: str, buckets: int) -> int:
    """Give the bucket of an event id."""
    return int.from_bytes(md5(event_id.encode()).digest(), "little") % buckets


def raw_key(name: str, at: int) -> str:
    """Give where Firehose would put a file at a time."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"raw/arrival_day={moment:%Y-%m-%d}/arrival_hour={moment:%H}/{name}.parquet"
