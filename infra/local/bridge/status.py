"""What the bridge tells of itself in a file, for `lake status` to read."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from threading import Lock

import msgspec

from infra.local import process


class Shard(msgspec.Struct):
    """How a shard is: how far behind, what came last, and what keeps it from going on."""

    behind_ms: int | None = None
    last: str | None = None
    fault: str | None = None


class Status(msgspec.Struct):
    """How the bridge is, at a time in epoch seconds; `fault` is one of the stream."""

    updated_at: float
    fault: str | None = None
    shards: dict[str, Shard] = {}

    def faults(self) -> list[str]:
        """Everything that keeps records from being handed over."""
        of_shards = [
            f"{shard_id} {shard.fault}" for shard_id, shard in self.shards.items() if shard.fault
        ]
        return ([self.fault] if self.fault else []) + of_shards


class Board:
    """The status as the threads of the bridge change it; one of them writes it down."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._status = Status(0.0)

    def heard(self, shard_id: str, behind_ms: int, last: str | None) -> None:
        """Note a delivery; a heartbeat has no last record."""
        with self._lock:
            shard = self._status.shards.setdefault(shard_id, Shard())
            shard.behind_ms = behind_ms
            shard.last = last or shard.last

    def fault(self, shard_id: str | None, fault: str | None) -> bool:
        """Note a fault of a shard or the stream, or that it is over; True where that is new."""
        with self._lock:
            if shard_id is None:
                place: Status | Shard = self._status
            else:
                place = self._status.shards.setdefault(shard_id, Shard())
            new = place.fault != fault
            place.fault = fault
            return new

    def write(self, now: float, reading: Container[str]) -> None:
        """Write it down, without the shards that are not read any more."""
        with self._lock:
            shards = self._status.shards
            self._status.shards = {s: shard for s, shard in shards.items() if s in reading}
            self._status.updated_at = now
            process.write(self._path, self._status)


def read(path: Path) -> Status | None:
    """Give what was written last; None where nothing was, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
