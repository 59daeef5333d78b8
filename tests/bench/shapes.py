"""Backfill of other shapes: seconds to take likes of arrays, CSV and Parquet on a condition.

DuckDB copies the same rows by day and does no more; ours refuses what is no like, takes each once
and merges. Each runs in a process of its own, in turns.
"""

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rich

from tests.bench import generate, watched
from tests.bench.measure import Comparison

LIKES = 1_000_000
ROUNDS = 3
TO_COPY = 2.0
WHERE = "app.build >= 7000 OR source = 'web'"
FLAT = WHERE.replace("app.", "")
SHAPES = {
    "native.json": None,
    "array.json": WHERE,
    "csv.csv": FLAT,
    "parquet.parquet": FLAT,
}
"""Files, and the condition on which their rows are taken."""
NAMES = ("event_id", "movie_id", "user_id", "action", "source")


def run() -> list[Comparison]:
    """Take each file in turns with DuckDB's bare copy of it, on the same condition."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with rich.get_console().status(f"shapes: writing {LIKES:,} likes"):
            write(folder, LIKES)
        for file, where in SHAPES.items():
            with rich.get_console().status(f"shapes: {file}"):
                best = _best(folder / file, folder / "out", where)
            ratio = best["ours"] / best["duckdb"]
            found.append(
                Comparison(
                    f"backfill, {LIKES:,} likes, {file}" + (f", {where}" if where else ""),
                    f"{best['ours']:.2f} s",
                    "DuckDB, a bare copy by day",
                    f"{best['duckdb']:.2f} s",
                    f"{ratio:.2f} x",
                    f"<= {TO_COPY} x" if where else "-",
                    not where or ratio <= TO_COPY,
                )
            )
    return found


def write(folder: Path, likes: int) -> None:
    """Write the good lines of a made-up export in each shape."""
    import duckdb

    generate.write(folder / "export.json", folder / "native.json", likes)
    names = ", ".join(f"{name}: 'VARCHAR'" for name in NAMES)
    app = "app: 'STRUCT(version VARCHAR, build BIGINT)', liked_at: 'VARCHAR'"
    told = f"format = 'newline_delimited', columns = {{{names}, {app}}}"
    rows = f"FROM read_json('{folder / 'native.json'}', {told})"
    with duckdb.connect() as connection:
        for to, select, how in (
            ("array.json", "*", "FORMAT json, ARRAY true"),
            ("csv.csv", "* EXCLUDE app, app.build AS build", "FORMAT csv"),
            ("parquet.parquet", "* EXCLUDE app, app.build AS build", "FORMAT parquet"),
        ):
            connection.execute(
                f"COPY (SELECT {select} {rows}) TO '{folder / to}' ({how})"
            ).fetchall()


def _best(path: Path, out: Path, where: str | None) -> dict[str, float]:
    """Give the fewest seconds of each; both take the same likes."""
    best = dict.fromkeys(CONTENDERS, float("inf"))
    for _ in range(ROUNDS):
        counts = set()
        for name in best:
            program = ["-m", "tests.bench.shapes", name, str(path), str(out)]
            told, _ = watched.run([*program, where] if where else program, dict(os.environ))
            seconds, count = json.loads(told)
            best[name] = min(best[name], seconds)
            counts.add(count)
            shutil.rmtree(out, ignore_errors=True)
        assert len(counts) == 1, counts
    return best


def ours(path: Path, out: Path, where: str | None) -> int:
    """Take a file as `lake backfill` does, into a folder."""
    from tests.bench import backfilling
    from tests.bench.folder import Folder
    from transform.aws.buckets import Bucket

    client: Any = Folder(out)
    return backfilling.prepared(Bucket(client, "lake"), path, where)().likes


def duckdb(path: Path, out: Path, where: str | None) -> int:
    """Copy it in one statement, as one would write it, to an object a day."""
    import duckdb

    read = {
        ".json": f"read_json('{path}', format = 'auto')",
        ".csv": f"read_csv('{path}')",
        ".parquet": f"'{path}'",
    }[path.suffix]
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        [[count]] = connection.execute(f"""
            COPY (
              SELECT *, strftime(liked_at::TIMESTAMP, '%Y-%m-%d') AS day FROM {read}
              WHERE {where or "true"}
            ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day))
            """).fetchall()
    return int(count)


CONTENDERS: dict[str, Callable[[Path, Path, str | None], int]] = {"ours": ours, "duckdb": duckdb}


def _main() -> None:
    name, path, out, *where = sys.argv[1:]
    for module in ("pandas", "infra.cli.backfill.where", "tests.bench.backfilling"):
        importlib.import_module(module)  # before the clock starts; pyarrow imports the first late
    start = time.perf_counter()
    count = CONTENDERS[name](Path(path), Path(out), where[0] if where else None)
    print(json.dumps([time.perf_counter() - start, count]), flush=True)
    os._exit(0)


if __name__ == "__main__":
    _main()
