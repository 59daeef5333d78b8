"""Every way in which Lambda can deliver a stream's batches to a function that may crash.

Within a shard, batches come in order, and the next comes only after one was processed whole. But a
batch may come again, regrouped, halved or longer; and an invocation given up on may still go on
with its writes, at any later time, between any two writes of the others.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from transform.counts import streamed
from transform.counts.streamed import Tally, Write
from transform.event import stream_records
from transform.event.stream_records import Record

Apply = Callable[[Tally, Write], int]


def deliver(
    shards: Mapping[str, Sequence[Record]],
    write: Write,
    chance: random.Random,
    apply: Apply = streamed.apply,
) -> int:
    """Deliver all records of all shards to the writes; give how many likes were said counted."""
    positions = dict.fromkeys(shards, 0)
    given_up: list[Tally] = []
    counted: list[int] = []

    def meddled(update: streamed.Update) -> bytes | None:
        while given_up and chance.random() < 0.3:
            counted.append(apply(given_up.pop(chance.randrange(len(given_up))), meddled))
        return write(update)

    while open_shards := [s for s, position in positions.items() if position < len(shards[s])]:
        shard = chance.choice(open_shards)
        start = positions[shard]
        batch = shards[shard][start : start + chance.randint(1, 6)]
        tallies = streamed.fold((record, stream_records.read(record)[0]) for record in batch)
        chance.shuffle(tallies)  # they are written concurrently
        crash_at = chance.randrange(len(tallies)) if tallies and chance.random() < 0.4 else None
        for tally in tallies[:crash_at]:
            counted.append(apply(tally, meddled))
        if crash_at is not None:
            given_up += [tally for tally in tallies[crash_at:] if chance.random() < 0.5]
        elif chance.random() < 0.7:
            positions[shard] = start + len(batch)
        # else: it succeeded, but the poller never learned, and the records come again
    while given_up:
        counted.append(apply(given_up.pop(), meddled))
    return sum(counted)
