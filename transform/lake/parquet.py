"""Likes as Parquet: each column in the encoding that makes it small, the same rows the same bytes.

Most bytes are those of event ids, and they are chance. DELTA_LENGTH_BYTE_ARRAY holds the lengths
apart from the text, whose Huffman code zstd then finds at level 1; the matches that higher levels
find in it cost more than they save. Ids that begin with their time, as the API's own do, begin as
their neighbours do: DELTA_BYTE_ARRAY leaves that out, a byte a like; of ids that are all chance it
would make half a byte more.

Within a film `liked_at` rises, so the differences are small; `received_at` does, too, but for the
late, and a few late likes spoil DELTA_BINARY_PACKED: there zstd does better, at level 1 too: level
8 saves 0.2 bytes a like, for a third of all the time.

Trino, and so Athena, reads each of these encodings for these types. BYTE_STREAM_SPLIT, smaller for
`received_at`, it reads for floating point alone:
https://github.com/trinodb/trino/blob/master/lib/trino-parquet/src/main/java/io/trino/parquet/reader/decoders/ValueDecoders.java
"""

import filecmp
import io
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from glue import schema, tables

ROW_GROUP = 61_440
ROW_GROUP_TEXT = 24 * 2**20
"""Where a row group ends: at these rows, about 1.6 MB, so that films can be passed over in a busy
hour; and at these bytes of `extra`, which bounds memory."""
BATCH = 2_048
"""Rows after which those bytes are looked at, so that the same rows are divided alike."""

_PIECE = 2**20
_BEGINNING = 4

pc: Any = pyarrow.compute

_LIKES = tables.read("likes")
SCHEMA = schema.arrow(_LIKES)
_ENCODINGS = {
    column.name: column.encoding or ("DICTIONARY" if column.type == "string" else "PLAIN")
    for column in _LIKES.columns
}
_DICTIONARIES = [name for name, encoding in _ENCODINGS.items() if encoding == "DICTIONARY"]
CODED = tuple(name for name in _DICTIONARIES if name != "extra")
"""Columns of which many values are the same, which rows in memory may have as dictionaries; not
`extra`, of which each may have 4 KB."""
_WRITTEN = pa.schema(
    [
        field.with_type(pa.dictionary(pa.int32(), field.type)) if field.name in CODED else field
        for field in SCHEMA
    ]
)
_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": _DICTIONARIES,
    "column_encoding": {
        name: encoding for name, encoding in _ENCODINGS.items() if name not in _DICTIONARIES
    },
    # Of the others each row group holds about all there is, and an `extra` may be 4 KB.
    "write_statistics": ["movie_id", "liked_at", "received_at"],
    "store_schema": False,
}


