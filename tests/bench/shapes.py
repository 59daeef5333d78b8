"""Backfill of other shapes: seconds to take likes of arrays, CSV and Parquet on a condition.

Run by hand: `python -m tests.bench.shapes [LIKES]`. DuckDB copies the same rows by day and does no
more; ours refuses what is no like, takes each once and merges. Each runs in a process of its own,
in turns.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import generate

WHERE = "app.build >= 7000 OR source = 'web'"
SHAPES = ("native", "array", "csv", "parquet")
ROUNDS = 2


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


NAMES = ("event_id", "movie_id", "user_id", "action", "source")


def ours(path: Path, out: Path, where: str | None) -> int:
    """Take a file as `lake backfill` does, into a folder."""
    from infra.cli.backfill import run, source_files
    from infra.cli.backfill.ledger import Request
    from infra.cli.backfill.segment import Watcher
    from tests.bench.backfill import _Counts
    from tests.bench.folder import Folder
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power

    client: Any = Folder(out)
    lake = run.Lake(Bucket(client, "lake"), _Counts(), lambda: None)
    found = source_files.find([str(path)], lambda: client)
    request = Request((str(path),), {}, where)
    power = Power(1_024, os.cpu_count() or 1)
    now = int(time.time() * 1000)
    done = run.run(lake, request, found.sources, lambda: client, now, power, Watcher())
    return done.ledger.totals.likes


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


def main() -> None:
    """Compare them, or do one of them: `ours|duckdb FILE OUT [WHERE]`; at most twice is meant."""
    if len(sys.argv) > 2:
        do, path, out, *where = sys.argv[1:]
        work = {"ours": ours, "duckdb": duckdb}[do]
        importlib.import_module("pandas")  # which pyarrow imports when it first needs it
        importlib.import_module("infra.cli.backfill.run")  # before the clock starts
        importlib.import_module("infra.cli.backfill.where")
        importlib.import_module("tests.bench.backfill")
        start, cpu = time.perf_counter(), time.process_time()
        found = work(Path(path), Path(out), where[0] if where else None)
        print(json.dumps([time.perf_counter() - start, time.process_time() - cpu, found]))
        sys.stdout.flush()
        os._exit(0)
    likes = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), likes)
        for shape in SHAPES:
            suffix = {"csv": "csv", "parquet": "parquet"}.get(shape, "json")
            path = Path(folder) / f"{shape}.{suffix}"
            where = WHERE if suffix == "json" else WHERE.replace("app.", "")
            asked = [] if shape == "native" else [where]
            best: dict[str, tuple[float, ...]] = dict.fromkeys(
                ("ours", "duckdb"), (float("inf"), float("inf"))
            )
            counts = {}
            for _ in range(ROUNDS):
                for do in best:
                    out = Path(folder) / "out"
                    program = ["-m", "tests.bench.shapes", do, str(path), str(out), *asked]
                    told = subprocess.run(
                        [sys.executable, *program], check=True, capture_output=True, text=True
                    ).stdout
                    *seconds, counts[do] = json.loads(told)
                    best[do] = tuple(map(min, seconds, best[do]))
                    shutil.rmtree(out, ignore_errors=True)
            assert len({*counts.values()}) == 1, counts
            (mine, my_cpu), (theirs, their_cpu) = best.values()
            print(
                f"{shape:8} {mine:6.2f} s, DuckDB {theirs:6.2f} s: {mine / theirs:.2f} x; "
                f"of CPU {my_cpu:.2f} s and {their_cpu:.2f} s: {my_cpu / their_cpu:.2f} x",
                flush=True,
            )


if __name__ == "__main__":
    main()
