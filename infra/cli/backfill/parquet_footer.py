"""What a Parquet file tells of itself at its end, read by DuckDB.

Arrow ends the process where a column's part of the footer is broken: of what it throws then, Python
does not hear (`parquet::ParquetException` in `RowGroupMetaData.column`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq


class ColumnChunk(NamedTuple):
    """A column in a group of rows: how many values it has, and how many bytes, unpacked.

    `is_coded` says that the values, or some of them, stand in a dictionary.
    """

    path: str
    is_text: bool
    is_coded: bool
    values: int
    size: int


class Footer(NamedTuple):
    """The rows of a file, the bytes that it says its groups of rows come to, and their columns."""

    rows: int
    size: int
    chunks: list[ColumnChunk]


def read(path: Path, file: pq.ParquetFile) -> Footer:
    """Read the footer of a file that Arrow has opened. Raises `duckdb.Error`."""
    with _database().cursor() as session:
        found = session.execute(
            """
            SELECT
              column_id, type = 'BYTE_ARRAY',
              dictionary_page_offset IS NOT NULL OR contains(encodings, 'DICT'),
              num_values, total_uncompressed_size
            FROM parquet_metadata($path)""",
            {"path": str(path)},
        ).fetchall()
        [(size,)] = session.execute(
            """
            SELECT coalesce(sum(size), 0)::BIGINT FROM (
              SELECT any_value(row_group_bytes) AS size
              FROM parquet_metadata($path) GROUP BY row_group_id
            )""",
            {"path": str(path)},
        ).fetchall()
    paths = [file.schema.column(at).path for at in range(len(file.schema))]
    chunks = [ColumnChunk(paths[at], *others) for at, *others in found]
    return Footer(file.metadata.num_rows, size, chunks)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"threads": 1})
    database.execute("SET enable_progress_bar = false")
    return database