class Writer:
    """Writes a file, a row group at a time. Where there are no rows there is no file."""

    def __init__(self, path: Path, division: int = 0) -> None:
        """Write to this path, once there are rows; name the number of a division, if it has one."""
        self._path = path
        self._division = division
        self._writer: pq.ParquetWriter | None = None
        self._held: list[pa.RecordBatch] = []
        self._rows = self._texts = 0

    @property
    def is_small(self) -> bool:
        """Tell that nothing is written yet, as all rows may still fit in one row group."""
        return self._writer is None

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows, however they are divided."""
        texts = _texts(batch)
        if self._rows + batch.num_rows < ROW_GROUP and self._texts + texts < ROW_GROUP_TEXT:
            self._hold(batch, texts)
            return
        while batch.num_rows:
            room = BATCH - self._rows % BATCH
            part, batch = batch.slice(0, room), batch.slice(room)
            self._hold(part, _texts(part))
            if self._rows >= ROW_GROUP or (
                self._texts >= ROW_GROUP_TEXT and not self._rows % BATCH
            ):
                self._flush()

    def add_group(self, rows: pa.Table, group: pa.Table | None) -> None:
        """Add rows, and what `row_group` makes of them, which is written if it is one here."""
        if group is not None and not self._rows:
            self._write(group)
            return
        for batch in rows.to_batches():
            self.add(batch)

    def _hold(self, batch: pa.RecordBatch, texts: int) -> None:
        if batch.num_rows:
            self._held.append(batch)
        self._rows += batch.num_rows
        self._texts += texts

    def close(self) -> None:
        """Write what is left."""
        if self._held:
            self._flush()
        if self._writer is not None:
            if self._division:
                self._writer.add_key_value_metadata({"division": str(self._division)})
            self._writer.close()

    def _flush(self) -> None:
        self._write(_whole(pa.Table.from_batches(self._held)))
        self._held, self._rows, self._texts = [], 0, 0

    def _write(self, group: pa.Table) -> None:
        if self._writer is None:
            encodings = _OPTIONS["column_encoding"]
            if _begin_alike(group["event_id"]):
                encodings = encodings | {"event_id": "DELTA_BYTE_ARRAY"}
            options = _OPTIONS | {"column_encoding": encodings}
            self._writer = pq.ParquetWriter(self._path, _WRITTEN, **options)
        self._writer.write_table(group, ROW_GROUP)


def read(body: bytes) -> pa.Table:
    """Give the rows of a small file. A dataset, as `read_table` makes of it, takes four times as
    long."""
    return pq.ParquetFile(pa.BufferReader(body)).read(use_threads=False)


def row_group(rows: pa.Table) -> pa.Table | None:
    """Give rows as the row group that they are in a file where they follow whole ones, and others
    follow only if they fill it; None if it ends before them."""
    if len(rows) > ROW_GROUP or _texts(rows) >= ROW_GROUP_TEXT:
        return None
    return _whole(rows)


def _whole(rows: pa.Table) -> pa.Table:
    """Give rows in one piece, as where pages end depends on where pieces do."""
    rows = rows.combine_chunks()
    for place, name in enumerate(rows.column_names):
        if name in CODED:
            rows = rows.set_column(place, name, _coded(rows[name].combine_chunks()))
    return rows


def is_same(one: Path, other: Path) -> bool:
    """Tell that two files are the same."""
    return filecmp.cmp(one, other, shallow=False)


def has_same_rows(one: Path, other: Path) -> bool:
    """Tell that two files have the same rows: they are the same up to their footers, which may name
    other divisions."""
    with one.open("rb") as mine, other.open("rb") as theirs:
        left = _rows_end(mine)
        if left != _rows_end(theirs):
            return False
        mine.seek(0)
        theirs.seek(0)
        while left:
            some = mine.read(min(left, _PIECE))
            if some != theirs.read(len(some)):
                return False
            left -= len(some)
    return True


def _rows_end(file: BinaryIO) -> int:
    """Give where the footer begins, whose length stands before the last four bytes:
    https://parquet.apache.org/docs/file-format/"""
    end = file.seek(-8, io.SEEK_END)
    return end - int.from_bytes(file.read(4), "little")


def _begin_alike(ids: Any) -> bool:
    """Tell that most ids begin as the one before them does. Twelve hexadecimal digits of an ordered
    UUID are its time in milliseconds, of which a day's have the first five in common."""
    texts = ids.cast(pa.string())  # what is none, the writer refuses
    begun = pc.utf8_slice_codeunits(texts, 0, _BEGINNING).combine_chunks()
    same = pc.equal(begun.slice(1), begun.slice(0, max(0, len(begun) - 1)))
    return 2 * (pc.sum(same).as_py() or 0) > len(begun)


def _texts(batch: pa.RecordBatch | pa.Table) -> int:
    return pc.sum(pc.binary_length(batch["extra"])).as_py() or 0


def _coded(values: Any) -> Any:
    """Give values as a dictionary, which has those that are there in the order they come."""
    if not isinstance(values, pa.DictionaryArray):
        return values.dictionary_encode()
    coded = values.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices, values.dictionary.take(coded.dictionary))
