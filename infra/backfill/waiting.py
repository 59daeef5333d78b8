"""Likes that were read and wait to be merged: in memory while they are few, then on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from transform import duck
from transform.duck import HOUR_MS

AT_ONCE = 200_000
"""About how many rows are given or written at a time, for each time costs some milliseconds."""


class Waiting:
    """Rows in the order they came, which are taken by the hour of the event."""

    def __init__(self, folder: Path, most: int) -> None:
        """Hold so many rows at most in memory, and others in a folder."""
        self.hours: Counter[int] = Counter()
        """How many there are of each epoch hour."""
        self._folder, self._most = folder, most
        self._held: list[pa.Table] = []
        self._files: list[Path] = []

    def __len__(self) -> int:
        """How many rows wait."""
        return self.hours.total()

    def add(self, rows: pa.Table, arrived_at: int) -> None:
        """Add rows as `transform.backfill` gives them, which arrived at this time (epoch ms).

        Raises `NoRoom`.
        """
        hours = _moments(rows) // HOUR_MS
        earliest = int(hours.min())
        counts = np.bincount(hours - earliest)
        for hour in np.flatnonzero(counts).tolist():
            self.hours[earliest + hour] += int(counts[hour])
        arrived = pa.repeat(pa.scalar(arrived_at, pa.timestamp("ms")), len(rows))
        self._held.append(rows.append_column("received_at", arrived))
        if sum(map(len, self._held)) >= (AT_ONCE if self._files else self._most):
            self._write()

    def take(self, first: int, last: int) -> Iterator[pa.Table]:
        """Give the rows of these epoch hours, the last included, each once.

        Raises `NoRoom`.
        """
        if self._files:
            self._write()
            pa.default_memory_pool().release_unused()
        found: list[pa.Table] = []
        for rows in self._all():
            moments = _moments(rows)
            within = (moments >= first * HOUR_MS) & (moments < (last + 1) * HOUR_MS)
            if within.any():
                found.append(rows if within.all() else rows.filter(pa.array(within)))
            if sum(map(len, found)) >= AT_ONCE:
                yield pa.concat_tables(found)
                found = []
        if found:
            yield pa.concat_tables(found)

    def clear(self) -> None:
        """Forget them all."""
        for path in self._files:
            path.unlink()
        self._files, self._held = [], []
        self.hours.clear()

    def _all(self) -> Iterator[pa.Table]:
        """Give them as they came; those in memory go from it, for they are few enough to be taken
        at once."""
        while self._held:
            yield self._held.pop(0)
        for path in self._files:
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
                for number in range(reader.num_record_batches):
                    yield pa.Table.from_batches([reader.get_batch(number)])

    def _write(self) -> None:
        """Write what is held, in files so small that one at a time is mapped into memory."""
        while self._held:
            some = [self._held.pop(0)]
            while self._held and sum(map(len, some)) < AT_ONCE:
                some.append(self._held.pop(0))
            path = self._folder / f"{len(self._files)}.arrow"
            with (
                duck.room(),
                pa.OSFile(str(path), "wb") as sink,
                pa.ipc.new_file(sink, some[0].schema) as writer,
            ):
                for rows in some:
                    writer.write_table(rows)
            self._files.append(path)


def _moments(rows: pa.Table) -> Any:
    """Give the times of the events in epoch milliseconds."""
    return rows["liked_at"].cast(pa.int64()).to_numpy()
