"""Rows on their way from the engine to whoever takes them, held back until they are known right."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from threading import Condition
from typing import IO, Any

import pyarrow as pa

from queries.engine.errors import EngineFailed

MEMORY = 64 * 1024 * 1024
"""Bytes of rows that are held in memory; more are held in a temporary file."""
HOLD_S = 0.5
"""Seconds for which rows are held back where they may be taken before the last is there."""

_Place = tuple[int, int]


class Cancelled(BaseException):
    """Nobody takes the rows any more; no error that could be tried again."""


class Spool:
    """Batches that one thread adds and another takes, in order, once they are released.

    With `hold_s` None no check is ever due, so that nothing is released before the last row is
    there: until then the engine can begin anew. `memory` is the most bytes held in memory, None
    for all.
    """

    def __init__(
        self,
        hold_s: float | None,
        memory: int | None = MEMORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.told: dict[str, Any] = {}
        self._hold_s, self._memory, self._clock = hold_s, memory, clock
        self._changed = Condition()
        self._schema: pa.Schema | None = None
        self._held: deque[pa.RecordBatch | _Place] = deque()
        self._free = 0  # of those held may be taken
        self._added = self._released = 0  # rows
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._since: float | None = None
        self._over = self._cancelled = False
        self._error: BaseException | None = None

    def begin(self, schema: pa.Schema) -> None:
        """Begin, or begin anew; `EngineFailed` where rows of an earlier try were released."""
        with self._changed:
            if self._cancelled:
                raise Cancelled
            if self._released:
                raise EngineFailed(
                    f"A file was replaced while it was read. The {self._released:,} rows so far "
                    "are right, but the rest is missing; ask again, with the answer in a file."
                )
            self._held.clear()
            self._added = self._bytes = 0
            self._since, self._schema = None, schema

    def add(self, batch: pa.RecordBatch) -> bool:
        """Add rows; True where some have been held back long enough, and a check is due."""
        with self._changed:
            if self._cancelled:
                raise Cancelled
            now = self._clock()
            self._since = now if self._since is None else self._since
            self._held.append(self._keep(batch))
            self._added += batch.num_rows
            return self._hold_s is not None and now - self._since >= self._hold_s

    def release(self) -> None:
        """Let all that was added be taken."""
        with self._changed:
            self._free, self._released = len(self._held), self._added
            self._since = None
            self._changed.notify_all()

    def finish(self) -> None:
        """Let all be taken: it ends here."""
        with self._changed:
            self._over = True
        self.release()

    def fail(self, error: BaseException) -> None:
        """Raise an error where the rows are taken, behind those that were released."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def cancel(self) -> None:
        """Take no more: whoever adds is told by `Cancelled`."""
        with self._changed:
            self._cancelled = True

    def close(self) -> None:
        """Free what is held."""
        with self._changed:
            self._held.clear()
            self._free = 0
            if self._file is not None:
                self._file.close()

    def schema(self) -> pa.Schema:
        """The columns, once the first rows may be taken; raises what came in between."""
        with self._changed:
            self._wait()
            if self._schema is None or (self._error and not self._free):
                raise self._error or Cancelled
            return self._schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, as they are released; raises what ended them too early."""
        while True:
            with self._changed:
                self._wait()
                if self._free:
                    batch = self._taken(self._held.popleft())
                    self._free -= 1
                elif self._error:
                    raise self._error
                else:
                    return
            yield batch

    def _wait(self) -> None:
        self._changed.wait_for(lambda: self._free or self._over or self._error)

    def _keep(self, batch: pa.RecordBatch) -> pa.RecordBatch | _Place:
        if self._memory is None or self._bytes + batch.nbytes <= self._memory:
            self._bytes += batch.nbytes
            return batch
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115 closed in `close`
        buffer = batch.serialize()
        start = self._file.seek(0, 2)
        self._file.write(buffer)
        return start, buffer.size

    def _taken(self, held: pa.RecordBatch | _Place) -> pa.RecordBatch:
        if isinstance(held, pa.RecordBatch):
            self._bytes -= held.nbytes
            return held
        assert self._file is not None and self._schema is not None
        start, size = held
        self._file.seek(start)
        batch = pa.ipc.read_record_batch(pa.py_buffer(self._file.read(size)), self._schema)
        if not any(isinstance(each, tuple) for each in self._held):
            self._file.truncate(0)
        return batch
