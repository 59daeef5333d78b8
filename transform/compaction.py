"""The merge of raw likes into the hours they belong to, each like once: DuckDB on local files."""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from glue import tables
from transform.parquet import ROW_GROUP, SCHEMA, Writer
from transform.scratch import NoRoom
from transform.watermark import MAX_BUCKETS

pc: Any = pyarrow.compute  # its types lack what runs consist of

HOUR_MS = 3_600_000
_TABLE, _RAW = tables.read("likes"), tables.read("likes_raw")
_COLUMNS = ", ".join(column.name for column in _TABLE.columns)
_REQUIRED = ("event_id", "movie_id", "action", "liked_at", "received_at")
_SQL_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMP_MS", "int": "INTEGER"}
_TYPED = ", ".join(f"{column.name} {_SQL_TYPES[column.type]}" for column in _TABLE.columns)
# What DuckDB may find in a file for each: the INT96 of Firehose is TIMESTAMP to it.
_READ_AS = {
    "string": {"VARCHAR"},
    "timestamp": {"TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
}
_OF_RAW = {column.name for column in _RAW.columns}
_FIRST = "backfill NULLS FIRST, received_at, liked_at, movie_id, action, user_id, source, extra"
"""Of the copies of a like the one that came first counts, as questions over `likes_raw` say it. One
that came by the stream goes before those that were backfilled: it is counted already."""
_ORDER = "movie_id, liked_at, event_id"
_HOUR = f"epoch_ms(liked_at) // {HOUR_MS} AS hour"
_QUIET = "SET enable_progress_bar = false"


class Loaded(msgspec.Struct, frozen=True):
    """A round: rows as they were read, each epoch hour's that are left, and what was unreadable."""

    rows: int
    hours: dict[int, int]
    failed: dict[str, str]


class Merged(msgspec.Struct, frozen=True):
    """An hour: its files by bucket, its rows, and how many of them it did not have before.

    Where rows move between buckets, `whole` holds them all, to stand for them while they do.
    `totals` has what its likes come to by film, sorted: `movie_id`, `likes`, `unlikes`.
    """

    files: dict[int, Path] = {}
    totals: Path | None = None
    whole: Path | None = None
    rows: int = 0
    new: int = 0


class _Unfit(ValueError):
    """A file that is no raw likes."""


@contextmanager
def engine(scratch: Path, memory_mb: int, threads: int) -> Iterator[DuckDBPyConnection]:
    """Give a DuckDB that keeps to this memory, and spills into `scratch` what exceeds it."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MiB",
        "temp_directory": str(scratch / "spilled"),
        "threads": threads,
        "preserve_insertion_order": False,  # what is written is sorted, and keeps that order
        "autoinstall_known_extensions": False,
        # Else a column is written as one that is never null wherever the round happens to hold no
        # null of it, and the same rows do not give the same bytes.
        "disabled_optimizers": "statistics_propagation",
    }
    with duckdb.connect(config=settings) as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute(_QUIET)
        yield connection


def begin(connection: DuckDBPyConnection) -> None:
    """Begin a round, in place of the one before: it has no rows yet."""
    connection.execute(f"CREATE OR REPLACE TABLE round ({_TYPED}, hour BIGINT)")


def load(connection: DuckDBPyConnection, files: Mapping[str, Path]) -> Loaded:
    """Begin a round of raw files, by name.

    A file that is no raw likes is left out whole. Raises `NoRoom`.
    """
    begin(connection)
    failed: dict[str, str] = {}
    with _room():
        try:
            rows = _read(connection, files.values())
        except (duckdb.Error, _Unfit) as error:
            _raise_if_full(error)
            rows = 0
            for name, path in files.items():
                try:
                    rows += _read(connection, [path])
                except (duckdb.Error, _Unfit) as unfit:
                    _raise_if_full(unfit)
                    failed[name] = str(unfit).splitlines()[0].replace(str(path), name)
    return Loaded(rows, once(connection), failed)


def add(connection: DuckDBPyConnection, rows: pa.Table, arrived_at: int, number: int) -> None:
    """Add rows as `transform.backfill` gives them to a round, which are those of a backfill.

    `arrived_at` is in epoch milliseconds, `number` that of the backfill. Raises `NoRoom`.
    """
    told = {"received_at": f"epoch_ms({arrived_at}::BIGINT)", "backfill": str(number)}
    columns = ", ".join(told.get(column.name, column.name) for column in _TABLE.columns)
    with _cursor(connection) as cursor, _room():
        cursor.register("lines", rows)
        cursor.execute(f"INSERT INTO round SELECT {columns}, {_HOUR} FROM lines")


def set_aside(connection: DuckDBPyConnection, path: Path) -> None:
    """Write the rows of a round to a file on the scratch disk, and begin anew. Raises `NoRoom`."""
    with _room():
        connection.execute(
            f"COPY (FROM round ORDER BY hour) TO {_quoted(path)} "
            "(FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 30720)"
        )
    begin(connection)


def sizes(connection: DuckDBPyConnection, files: Sequence[Path]) -> dict[int, int]:
    """Give how many rows were set aside of each epoch hour."""
    hours = connection.execute(
        f"SELECT hour, count(*) FROM read_parquet({_list(files)}) GROUP BY hour ORDER BY hour"
    )
    return dict(hours.fetchall())


def recall(connection: DuckDBPyConnection, files: Sequence[Path], hours: tuple[int, int]) -> None:
    """Begin a round of what was set aside of these epoch hours, the last included."""
    begin(connection)
    with _room():
        connection.execute(
            f"INSERT INTO round FROM read_parquet({_list(files)}) "
            f"WHERE hour BETWEEN {hours[0]} AND {hours[1]}"
        )


def once(connection: DuckDBPyConnection) -> dict[int, int]:
    """Leave each event id once in a round; gives how many rows each epoch hour then has.

    Copies of a like are found wherever they are in the round. One that comes in a later round with
    another event time, in another hour, is not: there only the rows of its hour are looked at.
    Raises `NoRoom`.
    """
    with _room():
        _drop_copies(connection, "round", "event_id")
        hours = connection.execute("SELECT hour, count(*) FROM round GROUP BY hour ORDER BY hour")
        return dict(hours.fetchall())


def merge(
    connection: DuckDBPyConnection,
    stands: Mapping[int, Mapping[int, Path]],
    buckets: int,
    folder: Path,
    threads: int = 1,
) -> dict[int, Merged]:
    """Merge the round's rows of epoch hours with the files each has, by bucket.

    Writes to `folder`. The same rows give the same bytes, however they were divided, and whatever
    hours are merged with them. Raises `NoRoom`.
    """
    files = [path for of_hour in stands.values() for path in of_hour.values()]
    with _cursor(connection) as cursor, _room():
        rows = f"SELECT {_COLUMNS}, hour FROM round WHERE hour IN ({_numbers(stands)})"
        if files:
            cursor.execute(f"CREATE TEMP TABLE copies AS {rows}")
            for columns, some in _alike(_kinds(cursor, files)):
                cursor.execute(
                    f"INSERT INTO copies SELECT *, {_HOUR} FROM ({_select(some, columns)})"
                )
            _drop_copies(cursor, "copies", "hour, event_id")
            rows = "SELECT * FROM copies"
        place = f"(hour * {MAX_BUCKETS} + {_bucket(buckets)})::BIGINT AS place"
        placed = f"SELECT *, {place} FROM ({rows})"
        found = _write(cursor, placed, folder, threads)
        written = _totals(cursor, rows, folder)
        had = _counts(cursor, files)
        for hour, of_hour in stands.items():
            merged = found.get(hour, Merged())
            whole = None
            if _misplaced(cursor, of_hour, buckets):
                whole = folder / f"{hour}-whole.parquet"
                _write_one(cursor, f"{rows} WHERE hour = {hour}", whole)
            found[hour] = msgspec.structs.replace(
                merged,
                totals=written.get(hour),
                whole=whole,
                new=merged.rows - sum(had[path] for path in of_hour.values()),
            )
        if files:
            cursor.execute("DROP TABLE copies")
        return found


def brought(
    connection: DuckDBPyConnection, files: Sequence[Path], number: int
) -> dict[str, tuple[int, int]]:
    """Give what a backfill brought into these files: likes and unlikes of each film."""
    told = _kinds(connection, files)
    paths = [path for path in files if "backfill" in told[path]]
    if not paths:
        return {}
    found = connection.execute(
        f"""
        SELECT movie_id, count(*) FILTER (action = 'like'), count(*) FILTER (action = 'unlike')
        FROM read_parquet({_list(paths)}) WHERE backfill = {number} GROUP BY movie_id"""
    )
    return {film: (likes, unlikes) for film, likes, unlikes in found.fetchall()}


def _read(connection: DuckDBPyConnection, paths: Iterable[Path]) -> int:
    """Add raw files to what arrived, all or none; gives their rows."""
    found = _kinds(connection, paths)
    for kinds in found.values():
        for column in _RAW.columns:
            kind = kinds.get(column.name)
            if kind is None:
                raise _Unfit(f"It has no column {column.name}.")
            if kind not in _READ_AS[column.type]:
                raise _Unfit(f"Its column {column.name} is {kind}, not {column.type}.")
    connection.begin()
    try:
        for _, group in _alike(found):
            connection.execute(
                f"INSERT INTO round SELECT *, {_HOUR} FROM ({_select(group, _OF_RAW)})"
            )
        for name in _REQUIRED:
            null = f"SELECT 1 FROM round WHERE {name} IS NULL LIMIT 1"
            if connection.execute(null).fetchone():
                raise _Unfit(f"It has rows without {name}.")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return sum(_counts(connection, list(found)).values())


def _kinds(connection: DuckDBPyConnection, paths: Iterable[Path]) -> dict[Path, dict[str, str]]:
    """Give the types of each file's columns."""
    names = _list(paths)
    if names == "[]":
        return {}
    found: dict[Path, dict[str, str]] = {}
    for file, name, kind in connection.execute(
        f"SELECT file_name, name, duckdb_type FROM parquet_schema({names})"
    ).fetchall():
        found.setdefault(Path(file), {})[name] = kind
    return found


def _alike(kinds: Mapping[Path, dict[str, str]]) -> Iterator[tuple[Set[str], list[Path]]]:
    """Give files that can be read together, with the names of their columns."""
    alike: dict[frozenset[tuple[str, str]], list[Path]] = {}
    for path, columns in kinds.items():
        alike.setdefault(frozenset(columns.items()), []).append(path)
    for group in alike.values():
        yield kinds[group[0]].keys(), group


def _drop_copies(connection: DuckDBPyConnection, table: str, key: str) -> None:
    """Leave each key once in a table; few of them are there twice."""
    connection.execute(
        f"""
        DELETE FROM {table} WHERE rowid IN (
          WITH twice AS (
            SELECT hash({key}) AS id FROM {table} GROUP BY id HAVING count(*) > 1
          )
          SELECT place FROM (SELECT *, rowid AS place FROM {table})
          SEMI JOIN twice ON hash({key}) = id
          QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {_FIRST}) > 1
        )"""
    )


def _select(paths: Iterable[Path], there: Container[str]) -> str:
    """Give SQL for the rows of files; what columns are not there is null."""
    columns = ", ".join(
        f"{column.name if column.name in there else 'NULL'}::{_SQL_TYPES[column.type]} "
        f"AS {column.name}"
        for column in _TABLE.columns
    )
    return f"SELECT {columns} FROM read_parquet({_list(paths)})"


def _write(cursor: DuckDBPyConnection, rows: str, folder: Path, threads: int) -> dict[int, Merged]:
    """Write rows to a file an hour and bucket."""
    found: dict[int, Merged] = {}
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[None]] = deque()
        for place, batches in _divided(cursor, f"{rows} ORDER BY place, {_ORDER}"):
            hour, bucket = divmod(place, MAX_BUCKETS)
            path = folder / f"{hour}-{bucket}.parquet"
            count, writer = 0, Writer(path)
            for batch in batches:
                writer.add(batch)
                count += batch.num_rows
            merged = found.get(hour, Merged())
            found[hour] = Merged({**merged.files, bucket: path}, rows=merged.rows + count)
            if not writer.is_small:
                writer.close()
                continue
            waiting.append(pool.submit(writer.close))
            while len(waiting) > 2 * threads:
                waiting.popleft().result()
        for one in waiting:
            one.result()
    return found


