"""Likes that were read and wait to be merged: in memory while they are few, then on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from glue import tables
from transform.lake import duck
from transform.lake.duck import HOUR_MS
from transform.lake.staging import HELD

_COLUMNS = [column.name for column in tables.read("likes").columns]


class _File(NamedTuple):
    """A file of rows, and the first and last of their epoch hours."""

    path: Path
    first: int
    last: int


class Spill:
    """Rows of a backfill, which are taken by the hour of the event."""

    def __init__(self, folder: Path, most: int, number: int) -> None:
        """Hold so many rows in memory, no more than the staging area does, and others on disk.

        They are those of a backfill, by its `number`.
        """
        self.hours: Counter[int] = Counter()
        """How many there are of each epoch hour."""
        self._folder, self._most, self._number = folder, most, number
        self._held: list[pa.Table] = []
        self._bytes = 0
        self._files: list[_File] = []

    def __len__(self) -> int:
        """How many rows wait."""
        return self.hours.total()

    def add(self, rows: pa.Table, arrived_at: int) -> None:
        """Add rows as `parsing` gives them, which arrived at this time (epoch ms), or as they tell.

        Raises `NoRoom`.
        """
        hours = _hours(rows)
        first = int(hours[0])
        counts = np.bincount(hours - first)
        for hour in np.flatnonzero(counts).tolist():
            self.hours[first + hour] += int(counts[hour])
        if "received_at" not in rows.column_names:
            arrived = pa.repeat(pa.scalar(arrived_at, pa.timestamp("ms")), len(rows))
            rows = rows.append_column("received_at", arrived)
        self._held.append(rows)
        self._bytes += rows.nbytes
        if len(self) > self._most or self._bytes > HELD:
            self._write()

    def take(self, first: int, last: int) -> Iterator[pa.Table]:
        """Give the rows of these epoch hours, the last included, each once, as `likes` has them.

        As long as memory holds all of them, all are to be taken together.
        """
        for rows in self._of(first, last):
            start, end = np.searchsorted(_hours(rows), [first, last + 1])
            numbers = pa.repeat(pa.scalar(self._number, pa.int32()), end - start)
            some = rows.slice(start, end - start).append_column("backfill", numbers)
            yield some.select(_COLUMNS)

    def rows_of(self, size: int) -> int:
        """Give about how many rows so many bytes are, in memory."""
        return size * len(self) // max(1, self._bytes)

    def clear(self) -> None:
        """Forget them all."""
        for file in self._files:
            file.path.unlink()
        self._files, self._held, self._bytes = [], [], 0
        self.hours.clear()

    def _of(self, first: int, last: int) -> Iterator[pa.Table]:
        """Give rows that may be of these hours; those in memory go from it."""
        while self._held:
            yield self._held.pop(0)
        for file in self._files:
            if file.first <= last and file.last >= first:
                yield _mapped(file.path)

    def _write(self) -> None:
        while self._held:
            rows = self._held.pop(0)
            path = self._folder / f"{len(self._files)}.arrow"
            with (
                duck.room(),
                pa.OSFile(str(path), "wb") as sink,
                pa.ipc.new_file(sink, rows.schema) as writer,
            ):
                writer.write_table(rows)
            hours = _hours(rows)
            self._files.append(_File(path, int(hours[0]), int(hours[-1])))


def _mapped(path: Path) -> pa.Table:
    """Give the rows of a file, of which memory holds only what is looked at."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        return reader.read_all()


def _hours(rows: pa.Table) -> Any:
    """Give the epoch hours of the events, which rise."""
    return rows["liked_at"].cast(pa.int64()).to_numpy() // HOUR_MS
