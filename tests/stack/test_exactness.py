"""The count's own updates on the emulator's DynamoDB are exact under any delivery."""

import random
import uuid

import pytest

from tests import plan
from tests.deliveries import deliver
from transform.event import likes
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.handlers import count


@pytest.mark.parametrize("seed", range(4))
def test_any_delivery_counts_every_like_once(seed, stage, api, monkeypatch):
    monkeypatch.setenv("COUNTS_TABLE", stage.outputs.counts_table)
    table = stage.client("dynamodb")
    monkeypatch.setattr(count, "_dynamodb", lambda: table)
    chance = random.Random(seed)
    films = [f"exact-{uuid.uuid4()}" for _ in range(3)]
    now = plan.now_ms()
    expected = dict.fromkeys(films, 0)
    shards = {}
    for shard in (f"shardId-{seed:06}{number:06}" for number in range(2)):
        shards[shard] = []
        for sequence in range(1, 20):
            batch = [Like("e", chance.choice(films), chance.choice(["like", "like", "unlike"]), now)
                     for _ in range(chance.randint(1, 3))]  # fmt: skip
            for like in batch:
                expected[like.movie_id] += 1 if like.action == "like" else -1
            data = b"\n".join(map(likes.line, batch))
            shards[shard].append(Record(data, now, shard, str(sequence), "key"))
    deliver(shards, count._write, chance)
    assert {film: api.likes(film) for film in films} == expected
    for film in films:  # which nothing else knows of: an audit would name them
        table.delete_item(TableName=stage.outputs.counts_table, Key={"movie_id": {"S": film}})
