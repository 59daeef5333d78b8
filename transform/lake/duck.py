"""DuckDB over files of likes: its settings, what files hold, which copy of a like counts."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from glue import tables
from transform.lake.division import DAY_HOURS, MAX_BUCKETS, Division
from transform.lake.errors import NoRoom
from transform.lake.tombstones import Forgotten

HOUR_MS = 3_600_000
HOUR = f"epoch_ms(liked_at) // {HOUR_MS}"
DAY = f"epoch_ms(liked_at) // {DAY_HOURS * HOUR_MS}"
SQL_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMP_MS", "int": "INTEGER"} | {
    name: name.upper()
    for name in ("boolean", "tinyint", "smallint", "bigint", "float", "double", "date")
}
_TABLE = tables.read("likes")
_FIRST = ("backfill", "received_at", "liked_at", "movie_id", "action")
_OTHERS = (name for name in _TABLE.names if name not in (*_FIRST, "event_id", "day"))
FIRST = ", ".join((*_FIRST, *_OTHERS)).replace("backfill", "backfill NULLS FIRST")
"""Of the copies of a like the one that came first counts, as questions over `likes_raw` say it. One
that came by the stream goes before those that were backfilled, for it is counted there."""
_QUIET = "SET enable_progress_bar = false"


def engine(scratch: Path, memory_mb: int, threads: int) -> DuckDBPyConnection:
    """Give a DuckDB that keeps to this memory, and spills into `scratch` what exceeds it; `with`
    closes it."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MiB",
        "temp_directory": str(scratch / "spilled"),
        "threads": threads,
        "preserve_insertion_order": False,  # what is written is sorted, and keeps that order
        "autoinstall_known_extensions": False,
        # Else a column is written as one that is never null wherever the staged rows happen to
        # hold no null of it, and the same rows do not give the same bytes.
        "disabled_optimizers": "statistics_propagation",
    }
    connection = duckdb.connect(config=settings)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute(_QUIET)
    return connection


