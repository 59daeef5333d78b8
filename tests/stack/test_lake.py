"""What a made-up stream of likes leaves in the lake equals the generator's truth, by SQL."""

import json
import os
import random
import subprocess
import sys
import uuid
from collections import Counter

import pandas as pd
import pytest

import queries
from infra.cli.traffic.malformed import malformed
from infra.cli.traffic.send import send
from infra.cli.traffic.simulate import Plan, Simulation
from infra.stage import invoke
from tests import plan

DAYS = plan.days("lake")
END = DAYS.at(-1, 12)
OURS = plan.film("lake").encode()
"""What stands for "tt" in the ids of films, for other tests have likes of the real ones."""


@pytest.fixture(scope="module")
def likes(stage, connection, eventually):
    """The good lines of a simulated day, sent and archived, as a frame: the generator's truth."""
    made_up = Plan(now=plan.ms(END), likes=1_200, seed=uuid.uuid4().int % 2**32,
                   late=0.1, duplicates=0.05, malformed=0.03)  # fmt: skip
    simulation = Simulation(made_up)
    lines = [line._replace(data=line.data.replace(b"tt", OURS)) for line in simulation]
    again = Counter()
    sent = send(
        [line.data for line in lines],
        stage.outputs.api_url,
        batch=100,
        repeated=lambda item: again.update([item.data]),
    )
    assert sent.accepted + sent.repeated == simulation.truth.good
    assert dict(sent.refused) == dict(simulation.truth.malformed)
    good = Counter(line.data for line in lines if line.reason is None)
    truth = frame((good - again).elements())
    assert len(truth) == sent.accepted

    def archived():
        found = queries.run(
            "SELECT count(*) AS n FROM likes_raw "
            "WHERE liked_at BETWEEN :first AND :last AND arrival_day >= :today",
            connection=connection,
            first=DAYS.at(0),
            last=END,
            today=str(plan.TODAY),
        )
        return int(found["n"][0])

    eventually(archived, len(truth))
    compacted = invoke(stage, "compact", {})
    assert (compacted["failed"], compacted["more"]) == ({}, False)
    return truth


def frame(lines):
    """Read the generator's lines with pandas alone, none of the product's rules."""
    rows = [json.loads(line) for line in lines]
    told = pd.DataFrame(
        {
            "event_id": [row.get("event_id") or row["eventId"] for row in rows],
            "movie_id": [(row.get("movie_id") or row["movieId"]).strip() for row in rows],
            "user_id": [row.get("user_id") or row.get("userId") for row in rows],
            "action": [row.get("action", "like") for row in rows],
            "liked_at": [moment(row.get("liked_at") or row["likedAt"]) for row in rows],
        }
    )
    return told.assign(day=told["liked_at"].dt.date)


def moment(told):
    if isinstance(told, int):
        return pd.Timestamp(told, unit="ms")
    return pd.Timestamp(told).tz_convert("UTC").tz_localize(None)


@pytest.fixture
def ask(connection):
    """Ask a shipped question of the simulated days; give its rows as dictionaries."""

    def run(name, **parameters):
        answer = queries.run(name, connection=connection, **DAYS.named, **parameters)
        return answer.to_dict("records")

    return run


@pytest.fixture(scope="module")
def once(likes):
    """Each event once, whichever of its copies, for they are the same."""
    return likes.drop_duplicates("event_id")


def test_every_accepted_like_is_counted_once(once, api, eventually):
    """Though some were sent again in other requests: the lake has taken those off."""
    signs = once["action"].map({"like": 1, "unlike": -1})
    expected = signs.groupby(once["movie_id"]).sum().to_dict()
    films = sorted(expected)

    def counted():
        found = {}
        for first in range(0, len(films), 100):
            asked = ",".join(films[first : first + 100])
            answer = api.request("GET", f"/likes?movie_ids={asked}").json()["likes"]
            found |= {one["movie_id"]: one["likes"] for one in answer}
        return found

    eventually(counted, expected)


def test_the_lake_holds_each_like_once_also_when_it_is_merged_again(ask, connection, once, stage):
    def held():
        found = queries.run(
            "SELECT count(*) AS n, count(DISTINCT event_id) AS events FROM likes "
            "WHERE day BETWEEN :first AND :last",
            connection=connection,
            first=str(DAYS.first),
            last=str(DAYS.last),
        )
        return found["n"][0], found["events"][0]

    assert held() == (len(once), len(once))
    invoke(stage, "compact", {"all": True})
    assert held() == (len(once), len(once))
    assert ask("duplicates_in_lake") == []


def test_likes_by_day(ask, once):
    table = pd.crosstab(once["day"], once["action"])
    movies = once.groupby("day")["movie_id"].nunique()
    assert ask("likes_by_day") == [
        {"day": day, "likes": row["like"], "unlikes": row["unlike"], "movies": movies[day]}
        for day, row in table.iterrows()
    ]


