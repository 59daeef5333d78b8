"""What no reader expects blocks no shard: see `poison_record.md`."""

import json

import queries
from tests import plan
from tests.kpl import aggregate

DEEP = b"[" * 100_000
POISONS = [
    b"\xff\xfe\x00",
    DEEP,
    b'{"movie_id":"m","liked_at":1' + b"0" * 400 + b"}",
    b'{"movie_id":"\\ud800"}',
    aggregate([b"{}"])[:-1] + b"\x00",
    aggregate(message=b"\x1a\xff\xff\xff\xff\x0f"),
    b'{"movie_id":"' + b"m" * 1_000_000 + b'"}',
    b" \n ",
]


def test_poison_blocks_no_shard_and_what_is_behind_it_is_counted(
    stage, api, raw, run, connection, eventually
):
    kinesis = stage.client("kinesis")
    film = plan.film("poison")
    likes = [json.dumps({"movie_id": f"{film}-{n}"}).encode() for n in range(5)]
    records = [*POISONS, likes[0], aggregate(likes[1:4]), b"\n".join([b"{", likes[4], b"}"])]
    sequences = []
    for record in records:
        told = kinesis.put_record(
            StreamName=stage.outputs.stream_name, Data=record, PartitionKey=film
        )
        sequences.append(told["SequenceNumber"])
    shard = told["ShardId"]

    eventually(lambda: [api.likes(f"{film}-{n}") for n in range(5)], [1] * 5)
    at, together, between = (f"{shard}/{sequence}" for sequence in sequences[-3:])
    wanted = [f"{at}/0", f"{together}/0", f"{together}.1/0", f"{together}.2/0", f"{between}/1"]
    eventually(lambda: sorted(row["place"] for row in raw(film)), sorted(wanted))
    assert len({row["event_id"] for row in raw(film)}) == 5

    def rejected():
        found = queries.run(
            "SELECT place, reason FROM rejected WHERE day >= :day AND partition_key = :key",
            connection=connection,
            day=str(plan.NEAR.first),
            key=film,
        )
        return sorted({place.split("/")[1] for place in found["place"]})

    eventually(rejected, sorted({*sequences[: len(POISONS)], sequences[-1]}))
    assert json.loads(run("unblock", "--minutes", "10", "--format", "json")) == []
