"""Track: DynamoDB write units for 10,000 likes in 10 batches, as trends write them."""

import os
import random
from collections import Counter

from tests import aws, trends_table
from tests.bench.measure import Comparison
from transform.event import likes, stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.handlers import track
from transform.trends import batch_sums

LIKES = 10_000
BATCHES = 10
FILMS = 10_000
EXPONENT = 1.1
LATE = 0.03  # of the likes, by up to two days
NOW = 1_780_000_000_000
HOUR_MS = 3_600_000


def run() -> list[Comparison]:
    """Track the batches by the function's own transactions on a table that adds up units."""
    chance = random.Random(1)
    weights = [1 / rank**EXPONENT for rank in range(1, FILMS + 1)]
    drawn = chance.choices([f"tt{film:07}" for film in range(FILMS)], weights, k=LIKES)
    units = {late: _units(drawn, late, chance) for late in (0.0, LATE)}
    return [
        Comparison(
            f"track, write units of 10,000 likes in 10 batches{told}",
            f"{units[late]:,}",
            "one update a like",
            f"{LIKES:,}",
            f"{LIKES / units[late]:.0f} x fewer",
            ">= 30 x",
            LIKES / units[late] >= 30,
        )
        for late, told in ((0.0, ""), (LATE, f", {LATE:.0%} of them late"))
    ]


def _units(drawn: list[str], late: float, chance: random.Random) -> int:
    table = trends_table.Table()
    track._dynamodb = lambda: table  # type: ignore[assignment,return-value]
    os.environ[track.TRENDS_TABLE] = "MovieTrendsTable-bench"
    records = []
    for number, film in enumerate(drawn, 1):
        lag = chance.randrange(48 * HOUR_MS) if chance.random() < late else chance.randrange(1000)
        like = Like(f"event-{number}", film, "like", NOW - lag)
        records.append(
            Record(likes.line(like), NOW, "shardId-000000000000", str(number), like.event_id)
        )
    size = LIKES // BATCHES
    checkpoint = ""
    for first in range(0, LIKES, size):
        event = aws.kinesis(records[first : first + size])
        batch = [(one, stream_records.read(one)[0]) for one in stream_records.from_lambda(event)]
        checkpoint = batch_sums.track(batch, checkpoint, track._write).checkpoint
    found: Counter[str] = Counter()
    for item in table.items.values():
        if "counts" in item:
            for films in batch_sums.decode(item["counts"]["B"]).values():
                found.update({film: liked for film, (liked, _) in films.items()})
    assert found == Counter(drawn), "the sums are not exact"
    return table.units
