"""Count: DynamoDB write units for one batch of 10,000 likes drawn by Zipf's law."""

import os
import random
import time
from collections import Counter
from typing import Any

from tests import aws, fakes
from tests.bench.measure import Comparison
from transform.counts import streamed
from transform.event import likes, stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.handlers import count

LIKES = 10_000
FILMS = 10_000
EXPONENT = 1.1
NOW = time.time_ns() // 1_000_000


def run() -> list[Comparison]:
    """Count the batch by the function's own updates on a table that keeps count of units."""
    chance = random.Random(1)
    weights = [1 / rank**EXPONENT for rank in range(1, FILMS + 1)]
    drawn = chance.choices([f"tt{film:07}" for film in range(FILMS)], weights, k=LIKES)
    records = [
        Record(
            likes.line(Like(f"event-{number}", film, "like", NOW)),
            NOW,
            "shardId-000000000000",
            str(49590338271490256608559692538361571095921575989136588898 + number),
            f"event-{number}",
        )
        for number, film in enumerate(drawn)
    ]
    table = _Metered()
    count._dynamodb = lambda: table  # type: ignore[assignment,return-value]
    os.environ[count.COUNTS_TABLE] = "MovieLikesTable-bench"
    batch = [
        (one, stream_records.read(one)[0])
        for one in stream_records.from_lambda(aws.kinesis(records))
    ]
    for tally in streamed.fold(batch):
        streamed.apply(tally, count._write)
    assert table.likes() == Counter(drawn), "the counts are not exact"
    ratio = LIKES / table.units
    return [
        Comparison(
            "count, write units of 10,000 likes",
            f"{table.units:,}",
            "one update a like",
            f"{LIKES:,}",
            f"{ratio:.1f} x fewer",
            ">= 4 x",
            ratio >= 4,
        )
    ]


class _Metered(fakes.DynamoDB):
    """A table that adds up write units: one for each KB of the item, begun (DynamoDB pricing)."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Make the update and add its units."""
        written = super().update_item(**request)
        size = sum(
            len(name) + len(next(iter(value.values())))
            for name, value in written["Attributes"].items()
        )
        self.units += -(-size // 1024)
        return written
