"""The merge of raw likes into the hours they belong to, each like once: DuckDB on local files."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec
from duckdb import DuckDBPyConnection

from glue import tables
from transform.scratch import NoRoom

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
_FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 30720"
"""Most bytes are those of event ids, and they are chance: the matches that higher levels find in
them cost more than they save, up to level 16, which takes ten times as long. A row group is about
0.8 MB, a read from S3: films can be passed over in a busy hour, and smaller groups would
save no time. Pages of version 1, which every reader knows."""

_QUIET = "SET enable_progress_bar = false"


class Loaded(msgspec.Struct, frozen=True):
    """A round: rows as they were read, each epoch hour's that are left, and what was unreadable."""

    rows: int
    hours: dict[int, int]
    failed: dict[str, str]


class Merged(msgspec.Struct, frozen=True):
    """An hour: its files by bucket, its rows, and how many of them it did not have before.

    Where rows move between buckets, `whole` holds them all, to stand for them while they do.
    """

    files: dict[int, Path]
    whole: Path | None
    rows: int
    new: int


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


def load(connection: DuckDBPyConnection, files: Mapping[str, Path]) -> Loaded:
    """Read a round of raw files by name, each event id once, in place of the round before.

    Copies of a like are found wherever they are in the round. One that comes in a later round with
    another event time, in another hour, is not: there only the rows of its hour are looked at.
    A file that is no raw likes is left out whole. Raises `NoRoom`.
    """
    connection.execute(f"CREATE OR REPLACE TABLE arrived ({_TYPED})")
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
        return Loaded(rows, _round(connection), failed)


def backfill(
    connection: DuckDBPyConnection, files: Sequence[Path], hours: tuple[int, int], number: int
) -> Loaded:
    """Read the rows of a range of epoch hours, the last included, in place of the round before.

    The files hold rows as `transform.backfill` gives them, and `received_at`; `number` is that of
    the backfill. Raises `NoRoom`.
    """
    first, last = (f"epoch_ms({hour * HOUR_MS}::BIGINT)" for hour in (hours[0], hours[1] + 1))
    with _room():
        connection.execute(
            f"""
            CREATE OR REPLACE TABLE arrived AS
            SELECT * EXCLUDE (backfill), {number} AS backfill FROM ({_select(files, _OF_RAW)})
            WHERE liked_at >= {first} AND liked_at < {last}"""
        )
        [rows] = connection.execute("SELECT count(*) FROM arrived").fetchone() or (0,)
        return Loaded(rows, _round(connection), {})


