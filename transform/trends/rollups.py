"""Event time as trends know it: likes and unlikes by film and minute, of an hour or a day."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from transform.lake.division import DAY_HOURS
from transform.trends.batch_sums import MINUTE_MS, Batch

pc: Any = pyarrow.compute  # its types do not know of what follows

HOUR_MINUTES = 60
_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("movie_id", pa.string()),
    ("minute", pa.uint8()),  # since the hour began
    ("likes", pa.uint32()),
    ("unlikes", pa.uint32()),
]
_SCHEMA = pa.schema(_COLUMNS)
_FOLDED = b"folded"


class Rollup(msgspec.Struct, frozen=True):
    """An hour: a row a film and minute, sorted, and the last batch of each shard that is in it.

    Or a day that is settled, which begins with its first hour.
    """

    hour: int
    """Hours since the epoch."""
    rows: pa.Table
    folded: dict[str, str]

    @property
    def hours(self) -> set[int]:
        """The epoch hours of which there are rows."""
        minutes: list[int] = pc.unique(self.rows["minute"]).to_pylist()
        return {self.hour + minute // HOUR_MINUTES for minute in minutes}


def hours(batches: Iterable[Batch]) -> dict[int, list[Batch]]:
    """Give the batches that add to each epoch hour, in their order."""
    found: dict[int, list[Batch]] = {}
    for batch in batches:
        for hour in {minute // HOUR_MINUTES for counts in batch.counts for minute in counts}:
            found.setdefault(hour, []).append(batch)
    return found


def empty(hour: int) -> Rollup:
    """Give an hour in which nothing happened."""
    return Rollup(hour, _SCHEMA.empty_table(), {})


def of(
    hour: int, counts: Mapping[tuple[str, int], Sequence[int]], folded: dict[str, str]
) -> Rollup:
    """Give an hour of which is told, by film and minute, how many likes and unlikes there were."""
    found = [(film, minute, *pair) for (film, minute), pair in sorted(counts.items())]
    columns = list(zip(*found, strict=True)) if found else [()] * len(_SCHEMA)
    arrays = [pa.array(c, field.type) for c, field in zip(columns, _SCHEMA, strict=True)]
    return Rollup(hour, pa.table(arrays, schema=_SCHEMA), folded)


def add(rollup: Rollup, batches: Iterable[Batch]) -> Rollup:
    """Add what batches hold for the hour; a batch that is in it already is passed over.

    The batches of a shard come in order, and none is left out between them.
    """
    folded = dict(rollup.folded)
    rows: list[tuple[str, int, int, int]] = []
    first = rollup.hour * HOUR_MINUTES
    for batch in batches:
        if batch.sequence <= folded.get(batch.shard_id, ""):
            continue
        folded[batch.shard_id] = batch.sequence
        for counts in batch.counts:
            for minute, films in counts.items():
                if minute // HOUR_MINUTES == rollup.hour:
                    rows += [(film, minute - first, *pair) for film, pair in films.items()]
    if not rows:
        return msgspec.structs.replace(rollup, folded=folded)
    columns = [pa.array(column, field.type)
               for column, field in zip(zip(*rows, strict=True), _SCHEMA, strict=True)]  # fmt: skip
    both = pa.concat_tables([rollup.rows.cast(_SCHEMA), pa.table(columns, schema=_SCHEMA)])
    return Rollup(rollup.hour, _summed(both), folded)


def _summed(rows: pa.Table) -> pa.Table:
    sums = rows.group_by(["movie_id", "minute"]).aggregate([("likes", "sum"), ("unlikes", "sum")])
    named = sums.select(["movie_id", "minute", "likes_sum", "unlikes_sum"]).rename_columns(
        _SCHEMA.names
    )
    return named.sort_by([("movie_id", "ascending"), ("minute", "ascending")]).cast(_SCHEMA)


def encode(rollup: Rollup) -> bytes:
    """Give the Parquet file of an hour: the same bytes for the same hour."""
    told = {_FOLDED: json.dumps(rollup.folded, sort_keys=True).encode()}
    sink = pa.BufferOutputStream()
    pq.write_table(rollup.rows.replace_schema_metadata(told), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def decode(hour: int, data: bytes) -> Rollup:
    """Give the hour that a Parquet file holds."""
    rows = pq.read_table(pa.BufferReader(data), read_dictionary=["movie_id"])
    folded = json.loads((rows.schema.metadata or {})[_FOLDED])
    return Rollup(hour, rows.replace_schema_metadata(None), folded)


def settled(day: int, data: bytes) -> Rollup:
    """Give an epoch day as compaction's totals tell it: of each hour, all is in the first minute,
    as they know none."""
    file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=["movie_id"])
    # Its threads cost more than they save, for what is mostly small.
    rows = file.read(["hour", "movie_id", "likes", "unlikes"], use_threads=False)
    both = pc.add(rows["likes"], rows["unlikes"])
    rows = rows.filter(pc.greater(both, 0))  # of some films there are repeats alone
    first = day * DAY_HOURS
    minute = pc.divide(rows["hour"].cast(pa.timestamp("ms")).cast(pa.int64()), MINUTE_MS)
    minutes = pc.subtract(minute, first * HOUR_MINUTES)
    return Rollup(first, rows.append_column("minute", minutes).select(_SCHEMA.names), {})
