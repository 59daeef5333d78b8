"""What each film's item must hold, at the item's own cut of the stream, and what differs.

An item remembers, for each shard, up to where it counted. So what the lake has beyond that is not
counted yet, and what the stream has up to there and the lake has not is on its way. With both taken
into account the two have to be equal, whatever goes on meanwhile.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from transform.audit.items import Items
from transform.counts.streamed import FORGET_AFTER_S

pc: Any = pyarrow.compute  # its types do not know of what follows

GRACE_MS = 10 * 60_000
"""How long counting may take before what the lake has, and no count, is a difference."""
_COLUMNS: Mapping[str, pa.DataType] = {
    "movie_id": pa.string(),
    "there": pa.bool_(),
    "likes": pa.int64(),
    "adjusted": pa.int64(),
    "known": pa.bool_(),
    "archived": pa.int64(),
    "must_adjust": pa.int64(),
    "uncounted": pa.int64(),
    "not_counted": pa.int64(),
    "in_flight": pa.int64(),
    "difference": pa.int64(),
}
SCHEMA = pa.schema(_COLUMNS)
"""Of each film: whether it has an item, and what that holds; whether the lake knows it; what came
by the stream, as the lake has it; what the lake adjusts. Then, of what came by the stream and is
archived, what is not counted yet, and what should be by now; what is counted and still on its way
to the lake; and by how much the item's streamed likes then differ. All are likes less unlikes."""
_SUMS: Mapping[str, pa.DataType] = {
    "movie_id": pa.string(),
    "net": pa.int64(),
    "backfilled": pa.int64(),
    "repeated": pa.int64(),
}
SUMS = pa.schema(_SUMS)
"""What the lake has of each film, over all days."""
# A memory that is not there was never made, or was forgotten long after its records came.
_COUNTED = "coalesce(d.sequence <= m.sequence, d.arrived < $since)"
_MARGIN_MS = 24 * 3_600_000


def films(
    cursor: DuckDBPyConnection,
    items: Items,
    sums: pa.Table,
    rows: pa.Table,
    now: int,
    grace_ms: int = GRACE_MS,
) -> pa.Table:
    """Give the balance of each film by `SCHEMA`, in the order of their names.

    `sums` is what the lake has (`SUMS`), `rows` the deliveries that may be uncounted or on their
    way, each place once.
    """
    for name, table in (
        ("items", items.films),
        ("memories", items.memories),
        ("sums", sums),
        ("deliveries", rows),
    ):
        cursor.register(name, table)
    found: pa.Table = cursor.sql(
        f"""
        WITH seen AS (
          SELECT
            d.movie_id, d.net, d.merged, d.arrived, {_COUNTED} AS counted
          FROM deliveries AS d
          LEFT JOIN memories AS m ON m.movie_id = d.movie_id AND m.memory = d.memory
        ),
        moving AS (
          SELECT
            movie_id,
            sum(net) FILTER (merged AND NOT counted AND arrived >= $recent) AS uncounted,
            sum(net) FILTER (merged AND NOT counted AND arrived < $recent) AS not_counted,
            sum(net) FILTER (NOT merged AND counted) AS in_flight
          FROM seen GROUP BY movie_id
        ),
        told AS (
          SELECT
            movie_id,
            items.movie_id IS NOT NULL AS there,
            coalesce(items.likes, 0) AS likes,
            coalesce(items.adjusted, 0) AS adjusted,
            sums.movie_id IS NOT NULL AS known,
            coalesce(sums.net - sums.backfilled + sums.repeated, 0) AS archived,
            coalesce(sums.backfilled - sums.repeated, 0) AS must_adjust,
            coalesce(uncounted, 0) AS uncounted,
            coalesce(not_counted, 0) AS not_counted,
            coalesce(in_flight, 0) AS in_flight
          FROM items FULL JOIN sums USING (movie_id) LEFT JOIN moving USING (movie_id)
        )
        SELECT
          *,
          likes - adjusted - (archived - uncounted - not_counted + in_flight) AS difference
        FROM told ORDER BY movie_id""",
        params={
            "since": now - FORGET_AFTER_S * 1000 + _MARGIN_MS,
            "recent": now - grace_ms,
        },
    ).to_arrow_table()
    return found.cast(SCHEMA)


def off(films: pa.Table) -> pa.Table:
    """Give the films of which something differs."""
    counted = pc.or_(pc.not_equal(films["difference"], 0), pc.not_equal(films["not_counted"], 0))
    adjusted = pc.not_equal(films["adjusted"], films["must_adjust"])
    return films.filter(pc.or_(counted, adjusted))
