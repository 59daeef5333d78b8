"""A DuckDB that can reach nothing but what is registered with it, and what it can decide."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from queries.engine import files
from queries.engine.listing import Listing
from queries.engine.plan import Scan
from queries.engine.trino import helpers

# Nothing but the registered files can be reached, and no statement can change that.
_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL errors_as_json = true",
    "SET enable_external_access = false",  # nor Python's variables
    "SET lock_configuration = true",
)
# Making a DuckDB takes as long as many a question. Each serves one question at a time, so that
# none waits for the threads of another, and those that failed serve no more.
_idle: list["_Database"] = []


@dataclass(frozen=True, slots=True)
class _Database:
    connection: duckdb.DuckDBPyConnection
    helpers: set[str]
    """What was made in it of `trino.helpers`."""


@contextmanager
def open_session(needed: Iterable[str] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session of a DuckDB in memory, which can reach nothing but what is registered with it.

    `needed` names what its SQL needs of `trino.helpers`.
    """
    try:
        database = _idle.pop()
    except IndexError:
        database = _made()
    try:
        helpers.install(database.connection, [n for n in needed if n not in database.helpers])
        database.helpers.update(needed)
        with database.connection.cursor() as session:
            # One transaction, so that "now" is the same when partitions are chosen and rows are.
            session.execute("BEGIN")
            yield session
    except BaseException:
        database.connection.close()
        raise
    _idle.append(database)


def _made() -> _Database:
    connection = duckdb.connect()
    for setting in _SETTINGS:
        connection.execute(setting)
    return _Database(connection, set())


def find(session: duckdb.DuckDBPyConnection, scan: Scan, listing: Listing) -> files.Files:
    """The files of a scan, in the partitions that its filters leave."""
    order = [partition.name for partition in scan.table.partitions]
    conditions: dict[int, list[str]] = {}
    for condition in scan.filters:
        depth = max(order.index(column) for column in condition.columns)
        conditions.setdefault(depth, []).append(f"({condition.sql})")

    def keep(depth: int, values: pa.Table) -> Sequence[int]:
        return kept(session, values, conditions[depth], scan.alias)

    return files.find(scan.table, listing, set(conditions), keep)


def kept(
    session: duckdb.DuckDBPyConnection, rows: pa.Table, conditions: Iterable[str], alias: str
) -> Sequence[int]:
    """The numbers of the rows that meet the conditions, as DuckDB itself sees them.

    Where a condition fails, all are kept: the query fails the same way, and says where.
    """
    numbered = rows.append_column("row number", pa.array(range(rows.num_rows), pa.int64()))
    session.register("met", numbered)
    name = '"' + alias.replace('"', '""') + '"'
    where = " AND ".join(conditions)
    try:
        found = session.execute(f'SELECT "row number" FROM met AS {name} WHERE {where}').fetchall()
    except duckdb.Error:
        session.execute("ROLLBACK")
        session.execute("BEGIN")
        return range(rows.num_rows)
    return [row for (row,) in found]
