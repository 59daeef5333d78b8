"""A count is exact however often, in whatever pieces, its records come."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deliveries import deliver
from tests.examples import examples
from tests.fakes import Counts
from transform.counts import streamed
from transform.counts.streamed import Delta, Tally, Update
from transform.event import stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record

NOW = 1_780_000_000_000


def like(movie_id, action="like"):
    return Like("e", movie_id, action, NOW)


def record(shard, sequence, likes, arrived_at=NOW):
    return Record(
        stream_records.encode(likes), arrived_at, f"shardId-{shard:012}", str(sequence), "key"
    )


def truth(shards):
    net = Counter()
    for records in shards.values():
        for one in records:
            for liked in stream_records.read(one)[0]:
                net[liked.movie_id] += 1 if liked.action == "like" else -1
    return dict(net)


@st.composite
def streams(draw):
    """Shards with records of likes of few films; sequence numbers grow by leaps, as Kinesis's."""
    shards = {}
    likes = st.builds(like, st.sampled_from("abc"), st.sampled_from(["like", "like", "unlike"]))
    for shard in range(draw(st.integers(1, 3))):
        sequence = draw(st.integers(0, 10**56))
        records = []
        for leap in draw(st.lists(st.integers(1, 10**9), max_size=12)):
            sequence += leap
            records.append(record(shard, sequence, draw(st.lists(likes, max_size=4))))
        shards[f"shardId-{shard:012}"] = records
    return shards


@settings(max_examples=examples(150), deadline=None)
@given(streams(), st.integers(0, 2**32))
def test_any_delivery_counts_every_like_once(shards, seed):
    table = Counts()
    counted = deliver(shards, table.write, random.Random(seed))
    assert table.likes == truth(shards)
    assert counted == sum(len(stream_records.read(one)[0]) for rs in shards.values() for one in rs)


def test_the_same_deliveries_do_fool_a_counter_without_a_memory():
    """What the property above rests on: the deliveries are as bad as it says."""

    def naive(tally: Tally, write) -> int:
        table.likes[tally.movie_id] = table.likes.get(tally.movie_id, 0) + sum(
            delta.net for delta in tally.deltas
        )
        return 0

    shards = {"shardId-000000000000": [record(0, n, [like("a")]) for n in range(1, 30)]}
    fooled = 0
    for seed in range(20):
        table = Counts()
        deliver(shards, table.write, random.Random(seed), naive)
        fooled += table.likes != truth(shards)
    assert fooled == 20


def test_a_batch_costs_one_write_a_film():
    table = Counts()
    batch = [record(0, n, [like("a"), like("b")]) for n in range(1, 500)]
    for tally in streamed.fold((one, stream_records.read(one)[0]) for one in batch):
        streamed.apply(tally, table.write)
    assert table.writes == 2
    assert table.likes == {"a": 499, "b": 499}


def test_likes_and_unlikes_of_a_batch_that_cancel_out_are_remembered_too():
    table = Counts()
    [tally] = streamed.fold([(record(0, 5, []), [like("a"), like("a", "unlike")])])
    assert streamed.apply(tally, table.write) == 2
    assert streamed.apply(tally, table.write) == 0
    assert table.likes == {"a": 0}


def test_a_record_that_stands_twice_in_a_batch_counts_once():
    one = record(0, 5, [])
    assert streamed.fold([(one, [like("a")]), (one, [like("a")])])[0].deltas == [Delta(5, 1, 1)]


def test_numbers_are_compared_as_numbers():
    """As text "9" stands above "10"."""
    table = Counts()
    for sequence in (9, 10, 10**55, 10**56 - 1):
        for tally in streamed.fold([(record(0, sequence, []), [like("a")])]):
            assert streamed.apply(tally, table.write) == 1
    assert table.likes == {"a": 4}


@pytest.mark.parametrize(("shards", "units"), [(28, 1), (29, 2), (60, 2), (61, 3)])
def test_an_item_that_met_28_shards_still_fits_in_one_write_unit(shards, units):
    """Shards from the hundredth on and a name of 64 characters are the largest; a unit is 1 KB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    table = Counts()
    for shard in range(900, 900 + shards):
        for tally in streamed.fold([(record(shard, 10**56 - 1, []), [like("m" * 64)])]):
            streamed.apply(tally, table.write)
    memories = sum(len(name) + len(value) for (_, name), value in table.memories.items())
    numbers = len("likes") + len("adjusted") + 2 * 21  # a number has at most 21 bytes
    assert -(-(len("movie_id") + 64 + numbers + memories) // 1024) == units


def test_only_what_left_the_stream_long_ago_is_forgotten():
    table = Counts()
    day = 24 * 3600
    for shard, age in ((1, 7 * day), (2, 9 * day)):
        one = record(shard, 77, [], NOW - age * 1000)
        streamed.apply(streamed.fold([(one, [like("a")])])[0], table.write)
    item = {name: value for (_, name), value in table.memories.items()} | {"movie_id": "a"}
    assert set(streamed.forgettable(item, NOW // 1000)) == {"@2"}


def test_a_rival_that_counted_a_part_leaves_the_rest():
    table = Counts()
    memory = streamed.memory_name("shardId-000000000000")
    [tally] = streamed.fold((record(0, n, []), [like("a")]) for n in (1, 2, 3))
    half = Update("a", memory, 2, (1).to_bytes(24, "big"), (2).to_bytes(24, "big") + b"\0\0\0\0")
    assert table.write(half) is None
    assert streamed.apply(tally, table.write) == 1
    assert table.likes == {"a": 3}
