"""Whether the lake has what the archive has, by event id; and what the stream has and neither."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.lake import duck
from transform.lake.parquet import SCHEMA as LIKES

_COLUMNS: Mapping[str, pa.DataType] = {
    "event_id": pa.string(),
    "movie_id": pa.string(),
    "net": pa.int64(),
    "liked_at": pa.int64(),
    "arrived": pa.int64(),
}
SCHEMA = pa.schema(_COLUMNS)
"""A like that is missing: times in epoch milliseconds."""
EMPTY, NO_LIKES = SCHEMA.empty_table(), LIKES.empty_table()


def hold(cursor: DuckDBPyConnection, raw: Iterable[Path]) -> set[int]:
    """Have what raw files hold at hand, as `arrived_ids`; gives the epoch days of events."""
    groups = [
        f"SELECT {_ID} AS id, {duck.DAY} AS day FROM read_parquet({duck.listed(some)})"
        for _, some in duck.alike(duck.kinds(cursor, raw))
    ]
    rows = " UNION ALL ".join(groups) or "SELECT 0::UBIGINT AS id, 0::BIGINT AS day WHERE false"
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE arrived_ids AS SELECT DISTINCT id, day FROM ({rows})"
    )
    found = cursor.execute("SELECT DISTINCT day FROM arrived_ids").fetchall()
    return {day for (day,) in found}


def held(cursor: DuckDBPyConnection) -> pa.Table:
    """Give the hashes of what is held now."""
    ids: pa.Table = cursor.sql("SELECT DISTINCT id FROM arrived_ids").to_arrow_table()
    return ids


def unarchived(
    cursor: DuckDBPyConnection, likes: Iterable[Path], first: int, last: int
) -> pa.Table:
    """Give the likes in files of the lake that came by the stream from one time to another (epoch
    milliseconds) and are not among `raw_ids`, as `held` gives them, with all their columns."""
    found = [NO_LIKES]
    for columns, some in duck.alike(duck.kinds(cursor, likes)):
        rows: pa.Table = cursor.sql(
            f"""
            SELECT * FROM ({duck.select(some, columns)})
            WHERE backfill IS NULL AND epoch_ms(received_at) >= {first}
              AND epoch_ms(received_at) < {last} AND {_ID} NOT IN (SELECT id FROM raw_ids)"""
        ).to_arrow_table()
        found.append(rows.select(LIKES.names).cast(LIKES))
    return pa.concat_tables(found)


def as_likes(cursor: DuckDBPyConnection, rows: pa.Table) -> pa.Table:
    """Give likes with all their columns as `SCHEMA`."""
    cursor.register("rows", rows)
    found: pa.Table = cursor.sql(f"SELECT {_COLUMNS_OF} FROM rows").to_arrow_table()
    return found.cast(SCHEMA)


def take_out(cursor: DuckDBPyConnection, likes: Iterable[Path]) -> None:
    """Take out of `arrived_ids` what files of the lake have."""
    for _, some in duck.alike(duck.kinds(cursor, likes)):
        ids = f"SELECT {_ID} AS id FROM read_parquet({duck.listed(some)})"
        cursor.execute(f"DELETE FROM arrived_ids WHERE id IN ({ids})")


def left(cursor: DuckDBPyConnection) -> int:
    """Tell how many event ids are left, that the lake was not seen to have."""
    [(number,)] = cursor.execute("SELECT count(DISTINCT id) FROM arrived_ids").fetchall()
    return int(number)


def missing(cursor: DuckDBPyConnection, raw: Iterable[Path]) -> pa.Table:
    """Give the likes of raw files that are left in `arrived_ids`, each event id once, as it came
    first (`SCHEMA`)."""
    groups = [
        f"{duck.select(some, columns)} WHERE {_ID} IN (SELECT id FROM arrived_ids)"
        for columns, some in duck.alike(duck.kinds(cursor, raw))
    ]
    if not groups:
        return EMPTY
    found: pa.Table = cursor.sql(
        f"""
        SELECT {_COLUMNS_OF}
        FROM ({" UNION ALL ".join(groups)})
        QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {duck.FIRST}) = 1
        ORDER BY liked_at, movie_id, event_id"""
    ).to_arrow_table()
    return found.cast(SCHEMA)


_ID = "hash(event_id)"
_COLUMNS_OF = """
  event_id, movie_id, CASE action WHEN 'like' THEN 1 ELSE -1 END::BIGINT AS net,
  epoch_ms(liked_at)::BIGINT AS liked_at, epoch_ms(received_at)::BIGINT AS arrived"""
