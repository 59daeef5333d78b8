"""Compact: seconds to merge a million rows in 300 raw files, and the bytes a like then takes."""

import gzip
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.bench import generate, wrangler
from tests.bench.measure import Comparison, best_seconds

if TYPE_CHECKING:
    import pyarrow as pa

LIKES = 1_000_000
FILES = 300
COPIES = 0.02
LATE = 0.03
DAY_MS = 86_400_000
NOW = 1_780_000_000_000
RANDOM_BYTES, ORDERED_BYTES = 27, 19.5
TO_DUCKDB = 0.75
SPEED = 4


def run() -> list[Comparison]:
    """Weigh what ours wrote; then merge the same files with each, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        found = _sizes(root / "random", "random event ids", RANDOM_BYTES, ordered=False)
        found += _sizes(root / "ordered", "time-ordered event ids", ORDERED_BYTES, ordered=True)
        raw = root / "random" / "raw"
        out = root / "out"
        best = best_seconds(
            {work.__name__: lambda work=work: _fresh(work, raw, out) for work in (product, script)},
            rounds=8,
            repeats=1,
        )
        ours, theirs = wrangler.best_seconds(raw, LIKES)
    what = f"compact, {LIKES:,} likes in {FILES} files"
    return [
        *found,
        Comparison(
            what,
            f"{best['product']:.2f} s",
            "DuckDB script, the same merge",
            f"{best['script']:.2f} s",
            f"{best['product'] / best['script']:.2f} x",
            f"<= {TO_DUCKDB} x",
            best["product"] <= TO_DUCKDB * best["script"],
        ),
        Comparison(
            f"{what} in the emulator's S3",
            f"{ours:.2f} s",
            "awswrangler and pandas, the same merge",
            f"{theirs:.2f} s",
            f"{theirs / ours:.1f} x faster",
            f">= {SPEED} x faster",
            theirs >= SPEED * ours,
        ),
    ]


def _fresh(work: Any, raw: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    work(raw, out)


def product(raw: Path, out: Path) -> None:
    """Do what the function does, with a folder in place of the bucket."""
    from transform.aws import compacting
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power

    cores = os.cpu_count() or 1
    client: Any = _Folder(raw, out)
    done = compacting.compact(Bucket(client, "lake"), power=Power(2_048, cores))
    assert (done.objects, done.new) == (FILES, LIKES)


def script(raw: Path, out: Path) -> None:
    """Do the merge in one statement, as one would write it."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        [count] = connection.execute(f"""
            COPY (
              SELECT event_id, movie_id, user_id, action, liked_at::TIMESTAMP_MS AS liked_at,
                received_at::TIMESTAMP_MS AS received_at, source, extra,
                strftime(liked_at, '%Y-%m-%d') AS day
              FROM read_parquet('{raw}/*.parquet')
              QUALIFY row_number() OVER (
                PARTITION BY event_id
                ORDER BY received_at, liked_at, movie_id, action, user_id, source
              ) = 1
              ORDER BY day, movie_id, liked_at, event_id
            ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day))
            """).fetchone() or (0,)
    assert count == LIKES


class _Folder:
    """A bucket in a folder: raw files as they lie there, all else in another."""

    def __init__(self, raw: Path, out: Path) -> None:
        self._raw = {f"raw/arrival_day=2026-05-28/{path.name}": path for path in raw.iterdir()}
        self._out = out

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        from tests.fakes import refusal

        path = self._raw.get(Key, self._out / Key)
        if not path.exists():
            raise refusal("NoSuchKey")
        return {"Body": path.open("rb"), "ETag": Key}

    def put_object(self, Bucket: str, Key: str, Body: Any, **_: str) -> dict[str, str]:
        path = self._out / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body if isinstance(Body, bytes) else Body.read())
        return {"ETag": Key}

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, Prefix: str, **_: str) -> Iterator[dict[str, Any]]:
        modified = datetime.fromtimestamp(NOW / 1000, UTC)
        yield {
            "Contents": [
                {"Key": key, "ETag": key, "Size": path.stat().st_size, "LastModified": modified}
                for key, path in sorted(self._raw.items())
                if key.startswith(Prefix)
            ]
        }


def _sizes(folder: Path, kind: str, most: float, *, ordered: bool) -> list[Comparison]:
    """Write raw files, merge them, and compare bytes a like: ours, JSON, gzip JSON, Firehose's."""
    import pyarrow.parquet as pq

    likes = _likes(ordered)
    raw, out = folder / "raw", folder / "out"
    raw.mkdir(parents=True)
    given = _with_copies(likes)
    step = -(-len(given) // FILES)
    for number in range(FILES):
        part = given.slice(number * step, step)
        path = raw / f"{number:04}.parquet"
        pq.write_table(part, path, compression="snappy", use_deprecated_int96_timestamps=True)
    product(raw, out)
    told = [
        ("JSON", len(lines := _json(likes))),
        ("gzip JSON", len(gzip.compress(lines, 6))),
        (f"Firehose's {FILES} files", _size(raw)),
    ]
    ours = _size(out / "likes")
    return [
        Comparison(
            f"size, a like, {kind}",
            f"{ours / LIKES:.1f} B",
            name,
            f"{theirs / LIKES:.1f} B",
            f"{theirs / ours:.1f} x less",
            f"<= {most} B",
            ours <= most * LIKES,
        )
        for name, theirs in told
    ]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def _likes(ordered: bool) -> "pa.Table":
    """Give a day of likes as `lake simulate` makes them up, in the order of their arrival."""
    import numpy as np
    import pyarrow as pa

    from glue import schema, tables
    from infra.cli.traffic import simulate
    from transform.event import event_ids

    chance = np.random.default_rng(1)
    made = np.sort(NOW - chance.integers(0, DAY_MS, LIKES))
    late = chance.random(LIKES) < LATE
    liked = made - np.where(late, 3_600_000 * 48 ** chance.random(LIKES), 0).astype(np.int64)
    films = np.array([film.movie_id for film in simulate.films()])
    chance.shuffle(films)
    weights = np.arange(1, len(films) + 1) ** -simulate.ZIPF
    user = (chance.random(LIKES) ** 2 * (LIKES // 4)).astype(int)
    source = np.array(["web", "ios", "android", "tv", None])[
        chance.choice(5, LIKES, p=[0.4, 0.25, 0.2, 0.1, 0.05])
    ]
    build = chance.integers(7210, 7215, LIKES)
    pairs = chance.integers(0, 1 << 64, (LIKES, 2), np.uint64).tolist()
    columns: list[Any] = [
        [event_ids.time_ordered(at) for at in made.tolist()]
        if ordered
        else [str(uuid.UUID(int=high << 64 | low, version=4)) for high, low in pairs],
        films[chance.choice(len(films), LIKES, p=weights / weights.sum())].tolist(),
        [None if s == "tv" else f"user-{u:06}" for s, u in zip(source, user, strict=True)],
        np.where(chance.random(LIKES) < 0.05, "unlike", "like").tolist(),
        liked,
        made + chance.integers(5, 50, LIKES),
        source.tolist(),
        [
            f'{{"app":{{"version":"7.2.1","build":{b}}}}}' if s == "ios" else None
            for s, b in zip(source, build, strict=True)
        ],
        generate.places(LIKES),
    ]
    fields = schema.arrow(tables.read("likes_raw"))
    arrays = [pa.array(column, field.type) for column, field in zip(columns, fields, strict=True)]
    return pa.table(arrays, schema=fields)


def _with_copies(likes: "pa.Table") -> "pa.Table":
    """Give the likes with some of them delivered again, a little later."""
    import numpy as np
    import pyarrow as pa

    chance = np.random.default_rng(2)
    again = chance.choice(LIKES, int(LIKES * COPIES), replace=False)
    place = np.concatenate([np.arange(LIKES), again + chance.integers(1, 5_000, len(again))])
    both = pa.concat_tables([likes, likes.take(pa.array(again))])
    return both.take(pa.array(np.argsort(place, kind="stable")))


def _json(likes: "pa.Table") -> bytes:
    """Give the likes as JSON lines, as a producer sends them."""
    import msgspec
    import pyarrow as pa

    names = ("event_id", "movie_id", "user_id", "action", "source")
    columns = [likes[name].to_pylist() for name in names]
    times = likes["liked_at"].cast(pa.timestamp("ms", "UTC")).cast(pa.string()).to_pylist()
    rows = []
    for *texts, time in zip(*columns, times, strict=True):
        row = dict(zip(names, texts, strict=True)) | {"liked_at": time.replace(" ", "T")}
        rows.append({name: value for name, value in row.items() if value is not None})
    return msgspec.json.Encoder().encode_lines(rows)