def _divided(
    cursor: DuckDBPyConnection, rows: str
) -> Iterator[tuple[int, Iterator[pa.RecordBatch]]]:
    """Give rows in their order, those of a place together."""
    reader = cursor.sql(rows).to_arrow_reader(ROW_GROUP)
    pieces = (piece for batch in reader for piece in _runs(batch, "place"))
    for place, group in groupby(pieces, itemgetter(0)):
        yield place, (likes.select(SCHEMA.names) for _, likes in group)


def _runs(rows: Any, column: str) -> Iterator[tuple[int, Any]]:
    """Give the rows, of a batch or a table, that follow each other with the same value."""
    values = rows[column]
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    runs = pc.run_end_encode(values)
    ends = runs.run_ends.to_pylist()
    for value, (first, last) in zip(runs.values.to_pylist(), pairwise([0, *ends]), strict=True):
        yield value, rows.slice(first, last - first)


def _write_one(cursor: DuckDBPyConnection, rows: str, path: Path) -> None:
    writer = Writer(path)
    for batch in cursor.sql(f"SELECT {_COLUMNS} FROM ({rows}) ORDER BY {_ORDER}").to_arrow_reader():
        writer.add(batch)
    writer.close()


def _totals(cursor: DuckDBPyConnection, rows: str, folder: Path) -> dict[int, Path]:
    """Write what the likes of each hour come to."""
    totals = cursor.sql(
        f"""
        SELECT hour, movie_id, count(*) FILTER (action = 'like') AS likes,
          count(*) FILTER (action = 'unlike') AS unlikes
        FROM ({rows}) GROUP BY hour, movie_id ORDER BY hour, movie_id"""
    ).to_arrow_table()
    found = {}
    for hour, of_hour in _runs(totals, "hour"):
        path = found[hour] = folder / f"{hour}-totals.parquet"
        without = of_hour.drop_columns("hour")
        pq.write_table(without, path, compression="zstd", store_schema=False)
    return found


