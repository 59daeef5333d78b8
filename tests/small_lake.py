"""A small lake in an in-memory bucket: what is delivered, compacted, and then there."""

from typing import Any

from tests import raw_likes
from tests.bucket import Objects, etag
from tests.raw_likes import HOUR, Row
from transform.aws import compacting
from transform.aws.buckets import Bucket
from transform.aws.compacting import Done
from transform.aws.lake_writer import Power
from transform.lake import keys, watermark
from transform.lake import totals as day_totals
from transform.lake.division import WHOLE
from transform.lake.watermark import State

NOW = 1_769_860_800_000  # 2026-01-31T12:00:00Z
DAY = NOW // HOUR // 24
POWER = Power(256, 1)
Lake = dict[tuple[int, str], list[Row]]


def run(bucket: Bucket, **asked: Any) -> Done:
    """Compact it."""
    return compacting.compact(bucket, power=POWER, **asked)


def like(
    event_id: str,
    liked_at: int = NOW,
    movie_id: str = "m",
    received_at: int | None = None,
    **more: Any,
) -> Row:
    """Give a like that arrived when it happened, or when told."""
    received = liked_at if received_at is None else received_at
    return Row(event_id, movie_id, None, more.pop("action", "like"), liked_at, received, **more)


def deliver(s3: Objects, name: str, *rows: Row, at: int = NOW, modified: int | None = None) -> str:
    """Have a raw object there, as Firehose writes it at a time; gives its key."""
    key = raw_likes.raw_key(name, at)
    s3.add(key, raw_likes.encode(rows), at if modified is None else modified)
    return key


def lake(s3: Objects) -> Lake:
    """Give what the objects of each day hold, by name."""
    return {
        place: raw_likes.decode(body)
        for key, body in list(s3.objects.items())
        if (place := keys.likes_place(key))
    }


def state(s3: Objects) -> State:
    """Give what compaction remembers."""
    return watermark.decode(s3.objects[watermark.KEY])


def totals(s3: Objects) -> raw_likes.Sums:
    """Give what the days come to, as `raw_likes.sums` does."""
    found: raw_likes.Sums = {}
    for key, body in s3.objects.items():
        if key.startswith("totals/"):
            found |= raw_likes.totals(body)
    return found


def assert_totals_are_derived(s3: Objects) -> None:
    """Each day's totals are of the objects that it has."""
    days: dict[int, dict[str, str]] = {}
    again: dict[int, str] = {}
    for key, body in s3.objects.items():
        if place := keys.likes_place(key):
            days.setdefault(place[0], {})[place[1]] = etag(body)
        elif key.startswith(keys.REPEATS) and (day := keys.day_of(key)) is not None:
            again[day] = etag(body)
            days.setdefault(day, {})
    told = {
        keys.day_of(key): day_totals.decode(body)[1]
        for key, body in s3.objects.items()
        if key.startswith("totals/")
    }
    assert told == {
        day: day_totals.source(etags, again.get(day, "")) for day, etags in days.items()
    }


def read(s3: Objects) -> list[Row]:
    """Give the rows that a reader sees that heeds `whole.parquet`."""
    held = lake(s3)
    return [
        row
        for (day, name), rows in held.items()
        if name == WHOLE or (day, WHOLE) not in held
        for row in rows
    ]
