"""The emulator's Kinesis: what its readers have read stays read, and sequence numbers only rise.

MiniStack 1.5.33 keeps, of a mapping and of a shard iterator, how many records of the shard were
read, and takes expired records off the list that this counts along: after a day as many new records
are passed over as expired. Here both move together. While a mapping is at work its place may not be
moved, so nothing expires then; a later request has it expire.

Its sequence numbers are the clock's milliseconds and a number that begins anew with the process, so
they are not used again after it was killed, unless the clock is put back. Counts remember the last
number of a shard and take what is below it for counted; so here a number is above all before it
that the stream still has, whatever the clock says, as AWS promises that they "increase over time":
https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

_DIGITS = 30


def install() -> None:
    """Stand for MiniStack's own."""
    from ministack.services import kinesis, lambda_svc

    at_work = Lock()
    expire, poll = kinesis._expire_records, lambda_svc._poll_kinesis

    def expire_with_positions(stream: dict[str, Any]) -> None:
        if at_work.acquire(blocking=False):
            try:
                _expire(stream, expire, _readers(stream))
            finally:
                at_work.release()

    def poll_alone() -> Any:
        with at_work:
            return poll()

    kinesis._expire_records = expire_with_positions
    lambda_svc._poll_kinesis = poll_alone
    kinesis._next_sequence_number = Rising(kinesis._next_sequence_number, _numbers)


class Rising:
    """Gives numbers, each above the one before it and above those that are there at first."""

    def __init__(self, following: Callable[[], str], there: Callable[[], Iterator[str]]) -> None:
        """Take what gives a number, and those that are there once the first is asked for."""
        self._next, self._there = following, there
        self._last: int | None = None
        self._lock = Lock()

    def __call__(self) -> str:
        """Give the next one, as text of a fixed width."""
        with self._lock:
            if self._last is None:
                self._last = max(map(int, self._there()), default=0)
            self._last = max(self._last + 1, int(self._next()))
            return f"{self._last:0{_DIGITS}d}"


def _expire(
    stream: dict[str, Any],
    expire: Callable[[dict[str, Any]], None],
    readers: list[tuple[dict[str, Any], str, str]],
) -> None:
    """Have records expire, and those who count along a shard move with them."""
    before = {shard_id: len(shard["records"]) for shard_id, shard in stream["shards"].items()}
    expire(stream)
    for places, name, shard_id in readers:
        shard = stream["shards"].get(shard_id)
        if shard and (gone := before[shard_id] - len(shard["records"])):
            places[name] = max(0, places[name] - gone)


def _readers(stream: dict[str, Any]) -> list[tuple[dict[str, Any], str, str]]:
    """Give where it stands how far a shard of a stream was read, by whom, and which shard."""
    from ministack.services import kinesis, lambda_svc

    found: list[tuple[dict[str, Any], str, str]] = []
    for (account, region, mapping_id), places in lambda_svc._kinesis_positions.all_items():
        mapping = lambda_svc._esms.get_scoped(account, region, mapping_id) or {}
        if mapping.get("EventSourceArn") == stream["StreamARN"]:
            found += [(places, shard_id, shard_id) for shard_id in places]
    for state in list(kinesis._shard_iterators.values()):
        if state["stream"] == stream["StreamName"]:
            found.append((state, "position", state["shard_id"]))
    return found


def _numbers() -> Iterator[str]:
    from ministack.services import kinesis

    for stream in list(kinesis._streams.values()):
        for shard in stream["shards"].values():
            yield shard["starting_sequence_number"]
            if shard["records"]:
                yield shard["records"][-1]["SequenceNumber"]
