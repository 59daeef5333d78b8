"""Deliveries of a like from other places of the stream than the one that the lake has it from.

What stands at one place of the stream is one delivery, however often Firehose hands it over; what a
producer, an SDK or a queue sends again stands at another place, with the same event id. UpdateCount
counts each place once. So of an event id the delivery that came first is the like, and each other
one a repeat, by which the count is too high. They rest by the day of the event that they name.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from glue import schema, tables
from transform.lake import parquet
from transform.lake.division import DAY_HOURS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection  # RankTrends, which reads repeats, has none

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand

HOUR_MS = 3_600_000
SCHEMA = schema.arrow(tables.read("repeats"))
EMPTY = SCHEMA.empty_table()
_COLUMNS = ", ".join(SCHEMA.names)
_OF_LIKE = ", ".join(SCHEMA.names[:-1])
_ORDER: Any = [(name, "ascending") for name in ("movie_id", "liked_at", "event_id", "place")]
_FIRST = "received_at, liked_at, movie_id, action"
_CAME = f"{_FIRST}, place"


def sent_again(cursor: "DuckDBPyConnection", places: pa.Table) -> pa.Table:
    """Give the event ids that are staged from one place of the stream and came from another too,
    with the epoch hour that each delivery names, by `event_ids.PLACES`."""
    cursor.register("places", places)
    came: pa.Table = cursor.sql(
        f"""
        WITH came AS (
          SELECT event_id, hour, place FROM places WHERE place IS NOT NULL
          UNION
          SELECT event_id, epoch_ms(liked_at) // {HOUR_MS} AS hour, place FROM staged
          SEMI JOIN places USING (event_id) WHERE place IS NOT NULL
        )
        FROM came SEMI JOIN (
          SELECT event_id FROM came GROUP BY event_id HAVING count(DISTINCT place) > 1
        ) USING (event_id)"""
    ).to_arrow_table()
    return came


def of(
    cursor: "DuckDBPyConnection", came: pa.Table, known: pa.Table, standing: pa.Table
) -> pa.Table:
    """Give all repeats of event ids of which `sent_again` says where they came from.

    `known` has repeats that were told of before, `standing` what of these ids stands in the lake. A
    delivery that is neither staged nor known is the like that stands.
    """
    for name, rows in (("came", came), ("known", known), ("standing", standing)):
        cursor.register(name, rows)
    found = cursor.sql(
        f"""
        WITH ids AS (SELECT DISTINCT event_id FROM came),
        told AS (
          SELECT {_COLUMNS} FROM staged SEMI JOIN ids USING (event_id) WHERE place IS NOT NULL
          UNION ALL
          SELECT {_COLUMNS} FROM known SEMI JOIN ids USING (event_id)
        ),
        others AS (
          SELECT DISTINCT event_id, place FROM came ANTI JOIN told USING (event_id, place)
        ),
        likes AS (
          SELECT {_OF_LIKE}, 1 AS nth FROM standing WHERE backfill IS NULL
          UNION ALL
          SELECT {_OF_LIKE}, 2 AS nth FROM told
        ),
        stands AS (
          SELECT {_OF_LIKE} FROM likes
          QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY nth, {_FIRST}) = 1
        )
        SELECT {_COLUMNS} FROM (
          SELECT {_COLUMNS} FROM told
          UNION ALL
          SELECT {_COLUMNS} FROM others JOIN stands USING (event_id)
        )
        QUALIFY row_number() OVER (PARTITION BY event_id, place ORDER BY {_CAME}) = 1
        """
    )
    cursor.register("deliveries", found.to_arrow_table())
    repeats: pa.Table = cursor.sql(
        f"""
        SELECT {_COLUMNS} FROM deliveries
        QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {_CAME}) > 1"""
    ).to_arrow_table()
    return repeats.cast(SCHEMA)


def days(rows: pa.Table) -> Any:
    """Give the epoch day of the event of each row."""
    return pc.divide(rows["liked_at"].cast(pa.int64()), DAY_HOURS * HOUR_MS)


def by_day(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Give rows by the epoch day of their event."""
    of_rows = days(rows)
    for day in sorted(pc.unique(of_rows).to_pylist()):
        yield day, rows.filter(pc.equal(of_rows, day))


def replaced(known: pa.Table, event_ids: Any, rows: pa.Table) -> pa.Table:
    """Give the repeats of a day of which those of some event ids are new, in their order."""
    others = known.filter(pc.invert(pc.is_in(known["event_id"], event_ids)))
    return pa.concat_tables([others, rows]).sort_by(_ORDER)


def net_by_hour(rows: pa.Table) -> dict[tuple[int, str], int]:
    """Give likes less unlikes by the epoch hour of the event and the film."""
    found: Counter[tuple[int, str]] = Counter()
    plain: Any = rows.set_column(3, "liked_at", rows["liked_at"].cast(pa.int64())).to_pylist()
    for row in plain:
        found[row["liked_at"] // HOUR_MS, row["movie_id"]] += 1 if row["action"] == "like" else -1
    return found


def encode(rows: pa.Table) -> bytes:
    """Give the Parquet file of a day: the same bytes for the same rows."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", store_schema=False) as writer:
        writer.write_table(rows.combine_chunks())
    return sink.getvalue().to_pybytes()


def decode(body: bytes) -> pa.Table:
    """Give the repeats of a file."""
    return parquet.read(body).replace_schema_metadata(None).cast(SCHEMA)
