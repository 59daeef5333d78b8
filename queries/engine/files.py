"""The files of a table that a scan needs, found with as little listing as its filters allow."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.json as pj

from glue import schema
from glue.tables import Table
from queries.engine.listing import Listing
from queries.engine.store import AT_ONCE, File

# A rejected line may be 1 MB, and six times that as JSON, where every byte is escaped.
_JSON_BLOCK = 16 * 1024 * 1024
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # what Hive, and so Athena, calls the partition of nulls
_GZIP = b"\x1f\x8b"  # how it starts (RFC 1952); the name that would tell it is not with a buffer

_SMALL = 64 * 1024
"""Bytes of a Parquet file that Arrow reads at its end, to find the footer: a smaller one it would
ask for whole to that end, and then again for its columns."""
_MOST_SMALL = 128 * 1024 * 1024
"""Bytes of small files that are kept in memory."""

Values = tuple[str | None, ...]
Keep = Callable[[int, pa.Table], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a table and the partition values its path tells, first partition first."""

    path: str
    values: Values = ()


@dataclass(frozen=True, slots=True)
class Files:
    """What a scan reads: a dataset, and how large each of its files is."""

    table: Table
    dataset: ds.FileSystemDataset
    files: tuple[File, ...]

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self.files)

    @property
    def sizes(self) -> list[int]:
        """How many bytes each holds."""
        return [file.size for file in self.files]

    @property
    def bytes(self) -> int:
        """How many bytes they hold."""
        return sum(self.sizes)

    def rows(self) -> ds.FileSystemDataset | pa.Table:
        """What DuckDB reads: Parquet as it goes along, JSON as rows that were read before.

        Arrow opens a JSON file of a dataset in a thread of its pool and there waits for another;
        where scans are as many as threads, none goes on (pyarrow 25).
        """
        if self.table.format != "json":
            return self.dataset
        fragments = list(self.dataset.get_fragments())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda fragment: _json(self.table, fragment), fragments))
        return pa.concat_tables([self.dataset.schema.empty_table(), *found])


def find(table: Table, listing: Listing, filtered: set[int], keep: Keep) -> Files:
    """The files of the table in the partitions that are kept.

    `filtered` holds the depths (from 0) at which there is something to decide; there `keep(depth,
    values)` gets a table of the partition values met, a column each, and gives the rows to keep.
    """
    root = Folder(table.location.removeprefix("s3://").rstrip("/"))
    kept, runs = [root], [(root.path, root.path)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for depth in range(max(filtered, default=-1) + 1):
            listed = pool.map(lambda folder: _folders(folder, listing, table), kept)
            folders = [found for several in listed for found in several]
            rows: Sequence[int] = range(len(folders))
            if depth in filtered:
                rows = sorted(keep(depth, _values(table, [folder.values for folder in folders])))
            kept = [folders[row] for row in rows]
            runs = _runs(folders, rows)
        listed_files = pool.map(lambda run: listing.files(*run), runs)
        found_files = [file for several in listed_files for file in several]
    return _dataset(table, listing, list(_placed(found_files, kept, table)))


def _folders(folder: Folder, listing: Listing, table: Table) -> list[Folder]:
    found = []
    for path in listing.store.folders(folder.path):
        values = _told(path.rpartition("/")[2], table, folder.values)
        if values is not None:
            found.append(Folder(path, values))
    return found


def _runs(folders: Sequence[Folder], rows: Sequence[int]) -> list[tuple[str, str]]:
    """The first and the last of those that stand side by side: one listing is enough for them."""
    runs: list[tuple[str, str]] = []
    for place, row in enumerate(rows):
        path = folders[row].path
        beside = place and rows[place - 1] + 1 == row
        if beside and _parent(runs[-1][1]) == _parent(path):
            runs[-1] = (runs[-1][0], path)
        else:
            runs.append((path, path))
    return runs


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _placed(
    files: Iterable[File], kept: Sequence[Folder], table: Table
) -> Iterator[tuple[File, Values]]:
    """The files that lie in a partition below a kept folder, with its values."""
    known = {folder.path: folder for folder in kept}
    depth = len(kept[0].path.split("/")) if kept else 0
    for file in files:
        segments = file.folder.split("/")
        folder = known.get("/".join(segments[:depth]))
        values = folder.values if folder else None
        for segment in segments[depth:]:
            values = _told(segment, table, values) if values is not None else None
        if values is not None and len(values) == len(table.partitions):
            yield file, values


def _told(segment: str, table: Table, values: Values) -> Values | None:
    """The values with the one that `name=value` adds; None where it is not the next partition."""
    name, equals, value = segment.partition("=")
    depth = len(values)
    if not equals or depth == len(table.partitions) or name != table.partitions[depth].name:
        return None
    return (*values, None if value == _NO_VALUE else unquote(value))


def _values(table: Table, rows: Sequence[Values]) -> pa.Table:
    fields = list(schema.partitions(table))[: len(rows[0]) if rows else len(table.partitions)]
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(fields))]
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, fields, strict=True)],
        names=[field.name for field in fields],
    )


