"""What the likes of a day come to, by film and hour: the table `likes_by_hour`.

Derived from the day's objects in `likes` and `repeats`, whose ETags its file names.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from glue import schema, tables
from transform.lake import duck, parquet, repeats
from transform.lake.division import DAY_HOURS
from transform.lake.duck import DAY, HOUR, HOUR_MS

pc: Any = pyarrow.compute  # its types do not know of what follows

SCHEMA = schema.arrow(tables.read("likes_by_hour"))
EMPTY = SCHEMA.empty_table()
OF = ["movie_id", "liked_at", "action", "backfill"]
"""The columns that tell what likes come to."""
_SOURCE = "likes"
_KEYS = ["movie_id", "hour"]
_SUMS = """
  movie_id,
  count(*) FILTER (action = 'like') AS likes,
  count(*) FILTER (action = 'unlike') AS unlikes,
  count(*) FILTER (action = 'like' AND backfill IS NOT NULL)
    - count(*) FILTER (action = 'unlike' AND backfill IS NOT NULL) AS backfilled,
  0 AS repeated"""


def of(likes: pa.Table) -> pa.Table:
    """Give what likes of a day come to that are sorted as `sorting` does it, by `OF`."""
    if not len(likes):
        return EMPTY
    likes = likes.select(OF).combine_chunks()
    films: Any = likes["movie_id"].chunk(0)
    hours = pc.divide(likes["liked_at"].chunk(0).cast(pa.int64()), HOUR_MS)
    first = pc.min(hours).as_py() // DAY_HOURS * DAY_HOURS
    keys = pc.multiply(films.indices.cast(pa.int64()), DAY_HOURS)
    runs = pc.run_end_encode(pc.add(keys, pc.subtract(hours, first)))
    ends = runs.run_ends.cast(pa.int64())
    liked = pc.equal(likes["action"], "like").cast(pa.int64()).combine_chunks()
    net = pc.subtract(pc.multiply(liked, 2), 1)
    brought = likes["backfill"].is_valid().cast(pa.int64()).combine_chunks()
    likes_ = _sums(liked, ends)
    film = pc.divide(runs.values, DAY_HOURS)
    hour = pc.add(pc.subtract(runs.values, pc.multiply(film, DAY_HOURS)), first)
    return pa.table(
        {
            "hour": pc.multiply(hour, HOUR_MS).cast(pa.timestamp("ms")),
            "movie_id": films.dictionary.take(film).cast(pa.string()),
            "likes": likes_,
            "unlikes": pc.subtract(_differences(ends), likes_),
            "backfilled": _sums(pc.multiply(net, brought), ends),
            "repeated": pa.repeat(pa.scalar(0, pa.int64()), len(likes_)),
        },
        SCHEMA,
    )


def by_day(cursor: DuckDBPyConnection, rows: str) -> dict[int, pa.Table]:
    """Give what the likes of each epoch day come to."""
    found = cursor.sql(
        f"""
        SELECT {DAY} AS day, epoch_ms(({HOUR} * {HOUR_MS})::BIGINT)::TIMESTAMP_MS AS hour, {_SUMS}
        FROM ({rows}) GROUP BY day, hour, movie_id ORDER BY day, movie_id, hour"""
    ).to_arrow_table()
    runs = pc.run_end_encode(found["day"].combine_chunks())
    first, days = 0, {}
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        days[day] = found.slice(first, end - first).select(SCHEMA.names).cast(SCHEMA)
        first = end
    return days


def of_files(cursor: DuckDBPyConnection, files: Iterable[Path]) -> pa.Table:
    """Give what files of likes come to, in which each like is once."""
    groups = [duck.select(some, columns) for columns, some in duck.alike(duck.kinds(cursor, files))]
    found = by_day(cursor, " UNION ALL ".join(groups)) if groups else {}
    return together(found.values())


def backfills(cursor: DuckDBPyConnection, files: Iterable[Path]) -> set[int]:
    """Give the numbers of the backfills that brought likes in files."""
    numbers = f"SELECT DISTINCT backfill FROM read_parquet({duck.listed(files)})"
    return {number for (number,) in cursor.execute(numbers).fetchall() if number is not None}


def together(parts: Iterable[pa.Table]) -> pa.Table:
    """Give sums as one table, in its order; those of the same hour and film are added."""
    tables = [part for part in parts if len(part)]
    if len(tables) < 2:
        return (tables or [EMPTY])[0]
    summed: Any = [(name, "sum") for name in SCHEMA.names if name not in _KEYS]
    found = pa.concat_tables(tables).group_by(_KEYS).aggregate(summed)
    columns: dict[str, Any] = {
        name: found[name if name in _KEYS else f"{name}_sum"] for name in SCHEMA.names
    }
    return pa.table(columns, SCHEMA).sort_by([(name, "ascending") for name in _KEYS])


def with_repeats(sums: pa.Table, again: pa.Table) -> pa.Table:
    """Give the sums of a day whose repeats are those."""
    old = sums["repeated"]
    if not len(again) and not pc.any(pc.not_equal(old, 0)).as_py():
        return sums
    net = repeats.net_by_hour(again)
    hours = pc.divide(sums["hour"].cast(pa.int64()), HOUR_MS).to_pylist()
    places: Any = zip(hours, sums["movie_id"].to_pylist(), strict=True)
    column = pa.array([net.pop(place, 0) for place in places], pa.int64())
    sums = sums.set_column(SCHEMA.get_field_index("repeated"), "repeated", column)
    there = pc.or_(pc.not_equal(column, 0), pc.greater(pc.add(sums["likes"], sums["unlikes"]), 0))
    others = [
        {"hour": hour * HOUR_MS, "movie_id": film, "repeated": one}
        | dict.fromkeys(("likes", "unlikes", "backfilled"), 0)
        for (hour, film), one in net.items()
        if one
    ]
    return together([sums.filter(there), pa.Table.from_pylist(others, SCHEMA)])


def source(etags: Mapping[str, str], repeats: str = "") -> str:
    """Tell of which objects, with which ETags, sums are: the ETag where it is one. `repeats` is
    that of the day's repeats."""
    if repeats:
        etags = {**etags, "repeats": repeats}
    if len(etags) == 1:
        return next(iter(etags.values())).strip('"')
    told = "\n".join(f"{name} {etag}" for name, etag in sorted(etags.items()))
    return sha256(told.encode()).hexdigest()


