"""A source read as its kind wants, from any line on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.cli.backfill import line_chunks, parsing, tabular
from infra.cli.backfill.ledger import Request
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.parsing import Read, Rules
from infra.cli.backfill.source_files import Source, SourceError
from infra.cli.backfill.where import Where
from transform.event.likes import EARLIEST_MS
from transform.event.stream_records import BadLine

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def arrived_at(source: Source, now: int, began: int) -> int:
    """Give when the likes of a source arrived: when it was last changed (epoch milliseconds).

    It is told by the file alone, so that reading it again gives the same; one that is ahead of
    time counts as of when the backfill began.
    """
    return max(EARLIEST_MS, source.modified if source.modified <= now else began)


def read(
    source: Source,
    request: Request,
    s3: Callable[[], S3Client],
    arrived: int,
    now: int,
    workers: int,
    after: int,
    folder: Path,
) -> Iterator[Read]:
    """Give what the lines of a source become, those after a line, with which a chunk ended.

    Times are in epoch milliseconds; `now` is what "ahead" is judged against. What has to lie on
    disk lies in `folder`. Raises `SourceError`, after all that could be read.
    """
    chunks: Iterator[Chunk | BadLine]
    with TemporaryDirectory(dir=folder) as copies:
        if source.kind == "json":
            chunks, where = _lines(source, s3, request.where)
            rules = Rules(arrived, now, request.fields, request.unit, where)
        else:
            path = line_chunks.fetch(source, s3, Path(copies))
            chunks = tabular.rows(source, path, request.fields, request.where, request.unit)
            rules = Rules(arrived, now)
        left = (chunk for chunk in chunks if _first(chunk) > after)
        yield from parsing.parse(left, rules, workers)


def _lines(
    source: Source, s3: Callable[[], S3Client], condition: str | None
) -> tuple[Iterator[Chunk | BadLine], Where | None]:
    chunks = line_chunks.lines(source, s3)
    if condition is None:
        return chunks, None
    first = next(chunks, None)
    if first is None:
        return iter(()), None
    try:
        where = Where(condition, first.data)
    except SourceError as error:
        raise SourceError(f"{source.name}: {error}") from None
    return chain([first], chunks), where


def _first(chunk: Chunk | BadLine) -> int:
    if isinstance(chunk, BadLine):
        return chunk.number
    return chunk.numbers[0] if chunk.numbers else chunk.first