def test_top_movies(ask, once):
    table = pd.crosstab(once["movie_id"], once["action"])
    table["net"] = table["like"] - table["unlike"]
    best = sorted(table.iterrows(), key=lambda film: (-film[1]["net"], film[0]))[:7]
    answer = [
        {name: value for name, value in row.items() if name not in ("title", "year")}
        for row in ask("top_movies", n=7)
    ]
    assert answer == [
        {"place": place, "movie_id": movie_id, "net_likes": row["net"], "likes": row["like"],
         "unlikes": row["unlike"]}
        for place, (movie_id, row) in enumerate(best, 1)
    ]  # fmt: skip


def test_unique_likers(ask, once):
    days = once.query("action == 'like'").groupby("day")["user_id"]
    assert ask("unique_likers") == [
        {"day": day, "likers": users.nunique(), "likes": len(users),
         "anonymous_likes": users.isna().sum()}
        for day, users in days
    ]  # fmt: skip


def test_arrival_lag(ask, once, connection):
    arrived = queries.run(
        "SELECT event_id, min(received_at) AS received_at FROM likes_raw "
        "WHERE arrival_day >= :today GROUP BY event_id",
        connection=connection,
        today=str(plan.TODAY),
    )
    likes = once.merge(arrived, on="event_id", validate="one_to_one")
    assert len(likes) == len(once)
    assert likes["received_at"].min() > pd.Timestamp(plan.NOW).tz_localize(None) - pd.Timedelta(
        "1h"
    )
    lags = (likes["received_at"] - likes["liked_at"]) // pd.Timedelta("1ms")
    expected = []
    for day, of_day in lags.groupby(likes["day"]):
        nearest = of_day.quantile([0.5, 0.95, 0.99], interpolation="higher")
        ranked = sorted(of_day)
        p50, p95, p99 = (ranked[-(-len(ranked) * percent // 100) - 1] for percent in (50, 95, 99))
        assert (nearest >= [p50, p95, p99]).all()
        expected.append({"day": day, "likes": len(ranked), "p50_ms": p50, "p95_ms": p95,
                         "p99_ms": p99, "max_ms": ranked[-1]})  # fmt: skip
    assert ask("arrival_lag") == expected


def test_what_others_put_on_the_stream_is_kept_with_its_reason(stage, connection, eventually):
    reasons = Counter()
    records = []
    chance = random.Random(uuid.uuid4().int)
    for _ in range(40):
        payload, reason = malformed(chance, plan.now_ms())
        reasons[reason] += 1
        records.append({"Data": payload + b'\n{"movie_id":"foreign"}', "PartitionKey": "someone"})

    def rejected():
        answer = queries.run("rejected_by_reason", connection=connection)
        return Counter(dict(zip(answer["reason"], answer["rejected"], strict=True)))

    before = rejected()
    put = stage.client("kinesis").put_records(StreamName=stage.outputs.stream_name, Records=records)
    assert put["FailedRecordCount"] == 0
    eventually(rejected, before + reasons)


def test_a_like_that_is_tried_again_after_midnight_is_one(stage, api, connection, eventually):
    """The same event id on another day: the one that arrived first stays."""
    days, film, event_id = plan.days("again"), plan.film("again"), uuid.uuid4().hex
    before, after = (plan.ms(days.at(day, hour)) for day, hour in ((0, 23.9), (1, 0.1)))

    def rows(table, days_of, **given):
        sql = f"SELECT liked_at FROM {table} WHERE movie_id = :film AND {days_of}"
        found = queries.run(sql, connection=connection, film=film, **given)
        return [plan.ms(at.tz_localize("UTC")) for at in found["liked_at"]]

    for number, liked_at in enumerate((before, after), 1):
        like = {"movie_id": film, "event_id": event_id, "liked_at": liked_at}
        assert api.post(like).status == 202
        eventually(lambda: len(rows("likes_raw", "arrival_day >= :d", d=str(plan.TODAY))), number)
        assert invoke(stage, "compact", {})["failed"] == {}
    first, last = str(days.first), str(days.last)
    assert rows("likes", "day BETWEEN :first AND :last", first=first, last=last) == [before]


def test_an_event_of_the_bus_is_a_like(stage, api, eventually):
    film = f"bus-{uuid.uuid4()}"
    told = stage.client("events").put_events(
        Entries=[
            {"EventBusName": stage.outputs.event_bus, "Source": "shop", "DetailType": "MovieLiked",
             "Detail": json.dumps({"movie_id": film})}
        ]
    )  # fmt: skip
    assert told["FailedEntryCount"] == 0
    eventually(lambda: api.likes(film), 1)


def test_the_command_line_answers_the_same(likes, once, home):
    done = subprocess.run(
        [sys.executable, "-m", "lake", "sql", "likes_by_day", "-p", f"first_day={DAYS.first}",
         "-p", f"last_day={DAYS.last}", "--format", "json"],
        env=os.environ | {"LAKE_HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert sum(row["likes"] + row["unlikes"] for row in answer) == len(once)


def test_the_stage_is_well(home):
    done = subprocess.run(
        [sys.executable, "-m", "lake", "status"],
        env=os.environ | {"LAKE_HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT OK" not in done.stdout