def encode(sums: pa.Table, source: str) -> bytes:
    """Give the Parquet file of a day: the same bytes for the same sums of the same objects."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", store_schema=False) as writer:
        writer.write_table(sums.combine_chunks())
        writer.add_key_value_metadata({_SOURCE: source})
    return sink.getvalue().to_pybytes()


def decode(body: bytes) -> tuple[pa.Table, str]:
    """Give the sums of a file, and what they are of; "" where it does not tell."""
    read = parquet.read(body)
    told = (read.schema.metadata or {}).get(_SOURCE.encode(), b"").decode()
    read = read.replace_schema_metadata(None)
    if "repeated" not in read.column_names:  # of an earlier version, which knew none
        read = read.append_column("repeated", pa.repeat(pa.scalar(0, pa.int64()), len(read)))
    return read, told


def replaced(standing: pa.Table, hours: Iterable[int], sums: pa.Table) -> pa.Table:
    """Give the sums of a day in which some epoch hours are new."""
    moments = pa.array([hour * HOUR_MS for hour in hours], pa.timestamp("ms"))
    others = standing.filter(pc.invert(pc.is_in(standing["hour"], moments)))
    return together([others, sums])


def _sums(values: Any, ends: Any) -> Any:
    """Give the sums of runs that end there."""
    return _differences(pc.cumulative_sum(values).take(pc.subtract(ends, 1)))


def _differences(rising: Any) -> Any:
    """Give how much larger than the one before it each number is, the first than 0."""
    before = pa.concat_arrays([pa.array([0], pa.int64()), rising.slice(0, len(rising) - 1)])
    return pc.subtract(rising, before)
