"""Event ids that arrived lately, so that a copy is known that names another time of its event.

Who merges a day finds copies of a like in that day's rows. A copy with another event time belongs
to another object, and nobody who looks there alone finds it. So of each day of arrival an object
holds a hash of each event id, the hour of its event, and a hash of its place on the stream, which
tells what a producer sent again from what Firehose did; 10 to 11 bytes a like. It is derived from
raw objects, and names them; a hash says where to look, and the ids found there decide.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from transform.lake import duck
from transform.lake.division import Division
from transform.lake.duck import HOUR
from transform.lake.parquet import SCHEMA as LIKES
from transform.lake.watermark import Object

pc: Any = pyarrow.compute  # its types do not know of what follows

_IDS: Mapping[str, pa.DataType] = {"id": pa.int64(), "hour": pa.int32(), "place": pa.int32()}
_PLACES: Mapping[str, pa.DataType] = {
    "event_id": pa.string(),
    "hour": pa.int64(),
    "place": pa.int32(),
}
SCHEMA, PLACES = pa.schema(_IDS), pa.schema(_PLACES)
"""What arrived, by its hash; and where a like may stand, by its id: both with the epoch hour of the
event, and with the hash of the place on the stream that it came from, where told."""
COPIES = pa.schema(
    [LIKES.field(name) for name in ("event_id", "movie_id", "action", "liked_at", "received_at")]
)
"""What tells a copy of a like from the others, though of their object others may know more."""
_COPY = ", ".join(COPIES.names)
_OPTIONS: dict[str, Any] = {
    "compression": {"id": "none", "hour": "zstd", "place": "none"},  # hashes are chance
    "use_dictionary": ["hour"],
    "column_encoding": {"id": "DELTA_BINARY_PACKED"},
    "write_statistics": False,
    "store_schema": False,
}
HASH = "(hash(event_id) >> 1)::BIGINT"
"""SQL for the hash of an event id."""
PLACE = "CASE WHEN place IS NOT NULL THEN (hash(place) >> 33)::INTEGER END"
"""SQL for the hash of a place, in which two places of an event id agree once in 2**31 times."""
ORDER = "id, hour, place"
_RAW, _FUNCTION = "raw", "hash"
PARTS = 16
"""Objects that hold the ids of lines without a time."""
_MARK = 16  # hexadecimal digits


def mark(raw: Object) -> str:
    """Tell a raw object from all others, and from what it was before."""
    return sha256(f"{raw.key} {raw.etag}".encode()).hexdigest()[:_MARK]


def of_rows(cursor: DuckDBPyConnection, rows: str) -> pa.Table:
    """Give the ids of rows, by SQL or a name, in their order, each with each of its places once."""
    ids = f"SELECT DISTINCT {HASH} AS id, {HOUR} AS hour, place FROM {rows}"
    return _table(cursor, f"{ids} ORDER BY {ORDER}")


def once(ids: pa.Table) -> pa.Table:
    """Give ids that are in their order, each with each of its places once."""
    ids = ids.combine_chunks()
    if len(ids) < 2:
        return ids
    columns = [pc.fill_null(column, -1).chunk(0) for column in ids.columns]  # no hash is less
    same = [pc.equal(column.slice(1), column.slice(0, len(ids) - 1)) for column in columns]
    again = pc.and_(pc.and_(*same[:2]), same[2])
    first = pa.concat_arrays([pa.array([True]), pc.invert(again)])
    return ids.filter(first)


def undated(cursor: DuckDBPyConnection) -> dict[int, pa.Table]:
    """Give the ids of staged lines that told no time, in parts by their hash: they happened when
    their file was changed, as others may have, but for those the same comes of it."""
    told = "place IS NULL AND backfill IS NOT NULL AND liked_at = received_at"
    ids = of_rows(cursor, f"staged WHERE {told}")
    parts = pc.bit_wise_and(ids["id"], PARTS - 1)
    return {part: ids.filter(pc.equal(parts, part)) for part in pc.unique(parts).to_pylist()}


def of_files(cursor: DuckDBPyConnection, files: Iterable[Path]) -> pa.Table:
    """Give the ids in raw files, which are readable."""
    groups = [
        f"SELECT event_id, liked_at, {PLACE if 'place' in columns else 'NULL'}::INTEGER AS place "
        f"FROM read_parquet({duck.listed(some)})"
        for columns, some in duck.alike(duck.kinds(cursor, files))
    ]
    rows = " UNION ALL ".join(groups)
    return of_rows(cursor, f"({rows})") if rows else SCHEMA.empty_table()


def together(cursor: DuckDBPyConnection, parts: Sequence[pa.Table]) -> pa.Table:
    """Give ids as one table in their order, each with each of its places once."""
    cursor.register("parts", pa.concat_tables(parts))
    return _table(cursor, f"SELECT DISTINCT id, hour, place FROM parts ORDER BY {ORDER}")


def encode(cursor: DuckDBPyConnection, ids: pa.Table, of: Set[str]) -> bytes:
    """Give the Parquet file of ids, which are in their order, and of marks of raw objects."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, **_OPTIONS) as writer:
        writer.write_table(ids)
        told = {_RAW: "".join(sorted(of)), _FUNCTION: _function(cursor)}
        writer.add_key_value_metadata(told)
    return sink.getvalue().to_pybytes()


