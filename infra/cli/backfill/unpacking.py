"""Parquet columns, unpacked piece by piece: a few bytes of a dictionary stand for gigabytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute

from infra.cli.backfill import line_chunks, source_bytes
from infra.cli.backfill.parquet_footer import Footer
from infra.cli.backfill.source_bytes import Cut

pc: Any = pyarrow.compute

_TEXT, _ELSE = 4, 8
"""Bytes that a value takes at most besides what a text holds: an offset, and a number."""


def dictionaries(footer: Footer) -> list[str]:
    """Give the paths of columns of texts that are dictionaries in some group of rows.

    Arrow then gives them as such, and each text is in memory once.
    """
    return [*dict.fromkeys(one.path for one in footer.chunks if one.is_coded and one.is_text)]


class Budget:
    """How much a file may come to when it is unpacked: see `source_bytes.MOST_TIMES`."""

    def __init__(self, size: int) -> None:
        """Take the bytes of the file."""
        self._left = max(source_bytes.FREE, source_bytes.MOST_TIMES * size)

    def foresee(self, footer: Footer) -> None:
        """Raise `Cut` where what a file tells of itself is too much already."""
        values = sum(one.values * (_TEXT if one.is_text else _ELSE) for one in footer.chunks)
        self._check(max(values, footer.size, sum(one.size for one in footer.chunks)))

    def spend(self, table: pa.Table) -> None:
        """Take off what a table comes to; raises `Cut` where that is too much."""
        size = unpacked(table)
        self._check(size)
        self._left -= size

    def _check(self, size: int) -> None:
        if size > self._left:
            times = source_bytes.MOST_TIMES
            raise Cut(f"it unpacks to more than {times} times its size, as no export does")


def pieces(table: pa.Table, schema: pa.Schema) -> Iterator[pa.Table]:
    """Give rows with the types of a schema instead of dictionaries, as many at a time as memory has
    room for. Raises `Cut` for a row that is longer than any line may be."""
    if unpacked(table) <= line_chunks.LONGEST_LINE:
        yield table.cast(schema)
    elif len(table) == 1:
        raise Cut("a row is longer than any like")
    else:
        half = len(table) // 2
        yield from pieces(table.slice(0, half), schema)
        yield from pieces(table.slice(half), schema)


def unpacked(table: pa.Table) -> int:
    """Give the bytes that a table takes once its dictionaries are texts."""
    return sum(_size(chunk) for column in table.columns for chunk in column.chunks)


def _size(array: Any) -> int:
    if pa.types.is_dictionary(array.type) and _is_text(array.type.value_type):
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        texts = pc.sum(lengths.take(array.indices)).as_py() or 0
        return int(texts) + _TEXT * len(array)
    if pa.types.is_struct(array.type):
        return sum(map(_size, array.flatten()))
    if pa.types.is_map(array.type):
        span = slice(array.offsets[0].as_py(), array.offsets[-1].as_py())
        return _size(array.keys[span]) + _size(array.items[span])
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return _size(array.flatten()) + _TEXT * len(array)
    return int(array.nbytes)


def _is_text(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_binary, pa.types.is_large_string)
    return any(is_one(type_) for is_one in (*kinds, pa.types.is_large_binary))
