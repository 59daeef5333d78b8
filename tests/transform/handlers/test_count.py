"""UpdateCount is exact against DynamoDB's own semantics, and raises only for an outage."""

import random
import time

import pytest

from tests import aws, fakes
from tests.deliveries import deliver
from tests.examples import examples
from transform.event.stream_records import Record
from transform.handlers import count

NOW = time.time_ns() // 10**6


def record(sequence, data, shard=0):
    return Record(data, NOW, f"shardId-{shard:012}", str(sequence), f"request-{sequence}")


def like(movie_id, action="like"):
    return b'{"event_id":"e","movie_id":"%s","action":"%s","liked_at":1779998400123}' % (
        movie_id.encode(),
        action.encode(),
    )


def test_a_batch_is_counted_once_however_often_it_comes(dynamodb, measured):
    event = aws.kinesis(
        [record(1, like("a") + b"\n" + like("b")), record(2, like("a")), record(3, b"hello")]
    )
    for _ in range(3):
        count.handler(event, aws.CONTEXT)
    assert dynamodb.likes() == {"a": 2, "b": 1}
    assert measured("LikesCounted") == 3
    assert measured("LikesSkipped") == 3


def test_an_event_as_aws_sends_it_is_counted(dynamodb):
    count.handler(aws.event("kinesis"), aws.CONTEXT)
    assert dynamodb.likes() == {"tt0111161": 1}


def test_an_outage_in_the_middle_is_raised_and_made_good_by_the_next_delivery(dynamodb):
    event = aws.kinesis([record(n, like(f"m{n}")) for n in range(1, 40)])
    dynamodb.faults = [None] * 11 + [fakes.refusal("InternalServerError")]
    with pytest.raises(type(fakes.refusal("InternalServerError"))):
        count.handler(event, aws.CONTEXT)
    assert dynamodb.updates == 39  # the others went on, and were waited for
    count.handler(event, aws.CONTEXT)
    assert dynamodb.likes() == {f"m{n}": 1 for n in range(1, 40)}


@pytest.mark.parametrize("seed", range(examples(10)))
def test_any_delivery_is_exact_by_the_real_updates(seed, dynamodb):
    chance = random.Random(seed)
    shards = {
        f"shardId-{shard:012}": [
            record(
                n,
                b"\n".join(
                    like(chance.choice("abc"), chance.choice(["like", "unlike"]))
                    for _ in range(chance.randint(1, 3))
                ),
                shard,
            )  # fmt: skip
            for n in range(1, 25)
        ]
        for shard in range(2)
    }
    deliver(shards, count._write, chance)
    expected = {}
    for records in shards.values():
        for one in records:
            for line in one.data.split(b"\n"):
                film = line.split(b'"movie_id":"')[1][:1].decode()
                expected[film] = expected.get(film, 0) + (-1 if b"unlike" in line else 1)
    assert dynamodb.likes() == expected


def test_memories_of_shards_long_gone_are_removed(dynamodb):
    old = Record(like("a"), NOW - 9 * 24 * 3600 * 1000, "shardId-000000000001", "1", "key")
    count.handler(aws.kinesis([old]), aws.CONTEXT)
    count.handler(aws.kinesis([record(5, like("a"), shard=2)]), aws.CONTEXT)
    assert set(dynamodb.items["a"]) == {"movie_id", "likes", "@2"}
    assert dynamodb.likes() == {"a": 2}


def test_a_batch_of_bad_lines_alone_writes_nothing_and_raises_nothing(dynamodb, measured):
    count.handler(aws.kinesis([record(1, b"\xff"), record(2, b""), record(3, b"[]")]), aws.CONTEXT)
    assert dynamodb.updates == 0
    assert measured("LikesSkipped") == 3