def _round(connection: DuckDBPyConnection) -> dict[int, int]:
    """Make what arrived the round; gives the rows of each hour."""
    # In the order of hours, so that an hour is found without a look at all the others.
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE round AS
        SELECT *, epoch_ms(liked_at) // {HOUR_MS} AS hour FROM ({_once("arrived")})
        ORDER BY hour"""
    )
    connection.execute("DROP TABLE arrived")
    hours = connection.execute("SELECT hour, count(*) FROM round GROUP BY hour ORDER BY hour")
    return dict(hours.fetchall())


def merge(
    connection: DuckDBPyConnection,
    hour: int,
    stands: Mapping[int, Path],
    buckets: int,
    folder: Path,
) -> Merged:
    """Merge the round's rows of an epoch hour with the files it has, by bucket; writes to `folder`.

    The same rows give the same bytes, however they were divided. Raises `NoRoom`.
    """
    new = f"SELECT {_COLUMNS} FROM round WHERE hour = {hour}"
    with _cursor(connection) as cursor, _room():
        if not stands and buckets == 1:
            written = _write(cursor, new, folder / "0.parquet")
            return Merged({0: folder / "0.parquet"} if written else {}, None, written, written)
        # A step at a time, so that each has the memory for itself.
        cursor.execute(f"CREATE TEMP TABLE copies AS {new}")
        if stands:
            for path in stands.values():  # one that was written before a column was added has none
                there = _kinds(cursor, [path])[path].keys()
                cursor.execute(f"INSERT INTO copies {_select([path], there)}")
        cursor.execute(
            f"CREATE TEMP TABLE merged AS SELECT *, {_bucket(buckets)} FROM ({_once('copies')})"
        )
        cursor.execute("DROP TABLE copies")
        written, files = 0, {}
        for bucket in range(buckets):
            path = folder / f"{bucket}.parquet"
            of_it = f"SELECT {_COLUMNS} FROM merged WHERE bucket = {bucket}"
            if count := _write(cursor, of_it, path):
                written, files[bucket] = written + count, path
        whole = folder / "whole.parquet" if _misplaced(cursor, stands, buckets) else None
        if whole:
            _write(cursor, f"SELECT {_COLUMNS} FROM merged", whole)
        cursor.execute("DROP TABLE merged")
        had = _count(cursor, stands.values()) if stands else 0
        return Merged(files, whole, written, written - had)


def totals(connection: DuckDBPyConnection, files: Sequence[Path], path: Path) -> None:
    """Write what an hour's files hold by film, sorted by film: `movie_id`, `likes`, `unlikes`."""
    with _cursor(connection) as cursor, _room():
        cursor.execute(
            f"""
            COPY (
              SELECT movie_id, count(*) FILTER (action = 'like') AS likes,
                count(*) FILTER (action = 'unlike') AS unlikes
              FROM read_parquet({_list(files)}) GROUP BY movie_id ORDER BY movie_id
            ) TO {_quoted(path)} ({_FORMAT})"""
        )


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
    alike: dict[frozenset[tuple[str, str]], list[Path]] = {}
    for path, kinds in _kinds(connection, paths).items():
        for column in _RAW.columns:
            kind = kinds.get(column.name)
            if kind is None:
                raise _Unfit(f"It has no column {column.name}.")
            if kind not in _READ_AS[column.type]:
                raise _Unfit(f"Its column {column.name} is {kind}, not {column.type}.")
        alike.setdefault(frozenset(kinds.items()), []).append(path)
    connection.begin()
    try:
        for group in alike.values():
            connection.execute(f"INSERT INTO arrived {_select(group, _OF_RAW)}")
        for name in _REQUIRED:
            null = f"SELECT 1 FROM arrived WHERE {name} IS NULL LIMIT 1"
            if connection.execute(null).fetchone():
                raise _Unfit(f"It has rows without {name}.")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return sum(_count(connection, group) for group in alike.values())


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


def _once(table: str) -> str:
    """Give SQL for the rows of a table, each event id once; few of them are there twice."""
    return f"""
        WITH twice AS (
          SELECT hash(event_id) AS id FROM {table} GROUP BY id HAVING count(*) > 1
        )
        SELECT * FROM {table} ANTI JOIN twice ON hash(event_id) = id
        UNION ALL
        SELECT * FROM {table} SEMI JOIN twice ON hash(event_id) = id
        QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {_FIRST}) = 1"""


def _select(paths: Iterable[Path], there: Container[str]) -> str:
    """Give SQL for the rows of files; what columns are not there is null."""
    columns = ", ".join(
        f"{column.name if column.name in there else 'NULL'}::{_SQL_TYPES[column.type]} "
        f"AS {column.name}"
        for column in _TABLE.columns
    )
    return f"SELECT {columns} FROM read_parquet({_list(paths)})"


def _write(cursor: DuckDBPyConnection, rows: str, path: Path) -> int:
    cursor.execute(f"COPY ({rows} ORDER BY {_ORDER}) TO {_quoted(path)} ({_FORMAT})")
    [count] = cursor.fetchone() or (0,)
    return int(count)


def _bucket(buckets: int) -> str:
    """Give SQL for a row's bucket: the MD5 of its event id, little end first, modulo the count."""
    return f"{f'md5_number(event_id) % {buckets}' if buckets > 1 else 0} AS bucket"


def _misplaced(cursor: DuckDBPyConnection, stands: Mapping[int, Path], buckets: int) -> bool:
    """Whether any row has to leave its bucket, with others left that it is not in yet."""
    if buckets == 1:
        return False
    for bucket, path in stands.items():
        rows = f"SELECT {_bucket(buckets)} FROM read_parquet({_list([path])})"
        if cursor.execute(f"SELECT 1 FROM ({rows}) WHERE bucket <> {bucket} LIMIT 1").fetchone():
            return True
    return False


def _count(connection: DuckDBPyConnection, paths: Iterable[Path]) -> int:
    metadata = f"SELECT sum(num_rows) FROM parquet_file_metadata({_list(paths)})"
    [count] = connection.execute(metadata).fetchone() or (0,)
    return int(count)


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
    except duckdb.Error as error:
        _raise_if_full(error)
        raise


def _raise_if_full(error: Exception) -> None:
    if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
        raise NoRoom(f"There is no room to merge: {str(error).splitlines()[0]}") from error
