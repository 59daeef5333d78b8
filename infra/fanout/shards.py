"""Which shards of a stream may be read now: children only after all their parents."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, Literal

import msgspec

Start = Literal["TRIM_HORIZON", "LATEST"]


class Shard(msgspec.Struct, frozen=True):
    """A shard as ListShards tells of it; a merge has two parents, and `open` takes records."""

    shard_id: str
    parents: tuple[str, ...] = ()
    open: bool = True


def shard(told: Mapping[str, Any]) -> Shard:
    """Give a shard of ListShards; a closed one has an EndingSequenceNumber (its API reference)."""
    parents = (told.get("ParentShardId"), told.get("AdjacentParentShardId"))
    return Shard(
        told["ShardId"],
        tuple(parent for parent in parents if parent),
        "EndingSequenceNumber" not in told["SequenceNumberRange"],
    )


def readable(listed: Sequence[Shard], finished: Container[str]) -> list[str]:
    """Give the shards that are not finished and wait for no parent.

    A parent that is not listed has expired, and counts as finished. A shard that was finished and
    is open is not: the stream is in an older state than the one that was read.
    """
    unread = {shard.shard_id for shard in listed if shard.open or shard.shard_id not in finished}
    return [
        shard.shard_id
        for shard in listed
        if shard.shard_id in unread and unread.isdisjoint(shard.parents)
    ]


def position(acknowledged: str | None, otherwise: Start) -> dict[str, str]:
    """Give the StartingPosition after what was acknowledged, or where nothing was yet."""
    if acknowledged is None:
        return {"Type": otherwise}
    return {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": acknowledged}
