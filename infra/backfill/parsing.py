"""Chunks of a source become files of rows on the scratch disk, several chunks at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from infra.backfill.columns import Unit
from infra.backfill.mapping import remap
from infra.backfill.reading import Chunk
from infra.backfill.sources import SourceError
from infra.backfill.where import Where
from transform import backfill
from transform.compaction import HOUR_MS
from transform.shapes import Shapes
from transform.stream import BadLine

pc: Any = pyarrow.compute

_FEW_VALUES = ["movie_id", "action", "source", "extra", "received_at"]


class Rules(NamedTuple):
    """How the lines of a source are read; times are in epoch milliseconds.

    `arrived_at` is when its likes arrived, and `now` what "ahead" is judged against.
    """

    arrived_at: int
    now: int
    fields: dict[str, str] = {}
    unit: Unit = "ms"
    where: Where | None = None


class Part(NamedTuple):
    """A file of rows, and how many of each epoch hour it holds."""

    path: Path
    hours: dict[int, int]


class Read(NamedTuple):
    """What came of a chunk: the number of its last line, its bytes and lines, what they became."""

    last: int
    size: int
    lines: int
    likes: int
    part: Part | None
    bad: list[BadLine]


def parse(
    chunks: Iterable[Chunk | BadLine], rules: Rules, folder: Path, workers: int
) -> Iterator[Read]:
    """Give what came of each chunk, in their order.

    Raises `SourceError` of `chunks` once what came before it is given.
    """
    shapes = Shapes()
    waiting: deque[Future[Read] | BadLine] = deque()
    unread = iter(chunks)
    failure: SourceError | None = None
    with ThreadPoolExecutor(workers) as pool:
        while True:
            try:
                chunk = next(unread, None)
            except SourceError as error:
                failure = error
                break
            if chunk is None:
                break
            if isinstance(chunk, BadLine):
                waiting.append(chunk)
            else:
                waiting.append(pool.submit(_parse, chunk, rules, folder, shapes))
            if len(waiting) > 2 * workers:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    if failure:
        raise failure


def _result(waiting: Future[Read] | BadLine) -> Read:
    if isinstance(waiting, BadLine):
        return Read(waiting.number, len(waiting.payload), 1, 0, None, [waiting])
    return waiting.result()


def _parse(chunk: Chunk, rules: Rules, folder: Path, shapes: Shapes) -> Read:
    data, numbers = chunk.data, chunk.numbers
    count = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    last = numbers[-1] if numbers else chunk.first + count - 1
    told: list[int] | range = numbers or range(chunk.first, last + 1)
    given = data
    if rules.where or rules.fields or rules.unit != "ms":
        lines = data.split(b"\n")[:count]
        if rules.where:
            kept = rules.where.keep(lines)
            told = [number for number, keep in zip(told, kept, strict=True) if keep]
            lines = [line for line, keep in zip(lines, kept, strict=True) if keep]
        given = b"\n".join(lines)
        data = b"\n".join(remap(line, rules.fields, rules.unit) for line in lines)
    skew = max(0, rules.now - rules.arrived_at)
    parsed = backfill.parse(data, told, rules.arrived_at, skew, shapes)
    bad = parsed.bad
    if bad and data is not chunk.data:  # a rejected line is kept as it came
        place = dict(zip(told, given.split(b"\n"), strict=False))
        bad = [BadLine(one.number, place[one.number], one.reason, one.detail) for one in bad]
    part = _write(parsed.rows, rules.arrived_at, folder) if len(parsed.rows) else None
    return Read(last, len(chunk.data), len(told), len(parsed.rows), part, bad)


def _write(rows: pa.Table, arrived_at: int, folder: Path) -> Part:
    """Write rows in the order of their hours, so that one can be read without the others."""
    hours = pc.divide(pc.cast(rows["liked_at"], pa.int64()), HOUR_MS)
    rows = rows.take(pc.sort_indices(hours))
    arrived = pa.repeat(pa.scalar(arrived_at, pa.timestamp("ms")), len(rows))
    path = folder / f"{uuid4().hex}.parquet"
    pq.write_table(
        rows.append_column("received_at", arrived),
        path,
        compression="none",
        use_dictionary=_FEW_VALUES,  # type: ignore[arg-type]  # columns are fine
        row_group_size=30_720,
    )
    counts = pc.value_counts(hours).to_pylist()
    return Part(path, {count["values"]: count["counts"] for count in counts})