def decode(cursor: DuckDBPyConnection, body: bytes) -> tuple[pa.Table, Set[str]]:
    """Give the ids of a file, and the marks of the raw objects that it is of.

    None of either where this DuckDB hashes otherwise than that which wrote it. Places are null
    where an earlier version wrote it.
    """
    read = pq.read_table(pa.BufferReader(body))
    told = read.schema.metadata or {}
    if told.get(_FUNCTION.encode(), b"").decode() != _function(cursor):
        return SCHEMA.empty_table(), frozenset()
    marks = told.get(_RAW.encode(), b"").decode()
    of = frozenset(marks[n : n + _MARK] for n in range(0, len(marks), _MARK))
    read = read.replace_schema_metadata(None)
    if "place" not in read.column_names:
        read = read.append_column("place", pa.nulls(len(read), pa.int32()))
    return read, of


def hits(cursor: DuckDBPyConnection, ids: pa.Table) -> pa.Table:
    """Give where, by these ids, other copies of what is staged may stand, or came from."""
    cursor.register("arrived", ids)
    return _table(
        cursor,
        f"""
        SELECT DISTINCT event_id, arrived.hour, arrived.place FROM staged JOIN arrived
        ON {HASH} = arrived.id AND (staged.hour <> arrived.hour OR staged.place <> arrived.place)
        """,
        PLACES,
    )


def elsewhere(cursor: DuckDBPyConnection, places: pa.Table, division: Division) -> pa.Table:
    """Give those places that are in other objects than the staged like of the same event id."""
    cursor.register("places", places)
    return _table(
        cursor,
        f"""
        SELECT DISTINCT event_id, places.hour, places.place
        FROM places JOIN staged USING (event_id)
        WHERE places.hour // {division.hours} <> staged.hour // {division.hours}""",
        PLACES,
    )


def standing(cursor: DuckDBPyConnection, files: Iterable[Path], event_ids: pa.Table) -> pa.Table:
    """Give the likes in files of the lake that have these event ids."""
    cursor.register("wanted", event_ids.select(["event_id"]))
    found = [LIKES.empty_table()]
    for columns, some in duck.alike(duck.kinds(cursor, files)):
        rows = f"FROM ({duck.select(some, columns)}) SEMI JOIN wanted USING (event_id)"
        found.append(cursor.sql(rows).to_arrow_table().select(LIKES.names).cast(LIKES))
    return pa.concat_tables(found)


class Decided(NamedTuple):
    """Copies that are too many, each by the columns of `COPIES`: of those that are staged, and of
    those that stand or may stand.

    Of the latter `before` are those whose like stands already, `after` those whose like is staged,
    and has to be merged before they go.
    """

    staged: pa.Table
    before: pa.Table
    after: pa.Table


NONE = Decided(*[COPIES.empty_table()] * 3)


def decide(cursor: DuckDBPyConnection, likes: pa.Table, division: Division) -> Decided:
    """Hold staged likes against those that stand in other objects: which copy came first?

    Copies in the object of the one that came first are left to who merges it.
    """
    cursor.register("standing", likes)
    columns = ", ".join(LIKES.names)
    place = f"{HOUR} // {division.hours}"
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE decided AS
        SELECT {_COPY}, stands, first_value(stands) OVER came AS is_there
        FROM (
          SELECT {columns}, true AS stands FROM standing
          UNION ALL
          SELECT {columns}, false AS stands
          FROM staged SEMI JOIN standing USING (event_id) WHERE hour IS NOT NULL
        )
        WINDOW came AS (PARTITION BY event_id ORDER BY {duck.FIRST}, stands DESC)
        QUALIFY {place} <> first_value({place}) OVER came"""
    )
    return Decided(
        *(
            _table(cursor, f"SELECT {_COPY} FROM decided WHERE {which}", COPIES)
            for which in ("NOT stands", "is_there", "NOT is_there")
        )
    )


def _table(cursor: DuckDBPyConnection, rows: str, schema: pa.Schema = SCHEMA) -> pa.Table:
    found: pa.Table = cursor.sql(rows).to_arrow_table()
    return found.cast(schema)


def _function(cursor: DuckDBPyConnection) -> str:
    """Tell how DuckDB hashes, which may change from one version to another."""
    [(told,)] = cursor.execute("SELECT hash('like')::VARCHAR").fetchall()
    return str(told)
