"""What stood on the stream, a row a place: as raw has it, or as the stream still keeps it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.counts import streamed
from transform.event import places, stream_records
from transform.event.stream_records import Record
from transform.lake import duck
from transform.lake.duck import HOUR_MS
from transform.lake.event_ids import PLACE

_COLUMNS: Mapping[str, pa.DataType] = {
    "place": pa.string(),
    "memory": pa.string(),
    "sequence": pa.string(),
    "event_id": pa.string(),
    "movie_id": pa.string(),
    "net": pa.int64(),
    "liked_at": pa.int64(),
    "arrived": pa.int64(),
    "merged": pa.bool_(),
}
SCHEMA = pa.schema(_COLUMNS)
"""A delivery: its place, the attribute in which an item remembers its shard, its sequence number as
text that sorts, 1 or -1, times in epoch milliseconds, and whether the lake has merged it."""
EMPTY = SCHEMA.empty_table()
_NAMES = ", ".join(SCHEMA.names)
_SHARD = "ltrim(replace(split_part(place, '/', 1), 'shardId-', ''), '0')"
_NUMBER = "split_part(split_part(place, '/', 2), '.', 1)"
_ROWS = f"""
  SELECT
    place,
    '@' || CASE {_SHARD} WHEN '' THEN '0' ELSE {_SHARD} END AS memory,
    lpad({_NUMBER}, 56, '0') AS sequence,
    event_id,
    movie_id,
    CASE action WHEN 'like' THEN 1 ELSE -1 END::BIGINT AS net,
    epoch_ms(liked_at)::BIGINT AS liked_at,
    epoch_ms(received_at)::BIGINT AS arrived"""


def hold(cursor: DuckDBPyConnection, files: Mapping[Path, bool]) -> None:
    """Have the deliveries in raw files at hand, as the view `raw`; of each file it is told whether
    it is merged. What is of before there were places is passed over."""
    rows = []
    for merged in (True, False):
        some = [path for path, is_merged in files.items() if is_merged is merged]
        for columns, group in duck.alike(duck.kinds(cursor, some)):
            if "place" in columns:
                files_ = f"read_parquet({duck.listed(group)})"
                rows.append(f"{_ROWS}, {merged} AS merged FROM {files_} WHERE place IS NOT NULL")
    if not rows:
        cursor.register("none", EMPTY)
        rows = ["FROM none"]
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {' UNION ALL '.join(rows)}")


def moving(cursor: DuckDBPyConnection, memories: pa.Table, cuts: pa.Table) -> pa.Table:
    """Give the deliveries of `raw`, each place once, that a film's item or the rollup of an hour
    does not remember, or that are not merged: all others are where they should be.

    `memories` and `cuts` are those of `audit.items` and `audit.hours`.
    """
    cursor.register("memories", memories)
    cursor.register("cuts", cuts)
    found: pa.Table = cursor.sql(
        f"""
        SELECT {", ".join(f"d.{name}" for name in SCHEMA.names)} FROM raw AS d
        LEFT JOIN memories AS m ON m.movie_id = d.movie_id AND m.memory = d.memory
        LEFT JOIN cuts AS c ON c.hour = d.liked_at // {HOUR_MS} AND c.memory = d.memory
        WHERE NOT merged
          OR coalesce(d.sequence > m.sequence, true) OR coalesce(d.sequence > c.sequence, true)
        """
    ).to_arrow_table()
    return once(cursor, found.cast(SCHEMA))


def newest(cursor: DuckDBPyConnection) -> dict[str, tuple[str, int]]:
    """Give the highest sequence number in `raw` of each shard, by the attribute that remembers it,
    and when that arrived (epoch milliseconds)."""
    rows = cursor.execute(
        "SELECT memory, max(sequence), max(arrived) FROM raw GROUP BY memory"
    ).fetchall()
    return {memory: (sequence, arrived) for memory, sequence, arrived in rows}


def lacking(cursor: DuckDBPyConnection, rows: pa.Table) -> pa.Table:
    """Give those deliveries whose places are not in `raw`."""
    cursor.register("rows", rows)
    found: pa.Table = cursor.sql("FROM rows ANTI JOIN raw USING (place)").to_arrow_table()
    return found.cast(SCHEMA)


def of_records(records: Iterable[Record]) -> pa.Table:
    """Give the deliveries in records of the stream, none of which the lake is known to have."""
    rows = []
    for record in records:
        placed = stream_records.read_placed(record)
        for like, place in zip(placed.likes, placed.places, strict=True):
            rows.append(
                {
                    "place": place,
                    "memory": streamed.memory_name(record.shard_id or ""),
                    "sequence": stream_records.ordered(record.sequence_number or "0"),
                    "event_id": like.event_id,
                    "movie_id": like.movie_id,
                    "net": 1 if like.action == "like" else -1,
                    "liked_at": like.liked_at,
                    "arrived": record.arrived_at,
                    "merged": False,
                }
            )
    return pa.Table.from_pylist(rows, SCHEMA)


def once(cursor: DuckDBPyConnection, rows: pa.Table) -> pa.Table:
    """Give each place once: as the lake has it, where it has."""
    cursor.register("rows", rows)
    found: pa.Table = cursor.sql(
        f"""
        SELECT {_NAMES} FROM rows
        QUALIFY row_number() OVER (PARTITION BY place ORDER BY merged DESC, arrived) = 1"""
    ).to_arrow_table()
    return found.cast(SCHEMA)


def of_which(cursor: DuckDBPyConnection, rows: pa.Table, likes: str, again: pa.Table) -> pa.Table:
    """Give deliveries, of which those are merged that stand in the lake as likes, by SQL, or as
    repeats: the same event id that arrived at the same time, or from the same place."""
    cursor.register("rows", rows)
    cursor.register("again", again)
    found: pa.Table = cursor.sql(
        f"""
        SELECT rows.* REPLACE (
          event_id || ' ' || arrived IN (
            SELECT event_id || ' ' || epoch_ms(received_at) FROM ({likes})
          ) OR event_id || ' ' || {PLACE} IN (SELECT event_id || ' ' || place FROM again) AS merged
        ) FROM rows"""
    ).to_arrow_table()
    return found.select(SCHEMA.names).cast(SCHEMA)


def tallies(rows: pa.Table) -> list[streamed.Tally]:
    """Give what deliveries change of counts: for each film and shard a delta a record, in order."""
    found: dict[tuple[str, str], dict[int, tuple[int, int, int]]] = {}
    for row in rows.to_pylist():
        place = places.parse(row["place"])
        records = found.setdefault((row["movie_id"], place.shard_id), {})
        net, likes, arrived = records.get(int(place.sequence_number), (0, 0, 0))
        records[int(place.sequence_number)] = (
            net + row["net"],
            likes + 1,
            max(arrived, row["arrived"]),
        )
    return [
        streamed.Tally(
            film,
            shard_id,
            [streamed.Delta(number, *records[number][:2]) for number in sorted(records)],
            max(arrived for _, _, arrived in records.values()),
        )
        for (film, shard_id), records in found.items()
    ]
