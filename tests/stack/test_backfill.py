"""History in files becomes likes, counts and trends of the stage, each like once."""

import gzip
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

import queries
from infra.cli.backfill.ledger import Ledgers
from infra.cli.demo import history
from infra.cli.steps import Steps
from infra.cli.traffic import simulate
from infra.cli.traffic.simulate import Plan, Simulation
from infra.stage import counts, invoke
from tests import plan
from transform.aws.buckets import Bucket
from transform.lake import keys

ROOT = Path(__file__).parents[2]
# So long ago that only totals tell trends of them.
OWN, KILLED, TABLE, STREAMED, HISTORY = (
    plan.days(f"backfill{which}") for which in ("", " killed", " table", " streamed", " history")
)


@pytest.fixture
def lake(home):
    """Run a command of the command line; its process."""

    def start(*arguments, **more):
        command = [sys.executable, "-m", "lake", *map(str, arguments)]
        environment = os.environ | {"LAKE_HOME": str(home), "LAKE_DEBUG": "1"}
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)  # fmt: skip

    return start


@pytest.fixture
def run(lake):
    """Run a command of the command line to its end; what it wrote, and its exit code."""

    def done(*arguments, expected=0):
        process = lake(*arguments)
        out, err = process.communicate(timeout=300)
        assert process.returncode == expected, err
        return out, err

    return done


@pytest.fixture
def ask(connection):
    """Ask the lake."""
    return lambda sql, **parameters: queries.run(sql, connection=connection, **parameters)


@pytest.fixture
def ours():
    """The start of film ids that no other test has."""
    return f"b-{uuid.uuid4().hex[:8]}-tt"


def made_up(ours, end, **given):
    """Give the truth of made-up likes, their lines, of films of our own, and their faults."""
    simulation = Simulation(Plan(plan.ms(end), seed=uuid.uuid4().int % 2**32, **given))
    made = list(simulation)
    lines = [line.data.replace(b"tt", ours.encode()) for line in made]
    return simulation.truth, lines, [line.reason for line in made]


def by_hour(truth, ours):
    return {
        (hour, film.replace("tt", ours)): of_film
        for hour, films in truth.by_hour.items()
        for film, of_film in films.items()
    }


def net(truth, ours):
    return {film.replace("tt", ours): likes for film, likes in truth.net_distinct.items() if likes}


def in_lake(ask, ours):
    rows = ask(
        "SELECT date_format(liked_at, '%Y-%m-%dT%H') AS hour, movie_id, count(*) AS n, "
        "count(*) FILTER (WHERE action = 'like') AS likes FROM likes "
        "WHERE day >= '2010-01-01' AND movie_id LIKE :ours GROUP BY 1, movie_id",
        ours=f"{ours}%",
    )
    return {(r.hour, r.movie_id): (r.likes, r.n - r.likes) for r in rows.itertuples()}


def counted(stage, ours):
    return {film: likes for film, likes in counts(stage).items() if film.startswith(ours) and likes}


def test_files_here_and_in_s3_are_in_the_lake_once_however_often(
    stage, run, ask, ours, tmp_path, api
):
    given = {"likes": 4_000, "days": 2, "late": 0.1, "malformed": 0.02}
    truth, lines, reasons = made_up(ours, OWN.at(-1, 12), **given)
    (tmp_path / "first.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines[:1_500])))
    (tmp_path / "second.json").write_bytes(b"\n".join(lines[1_500:3_000]) + b"\n")
    (tmp_path / "notes.md").write_text("No likes.")
    bucket, zstd = stage.outputs.results_bucket, pa.Codec("zstd")
    body = bytes(zstd.compress(b"\n".join(lines[3_000:])))
    stage.client("s3").put_object(Bucket=bucket, Key=f"{ours}/third.ndjson.zst", Body=body)
    given = ("backfill", tmp_path, f"s3://{bucket}/{ours}/")

    out, err = run(*given)
    assert f"{truth.lines:,} lines, {truth.events:,} new likes" in out
    assert "notes.md" in err and "not_json" in err
    assert in_lake(ask, ours) == by_hour(truth, ours)
    assert counted(stage, ours) == net(truth, ours)
    film, likes = next(iter(net(truth, ours).items()))
    assert api.likes(film) == likes
    for check in ("trends_differ", "duplicates_in_lake", "raw_differs"):
        assert len(ask(check, **OWN.named)) == 0, check
    rejected = ask(
        "SELECT reason, file, line FROM rejected WHERE day >= '2010-01-01' AND file LIKE :here",
        here=f"{tmp_path}%",
    )
    places = {"first.jsonl.gz": 0, "second.json": 1_500}
    found = [places[Path(r.file).name] + r.line - 1 for r in rejected.itertuples()]
    assert sorted(found) == [n for n, why in enumerate(reasons[:3_000]) if why]

    before = {one["Key"]: one["ETag"] for one in _likes(stage)}
    out, _ = run(*given)
    assert " 0 new likes" in out
    assert {one["Key"]: one["ETag"] for one in _likes(stage)} == before
    assert counted(stage, ours) == net(truth, ours)
    listed = json.loads(run("backfill", "--list", "--format", "json")[0])
    assert [one["new"] for one in listed[-2:]] == [truth.events, 0]


def _likes(stage):
    pages = stage.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=stage.outputs.bucket, Prefix=keys.LIKES):
        yield from page.get("Contents", ())


