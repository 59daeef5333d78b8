"""Children are read after all their parents, and every shard is read at some time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.fanout import shards
from infra.fanout.shards import Shard

A, B = Shard("a", open=False), Shard("b", open=False)
CHILD = Shard("child", ("a", "b"))


@pytest.mark.parametrize(
    ("listed", "finished", "expected"),
    [
        ([], set(), []),
        ([Shard("a"), Shard("b")], set(), ["a", "b"]),
        ([A, B, CHILD], set(), ["a", "b"]),
        ([A, B, CHILD], {"a"}, ["b"]),
        ([A, B, CHILD], {"a", "b"}, ["child"]),
        ([CHILD, A], {"a"}, ["child"]),
        ([CHILD], set(), ["child"]),
        ([Shard("a")], {"a"}, ["a"]),
        ([Shard("a"), Shard("c", ("a",))], {"a"}, ["a"]),
    ],
    ids=[
        "nothing",
        "no parents",
        "a merge waits for both",
        "and for the second",
        "then comes the child",
        "one parent has expired",
        "both have",
        "finished but open: an older state of the stream",
        "whose children wait again",
    ],
)
def test_what_may_be_read(listed, finished, expected):
    assert shards.readable(listed, finished) == expected


@st.composite
def families(draw):
    """A stream after splits and merges, of which some old shards may have expired."""
    alive, every = ["0", "1"], [Shard("0"), Shard("1")]
    for _ in range(draw(st.integers(0, 12))):
        parents = draw(st.sampled_from([(one,) for one in alive] + [tuple(alive[:2])]))
        alive = [one for one in alive if one not in parents]
        for _ in range(3 - len(set(parents))):
            every.append(Shard(str(len(every)), parents))
            alive.append(every[-1].shard_id)
    made = [Shard(s.shard_id, s.parents, s.shard_id in alive) for s in every]
    return made[draw(st.integers(0, len(made) - len(alive))) :], draw(st.randoms())


@given(families())
def test_every_shard_is_read_once_and_after_its_parents(family):
    listed, chance = family
    chance.shuffle(listed)
    names = {shard.shard_id for shard in listed}
    parents = {shard.shard_id: names.intersection(shard.parents) for shard in listed}
    closed = [shard for shard in listed if not shard.open]
    finished: set[str] = set()
    while len(finished) < len(closed):
        due = [name for name in shards.readable(listed, finished) if not is_open(listed, name)]
        assert due and finished.isdisjoint(due)
        assert all(parents[name] <= finished for name in due)
        finished.add(chance.choice(due))
    left = {shard.shard_id for shard in listed if shard.open}
    assert set(shards.readable(listed, finished)) == left


def is_open(listed, name):
    return next(shard.open for shard in listed if shard.shard_id == name)


def test_a_shard_is_told_by_its_parents_and_its_end():
    told = {
        "ShardId": "c",
        "ParentShardId": "a",
        "AdjacentParentShardId": "b",
        "SequenceNumberRange": {"StartingSequenceNumber": "1"},
    }
    assert shards.shard(told) == Shard("c", ("a", "b"), open=True)
    told["SequenceNumberRange"]["EndingSequenceNumber"] = "2"
    del told["AdjacentParentShardId"]
    assert shards.shard(told) == Shard("c", ("a",), open=False)


def test_reading_goes_on_after_what_was_acknowledged():
    assert shards.position(None, "LATEST") == {"Type": "LATEST"}
    assert shards.position("7", "LATEST") == {
        "Type": "AFTER_SEQUENCE_NUMBER",
        "SequenceNumber": "7",
    }
