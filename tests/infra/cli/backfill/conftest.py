"""Backfills on little, as if it were much."""

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.cli.backfill import line_chunks, segment
from infra.cli.backfill.source_files import find
from infra.cli.backfill.tabular import rows
from tests.infra.cli.backfill.tables import lined
from tests.infra.cli.backfill.world import World


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few lines fill a chunk, few likes a segment, and few bad lines an object."""
    monkeypatch.setattr(segment, "SEGMENT_ROWS", 6)
    monkeypatch.setattr(segment, "REJECTED_LINES", 2)
    monkeypatch.setattr(line_chunks, "lines", partial(line_chunks.lines, chunk_bytes=200))
    monkeypatch.setattr(line_chunks, "pieces", partial(line_chunks.pieces, size=200))


@pytest.fixture
def world(tmp_path, small: None) -> Iterator[World]:
    """Give a lake in which nothing is yet."""
    return World(tmp_path)


@pytest.fixture
def ask(tmp_path):
    """Write a table and read it: a text as CSV, a dictionary of columns as Parquet."""

    def ask(data, where=None, unit="ms", chunk_rows=50_000, suffix=".csv", **fields):
        path = tmp_path / f"likes{suffix if isinstance(data, str | bytes) else '.parquet'}"
        if isinstance(data, str | bytes):
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        else:
            pq.write_table(data if isinstance(data, pa.Table) else pa.table(data), path)
        source = find([str(path)], lambda: None).sources[0]
        return list(lined(rows(source, path, fields, where, unit, chunk_rows)))

    return ask
