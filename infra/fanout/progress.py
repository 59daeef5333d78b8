"""How far each shard of a stream was read, so that a new reader goes on from there."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from threading import Lock

import msgspec

from infra.local import process


class _State(msgspec.Struct):
    """`stream` tells the stream that was read from a later one of the same name."""

    stream: str
    acknowledged: dict[str, str]
    finished: set[str]


class Progress:
    """Progress in memory: for each shard what was acknowledged last, and which are finished."""

    def __init__(self) -> None:
        self._state = _State("", {}, set())
        self._lock = Lock()

    def begun(self) -> bool:
        """Whether anything is remembered."""
        return bool(self._state.acknowledged or self._state.finished)

    def acknowledged(self, shard_id: str) -> str | None:
        """The sequence number up to which a shard was handed over."""
        return self._state.acknowledged.get(shard_id)

    def finished(self) -> frozenset[str]:
        """The shards of which nothing is left."""
        with self._lock:
            return frozenset(self._state.finished)

    def acknowledge(self, shard_id: str, sequence_number: str) -> None:
        """Remember that all up to here was handed over."""
        with self._lock:
            if self._state.acknowledged.get(shard_id) != sequence_number:
                self._state.acknowledged[shard_id] = sequence_number
                self._save()

    def finish(self, shard_id: str) -> None:
        """Remember that all of a shard was handed over, and that no more comes."""
        with self._lock:
            if shard_id not in self._state.finished:
                self._state.finished.add(shard_id)
                self._save()

    def forget(self, shard_id: str) -> None:
        """Read a shard from its beginning again."""
        with self._lock:
            self._state.acknowledged.pop(shard_id, None)
            self._save()

    def keep(self, listed: Container[str]) -> None:
        """Drop what is remembered of shards that have expired."""
        with self._lock:
            state = self._state
            gone = {shard for shard in state.finished if shard not in listed}
            if gone:
                state.finished -= gone
                for shard in gone:
                    state.acknowledged.pop(shard, None)
                self._save()

    def _save(self) -> None:
        """Nothing to do in memory."""


class Saved(Progress):
    """Progress in a file, whole after any crash; that of another stream is not used."""

    def __init__(self, path: Path, stream: str) -> None:
        super().__init__()
        self._path = path
        self._state = _read(path, stream)

    def _save(self) -> None:
        process.write(self._path, self._state)


def _read(path: Path, stream: str) -> _State:
    """What the file holds of this stream; reading from the start again loses nothing."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=_State)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return _State(stream, {}, set())
    return state if state.stream == stream else _State(stream, {}, set())
