"""Athena on the laptop: milliseconds of one day's `top_movies` by it, beside the engine itself.

Both run the same plan over the same files. What Athena adds is the way from the emulator to the
process that runs queries, the result's files in S3, and a client that asks how far the query is.
"""

import io
import os
import tempfile
import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from infra.cli.steps import Steps
from infra.local import lifecycle, ports
from tests.bench.measure import Comparison, best_seconds

if TYPE_CHECKING:
    from infra.stage import Stage

LIKES = 1_000_000
FILMS = 10_000
DAY = date(2026, 1, 31)
ROUNDS = 15
LIMIT_MS = 1_000
"""What Athena's way may add."""
_POLL_S = 0.01


def run() -> list[Comparison]:
    """Bring a stage up, give it a day of totals, and ask both ways in turns."""
    import queries
    from queries.engine.connection import emulated

    span = {"first_day": DAY, "last_day": DAY}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "lake"
        os.environ["LAKE_HOME"] = str(home)
        steps = Steps(Console(quiet=True))
        try:
            stage = lifecycle.up(home, ports.any_free(), steps)
            assert stage.endpoint
            _fill(stage)
            engine = emulated(stage.endpoint, "us-east-1", stage.outputs.glue_database)
            sql = queries.bind(queries.find("top_movies"), span, DAY).sql
            films = queries.run("top_movies", connection=engine, **span)["movie_id"].tolist()
            assert _films(stage, sql) == films and len(films) == 10
            best = best_seconds(
                {
                    "athena": lambda: _films(stage, sql),
                    "engine": lambda: queries.run("top_movies", connection=engine, **span),
                },
                rounds=ROUNDS,
                repeats=1,
            )
        finally:
            lifecycle.down(home, steps, wipe=True)
            del os.environ["LAKE_HOME"]
    ours, theirs = (best[name] * 1000 for name in ("athena", "engine"))
    return [
        Comparison(
            f"one day's top_movies of {LIKES:,} likes by the emulator's Athena",
            f"{ours:.0f} ms",
            "queries.run",
            f"{theirs:.0f} ms",
            f"+ {ours - theirs:.0f} ms",
            f"<= + {LIMIT_MS:,} ms",
            ours - theirs <= LIMIT_MS,
        )
    ]


def _films(stage: "Stage", sql: str) -> list[str]:
    """Ask the emulator's Athena, and wait for its result."""
    athena = stage.client("athena")
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": stage.outputs.glue_database},
        WorkGroup=stage.outputs.athena_workgroup,
    )["QueryExecutionId"]
    while True:
        told = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if told["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(_POLL_S)
    assert told["State"] == "SUCCEEDED", told
    found: Any = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [row["Data"][1]["VarCharValue"] for row in found[1:]]


def _fill(stage: "Stage") -> None:
    """Write the totals of a day of likes (Zipf 1.05)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from glue import schema, tables

    chance = np.random.default_rng(1)
    weights = np.arange(1, FILMS + 1) ** -1.05
    films = chance.choice(FILMS, LIKES, p=weights / weights.sum())
    hours = chance.integers(24, size=LIKES)
    places, counts = np.unique(films * 24 + hours, return_counts=True)
    begin = datetime.combine(DAY, clock())
    likes = pa.array(counts)
    nothing = pa.array(np.zeros(len(counts), np.int64))
    table = pa.table(
        {
            "hour": [begin + timedelta(hours=int(place % 24)) for place in places],
            "movie_id": [f"tt{place // 24:07}" for place in places],
            "likes": likes,
            "unlikes": nothing,
            "backfilled": nothing,
            "repeated": nothing,
        }
    )
    out = io.BytesIO()
    pq.write_table(table.cast(schema.arrow(tables.read("likes_by_hour")), safe=False), out)
    key = f"{tables.read('likes_by_hour').location}day={DAY}/likes_by_hour.parquet"
    stage.client("s3").put_object(Bucket=stage.outputs.bucket, Key=key, Body=out.getvalue())
