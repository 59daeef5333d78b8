"""What the lake adjusts of the streamed counts: they lack what was backfilled, and hold repeats.

A film's count is what the stream counted and what the lake adjusts: likes less unlikes that a
backfill brought, less those of its repeats, of all days. The films of a month's days rest together,
and say of which totals each day is; so whoever compares finds the days that are stale. A film that
was adjusted once keeps a row of its day, if only of 0, so that its item is brought back too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from transform.lake import parquet

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

_COLUMNS: Mapping[str, pa.DataType] = {
    "day": pa.int32(),
    "movie_id": pa.string(),
    "net": pa.int64(),
}
SCHEMA = pa.schema(_COLUMNS)
"""What is adjusted of a film by an epoch day."""
EMPTY = SCHEMA.empty_table()
_SOURCES = "totals"


def of_totals(day: int, sums: pa.Table) -> pa.Table:
    """Give what the totals of a day adjust, by film, where it is not nothing."""
    net = pc.subtract(sums["backfilled"], sums["repeated"])
    films = sums.select(["movie_id"]).append_column("net", net).filter(pc.not_equal(net, 0))
    found = by_film([films])
    return found.add_column(0, "day", pa.repeat(pa.scalar(day, pa.int32()), len(found)))


def replaced(known: pa.Table, new: Mapping[int, pa.Table]) -> pa.Table:
    """Give what a month's days adjust, some of which are new; films that these do not name any
    more stay with 0."""
    old = known.filter(pc.is_in(known["day"], pa.array(new, pa.int32())))
    others = known.filter(pc.invert(pc.is_in(known["day"], pa.array(new, pa.int32()))))
    nothing = old.set_column(2, "net", pa.repeat(pa.scalar(0, pa.int64()), len(old)))
    rows = pa.concat_tables([*new.values(), nothing])
    rows = (
        rows.group_by(["day", "movie_id"]).aggregate([("net", "sum")]).rename_columns(SCHEMA.names)
    )
    return pa.concat_tables([others, rows.cast(SCHEMA)]).sort_by(
        [("movie_id", "ascending"), ("day", "ascending")]
    )


def by_film(parts: Iterable[pa.Table]) -> pa.Table:
    """Give the sum of each film, over all days, as columns `movie_id` and `net`."""
    rows = pa.concat_tables([part.select(["movie_id", "net"]) for part in (EMPTY, *parts)])
    found = rows.group_by("movie_id").aggregate([("net", "sum")])
    return found.rename_columns(["movie_id", "net"])


def encode(rows: pa.Table, sources: Mapping[int, str]) -> bytes:
    """Give the Parquet file of a month, and the ETags of its days' totals: the same bytes for the
    same."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", store_schema=False) as writer:
        writer.write_table(rows.combine_chunks())
        told = msgspec.json.encode({str(day): sources[day] for day in sorted(sources)})
        writer.add_key_value_metadata({_SOURCES: told.decode()})
    return sink.getvalue().to_pybytes()


def decode(body: bytes) -> tuple[pa.Table, dict[int, str]]:
    """Give what a month adjusts, and of which totals each of its days is."""
    read = parquet.read(body)
    told = (read.schema.metadata or {})[_SOURCES.encode()]
    return read.replace_schema_metadata(None), msgspec.json.decode(told, type=dict[int, str])
