"""What lies below `errors/`, which Firehose could not deliver: how much, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from infra.cli.output.tables import counted
from transform.aws.buckets import Bucket
from transform.lake import undelivered
from transform.lake.watermark import Object

MOST_BYTES = 64 * 2**20
"""Of objects that are read to count their records; where there are more, these are not counted."""


class Undelivered(NamedTuple):
    """Objects below `errors/`, the records in them (None where these are too many bytes to read),
    and when the oldest was written, in epoch milliseconds (None where there is nothing)."""

    objects: int
    records: int | None
    oldest: int | None

    def __str__(self) -> str:
        """Say it in words."""
        if self.oldest is None:
            return "nothing"
        since = datetime.fromtimestamp(self.oldest / 1000, UTC)
        many = "many records" if self.records is None else counted(self.records, "record")
        return f"{many} in {counted(self.objects, 'object')}, since {since:%Y-%m-%d %H:%M:%S} UTC"


def listed(bucket: Bucket) -> Iterator[Object]:
    """Give the objects that were not brought back yet."""
    for one in bucket.list(undelivered.PREFIX):
        if not one.key.startswith(undelivered.DONE):
            yield one


def look(bucket: Bucket) -> Undelivered:
    """Tell what there is."""
    objects = list(listed(bucket))
    oldest = min((one.modified for one in objects), default=None)
    if sum(one.size for one in objects) > MOST_BYTES:
        return Undelivered(len(objects), None, oldest)
    records = 0
    for one in objects:
        found = bucket.read(one.key)
        records += sum(bool(line.strip()) for line in found[0].splitlines()) if found else 0
    return Undelivered(len(objects), records, oldest)
