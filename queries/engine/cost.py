"""What a question costs before it is asked: the bytes that Athena would scan for it, in dollars."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from glue import schema
from glue.tables import Table
from queries.engine import columns, prices, sizes
from queries.engine.errors import TooExpensive
from queries.engine.files import Files
from queries.engine.plan import Plan, Scan
from queries.engine.ranges import Range
from queries.engine.session import kept

_AT_ONCE = 16
_LARGEST = 3  # columns and tables that a refusal names
_FOOTER_END = 8  # the footer's length and "PAR1" (https://parquet.apache.org/docs/file-format/)
# Trino of late reads a Parquet file up to this size as a whole (its parquet.small-file-threshold);
# AWS does not tell whether Athena does.
_SMALL_FILE = 3 * 2**20


@dataclass(frozen=True, slots=True)
class Reading:
    """What one scan reads each time it is made.

    `columns` holds the compressed bytes of each column, largest first; those of JSON, which is
    read whole, are of no column (None). `bytes` is all of it, the footers included; `most` is that
    where small files are read whole.
    """

    table: str
    times: int
    files: int
    row_groups: int
    row_groups_skipped: int
    columns: tuple[tuple[str | None, int], ...]
    bytes: int
    most: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What Athena would scan for a question, and bill."""

    readings: tuple[Reading, ...]

    @property
    def bytes(self) -> int:
        """The bytes of the columns used, in the row groups that may hold an answer, and of footers.

        A scan that is made twice counts twice.
        """
        return sum(reading.bytes * reading.times for reading in self.readings)

    @property
    def most(self) -> int:
        """The bytes should Athena read Parquet files of up to 3 MiB whole, as Trino does."""
        return sum(reading.most * reading.times for reading in self.readings)

    @property
    def billed_bytes(self) -> int:
        """The bytes that are billed: whole megabytes, and 10 of them at least."""
        return prices.billed(self.bytes)

    @property
    def dollars(self) -> float:
        """What the question costs in US dollars."""
        return prices.dollars(self.bytes)

    @property
    def files(self) -> int:
        """How many objects are opened."""
        return sum(reading.files * reading.times for reading in self.readings)

    @property
    def parts(self) -> list[tuple[str, str | None, int]]:
        """Table, column (None: whole objects) and bytes of all but the footers, largest first."""
        totals: Counter[tuple[str, str | None]] = Counter()
        for reading in self.readings:
            for column, size in reading.columns:
                totals[reading.table, column] += size * reading.times
        return [(table, column, size) for (table, column), size in totals.most_common()]

    def __str__(self) -> str:
        files = f"{self.files:,} file{'' if self.files == 1 else 's'}"
        told = f"Athena would scan {sizes.shown(self.bytes)} of {files}"
        if self.most > self.bytes:
            told += f" (at most {sizes.shown(self.most)}, where it reads small files whole)"
        return f"{told} and bill {sizes.shown(self.billed_bytes)}: {self.dollars:.6f} USD."

    def check(self, max_bytes: int) -> None:
        """Raise `TooExpensive` where more than `max_bytes` would be scanned."""
        if self.bytes <= max_bytes:
            return
        largest = ", ".join(
            f"{table}.{column} {sizes.shown(size)}" if column else f"{table} {sizes.shown(size)}"
            for table, column, size in self.parts[:_LARGEST]
        )
        raise TooExpensive(
            f"This would scan {sizes.shown(self.bytes)} ({self.dollars:.6f} USD), more than the "
            f"{sizes.shown(max_bytes)} that are allowed; most of it: {largest or 'footers'}."
        )


def estimate(session: duckdb.DuckDBPyConnection, plan: Plan, found: Sequence[Files]) -> Estimate:
    """What the plan costs, its scans reading the files that were found for each.

    Reads the footers, and nothing else. `NotEstimated` where it cannot be told.
    """
    uses = columns.used(plan.tree, {scan.name: scan.table for scan in plan.scans})
    readings = []
    for scan, part in zip(plan.scans, found, strict=True):
        use = uses[scan.name]
        read = _json if scan.table.format == "json" else _parquet
        readings.append(read(session, scan, part, use))
    return Estimate(tuple(readings))


