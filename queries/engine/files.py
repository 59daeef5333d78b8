"""The files of a table that a scan needs, found with as little listing as its filters allow."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.json as pj

from glue import schema
from glue.tables import Table

# A rejected line may be 1 MB, and six times that as JSON, where every byte is escaped.
_JSON_BLOCK = 16 * 1024 * 1024
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # what Hive, and so Athena, calls the partition of nulls
_AT_ONCE = 16

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
    sizes: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self.sizes)

    def rows(self) -> ds.FileSystemDataset | pa.Table:
        """What DuckDB reads: Parquet as it goes along, JSON as rows that were read before.

        Arrow opens a JSON file of a dataset in a thread of its pool and there waits for another;
        where scans are as many as threads, none goes on (pyarrow 25).
        """
        if self.table.format != "json":
            return self.dataset
        fragments = list(self.dataset.get_fragments())
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(lambda fragment: _json(self.table, fragment), fragments))
        return pa.concat_tables([self.dataset.schema.empty_table(), *found])

    @property
    def bytes(self) -> int:
        """How many bytes they hold."""
        return sum(self.sizes)


def find(table: Table, filesystem: pafs.FileSystem, filtered: set[int], keep: Keep) -> Files:
    """The files of the table in the partitions that are kept.

    `filtered` holds the depths (from 0) at which there is something to decide; there `keep(depth,
    values)` gets a table of the partition values met, a column each, and gives the rows to keep.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        folders = [Folder(table.location.removeprefix("s3://").rstrip("/"))]
        for depth in range(max(filtered, default=-1) + 1):
            listed = pool.map(lambda folder: _folders(folder, filesystem, table), folders)
            folders = [found for several in listed for found in several]
            if depth in filtered:
                kept = keep(depth, _values(table, [folder.values for folder in folders]))
                folders = [folders[row] for row in kept]
        listed_files = pool.map(lambda folder: list(_files(folder, filesystem, table)), folders)
        found_files = [found for several in listed_files for found in several]
    return _dataset(table, filesystem, found_files)


def _folders(folder: Folder, filesystem: pafs.FileSystem, table: Table) -> list[Folder]:
    selector = pafs.FileSelector(folder.path, allow_not_found=True)
    found = []
    for info in filesystem.get_file_info(selector):
        if info.type == pafs.FileType.Directory:
            values = _told(info.base_name, table, folder.values)
            if values is not None:
                found.append(Folder(info.path, values))
    return found


def _files(
    folder: Folder, filesystem: pafs.FileSystem, table: Table
) -> Iterator[tuple[pafs.FileInfo, Values]]:
    selector = pafs.FileSelector(folder.path, allow_not_found=True, recursive=True)
    for info in filesystem.get_file_info(selector):
        # Hive's rule, and Athena's: a name with a leading dot or underscore is not data.
        if (
            info.type != pafs.FileType.File
            or not info.size
            or info.base_name.startswith((".", "_"))
        ):
            continue
        values: Values | None = folder.values
        for segment in info.path[len(folder.path) :].strip("/").split("/")[:-1]:
            values = _told(segment, table, values) if values is not None else None
        if values is not None and len(values) == len(table.partitions):
            yield info, values


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


def _dataset(
    table: Table, filesystem: pafs.FileSystem, files: list[tuple[pafs.FileInfo, Values]]
) -> Files:
    kinds = schema.partitions(table)
    whole = pa.schema([*schema.arrow(table), *kinds])
    file_format = _format(table)
    fragments = []
    for info, values in files:
        expression = ds.scalar(True)
        for field, value in zip(kinds, values, strict=True):
            name = ds.field(field.name)
            expression &= (
                name.is_null() if value is None else name == pa.scalar(value).cast(field.type)
            )
        fragments.append(
            file_format.make_fragment(info.path, filesystem, expression, file_size=info.size)
        )
    dataset = ds.FileSystemDataset(fragments, whole, file_format, filesystem)
    return Files(table, dataset, tuple(info.size for info, _ in files))


def _json(table: Table, fragment: Any) -> pa.Table:
    """Read a file of JSON lines, with the columns that its place tells."""
    options = pj.ParseOptions(
        explicit_schema=schema.arrow(table), unexpected_field_behavior="ignore"
    )
    reading = pj.ReadOptions(use_threads=False, block_size=_JSON_BLOCK)
    with fragment.filesystem.open_input_stream(fragment.path) as stream:
        try:
            rows = pj.read_json(stream, reading, options)
        except pa.ArrowInvalid as error:
            raise pa.ArrowInvalid(f"{fragment.path}: {error}") from None
    told = ds.get_partition_keys(fragment.partition_expression)
    for field in schema.partitions(table):
        value = pa.scalar(told.get(field.name), field.type)
        rows = rows.append_column(field, pa.repeat(value, len(rows)))
    return rows


def _format(table: Table) -> ds.FileFormat:
    if table.format == "json":
        return ds.JsonFileFormat()
    # Firehose writes INT96, which is read as nanoseconds where nothing else is said.
    return ds.ParquetFileFormat(coerce_int96_timestamp_unit="ms")
