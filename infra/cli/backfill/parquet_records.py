"""Records of a Parquet file as tables that DuckDB can see."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from infra.cli.backfill import (
    csv_records,
    line_chunks,
    parquet_footer,
    source_bytes,
    source_files,
    unpacking,
)
from infra.cli.backfill.csv_records import Batch
from infra.cli.backfill.parquet_footer import Footer
from infra.cli.backfill.source_bytes import Cut, Unreadable
from infra.cli.backfill.source_files import Source
from infra.cli.backfill.unpacking import Budget, dictionaries


def records(source: Source, path: Path, most: int) -> Iterator[Batch]:
    """Give a Parquet file's rows, at most so many a table; the first table has none.

    Raises `Unreadable` where the file is broken, after the rows before that.
    """
    known = source.version if source_files.lies_here(source.name) else None
    number = 1
    try:
        source_bytes.unchanged(os.stat(path), known)
        with _opened(path) as file:
            budget = Budget(os.stat(path).st_size)
            footer = parquet_footer.read(path, file)
            budget.foresee(footer)
            coded = dictionaries(footer)
            schema = file.schema_arrow
        with _opened(path, coded) as file:
            names = csv_records.distinct(file.schema_arrow.names)
            yield Batch(range(0), schema.empty_table().rename_columns(names))
            size = _rows_at_once(footer, most)
            # A group after the other, so that those before a broken one are read.
            groups = ([group] for group in range(file.num_row_groups))
            for batch in (b for group in groups for b in file.iter_batches(size, group)):
                packed = pa.Table.from_batches([batch])
                packed.validate(full=True)  # a text may be no UTF-8
                budget.spend(packed)
                for table in unpacking.pieces(packed, schema):
                    rows = range(number, number + table.num_rows)
                    yield Batch(rows, table.rename_columns(names))
                    number += table.num_rows
        source_bytes.unchanged(os.stat(path), known)
    except Cut as cut:
        raise Unreadable(source.name, number - 1, str(cut)) from None
    except FileNotFoundError:
        raise Unreadable(source.name, number - 1, "it is gone") from None
    except (pa.ArrowException, duckdb.Error, OSError, UnicodeError) as error:
        why = f"it is no whole Parquet file ({source_files.reason(error)})"
        raise Unreadable(source.name, number - 1, why) from None


def _opened(path: Path, coded: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a file of which these columns are to stay dictionaries."""
    return pq.ParquetFile(
        path,
        buffer_size=2**20,
        coerce_int96_timestamp_unit="us",
        read_dictionary=list(coded) or None,
    )


def _rows_at_once(footer: Footer, most: int) -> int:
    """Give how many rows fit in a chunk's memory, by how long they are."""
    total = max(footer.size, sum(one.values for one in footer.chunks))
    each = total // max(footer.rows, 1)
    return min(most, max(line_chunks.CHUNK // max(each, 1), 1))


def shown(table: pa.Table, folders: Mapping[str, str | None]) -> pa.Table:
    """Give a table as DuckDB can see it, with the columns that folders stand for.

    A type that DuckDB has not becomes one that it has, and text where there is none.
    """
    known = {name.casefold() for name in table.column_names}
    for name, value in folders.items():
        if name.casefold() not in known:
            table = table.append_column(name, pa.repeat(pa.scalar(value, pa.string()), len(table)))
    for at, field in enumerate(table.schema):
        if is_foreign(field.type):
            table = table.set_column(at, field.name, _known(table.column(at)))
    return table


def is_foreign(type_: pa.DataType) -> bool:
    """Tell whether an Arrow type, or one within it, is none that DuckDB reads."""
    if any(is_one(type_) for is_one in _FOREIGN):
        return True
    return any(is_foreign(type_.field(at).type) for at in range(type_.num_fields))


_FOREIGN = (pa.types.is_float16, pa.types.is_decimal256, pa.types.is_interval)


def _known(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    if pa.types.is_float16(column.type):
        return column.cast(pa.float32())
    if pa.types.is_decimal256(column.type):
        return column.cast(pa.string())
    # An interval, or what holds one of these: what it is as JSON, an interval in words.
    texts = [
        None if each is None else msgspec.json.encode(each, enc_hook=str).decode()
        for each in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])