def _dataset(table: Table, listing: Listing, placed: Sequence[tuple[File, Values]]) -> Files:
    kinds = schema.partitions(table)
    whole = pa.schema([*schema.arrow(table), *kinds])
    file_format = _format(table)
    filesystem = listing.store.filesystem
    make: Any = file_format.make_fragment  # its stubs know no buffers
    small = _small([file for file, _ in placed]) if table.format == "parquet" else frozenset[str]()

    def fragment(file: File, values: Values) -> Any:
        expression = ds.scalar(True)
        for field, value in zip(kinds, values, strict=True):
            name = ds.field(field.name)
            expression &= (
                name.is_null() if value is None else name == pa.scalar(value).cast(field.type)
            )
        body = file.body
        if body is None and file.path in small and (read := listing.store.read(file.path)):
            body = read[1]
        if body is None:
            return make(file.path, filesystem, expression, file_size=file.size)
        found = make(body, None, expression)
        if table.format == "parquet":
            _open(file, found)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        fragments = list(pool.map(fragment, *zip(*placed, strict=True))) if placed else []
    dataset = ds.FileSystemDataset(fragments, whole, file_format, filesystem)
    return Files(table, dataset, tuple(file for file, _ in placed))


def _open(file: File, fragment: Any) -> None:
    """Read the footer of a file in memory, which has no name to Arrow: an error is to tell it."""
    try:
        fragment.ensure_complete_metadata()
    except (pa.ArrowException, OSError) as error:
        raise type(error)(str(error).replace("<Buffer>", file.path)) from None


def _small(files: Iterable[File]) -> Set[str]:
    """The paths of those that are read whole at once, smallest first, as many as memory holds."""
    some = sorted((file for file in files if file.size <= _SMALL), key=lambda file: file.size)
    ends = accumulate(file.size for file in some)
    return {file.path for file, end in zip(some, ends, strict=True) if end <= _MOST_SMALL}


def _json(table: Table, fragment: Any) -> pa.Table:
    """Read a file of JSON lines, with the columns that its place tells."""
    options = pj.ParseOptions(
        explicit_schema=schema.arrow(table), unexpected_field_behavior="ignore"
    )
    reading = pj.ReadOptions(use_threads=False, block_size=_JSON_BLOCK)
    with _stream(fragment) as stream:
        try:
            rows = pj.read_json(stream, reading, options)
        except pa.ArrowInvalid as error:
            raise pa.ArrowInvalid(f"{fragment.path}: {error}") from None
    told = ds.get_partition_keys(fragment.partition_expression)
    for field in schema.partitions(table):
        value = pa.scalar(told.get(field.name), field.type)
        rows = rows.append_column(field, pa.repeat(value, len(rows)))
    return rows


def _stream(fragment: Any) -> Any:
    if fragment.buffer is None:
        return fragment.filesystem.open_input_stream(fragment.path)
    packed = fragment.buffer[:2].to_pybytes() == _GZIP
    reader = pa.BufferReader(fragment.buffer)
    return pa.CompressedInputStream(reader, "gzip") if packed else reader


def _format(table: Table) -> ds.FileFormat:
    if table.format == "json":
        return ds.JsonFileFormat()
    # Firehose writes INT96, which is read as nanoseconds where nothing else is said.
    return ds.ParquetFileFormat(coerce_int96_timestamp_unit="ms")