def _json(_: duckdb.DuckDBPyConnection, scan: Scan, found: Files, use: columns.Use) -> Reading:
    size = found.bytes
    return Reading(scan.table.name, use.times, found.count, 0, 0, ((None, size),), size, size)


def _parquet(
    session: duckdb.DuckDBPyConnection, scan: Scan, found: Files, use: columns.Use
) -> Reading:
    footers = _footers(found)
    groups = [
        (file, group)
        for file, footer in enumerate(footers)
        for group in range(footer.num_row_groups)
    ]
    places = [_places(footer) for footer in footers]
    wanted = list(range(len(groups)))
    for condition in scan.ranges:
        chunks = [
            _chunk(footers[file], group, places[file].get(condition.column))
            for file, group in groups
        ]
        met = set(
            kept(
                session,
                _statistics(condition, scan.table, chunks),
                [f"({condition.sql}) IS NOT FALSE"],
                "met",
            )
        )
        wanted = [number for number in wanted if number in met]
    totals: Counter[str] = Counter()
    chunked = [0] * len(footers)
    stored = {column.name for column in scan.table.columns}
    for number in wanted:
        file, group = groups[number]
        metadata = footers[file].row_group(group)
        for name in use.columns & stored & places[file].keys():
            size = metadata.column(places[file][name]).total_compressed_size
            totals[name] += size
            chunked[file] += size
    ends = [footer.serialized_size + _FOOTER_END for footer in footers]
    return Reading(
        table=scan.table.name,
        times=use.times,
        files=found.count,
        row_groups=len(wanted),
        row_groups_skipped=len(groups) - len(wanted),
        columns=tuple(totals.most_common()),
        bytes=sum(chunked) + sum(ends),
        most=sum(
            size if size <= _SMALL_FILE else chunks + end
            for size, chunks, end in zip(found.sizes, chunked, ends, strict=True)
        ),
    )


def _footers(found: Files) -> list[pq.FileMetaData]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda fragment: fragment.metadata, found.dataset.get_fragments()))


def _places(footer: pq.FileMetaData) -> Mapping[str, int]:
    """Where each column stands in a file, by its name in small letters, as Athena knows it."""
    return {footer.schema.column(i).path.lower(): i for i in range(footer.num_columns)}


def _chunk(footer: pq.FileMetaData, group: int, place: int | None) -> pq.ColumnChunkMetaData | None:
    return None if place is None else footer.row_group(group).column(place)


def _statistics(
    condition: Range, table: Table, chunks: Sequence[pq.ColumnChunkMetaData | None]
) -> pa.Table:
    """What is known of a column in each row group, as a `Range` speaks of it.

    A file older than the column has only nulls there.
    """
    kind = schema.arrow(table).field(condition.column).type
    told = [_told(chunk) for chunk in chunks]
    try:
        low = pa.array([each.low for each in told], kind)
        high = pa.array([each.high for each in told], kind)
    except pa.ArrowException:  # the file's column is of another type
        low = high = pa.nulls(len(told), kind)
    return pa.table(
        {
            "low": low,
            "high": high,
            "only_nulls": pa.array([each.only_nulls for each in told], pa.bool_()),
            "some_nulls": pa.array([each.some_nulls for each in told], pa.bool_()),
        }
    )


@dataclass(frozen=True, slots=True)
class _Told:
    low: Any = None
    high: Any = None
    only_nulls: bool = False
    some_nulls: bool = True


def _told(chunk: pq.ColumnChunkMetaData | None) -> _Told:
    if chunk is None:
        return _Told(only_nulls=True)
    statistics = chunk.statistics
    if statistics is None:
        return _Told()
    nulls = statistics.null_count  # None where not told
    only, some = nulls == chunk.num_values, nulls != 0
    if not statistics.has_min_max or not (_exact(statistics.min) and _exact(statistics.max)):
        return _Told(only_nulls=only, some_nulls=some)
    return _Told(statistics.min, statistics.max, only, some)


def _exact(value: object) -> bool:
    """Whether the lake's timestamps, which have milliseconds and no zone, can be just this one."""
    if not isinstance(value, datetime):
        return True
    nanoseconds = getattr(value, "nanosecond", 0)
    return value.tzinfo is None and not (value.microsecond % 1000 or nanoseconds)