def _bucket(buckets: int) -> str:
    """Give SQL for a row's bucket: the MD5 of its event id, little end first, modulo the count."""
    return f"md5_number(event_id) % {buckets}" if buckets > 1 else "0"


def _misplaced(cursor: DuckDBPyConnection, stands: Mapping[int, Path], buckets: int) -> bool:
    """Whether any row has to leave its bucket, with others left that it is not in yet."""
    if buckets == 1:
        return False
    for bucket, path in stands.items():
        rows = f"SELECT {_bucket(buckets)} AS bucket FROM read_parquet({_list([path])})"
        if cursor.execute(f"SELECT 1 FROM ({rows}) WHERE bucket <> {bucket} LIMIT 1").fetchone():
            return True
    return False


def _counts(connection: DuckDBPyConnection, paths: Sequence[Path]) -> dict[Path, int]:
    """Give the rows of files, by what they say of themselves."""
    if not paths:
        return {}
    metadata = f"SELECT file_name, num_rows FROM parquet_file_metadata({_list(paths)})"
    return {Path(name): rows for name, rows in connection.execute(metadata).fetchall()}


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _list(paths: Iterable[Path]) -> str:
    return f"[{', '.join(map(_quoted, paths))}]"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


@contextmanager
def _cursor(connection: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """Give a session of its own, for the use of one thread."""
    with connection.cursor() as cursor:
        cursor.execute(_QUIET)
        yield cursor


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError, MemoryError) as error:
        _raise_if_full(error)
        raise


def _raise_if_full(error: Exception) -> None:
    full = isinstance(error, duckdb.OutOfMemoryException | MemoryError)
    if full or "No space left" in str(error):
        raise NoRoom(f"There is no room to merge: {str(error).splitlines()[0]}") from error
