"""Trends on the emulated stage: exact by hour and film, soon, also if the bridge is killed."""

import os
import signal
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

import queries
from infra.cli.demo import rising
from infra.cli.steps import Steps
from infra.cli.traffic.send import send
from infra.cli.traffic.simulate import HOUR, Plan, Simulation
from infra.cli.trending import Source
from infra.local import lifecycle
from infra.local.bridge import daemon
from infra.stage import invoke
from tests import plan
from transform.lake import keys
from transform.trends import batch_sums

# Near now, where others have likes as well, and closed whatever the minute.
END = plan.ms(plan.NOW) - 20 * HOUR
WEEKS_AGO = plan.days("trends")


@pytest.fixture
def in_trends(stage, connection):
    """Rank, and give likes and unlikes by hour and film of the table's closed hours."""

    def run(films=None):
        rising.rank(stage)
        rows = queries.run(
            "SELECT hour, movie_id, likes, unlikes FROM trends WHERE day >= '2010-01-01'",
            connection=connection,
        )
        return {
            (f"{row.hour:%Y-%m-%dT%H}", row.movie_id): (row.likes, row.unlikes)
            for row in rows.itertuples()
            if films is None or row.movie_id in films
        }

    return run


def test_the_table_equals_the_likes_and_the_shipped_check_says_so(
    stage, api, connection, in_trends, eventually
):
    made_up = Plan(now=END, likes=1500, seed=uuid.uuid4().int % 2**32, days=0.5, late=0.1,
                   duplicates=0, malformed=0.02)  # fmt: skip
    ours = f"{plan.film('own')}-tt"  # other tests have likes of the same films
    simulation = Simulation(made_up)
    lines = [line.data.replace(b"tt", ours.encode()) for line in simulation]
    sent = send(lines, stage.outputs.api_url, batch=100)
    assert sent.accepted == simulation.truth.good
    first = f"{plan.NOW - timedelta(hours=46):%Y-%m-%dT%H}"
    last = f"{datetime.fromtimestamp(END / 1000, UTC):%Y-%m-%dT%H}"
    expected = {
        (hour, film.replace("tt", ours)): pair
        for hour, films in simulation.truth.by_hour.items()
        if hour >= first
        for film, pair in films.items()
    }
    assert len(expected) > 200

    def found():
        # What others have had compacted of an hour stands for it until ours is compacted too.
        invoke(stage, "compact", {})
        return {
            (hour, film): pair
            for (hour, film), pair in in_trends().items()
            if film.startswith(ours) and hour >= first
        }

    eventually(found, expected)
    days = {"first_day": first[:10], "last_day": last[:10], "connection": connection}

    def differing():
        rows = queries.run("trends_differ", **days)
        return [film for film in rows["movie_id"] if film.startswith(ours)]

    def settled():
        invoke(stage, "compact", {})
        return in_trends({twice}), differing()

    twice = f"{ours}0"
    like = {"movie_id": twice, "event_id": twice, "liked_at": END}
    assert api.post(like).status == api.post(like).status == 202
    eventually(lambda: tracked(stage, twice), 2)  # as it is on the stream
    eventually(settled, ({(last, twice): (1, 0)}, []))  # as it is in the lake
    assert {place: n for place, n in found().items() if place[1] != twice} == expected
    peaks = queries.run("hour_by_hour", **days)
    assert peaks["likes"].sum() + peaks["unlikes"].sum() >= sum(map(sum, expected.values()))


