"""Scan: the bytes that one day's `top_movies` takes of the lake, and of the same likes as JSON."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import generate
from tests.bench.measure import Comparison

if TYPE_CHECKING:
    from queries.engine.connection import Connection

LIKES = 1_000_000
FILMS = 10_000
DAY = "2026-01-31"
LIMIT = 10.0


def run() -> list[Comparison]:
    """Write one day both ways and ask; JSON has no columns, so the question reads all of it."""
    import queries

    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        lake_ = connection(Path(folder))
        day = {"first_day": DAY, "last_day": DAY}
        scanned = queries.estimate("top_movies", connection=lake_, **day)
        answer = queries.run("top_movies", connection=lake_, **day)
        assert answer.attrs["bytes"] == scanned.bytes and len(answer) == 10
        lake = _size(Path(folder), "likes/*/*")
        gzipped = _size(Path(folder), "*.json.gz")
    ratio = gzipped / scanned.bytes
    return [
        Comparison(
            f"scan, one day's top_movies of {LIKES:,} likes ({lake / 1e6:.1f} MB in the lake)",
            f"{scanned.bytes / 1e6:.2f} MB",
            "gzip JSON",
            f"{gzipped / 1e6:.1f} MB",
            f"{ratio:.0f} x fewer",
            f">= {LIMIT:.0f} x",
            ratio >= LIMIT,
        )
    ]


def _size(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern))


def connection(folder: Path) -> "Connection":
    """Give what asks the lake that `make` wrote."""
    from msgspec.structs import replace

    from glue import tables
    from queries.engine.local import Local
    from tests import local_files

    told = {
        name: replace(tables.read(name), location=f"{folder}/{tables.read(name).location}")
        for name in ("likes", "likes_by_hour", "movies")
    }
    return Local("lake", lambda: told, local_files.store)


def make(folder: Path) -> None:
    """Have a day of likes (Zipf 1.05) arrive and compacted, and write it as gzip JSON lines."""
    import duckdb
    import numpy as np
    import pyarrow as pa

    from tests.bench.folder import Folder
    from transform.aws import compacting
    from transform.aws.buckets import Bucket

    chance = np.random.default_rng(1)
    weights = np.arange(1, FILMS + 1) ** -1.05
    films = chance.choice(FILMS, LIKES, p=weights / weights.sum())
    made = pa.table(
        {"film": films, "millisecond": np.sort(chance.integers(86_400_000, size=LIKES))}
    )
    with duckdb.connect() as session:
        session.register("made", made)
        session.execute("SELECT setseed(0.5)")
        session.execute(
            f"""CREATE TABLE likes AS SELECT
              CAST(uuidv4() AS varchar) AS event_id,
              format('tt{{:07d}}', film) AS movie_id,
              format('user-{{:d}}', CAST(random() * 300000 AS bigint)) AS user_id,
              CASE WHEN random() < 0.05 THEN 'unlike' ELSE 'like' END AS action,
              CAST(TIMESTAMP '{DAY}' + to_milliseconds(millisecond) AS timestamp_ms) AS liked_at,
              CAST(liked_at + to_milliseconds(CAST(random() * 2000 AS bigint)) AS timestamp_ms)
                AS received_at,
              ['web', 'ios', 'android'][CAST(1 + floor(random() * 3) AS bigint)] AS source,
              CAST(NULL AS varchar) AS extra
            FROM made"""
        )
        raw = folder / "raw" / f"arrival_day={DAY}" / "arrival_hour=23" / "day.parquet"
        raw.parent.mkdir(parents=True)
        session.register("places", pa.table({"place": generate.places(LIKES)}))
        session.execute(
            f"COPY (SELECT * FROM likes POSITIONAL JOIN places) TO '{raw}' (FORMAT parquet)"
        )
        for hour in range(24):
            chosen = f"SELECT * FROM likes WHERE hour(liked_at) = {hour}"
            session.execute(
                f"COPY (SELECT event_id, movie_id, user_id, action, "
                f"strftime(liked_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS liked_at, source FROM ({chosen})) "
                f"TO '{folder}/{hour:02}.json.gz' (FORMAT json, COMPRESSION gzip)"
            )
    client: Any = Folder(folder)
    assert compacting.compact(Bucket(client, "lake")).new == LIKES
