"""DynamoDB refuses writes while batches come: see `dynamodb_throttled.md`."""

import random

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests import aws, plan
from tests.stack.drills.faults import fated
from transform.audit import items
from transform.event import likes
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.handlers import count, track
from transform.trends import batch_sums

MOST = 60


@pytest.fixture
def shard():
    """Records of a shard that the stream does not have, and its id."""
    name = f"shardId-9{random.randrange(10**10):011}"
    film = plan.film("throttled")
    now = plan.now_ms()
    records = []
    for sequence in range(1, 9):
        batch = [Like(f"{film}-{sequence}-{n}", f"{film}-{n % 3}", "like", now) for n in range(6)]
        data = b"\n".join(map(likes.line, batch))
        records.append(Record(data, now, name, str(sequence), "key"))
    return records, film


@pytest.fixture
def table(stage):
    """Makes a table of these keys, as the stage's are: the stage would miss in the lake what these
    records count."""
    client, made = stage.client("dynamodb"), []

    def make(*keys):
        made.append(plan.film("throttled"))
        client.create_table(
            TableName=made[-1],
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
        return made[-1]

    yield make
    for name in made:
        client.delete_table(TableName=name)


def deliver(handler, client, operation, records):
    """Deliver a batch until it is done, as Lambda does; gives how often it failed."""
    chance = random.Random(5)
    kinds = ["refused"] * 6 + ["answer lost", "goes", "goes"]
    with fated(client, operation, [chance.choice(kinds) for _ in range(MOST)]) as left:
        failed = 0
        while True:
            try:
                handler(aws.kinesis(records), aws.CONTEXT)
                return failed, MOST - len(left)
            except (ClientError, ConnectionClosedError):
                failed += 1


def test_counts_are_exact_though_writes_are_refused(
    stage, shard, table, aws_environment, monkeypatch
):
    records, film = shard
    counts = table("movie_id")
    monkeypatch.setenv("COUNTS_TABLE", counts)
    client = stage.client("dynamodb", retries={"mode": "standard", "total_max_attempts": 2})
    monkeypatch.setattr(count, "_dynamodb", lambda: client)
    failed, met = deliver(count.handler, client, "UpdateItem", records)
    assert failed > 1 and met > 6
    for _ in range(2):
        found = items.of(stage.client("dynamodb").scan(TableName=counts)["Items"]).films
        likes = dict(zip(*found.select(["movie_id", "likes"]).to_pydict().values(), strict=True))
        assert likes == {f"{film}-{n}": 16 for n in range(3)}
        count.handler(aws.kinesis(records), aws.CONTEXT)


def test_sums_of_trends_are_exact_though_writes_are_refused(
    stage, shard, table, aws_environment, monkeypatch
):
    records, film = shard
    sums = table("pk", "sk")
    monkeypatch.setenv("TRENDS_TABLE", sums)
    client = stage.client("dynamodb", retries={"mode": "standard", "total_max_attempts": 2})
    monkeypatch.setattr(track, "_dynamodb", lambda: client)
    for first in range(0, len(records), 2):  # overlapping, as after a failure in mid-batch
        batch = records[max(0, first - 1) : first + 2]
        monkeypatch.setattr(track, "_checkpoints", {})  # another process each time
        deliver(track.handler, client, "TransactWriteItems", batch)
    asked = {"KeyConditionExpression": "pk = :pk", "TableName": sums}
    values = {":pk": {"S": f"batch#{records[0].shard_id}"}}
    items = stage.client("dynamodb").query(**asked, ExpressionAttributeValues=values)["Items"]
    found: dict[str, int] = {}
    for item in items:
        for films in batch_sums.decode(bytes(item["counts"]["B"])).values():
            for name, (liked, _) in films.items():
                found[name] = found.get(name, 0) + liked
    assert found == {f"{film}-{n}": 16 for n in range(3)}
