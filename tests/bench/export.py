"""Export: a million likes to CSV beside DuckDB's own COPY, and a table of 50,000 rows.

Seconds are those of the work in a fresh process, after its imports.
"""

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import scan, watched
from tests.bench.measure import Comparison

ROUNDS = 3
TO_COPY = 2.0
TO_FRAME = 1.0
ROWS = 50_000
MORE_MEMORY = 200e6
"""Bytes beside those that the modules of the engine take: what 'flat' is to mean."""


def run() -> list[Comparison]:
    """Write a day of a million likes, then measure each in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan.make(folder)
        best: dict[str, tuple[float, int]] = {}
        for _ in range(ROUNDS):
            for contender in CONTENDERS:
                found = _once(contender, folder)
                best[contender] = min(found, best.get(contender, found))
    copy, idle = best["copy"], best["idle"]
    what = f"SELECT * of {scan.LIKES:,} likes to CSV"
    shown = f"a table of {ROWS:,} rows"
    compared = [
        _seconds(f"{what}, a pipe", best["pipe"][0], "DuckDB's COPY", copy[0], TO_COPY),
        _seconds(f"{what}, a file", best["file"][0], "DuckDB's COPY", copy[0], TO_COPY),
        _seconds(shown, best["table"][0], "pandas, to_string", best["frame"][0], TO_FRAME),
    ]
    for name in ("pipe", "file"):
        more = best[name][1] - idle[1]
        compared.append(
            Comparison(
                f"{what}, a {name}: peak memory",
                f"{best[name][1] / 1e6:.0f} MB",
                "of one row",
                f"{idle[1] / 1e6:.0f} MB",
                f"+ {more / 1e6:.0f} MB",
                f"<= {MORE_MEMORY / 1e6:.0f} MB",
                more <= MORE_MEMORY,
            )
        )
    return compared


def _seconds(what: str, ours: float, beside: str, theirs: float, limit: float) -> Comparison:
    ratio = ours / theirs
    told = f"{ours:.2f} s", beside, f"{theirs:.2f} s", f"{ratio:.2f} x", f"<= {limit} x"
    return Comparison(what, *told, ratio <= limit)


def _once(contender: str, folder: Path) -> tuple[float, int]:
    told, peak = watched.run(["-m", "tests.bench.export", contender, str(folder)], os.environ)
    return json.loads(told.splitlines()[-1]), peak


def _write(folder: Path, sql: str, out: Any, form: Any, whole: bool, rows: int = 100) -> None:
    import queries
    from infra.cli.output import tables

    connection = scan.connection(folder)
    with queries.stream(sql, connection=connection, whole=whole) as answer:
        found = tables.write_answer(answer, form, out, rows=rows)
    assert found in (1, ROWS, scan.LIKES)


def pipe(folder: Path) -> None:
    """What `lake sql` does where its answer goes on as it comes."""
    with open(os.devnull, "w") as out:
        _write(folder, "SELECT * FROM likes", out, "csv", whole=False)


def file(folder: Path) -> None:
    """What `lake sql -o FILE` does."""
    with (folder / "answer.csv").open("w", newline="") as out:
        _write(folder, "SELECT * FROM likes", out, "csv", whole=True)


def idle(folder: Path) -> None:
    """The same with one row: what the modules take."""
    with open(os.devnull, "w") as out:
        _write(folder, "SELECT * FROM likes LIMIT 1", out, "csv", whole=False)


def copy(folder: Path) -> None:
    """What DuckDB does by itself of the same files."""
    import duckdb

    with duckdb.connect() as session:
        session.execute(
            f"COPY (SELECT * FROM read_parquet('{folder}/likes/*/*.parquet', hive_partitioning=1)) "
            f"TO '{folder}/copied.csv'"
        )


def table(folder: Path) -> None:
    """All rows as a table."""
    out = io.StringIO()
    _write(folder, f"SELECT * FROM likes LIMIT {ROWS}", out, "table", whole=False, rows=ROWS)
    assert out.getvalue().count("\n") == ROWS + 2


def frame(folder: Path) -> None:
    """The same as pandas writes it."""
    import queries

    sql = f"SELECT * FROM likes LIMIT {ROWS}"
    text = queries.run(sql, connection=scan.connection(folder)).to_string()
    assert text.count("\n") == ROWS


CONTENDERS: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (pipe, file, idle, copy, table, frame)
}


if __name__ == "__main__":
    import duckdb  # noqa: F401
    import pyarrow.dataset  # noqa: F401

    import queries.engine.local  # noqa: F401
    from infra.cli.output import exports  # noqa: F401

    started = time.perf_counter()
    CONTENDERS[sys.argv[1]](Path(sys.argv[2]))
    print(time.perf_counter() - started)