@contextmanager
def cursor(connection: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """Give a session of its own, for the use of one thread."""
    with connection.cursor() as session:
        session.execute(_QUIET)
        yield session


@contextmanager
def room() -> Iterator[None]:
    """Raise `NoRoom` for what is raised within because the disk or the memory is full."""
    try:
        yield
    except (duckdb.Error, OSError, MemoryError) as error:
        raise_if_full(error)
        raise


def raise_if_full(error: Exception) -> None:
    """Raise `NoRoom` if that is what an error says."""
    full = isinstance(error, duckdb.OutOfMemoryException | MemoryError)
    # Through Arrow, an error of DuckDB comes as its text.
    if full or str(error).startswith("Out of Memory Error") or "No space left" in str(error):
        raise NoRoom(f"There is no room to merge: {str(error).splitlines()[0]}") from error


def kinds(connection: DuckDBPyConnection, paths: Iterable[Path]) -> dict[Path, dict[str, str]]:
    """Give the types of each file's columns."""
    names = listed(paths)
    if names == "[]":
        return {}
    found: dict[Path, dict[str, str]] = {}
    for file, name, kind in connection.execute(
        f"SELECT file_name, name, duckdb_type FROM parquet_schema({names})"
    ).fetchall():
        found.setdefault(Path(file), {})[name] = kind
    return found


def broken(paths: Iterable[Path], likes: bool = True) -> dict[Path, str]:
    """Give the files of some that are no Parquet files, of likes or of anything, which can be read
    to their end, and why."""
    found = {}
    more = f", {HOUR}, event_id, movie_id, action, received_at" if likes else ""
    with duckdb.connect() as connection:
        for path in paths:
            try:
                rows = f"SELECT hash(COLUMNS(*)){more} FROM read_parquet({quoted(path)})"
                connection.execute(f"SELECT count(*), max(COLUMNS(*)) FROM ({rows})").fetchall()
            except (duckdb.Error, OSError) as error:
                found[path] = str(error).splitlines()[0].replace(str(path), "it")[:200]
    return found


def alike(found: Mapping[Path, dict[str, str]]) -> Iterator[tuple[Set[str], list[Path]]]:
    """Give files whose `kinds` are the same, to be read together, with their columns' names."""
    groups: dict[frozenset[tuple[str, str]], list[Path]] = {}
    for path, columns in found.items():
        groups.setdefault(frozenset(columns.items()), []).append(path)
    for group in groups.values():
        yield found[group[0]].keys(), group


def shared(table: str, key: str) -> str:
    """Give SQL for the rows whose key another row has too, and perhaps for a few more."""
    twice = f"SELECT hash({key}) AS id FROM {table} GROUP BY id HAVING count(*) > 1"
    return f"SELECT * FROM {table} SEMI JOIN ({twice}) ON hash({key}) = id"


def copies(rows: str, key: str) -> str:
    """Give SQL for the `number` of each row that has its key from one that comes before it."""
    order = f"PARTITION BY {key} ORDER BY {FIRST}"
    return f"SELECT number FROM ({rows}) QUALIFY row_number() OVER ({order}) > 1"


def drop_copies(connection: DuckDBPyConnection, table: str, key: str) -> None:
    """Leave each key once in a table, that of the row that comes first; few are there twice."""
    rows = shared(f"(SELECT *, rowid AS number FROM {table})", key)
    connection.execute(f"DELETE FROM {table} WHERE rowid IN ({copies(rows, key)})")


def bucket(buckets: int) -> str:
    """Give SQL for a row's bucket: the MD5 of its event id, little end first, modulo the count."""
    return f"md5_number(event_id) % {buckets}" if buckets > 1 else "0"


def place(division: Division) -> str:
    """Give SQL for a row's place, as a division numbers them."""
    hours = division.hours * HOUR_MS
    hour = f"epoch_ms(liked_at) // {hours} * {division.hours}"
    return f"({hour} * {MAX_BUCKETS} + {bucket(division.buckets)})::BIGINT"


def select(paths: Iterable[Path], there: Container[str], more: str = "") -> str:
    """Give SQL for the rows of files; what columns are not there is null. `more` is what else is
    selected, after a comma."""
    columns = ", ".join(
        f"{column.name if column.name in there else 'NULL'}::{SQL_TYPES[column.type]} "
        f"AS {column.name}"
        for column in _TABLE.columns
    )
    return f"SELECT {columns}{more} FROM read_parquet({listed(paths)})"


def nothing() -> str:
    """Give SQL for no likes."""
    columns = ", ".join(f"NULL::{SQL_TYPES[one.type]} AS {one.name}" for one in _TABLE.columns)
    return f"SELECT {columns} WHERE false"


def forgotten(cursor: DuckDBPyConnection, rows: str, who: Forgotten) -> str:
    """Give SQL for which rows, by SQL or a name, tell of people who are forgotten; these rows are
    then in `anonymous`, without what they told of them."""
    users = cursor.sql(f"SELECT DISTINCT user_id FROM {rows}").to_arrow_table()["user_id"]
    found = pa.array(who.among(users.to_pylist()), pa.string())
    cursor.register("people", pa.table({"user_id": found}))
    which = "user_id IN (SELECT user_id FROM people)"
    if who.texts:
        pattern = who.texts.pattern.replace("'", "''")
        which += f" OR regexp_matches(extra, '{pattern}')"
    which = f"coalesce({which}, false)"
    theirs = cursor.sql(f"SELECT * FROM {rows} WHERE {which}").to_arrow_table()
    cursor.register("anonymous", who.anonymous(theirs))
    return which


def counts(connection: DuckDBPyConnection, paths: Sequence[Path]) -> dict[Path, int]:
    """Give the rows of files, by what they say of themselves."""
    if not paths:
        return {}
    metadata = f"SELECT file_name, num_rows FROM parquet_file_metadata({listed(paths)})"
    return {Path(name): rows for name, rows in connection.execute(metadata).fetchall()}


def listed(paths: Iterable[Path]) -> str:
    """Give SQL for a list of files."""
    return f"[{', '.join(map(quoted, paths))}]"


def quoted(path: Path) -> str:
    """Give SQL for a file's name."""
    return "'" + str(path).replace("'", "''") + "'"
