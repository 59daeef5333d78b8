"""A source read as its kind wants, from any line on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.cli.backfill import json_values, layout, line_chunks, own_rows, parsing, tabular
from infra.cli.backfill.layout import PLAIN
from infra.cli.backfill.ledger import Request
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.parsing import Read, Rules
from infra.cli.backfill.row_query import Part
from infra.cli.backfill.source_bytes import Cut
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
    chunks: Iterator[Chunk | Part | BadLine]
    with TemporaryDirectory(dir=folder) as copies:
        rules = Rules(arrived, now, written_in=request.unit, zone=request.zone)
        if source.kind == "json" and request.layout == PLAIN:
            chunks, rules = _lines(source, s3, request, rules)
        else:
            path = line_chunks.fetch(source, s3, Path(copies))
            chunks = tabular.rows(
                source,
                path,
                request.fields,
                request.where,
                request.unit,
                layout=request.layout,
                zone=request.zone,
                only=request.only_mapped,
                values=request.values,
            )
            first = next(chunks, None)
            if isinstance(first, Part) and first.query.ours:
                rules = rules._replace(zone=own_rows.ZONE)
            chunks = chain([] if first is None else [first], chunks)
        left = (chunk for chunk in chunks if _first(chunk) > after)
        yield from parsing.parse(left, rules, workers)


def _lines(
    source: Source, s3: Callable[[], S3Client], request: Request, rules: Rules
) -> tuple[Iterator[Chunk | BadLine], Rules]:
    """Give the lines of a JSON file, and how they are read."""
    pieces = line_chunks.pieces(source, s3)
    try:
        begin = next(pieces, b"")
    except Cut:  # which reading tells again
        begin = b""
    chunks: Iterator[Chunk | BadLine]
    if json_values.are_apart(begin):
        chunks = json_values.lines(source.name, chain([begin], pieces))
    else:
        pieces.close()
        chunks = iter(line_chunks.lines(source, s3))
    begun: list[Chunk | BadLine] = []
    for each in chunks:
        begun.append(each)
        if isinstance(each, Chunk):
            break
    else:
        return iter(begun), rules
    head = each
    chunks = chain(begun, chunks)
    folders = layout.partitions(source.name)
    rules = rules._replace(
        fields=request.fields,
        unit=request.unit,
        partitions=folders,
        only=request.only_mapped,
        values=request.values,
    )
    if (
        not request.fields
        and request.zone is None
        and own_rows.is_ours(head.data.split(b"\n", 1)[0])
    ):
        rules = rules._replace(ours=True, zone=own_rows.ZONE)
    if request.where is not None:
        sample = head.data
        if folders:
            sample = b"\n".join(parsing.placed(line, folders) for line in sample.split(b"\n"))
        try:
            rules = rules._replace(where=Where(request.where, sample))
        except SourceError as error:
            raise SourceError(f"{source.name}: {error}") from None
    return chunks, rules


def _first(chunk: Chunk | Part | BadLine) -> int:
    if isinstance(chunk, BadLine):
        return chunk.number
    if isinstance(chunk, Part):
        return chunk.first
    return chunk.numbers[0] if chunk.numbers else chunk.first