def test_likes_of_weeks_ago_are_in_trends_once_they_are_compacted(
    stage, api, connection, in_trends, eventually
):
    film = plan.film("past")
    hour = plan.ms(WEEKS_AGO.at(0, 22)) // HOUR
    first, later = (
        f"{datetime.fromtimestamp(h * 3600, UTC):%Y-%m-%dT%H}" for h in (hour, hour + 3)
    )

    def settled():
        invoke(stage, "compact", {})
        differing = queries.run("trends_differ", connection=connection, **WEEKS_AGO.named)
        return in_trends({film}), len(differing)

    def liked_at(*hours):
        likes = [{"movie_id": film, "liked_at": h * HOUR} for h in hours]
        assert api.post(*likes).status == 202

    liked_at(hour, hour, hour + 3)
    eventually(settled, ({(first, film): (2, 0), (later, film): (1, 0)}, 0))
    s3, place = stage.client("s3"), {"Bucket": stage.outputs.bucket}
    body = s3.get_object(**place, Key=keys.trends(hour // 24))["Body"].read()
    left = {**place, "Key": f"{keys.trends_day(hour // 24)}hour-22.parquet"}
    s3.put_object(**left, Body=body)  # as an earlier version divided days
    liked_at(hour)
    eventually(settled, ({(first, film): (3, 0), (later, film): (1, 0)}, 0))
    assert invoke(stage, "rank", {"restate": True})["more"] is False
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(**left)


def test_a_bridge_that_is_killed_in_mid_stream_loses_and_doubles_nothing(
    stage, home, api, in_trends, eventually
):
    film = plan.film("killed")
    hour = END // HOUR - 24
    sent = Counter()
    stop = threading.Event()

    def pour():
        while not stop.is_set():
            at = hour * HOUR + len(sent) * 1000 % HOUR
            likes = [{"movie_id": film, "liked_at": at}, {"movie_id": film, "liked_at": at + 1}]
            assert api.post(*likes).status == 202
            sent[at] += 2

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        for _ in range(3):
            time.sleep(1)
            running = daemon.find(home).process
            assert running
            os.kill(running.pid, signal.SIGKILL)
            time.sleep(0.3)
            lifecycle.up(home, None, Steps(Console(quiet=True)))
    finally:
        stop.set()
        thread.join()
    assert sent.total() > 20
    text = f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H}"

    def settled():
        invoke(stage, "compact", {})
        return in_trends({film})

    eventually(lambda: tracked(stage, film), sent.total())
    eventually(settled, {(text, film): (sent.total(), 0)})


def test_a_film_that_goes_viral_tops_the_trends_within_two_rankings(stage, api, eventually):
    """Others are liked all the time, and far more in all; what goes viral is seen over HTTP."""
    calm_film = plan.film("steady")
    now = plan.now_ms()
    steady = [
        {"movie_id": f"{calm_film}-{n}", "liked_at": now - age * 15 * 60_000}
        for n in range(3)
        for age in range(1, 12)
        for _ in range(40)
    ]
    for first in range(0, len(steady), 500):
        assert api.post(*steady[first : first + 500]).status == 202
    source = Source(stage.outputs.api_url, "1h", 100)
    eventually(lambda: tracked(stage, f"{calm_film}-2"), 11 * 40)
    rising.rank(stage)
    calm = source.ask()  # steady films may be none of the first hundred, where others have likes
    viral = plan.viral_film()
    for _ in range(plan.MOST_IN_AN_HOUR // 500):
        assert api.post(*[{"movie_id": viral}] * 500).status == 202
    eventually(lambda: tracked(stage, viral), plan.MOST_IN_AN_HOUR)
    for _ in range(2):
        rising.rank(stage)
        board = source.ask().trends
        top = next(one for one in board if not plan.is_of_others(one.movie_id, viral))
        if top.movie_id == viral:
            break
    assert (top.movie_id, top.previous_rank) == (viral, None)
    assert all(plan.is_of_others(one.movie_id) for one in board[: top.rank - 1])
    # All within the window, over HTTP.
    assert top.score > 10 and top.likes == plan.MOST_IN_AN_HOUR
    assert all(one.score < 10 for one in calm.trends if one.movie_id.startswith(calm_film))


def tracked(stage, film):
    """Give the likes of a film that have been tracked, whether or not they are ranked yet."""
    table = stage.client("dynamodb")
    name = stage.outputs.trends_table
    shards = stage.client("kinesis").list_shards(StreamName=stage.outputs.stream_name)["Shards"]
    likes = 0
    for shard in shards:
        pages = table.get_paginator("query").paginate(
            TableName=name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"batch#{shard['ShardId']}"}},
        )
        for item in (item for page in pages for item in page["Items"]):
            for films in batch_sums.decode(item["counts"]["B"]).values():
                likes += films.get(film, (0, 0))[0]
    return likes


def test_trends_are_told_over_http_once_until_they_change(stage, api):
    rising.rank(stage)
    first = api.request("GET", "/trends?window=24h&limit=3")
    body = first.json()
    assert (first.status, body["window"]) == (200, "24h")
    assert [entry["rank"] for entry in body["trends"]] == list(range(1, len(body["trends"]) + 1))
    assert len(body["trends"]) <= 3
    etag = {"If-None-Match": first.headers["ETag"]}
    again = api.request("GET", "/trends?window=24h&limit=3", headers=etag)
    if again.status == 200:  # the stage ranked by itself in between
        etag = {"If-None-Match": again.headers["ETag"]}
        again = api.request("GET", "/trends?window=24h&limit=3", headers=etag)
    assert (again.status, again.data) == (304, b"")
    rising.rank(stage)
    assert api.request("GET", "/trends?window=24h&limit=3", headers=etag).status == 200
    refused = api.request("GET", "/trends?window=1d")
    assert (refused.status, refused.json()["error"]) == (400, "bad_window")


def test_a_leaderboard_is_whole_whenever_it_is_read(stage, api):
    stop = threading.Event()
    boards = []

    def read():
        while not stop.is_set():
            boards.append(api.request("GET", "/trends?window=1h&limit=100").json())

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for _ in range(3):
            rising.rank(stage)
    finally:
        stop.set()
        thread.join()
    assert len({board["as_of"] for board in boards}) > 1
    assert [board["as_of"] for board in boards] == sorted(board["as_of"] for board in boards)
    for board in boards:
        assert [e["rank"] for e in board["trends"]] == list(range(1, len(board["trends"]) + 1))


def test_films_are_ranked_each_minute_by_themselves(stage):
    logs = stage.client("logs")
    group = f"/aws/lambda/{stage.outputs.function_names['rank']}"

    def scheduled():
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        told = [event["message"] for page in pages for event in page["events"]]
        return any('"Ranked"' in line and '"restate":false' in line for line in told)

    deadline = time.monotonic() + 150  # the emulator looks every ten seconds whether a minute is up
    while not scheduled():
        assert time.monotonic() < deadline, "nobody ranked"
        time.sleep(1)
