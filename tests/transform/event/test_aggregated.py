"""Records of the Kinesis Producer Library are what its users put in them."""

import random

import pytest

from tests.kpl import aggregate
from transform.event import aggregated


@pytest.mark.parametrize("number", [1, 2, 300])
def test_users_records_come_out_as_they_went_in(number):
    records = [bytes([n % 256]) * (n * 7 % 500) for n in range(number)]
    assert aggregated.split(aggregate(records)) == records


def test_fields_that_are_of_no_matter_are_passed_over():
    assert aggregated.split(aggregate([b"one", b"two"], hash_keys=True, tags=True)) == [
        b"one",
        b"two",
    ]


def test_one_that_is_not_aggregated_is_left_as_it_is():
    whole = aggregate([b"one", b"two"])
    for data in (b"", b'{"movie_id":"m"}', aggregated.MAGIC, whole[:-1], whole[4:], aggregate([])):
        assert aggregated.split(data) is None


def test_any_bytes_under_a_right_digest_are_read_or_left():
    chance = random.Random(7)
    body = aggregate([b"one", b"two" * 100], hash_keys=True, tags=True)[4:-16]
    for _ in range(5_000):
        changed = bytearray(body)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        cut = bytes(changed[: chance.randint(0, len(changed))])
        found = aggregated.split(aggregate(message=cut))
        assert found is None or all(isinstance(one, bytes) for one in found)
