"""The sums of a batch: by event minute, each record once, in as few and as small writes as fit."""

import random
from collections import Counter

import pytest

from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.trends import batch_sums
from transform.trends.batch_sums import Stored

NOW = 1_800_000_000_000 // 60_000 * 60_000


class Ledger:
    """A checkpoint and all that was written under it."""

    def __init__(self):
        self.checkpoint = ""
        self.written = []

    def write(self, sums):
        if sums.after != self.checkpoint:
            return self.checkpoint
        self.checkpoint = sums.last
        self.written.append(sums)
        return None

    def counts(self):
        return [batch_sums.decode(part) for sums in self.written for part in sums.parts]


def record(sequence, *likes, arrived_at=NOW):
    return Record(b"", arrived_at, "shardId-000000000000", str(sequence)), list(likes)


def like(film="a", at=NOW, action="like"):
    return Like("e", film, action, at)


def test_likes_are_counted_by_the_minute_they_happened_in():
    times = (NOW - 1, NOW, NOW + 59_999, NOW + 60_000)
    batch = [
        record(1, *(like(at=time) for time in times)),
        record(2, like(action="unlike"), like("b", action="unlike")),
    ]
    minute = NOW // 60_000
    assert batch_sums.count(batch) == {
        minute - 1: {"a": (1, 0)},
        minute: {"a": (2, 1), "b": (0, 1)},
        minute + 1: {"a": (1, 0)},
    }


def test_sequence_numbers_are_compared_as_numbers():
    ledger = Ledger()
    batch_sums.track([record(10, like()), record(9, like())], "", ledger.write)
    tracked = batch_sums.track([record(9, like()), record(10, like()), record(100, like())],
                           ledger.checkpoint, ledger.write)  # fmt: skip
    assert (tracked.likes, int(tracked.checkpoint)) == (1, 100)


def test_a_batch_without_a_like_writes_nothing():
    ledger = Ledger()
    tracked = batch_sums.track([record(1), record(2)], "", ledger.write)
    assert (tracked.likes, tracked.checkpoint, ledger.written) == (0, "", [])


def test_the_largest_batch_fits_in_transactions_and_items():
    """6 MB of the shortest foreign lines, each of another film with the longest name, and each
    of another minute of two days."""
    chance = random.Random(1)
    names = [f"{chance.getrandbits(384):096x}"[:64] for _ in range(56_000)]
    batch = [
        record(n, *(like(name, NOW - chance.randrange(batch_sums.KEPT_MS)) for name in part))
        for n, part in enumerate(
            (names[first : first + 8000] for first in range(0, len(names), 8000)), 1
        )
    ]
    ledger = Ledger()
    tracked = batch_sums.track(batch, "", ledger.write)
    assert tracked.likes == len(names)
    assert [sums.after for sums in ledger.written] == [
        "", *(sums.last for sums in ledger.written[:-1])]  # fmt: skip
    for sums in ledger.written:
        assert len(sums.parts) <= 99
        assert max(map(len, sums.parts)) <= batch_sums.MAX_PART_BYTES
        assert sum(map(len, sums.parts)) <= batch_sums.MAX_WRITE_BYTES
    found = Counter(film for counts in ledger.counts() for films in counts.values()
                    for film in films)  # fmt: skip
    assert found == Counter(names)


@pytest.mark.parametrize("limits", [(380_000, 3_800_000), (100, 250), (60, 60)])
def test_parts_put_together_are_the_whole(limits, monkeypatch):
    monkeypatch.setattr(batch_sums, "MAX_PART_BYTES", limits[0])
    monkeypatch.setattr(batch_sums, "MAX_WRITE_BYTES", limits[1])
    chance = random.Random(2)
    batch = [
        record(n, *(like(chance.choice("abcdef"), NOW - chance.randrange(10**7)) for _ in "xxx"))
        for n in range(1, 40)
    ]
    ledger = Ledger()
    batch_sums.track(batch, "", ledger.write)
    found = Counter()
    for counts in ledger.counts():
        for minute, films in counts.items():
            for film, (likes, unlikes) in films.items():
                found[minute, film] += likes
                assert unlikes == 0
    assert found == Counter((one.liked_at // 60_000, one.movie_id) for _, ls in batch for one in ls)


def stored(last, after, parts=1, tracked_at=1000):
    [data] = batch_sums.encode({1: {"a": (1, 0)}})
    return Stored(str(last), str(after), parts, data, tracked_at)


@pytest.mark.parametrize(
    ("seen", "cursor", "given"),
    [
        ([], "", []),
        ([stored(1, ""), stored(2, 1)], "", ["1", "2"]),
        ([stored(2, 1)], "1", ["2"]),
        ([stored(2, 1)], "", []),  # the first is not seen yet
        ([stored(2, 1), stored(4, 3)], "1", ["2"]),  # nor the third
        ([stored(2, 1, parts=2), stored(3, 2)], "1", []),  # nor half of the second
        ([stored(2, 1, parts=2), stored(2, 1, parts=2), stored(3, 2)], "1", ["2", "3"]),
        ([stored(5, "")], "1", ["5"]),  # the shard's checkpoint expired: it was idle for days
        ([stored(3, 2, tracked_at=10), stored(5, 4)], "1", ["3"]),  # the second has expired
    ],
)
def test_a_chain_ends_where_something_is_missing(seen, cursor, given):
    chained = list(batch_sums.chain("shard", seen, cursor, lost_before=100))
    assert [batch.sequence for batch in chained] == given
