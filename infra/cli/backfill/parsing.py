"""Chunks of a source become rows, several chunks at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute

from infra.cli.backfill import line_arrays, line_chunks, own_rows, second_look
from infra.cli.backfill.json_rows import Unit
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.mapping import remap
from infra.cli.backfill.row_query import Part
from infra.cli.backfill.source_files import SourceError
from infra.cli.backfill.where import Where
from transform.event import bulk
from transform.event.shapes import Shapes
from transform.event.stream_records import BadLine
from transform.lake.sorting import by_hour

pc: Any = pyarrow.compute

_NONE = bulk.SCHEMA.empty_table()


class Rules(NamedTuple):
    """How the lines of a source are read; times are in epoch milliseconds.

    `arrived_at` is when its likes arrived, and `now` what "ahead" is judged against. `unit` is
    that of times that are numbers of JSON, and `written_in` that of others; `ours` says that a
    lake wrote the lines, and `partitions` are columns that stand for each line's.
    """

    arrived_at: int
    now: int
    fields: dict[str, str] = {}
    unit: Unit = "ms"
    where: Where | None = None
    written_in: Unit = "ms"
    zone: str | None = None
    ours: bool = False
    partitions: dict[str, str | None] = {}
    only: bool = False
    values: dict[str, dict[str, str]] = {}


class Read(NamedTuple):
    """What came of a chunk: the number of its last line, its bytes and lines, what they became."""

    last: int
    size: int
    lines: int
    rows: pa.Table
    bad: list[BadLine]


def parse(chunks: Iterable[Chunk | Part | BadLine], rules: Rules, workers: int) -> Iterator[Read]:
    """Give what came of each chunk, or part of a table, in their order.

    Raises `SourceError` of one once what came before it is given.
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
            elif isinstance(chunk, Part):
                waiting.append(pool.submit(_parse_part, chunk, rules, shapes))
            else:
                waiting.append(pool.submit(_parse, chunk, rules, shapes))
            if len(waiting) > 2 * workers:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    if failure:
        raise failure


def _result(waiting: Future[Read] | BadLine) -> Read:
    if isinstance(waiting, BadLine):
        return Read(waiting.number, len(waiting.payload), 1, _NONE, [waiting])
    return waiting.result()


def _parse(chunk: Chunk, rules: Rules, shapes: Shapes) -> Read:
    data, numbers = chunk.data, chunk.numbers
    count = line_chunks.breaks(data) + (not data.endswith(b"\n") and bool(data))
    last = numbers[-1] if numbers else chunk.first + count - 1
    told: list[int] | range = numbers or range(chunk.first, last + 1)
    given = data
    arrivals = chunk.arrivals
    if rules.where:
        told, data = _kept(rules.where, data, told, rules.partitions)
        given = data
    if rules.fields or rules.unit != "ms" or rules.ours:
        lines = data.split(b"\n")[: len(told)]
        if rules.ours:
            lines, arrivals = own_rows.restored(lines)
        if any(column in rules.partitions for column in rules.fields.values()):
            lines = [placed(line, rules.partitions) for line in lines]
        if rules.fields or rules.unit != "ms":
            how = rules.fields, rules.unit, rules.only, rules.values
            lines = [remap(line, *how) for line in lines]
        data = b"\n".join(lines)
    skew = max(0, rules.now - rules.arrived_at)
    rows, refused = bulk.parse(data, told, rules.arrived_at, skew, shapes)
    bad = refused
    if bad:
        amended = second_look.amend(bad, rules.written_in, rules.zone)
        bad = amended.bad
        if amended.lines:
            again = b"\n".join(amended.lines)
            more = bulk.parse(again, amended.numbers, rules.arrived_at, skew, shapes)
            rows = by_hour(pa.concat_tables([rows, more.rows]))
            bad = sorted([*bad, *more.bad], key=lambda one: one.number)
    if bad and data is not given:
        refused = _as_they_came(bad, told, given)
    came = {one.number: one.payload for one in refused}
    bad = [msgspec.structs.replace(one, payload=came[one.number]) for one in bad]
    if arrivals is not None:
        rows = own_rows.arrived(rows, arrivals, rules.arrived_at)
    return Read(last, len(chunk.data), len(told), rows, bad)


def _as_they_came(bad: Sequence[BadLine], told: Sequence[int], given: bytes) -> list[BadLine]:
    """Give bad lines with the text that they have in a chunk, whose lines have these numbers."""
    places = np.searchsorted(line_arrays.numbers(told), [one.number for one in bad])
    lines: list[Any] = line_arrays.divided(given).take(places).to_pylist()
    return [
        msgspec.structs.replace(one, payload=line.removesuffix(b"\n"))
        for one, line in zip(bad, lines, strict=True)
    ]


def _parse_part(part: Part, rules: Rules, shapes: Shapes) -> Read:
    """Judge rows by their fields, and by their lines where that leaves a doubt."""
    query, batch = part
    size = batch.table.nbytes
    told = query.fields(batch)
    if told is None:
        chunk = query.lines(batch)
        read = _parse(chunk, rules, shapes) if chunk else Read(part.last, 0, 0, _NONE, [])
        return read._replace(last=part.last, size=size)
    numbers = told.numbers
    skew = max(0, rules.now - rules.arrived_at)
    rows, sure = bulk.judge(told.fields, len(numbers), rules.arrived_at, skew)
    bad: list[BadLine] = []
    if sure is not None:
        rows = rows.filter(sure)
        doubtful: list[Any] = numbers.filter(pc.invert(sure)).to_pylist()
        chunk = query.some_lines(batch, doubtful)
        if chunk:
            by_line = _parse(chunk, rules, shapes)
            rows, bad = pa.concat_tables([rows, by_line.rows]), by_line.bad
    return Read(part.last, size, len(numbers), by_hour(rows), bad)


def _kept(
    where: Where, data: bytes, told: Sequence[int], partitions: Mapping[str, str | None]
) -> tuple[list[int], bytes]:
    """Give the numbers of the lines that a condition keeps, and these lines."""
    lines = line_arrays.divided(data)
    given: list[Any] = lines.to_pylist() if partitions else []
    kept = where.keep([placed(one, partitions) for one in given] if partitions else lines)
    numbers = line_arrays.numbers(told)[kept.to_numpy(zero_copy_only=False)]
    return numbers.tolist(), bytes(line_arrays.joined(lines.filter(kept)))


def placed(line: bytes, partitions: Mapping[str, str | None]) -> bytes:
    """Give a line with the columns that its file's folders stand for, but those it has itself."""
    if not partitions or not line.lstrip().startswith(b"{"):
        return line
    told = msgspec.json.encode({name: value for name, value in partitions.items()})[1:-1]
    inner = line.lstrip()[1:]
    return b"{" + told + (b"" if inner.lstrip().startswith(b"}") else b",") + inner
