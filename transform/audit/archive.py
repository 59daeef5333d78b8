"""Whether the lake has what the archive has, as it came; and what the stream has and neither."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from transform.lake import duck
from transform.lake.event_ids import PLACE
from transform.lake.parquet import SCHEMA as LIKES

pc: Any = pyarrow.compute  # its types do not know of what follows

_COLUMNS: Mapping[str, pa.DataType] = {
    "event_id": pa.string(),
    "movie_id": pa.string(),
    "net": pa.int64(),
    "liked_at": pa.int64(),
    "arrived": pa.int64(),
}
SCHEMA = pa.schema(_COLUMNS)
"""A like that is missing: times in epoch milliseconds."""
_OTHERWISE: Mapping[str, pa.DataType] = {
    "movie_id": pa.string(),
    "net": pa.int64(),
    "liked_at": pa.int64(),
    "movie_id_now": pa.string(),
    "net_now": pa.int64(),
    "liked_at_now": pa.int64(),
    "columns": pa.string(),
}
OTHERWISE = pa.schema(_OTHERWISE)
"""A like that is told in two ways: as it was, as it is now, and which columns differ."""
CAME = LIKES.append(pa.field("place", pa.int32()))
"""A like as it came, and the hash of the place on the stream, where that is told."""
EMPTY, NO_LIKES = SCHEMA.empty_table(), LIKES.empty_table()
SAME = OTHERWISE.empty_table()
_OF_RAW = [name for name in LIKES.names if name != "backfill"]


def hold(cursor: DuckDBPyConnection, raw: Iterable[Path]) -> set[int]:
    """Have what raw files hold at hand, as `arrived_ids`; gives the epoch days of events."""
    groups = [
        f"SELECT {_ID} AS id, {_PRINT} AS print, {duck.DAY} AS day "
        f"FROM ({duck.select(some, columns)})"
        for columns, some in duck.alike(duck.kinds(cursor, raw))
    ]
    nothing = "SELECT 0::UBIGINT AS id, 0::UBIGINT AS print, 0::BIGINT AS day WHERE false"
    rows = " UNION ALL ".join(groups) or nothing
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE arrived_ids AS SELECT DISTINCT id, print, day FROM ({rows})"
    )
    found = cursor.execute("SELECT DISTINCT day FROM arrived_ids").fetchall()
    return {day for (day,) in found}


def held(cursor: DuckDBPyConnection) -> pa.Table:
    """Give the hashes of what is held now, of all columns together."""
    prints: pa.Table = cursor.sql("SELECT DISTINCT print FROM arrived_ids").to_arrow_table()
    return prints


def doubted(cursor: DuckDBPyConnection, likes: Iterable[Path], first: int, last: int) -> pa.Table:
    """Give the likes in files of the lake that came by the stream from one time to another (epoch
    milliseconds) and are not among `raw_prints`, as `held` gives them, with all their columns."""
    found = [NO_LIKES]
    for columns, some in duck.alike(duck.kinds(cursor, likes)):
        rows: pa.Table = cursor.sql(
            f"""
            SELECT * FROM ({duck.select(some, columns)})
            WHERE backfill IS NULL AND epoch_ms(received_at) >= {first}
              AND epoch_ms(received_at) < {last} AND {_PRINT} NOT IN (SELECT print FROM raw_prints)
            """
        ).to_arrow_table()
        found.append(rows.select(LIKES.names).cast(LIKES))
    return pa.concat_tables(found)


def having(cursor: DuckDBPyConnection, raw: Iterable[Path], likes: pa.Table) -> pa.Table:
    """Give what raw files have of the event ids of some likes (`CAME`)."""
    cursor.register("wanted", likes.select(["event_id"]))
    found = [CAME.empty_table()]
    for columns, some in duck.alike(duck.kinds(cursor, raw)):
        place = f", {PLACE if 'place' in columns else 'NULL'}::INTEGER AS place"
        rows: pa.Table = cursor.sql(
            f"FROM ({duck.select(some, columns, place)}) SEMI JOIN wanted USING (event_id)"
        ).to_arrow_table()
        found.append(rows.select(CAME.names).cast(CAME))
    return pa.concat_tables(found)


def but_repeats(
    cursor: DuckDBPyConnection, came: pa.Table, again: pa.Table, likes: pa.Table
) -> pa.Table:
    """Give what came (`CAME`) of some likes but what came again, by repeats; where no place is
    told, but what came later than the like."""
    for name, rows in (("came", came), ("again", again), ("likes", likes)):
        cursor.register(name, rows)
    found: pa.Table = cursor.sql(
        """
        SELECT c.* FROM came AS c JOIN likes AS l USING (event_id)
        WHERE CASE WHEN c.place IS NULL THEN c.received_at <= l.received_at
          ELSE (c.event_id, c.place) NOT IN (SELECT (event_id, place) FROM again) END"""
    ).to_arrow_table()
    return found.select(CAME.names).cast(CAME)


def lost(cursor: DuckDBPyConnection, was: Sequence[Path], now: Iterable[Path]) -> pa.Table:
    """Give the likes in an earlier version of a day whose event ids it has no more."""
    ids = f"SELECT event_id FROM ({_rows(cursor, now)})"
    rows = f"FROM ({_rows(cursor, was)}) WHERE event_id NOT IN ({ids})"
    found: pa.Table = cursor.sql(rows).to_arrow_table()
    return found.select(LIKES.names).cast(LIKES)


def each_once(cursor: DuckDBPyConnection, likes: pa.Table) -> pa.Table:
    """Give each event id once, as it came first."""
    cursor.register("likes", likes)
    found: pa.Table = cursor.sql(
        f"FROM likes QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {duck.FIRST}) = 1"
    ).to_arrow_table()
    return found.cast(LIKES)


def without_ids(cursor: DuckDBPyConnection, likes: pa.Table, files: Iterable[Path]) -> pa.Table:
    """Give likes but those whose event ids are in files of the lake."""
    cursor.register("likes", likes)
    ids = f"SELECT event_id FROM ({_rows(cursor, files)})"
    found: pa.Table = cursor.sql(f"FROM likes WHERE event_id NOT IN ({ids})").to_arrow_table()
    return found.cast(LIKES)


def _rows(cursor: DuckDBPyConnection, files: Iterable[Path]) -> str:
    """Give SQL for the rows of files of the lake."""
    groups = [duck.select(some, columns) for columns, some in duck.alike(duck.kinds(cursor, files))]
    return " UNION ALL ".join(groups) or f"{duck.nothing()}"


def as_if_forgotten(cursor: DuckDBPyConnection, likes: pa.Table, came: pa.Table) -> pa.Table:
    """Give what came (`CAME`) of likes that the lake tells nobody of, as it tells them."""
    cursor.register("likes", likes)
    cursor.register("came", came)
    found: pa.Table = cursor.sql(
        "SELECT c.* REPLACE (l.user_id AS user_id, l.extra AS extra) FROM came AS c "
        "JOIN likes AS l USING (event_id) WHERE l.user_id IS NULL AND c.user_id IS NOT NULL"
    ).to_arrow_table()
    return found.select(CAME.names).cast(CAME)


def unarchived(likes: pa.Table, came: pa.Table) -> pa.Table:
    """Give those likes of which raw has nothing; `came` is what it has."""
    ids = came["event_id"].combine_chunks()
    return likes.filter(pc.invert(pc.is_in(likes["event_id"], ids)))


def otherwise(cursor: DuckDBPyConnection, likes: pa.Table, came: pa.Table) -> pa.Table:
    """Give how likes (now) are other than they came, each as it came first (`OTHERWISE`); those
    that came so once are not."""
    cursor.register("likes", likes)
    cursor.register("came", came)
    same = " AND ".join(f"c.{name} IS NOT DISTINCT FROM l.{name}" for name in _OF_RAW)
    columns = ", ".join(
        f"CASE WHEN c.{name} IS DISTINCT FROM l.{name} THEN '{name}' END" for name in _OF_RAW
    )
    rows: pa.Table = cursor.sql(
        f"""
        WITH first AS (
          FROM came
          QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {duck.FIRST}) = 1
        )
        SELECT
          c.movie_id, {_NET.format("c")} AS net, epoch_ms(c.liked_at)::BIGINT AS liked_at,
          l.movie_id AS movie_id_now, {_NET.format("l")} AS net_now,
          epoch_ms(l.liked_at)::BIGINT AS liked_at_now, concat_ws(', ', {columns}) AS columns
        FROM likes AS l JOIN first AS c USING (event_id)
        WHERE NOT EXISTS (FROM came AS c WHERE c.event_id = l.event_id AND {same})
        ORDER BY ALL"""
    ).to_arrow_table()
    return rows.cast(OTHERWISE)


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
_PRINT = f"hash({', '.join(_OF_RAW)})"
_NET = "CASE {}.action WHEN 'like' THEN 1 ELSE -1 END::BIGINT"
_COLUMNS_OF = """
  event_id, movie_id, CASE action WHEN 'like' THEN 1 ELSE -1 END::BIGINT AS net,
  epoch_ms(liked_at)::BIGINT AS liked_at, epoch_ms(received_at)::BIGINT AS arrived"""