def test_a_run_that_is_killed_in_the_middle_goes_on(stage, lake, run, ask, ours, tmp_path):
    truth, lines, _ = made_up(ours, KILLED.at(-1, 12), likes=20_000, days=6, malformed=0)
    path = tmp_path / "likes.jsonl"
    path.write_bytes(b"\n".join(lines))
    bucket = Bucket(stage.client("s3"), stage.outputs.bucket)
    ledgers = Ledgers(bucket)
    day = f"{keys.LIKES}day={KILLED.last}/"
    process = lake("backfill", path)
    try:
        deadline = time.monotonic() + 300
        while not any(bucket.list(day)):  # which it now merges
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.kill()
        process.communicate()
    *_, killed = ledgers.all()
    assert killed.ended is None
    out, _ = run("backfill", path)
    assert f"backfill {killed.number}: " in out and " new likes" in out
    assert in_lake(ask, ours) == by_hour(truth, ours)
    assert counted(stage, ours) == net(truth, ours)


def test_a_table_of_others_is_mapped_and_chosen_from(stage, run, ask, ours, tmp_path):
    seconds = int(TABLE.at(-1, 12).timestamp())
    rows = [f"{u},{ours}{m},{r},{seconds - u}" for u, m, r in
            [(1, 1, 5), (2, 1, 2.5), (3, 2, 4), (4, "?", 4), (5, 2, 4.5)]]  # fmt: skip
    path = tmp_path / "ratings.csv"
    path.write_text("userId,movieId,rating,timestamp\n" + "\n".join(rows) + "\n")
    given = ("backfill", path, "--map", "liked_at=timestamp", "--time-unit", "s",
             "--where", "rating >= 4")  # fmt: skip
    assert "3 likes, 1 rejected" in run(*given, "--dry-run")[0]
    assert in_lake(ask, ours) == {}
    assert "3 new likes" in run(*given)[0]
    found = ask(
        "SELECT user_id, movie_id, liked_at, extra, backfill FROM likes "
        "WHERE day >= '2010-01-01' AND movie_id LIKE :ours ORDER BY user_id",
        ours=f"{ours}%",
    )
    assert found["user_id"].tolist() == ["1", "3", "5"]
    assert [int(at.timestamp()) for at in found["liked_at"]] == [seconds - n for n in (1, 3, 5)]
    assert [json.loads(extra) for extra in found["extra"]] == [
        {"rating": rating} for rating in ("5", "4", "4.5")
    ]
    _, err = run(*given[:-1], "stars >= 4", expected=1)
    assert "stars" in err and "rating" in err
    _, err = run("backfill", tmp_path / "none", expected=1)
    assert str(tmp_path / "none") in err


def test_a_like_that_came_by_the_stream_too_is_not_counted_again(
    stage, api, run, ask, ours, eventually, tmp_path
):
    at = plan.ms(STREAMED.at(0, 12))
    event = {"event_id": f"{ours}-1", "movie_id": ours, "liked_at": at}
    assert api.post(event).status == 202
    eventually(lambda: counted(stage, ours), {ours: 1})
    sql = "SELECT count(*) AS n FROM likes_raw WHERE arrival_day >= :day AND movie_id = :film"
    eventually(lambda: int(ask(sql, day=str(plan.TODAY), film=ours)["n"][0]), 1)
    path = tmp_path / "likes.json"
    other = event | {"event_id": f"{ours}-2"}
    path.write_text("\n".join(map(json.dumps, (event, other))))
    assert "1 new likes, 1 that were there" in run("backfill", path)[0]
    assert counted(stage, ours) == {ours: 2}
    invoke(stage, "compact", {"all": True})
    rows = ask(
        "SELECT event_id, backfill FROM likes WHERE day >= '2010-01-01' AND movie_id = :film "
        "ORDER BY event_id",
        film=ours,
    )
    assert rows["event_id"].tolist() == [f"{ours}-1", f"{ours}-2"]
    assert rows["backfill"].isna().tolist() == [True, False]


def test_the_history_of_the_demonstration_agrees_with_its_truth(stage, ask, ours, monkeypatch):
    films = [f._replace(movie_id=f.movie_id.replace("tt", ours)) for f in simulate.films()]
    monkeypatch.setattr(simulate, "films", lambda: films)
    past = Plan(plan.ms(HISTORY.at(-1, 12)), likes=3_000, days=5, seed=uuid.uuid4().int % 2**32)
    checks = history.backfilled(stage, ask, past, Steps(Console(quiet=True)))
    assert len(checks) == 4 and all(check.agrees for check in checks), checks
