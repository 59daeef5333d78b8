"""What lies below `errors/`, which Firehose could not deliver: how much, and since when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from infra.cli.output.tables import counted
from transform.aws import conditions
from transform.aws.buckets import Bucket

listed = conditions.listed


class Undelivered(NamedTuple):
    """What `conditions.look` gives, which can say itself in words."""

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


def look(bucket: Bucket) -> Undelivered:
    """Tell what there is."""
    return Undelivered(*conditions.look(bucket))
