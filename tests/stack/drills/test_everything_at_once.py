"""Everything at once, with three kills: see `everything_at_once.md`."""

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

import queries
from infra.cli import audit, compaction
from infra.local import emulator
from infra.stage import counts, invoke
from tests import plan
from transform.aws import auditing
from transform.aws.audit_sources import Asked

ROOT = Path(__file__).parents[3]
LIKES = int(os.environ.get("DRILL_LIKES", 8_000))
BATCH = 250
HISTORY = plan.days("at once")


@pytest.fixture
def lake(home):
    """Start a command of the command line."""

    def start(*arguments):
        command = [sys.executable, "-m", "lake", *map(str, arguments)]
        environment = os.environ | {"LAKE_HOME": str(home)}
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    return start


def batches(chance, likes, most=BATCH):
    """Give likes in batches of any size."""
    first = 0
    while first < len(likes):
        size = chance.randint(1, most)
        yield likes[first : first + size]
        first += size


def net(likes):
    found = Counter()
    for one in likes:
        found[one["movie_id"]] += 1 if one["action"] == "like" else -1
    return {film: number for film, number in found.items() if number}


def kill(process):
    process.kill()
    process.communicate()


def worker(home, function):
    """Give the process in which the emulator runs a function, if there is one now."""
    parent = psutil.Process(emulator.find(home).process.pid)
    for child in parent.children(recursive=True):
        try:
            if any(f"-{function}-" in part for part in child.cmdline()):
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def test_everything_at_once(stage, home, api, lake, connection, eventually, tmp_path):
    chance = random.Random(plan.film("seed"))
    ours = plan.viral_film()
    films = [f"{ours}-{number:02}" for number in range(20)]

    def like(name, at):
        action = chance.choice(["like", "like", "like", "unlike"])
        return {
            "event_id": f"{ours}-{name}", "movie_id": chance.choice(films), "liked_at": at,
            "action": action, "user_id": f"u-{chance.randrange(500)}",
        }  # fmt: skip

    now = plan.now_ms()
    live = [like(f"s{n}", now - chance.randrange(3_600_000)) for n in range(LIKES)]
    again = chance.sample(live, LIKES // 50)
    old = [like(f"h{n}", plan.ms(HISTORY.at(0)) + n % 100_000_000) for n in range(LIKES // 5)]
    overlapping = old + chance.sample(live, LIKES // 10)
    chance.shuffle(overlapping)
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in overlapping))
    beside = [like(f"r{n}", now) for n in range(40)]
    bad = [b'{"movie_id": ""}', b"no like", b"[]"]

    def post(likes):
        answer = api.post(*likes)
        assert answer.status == 202, answer.data

    def put(some):
        lines = [json.dumps(one).encode() for one in some] + bad
        chance.shuffle(lines)
        stage.client("kinesis").put_record(
            StreamName=stage.outputs.stream_name,
            PartitionKey=f"{ours}-{some[0]['event_id']}",
            Data=b"\n".join(lines),
        )

    cut_off = lake("backfill", file)
    merging = lake("compact")
    killed = threading.Timer(3, kill, [merging])
    killed.start()
    sent = [*batches(chance, live), *batches(chance, again)]
    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(post, some) for some in sent]
        putting = [pool.submit(put, beside[first : first + 10]) for first in range(0, 40, 10)]
        for number, one in enumerate(sending):
            one.result()
            if number == len(sending) // 2 and (process := worker(home, "UpdateCount")):
                process.kill()
        for one in putting:
            one.result()
    kill(cut_off)
    killed.join()
    backfill = lake("backfill", file)
    _, err = backfill.communicate(timeout=300)
    assert backfill.returncode == 0, err

    truth = {one["event_id"]: one for one in (*live, *old, *beside)}
    wanted = net(truth.values())

    def ask(sql, **given):
        return queries.run(sql, connection=connection, films=f"{ours}%", **given)

    arrived = len(live) + len(again) + len(beside)
    raw = "SELECT count(*) AS n FROM likes_raw WHERE arrival_day >= :day AND movie_id LIKE :films"
    eventually(lambda: int(ask(raw, day=str(plan.NEAR.first))["n"][0]), arrived)

    def counted():
        invoke(stage, "compact", {})
        return {film: n for film, n in counts(stage, films).items() if n}

    eventually(counted, wanted)

    rows = ask(
        "SELECT event_id, movie_id, action, liked_at FROM likes "
        "WHERE day >= '2010-01-01' AND movie_id LIKE :films"
    )
    found = {row.event_id: (row.movie_id, row.action) for row in rows.itertuples()}
    assert len(rows) == len(found)
    assert found == {name: (one["movie_id"], one["action"]) for name, one in truth.items()}
    repeated = ask(
        "SELECT event_id FROM repeats WHERE day >= '2010-01-01' AND movie_id LIKE :films"
    )
    assert sorted(repeated["event_id"]) == sorted(one["event_id"] for one in again)
    totals = ask(
        "SELECT movie_id, sum(likes) - sum(unlikes) AS net, sum(backfilled) AS brought "
        "FROM likes_by_hour WHERE day >= '2010-01-01' AND movie_id LIKE :films GROUP BY movie_id"
    )
    assert {row.movie_id: row.net for row in totals.itertuples() if row.net} == wanted
    rejected = ask(
        "SELECT count(*) AS n FROM rejected WHERE day >= :day AND partition_key LIKE :films",
        day=str(plan.NEAR.first),
    )
    assert rejected["n"][0] == 4 * len(bad)

    asked = Asked(plan.now_ms(), None, 8, True)
    taken = auditing.audit(
        audit.sources(stage), asked, lambda: compaction.merge(stage, None, False)
    )
    assert [one for one in taken.differences if one.movie_id.startswith(ours)] == []
