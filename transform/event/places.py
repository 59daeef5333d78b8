"""Where a like stood on the stream: its shard, its record's sequence number, its line in it.

The same wherever it is read, and another one for each delivery that a producer makes. So Firehose's
second delivery of a record is told from a producer's second request.
"""

import re
from typing import NamedTuple

_PLACE = re.compile(r"([^/]+)/(\d+)(?:\.([1-9]\d*))?/(\d+)", re.ASCII)


class InvalidPlace(ValueError):
    """A text that is no place. Permanent."""


class Place(NamedTuple):
    """A place, part by part."""

    shard_id: str
    sequence_number: str
    subsequence: int
    """Which record it was, from 0, of those that the Kinesis Producer Library put in one."""
    line: int
    """Which line of the record it was, from 0, of all that are not blank."""


def make(shard_id: str | None, sequence_number: str | None, subsequence: int, line: int) -> str:
    """Give a place as text: `shardId/sequenceNumber/line`.

    From the second record of an aggregated one on it is `shardId/sequenceNumber.subsequence/line`.
    The first goes without, as Firehose tells 0 both for it and for a record that is not aggregated.
    """
    part = f".{subsequence}" if subsequence else ""
    return f"{shard_id}/{sequence_number}{part}/{line}"


def parse(text: str) -> Place:
    """Give the place that `make` made a text of; raises `InvalidPlace`."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise InvalidPlace(f"{text!r} is no place on the stream, like shardId-000000000000/49/0.")
    shard_id, sequence_number, subsequence, line = match.groups()
    return Place(shard_id, sequence_number, int(subsequence or 0), int(line))
