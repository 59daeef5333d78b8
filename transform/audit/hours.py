"""What was tracked of each hour and film, what the lake has of it, and where the two differ.

A rollup of trends counts each delivery of an hour once, by the fan-out, and names the last batch of
each shard that is in it: so each hour is its own cut of the stream, as each film's item is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute
from duckdb import DuckDBPyConnection

from transform.audit.balance import GRACE_MS
from transform.counts import streamed
from transform.lake.duck import HOUR_MS
from transform.trends.batch_sums import KEPT_MS
from transform.trends.rollups import Rollup

pc: Any = pyarrow.compute  # its types do not know of what follows

_COLUMNS: Mapping[str, pa.DataType] = {
    "hour": pa.int64(),
    "movie_id": pa.string(),
    "tracked": pa.int64(),
    "archived": pa.int64(),
    "untracked": pa.int64(),
    "not_tracked": pa.int64(),
    "in_flight": pa.int64(),
    "difference": pa.int64(),
}
SCHEMA = pa.schema(_COLUMNS)
"""Of each film and epoch hour of the event, likes less unlikes: what was tracked, what came by the
stream as the lake has it; of this, what is not tracked yet, and what should be by now; what is
tracked and on its way to the lake; and how much more is tracked than that comes to."""
_SUMS: Mapping[str, pa.DataType] = {
    "hour": pa.int64(),
    "movie_id": pa.string(),
    "net": pa.int64(),
}
_CUTS: Mapping[str, pa.DataType] = {
    "hour": pa.int64(),
    "memory": pa.string(),
    "sequence": pa.string(),
}
SUMS, CUTS = pa.schema(_SUMS), pa.schema(_CUTS)


def tracked(rollups: Iterable[Rollup]) -> tuple[pa.Table, pa.Table]:
    """Give the sums of hours (`SUMS`), and up to where each has each shard (`CUTS`)."""
    sums, cuts = [SUMS.empty_table()], []
    for one in rollups:
        rows = one.rows.group_by("movie_id").aggregate([("likes", "sum"), ("unlikes", "sum")])
        net = pc.subtract(rows["likes_sum"].cast(pa.int64()), rows["unlikes_sum"].cast(pa.int64()))
        hour = pa.repeat(pa.scalar(one.hour, pa.int64()), len(rows))
        films = rows["movie_id"].cast(pa.string())
        sums.append(pa.table([hour, films, net], schema=SUMS))
        cuts += [
            {"hour": one.hour, "memory": streamed.memory_name(shard), "sequence": sequence}
            for shard, sequence in one.folded.items()
        ]
    return pa.concat_tables(sums), pa.Table.from_pylist(cuts, CUTS)


def compare(
    cursor: DuckDBPyConnection,
    told: pa.Table,
    cuts: pa.Table,
    archived: pa.Table,
    rows: pa.Table,
    now: int,
    grace_ms: int = GRACE_MS,
) -> pa.Table:
    """Give the films and hours that differ, by `SCHEMA`, in the order of hours and films.

    `told` and `cuts` are what `tracked` gives, `archived` has what the lake has by the stream
    (`SUMS`), `rows` the deliveries that may be untracked or on their way, each place once.
    """
    for name, table in (
        ("told", told),
        ("cuts", cuts),
        ("archived", archived),
        ("deliveries", rows),
    ):
        cursor.register(name, table)
    found: pa.Table = cursor.sql(
        f"""
        WITH seen AS (
          SELECT
            liked_at // {HOUR_MS} AS hour, movie_id, net, merged, arrived,
            coalesce(d.sequence <= c.sequence, false) AS counted
          FROM deliveries AS d LEFT JOIN cuts AS c
            ON c.hour = d.liked_at // {HOUR_MS} AND c.memory = d.memory
          WHERE d.liked_at >= d.arrived - {KEPT_MS}
        ),
        moving AS (
          SELECT
            hour, movie_id,
            sum(net) FILTER (merged AND NOT counted AND arrived >= $recent) AS untracked,
            sum(net) FILTER (merged AND NOT counted AND arrived < $recent) AS not_tracked,
            sum(net) FILTER (NOT merged AND counted) AS in_flight
          FROM seen GROUP BY hour, movie_id
        ),
        both_ AS (
          SELECT
            hour, movie_id,
            coalesce(told.net, 0) AS tracked, coalesce(archived.net, 0) AS archived,
            coalesce(untracked, 0) AS untracked, coalesce(not_tracked, 0) AS not_tracked,
            coalesce(in_flight, 0) AS in_flight
          FROM told FULL JOIN archived USING (hour, movie_id)
          LEFT JOIN moving USING (hour, movie_id)
        )
        SELECT *, tracked - (archived - untracked - not_tracked + in_flight) AS difference
        FROM both_
        WHERE difference <> 0 OR not_tracked <> 0
        ORDER BY hour, movie_id""",
        params={"recent": now - grace_ms},
    ).to_arrow_table()
    return found.cast(SCHEMA)


def witnessed(cursor: DuckDBPyConnection, off: pa.Table) -> set[tuple[str, int]]:
    """Give the films and hours of some that differ (`SCHEMA`) of which raw, as `deliveries.hold`
    has it, tells what was tracked: then the lake is wrong, or its repeats are."""
    cursor.register("off", off)
    rows = cursor.execute(
        f"""
        WITH placed AS (
          SELECT
            place, any_value(movie_id) AS movie_id, any_value(net) AS net,
            any_value(liked_at) // {HOUR_MS} AS hour
          FROM raw WHERE merged AND liked_at >= arrived - {KEPT_MS} GROUP BY place
        ),
        sums AS (SELECT movie_id, hour, sum(net) AS net FROM placed GROUP BY movie_id, hour)
        SELECT movie_id, hour FROM off LEFT JOIN sums USING (movie_id, hour)
        WHERE difference <> 0 AND coalesce(net, 0) - archived = difference"""
    ).fetchall()
    return set(rows)


def too_late(cursor: DuckDBPyConnection, likes: str) -> pa.Table:
    """Give what the lake has of hours that came too late to be tracked (`SUMS`), of likes or
    repeats, by SQL."""
    found: pa.Table = cursor.sql(
        f"""
        SELECT
          epoch_ms(liked_at) // {HOUR_MS} AS hour, movie_id,
          sum(CASE action WHEN 'like' THEN 1 ELSE -1 END)::BIGINT AS net
        FROM ({likes}) WHERE epoch_ms(received_at) > epoch_ms(liked_at) + {KEPT_MS}
        GROUP BY hour, movie_id"""
    ).to_arrow_table()
    return found.cast(SUMS)


def less(archived: pa.Table, late: pa.Table) -> pa.Table:
    """Give sums (`SUMS`) less others."""
    negative = pc.negate(late["net"])
    both = pa.concat_tables([archived.cast(SUMS), late.set_column(2, "net", negative)])
    sums = both.group_by(["hour", "movie_id"]).aggregate([("net", "sum")])
    return sums.rename_columns(SUMS.names).cast(SUMS)
