"""Arrivals: are likes copies of any that arrived in eight days? By our hashes, and by the ids."""

import os
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.bench import watched
from tests.bench.measure import Comparison, best_seconds

if TYPE_CHECKING:
    import pyarrow as pa

DAYS = 8
A_DAY = 1_000_000
A_RUN = A_DAY // 288
"""What arrives in the five minutes from one compaction to the next."""
DAY_MS = 86_400_000
NOW = 1_780_000_000_000
TIMES, MOST_BYTES = 1.5, 11.0


def run() -> list[Comparison]:
    """Look a run's event ids up among those of eight days."""
    import duckdb
    import pyarrow.parquet as pq

    from tests.bench.folder import Folder
    from transform.aws.arrivals import Arrivals
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power, opened
    from transform.lake import event_ids, keys

    cores = os.cpu_count() or 1
    with TemporaryDirectory() as folder:
        root, written = Path(folder), 0
        client: Any = Folder(root)
        lake = Bucket(client, "lake")
        with opened(lake, Power(1_024, cores)) as days:
            for day in range(DAYS):
                ids = _ids(A_DAY, day)
                pq.write_table(
                    ids.select(["event_id"]), root / f"{day}.parquet", compression="zstd"
                )
                with days.staging.session() as cursor:
                    cursor.register("of_a_day", ids)
                    hashed = event_ids.of_rows(cursor, "of_a_day")
                    body = event_ids.encode(cursor, hashed, frozenset())
                lake.put(keys.ids(NOW - day * DAY_MS, False), body, None)
                written += len(body)
            days.staging.add([_staged(A_RUN)])
            days.staging.once()

            def ours() -> None:
                assert len(Arrivals(days, [NOW]).begin(by_hour=False)) == 1

            def theirs() -> None:
                with duckdb.connect(config={"threads": cores}) as connection:
                    connection.register("staged", staged)
                    among = f"read_parquet('{root}/*.parquet')"
                    found = f"SELECT event_id FROM {among} SEMI JOIN staged USING (event_id)"
                    assert len(connection.sql(found).fetchall()) == 1

            staged = _staged(A_RUN)
            best = best_seconds({"ours": ours, "theirs": theirs}, rounds=5, repeats=1)
    held = watched.peak() / 1e6
    what = f"arrivals, {A_RUN:,} likes among {DAYS} days of {A_DAY:,}"
    ratio = best["theirs"] / best["ours"]
    bytes_ = written / DAYS / A_DAY
    return [
        Comparison(
            what,
            f"{best['ours'] * 1000:.0f} ms",
            "DuckDB, a semi join of event ids",
            f"{best['theirs'] * 1000:.0f} ms",
            f"{ratio:.1f} x faster",
            f">= {TIMES} x",
            ratio >= TIMES,
        ),
        Comparison(
            "arrivals, a like in ids/",
            f"{bytes_:.1f} B",
            "the process's most memory, so far",
            f"{held:.0f} MB",
            "",
            f"<= {MOST_BYTES} B",
            bytes_ <= MOST_BYTES,
        ),
    ]


def _ids(count: int, seed: int) -> "pa.Table":
    """Give random event ids with the times of a day, and hashes of places."""
    import numpy as np
    import pyarrow as pa

    chance = np.random.default_rng(seed)
    pairs = chance.integers(0, 1 << 64, (count, 2), np.uint64).tolist()
    texts = [str(uuid.UUID(int=high << 64 | low, version=4)) for high, low in pairs]
    times = NOW - seed * DAY_MS - chance.integers(0, DAY_MS, count)
    places = chance.integers(0, 1 << 31, count, np.int32)
    moments = pa.array(times, pa.timestamp("ms"))
    return pa.table({"event_id": texts, "liked_at": moments, "place": pa.array(places)})


def _staged(count: int) -> "pa.Table":
    """Give likes, one of which is a copy of one of a week before."""
    import pyarrow as pa

    from transform.lake.parquet import SCHEMA

    ids = pa.concat_tables([_ids(count - 1, 99), _ids(A_DAY, 7).slice(4, 1)])
    columns = {name: pa.nulls(count, SCHEMA.field(name).type) for name in SCHEMA.names}
    columns |= {
        "event_id": ids["event_id"],
        "liked_at": pa.array([NOW] * count, pa.timestamp("ms")),
    }
    return pa.table(columns, SCHEMA).append_column("place", ids["place"])
