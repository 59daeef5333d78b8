"""A DuckDB that can reach nothing but what is registered with it, and what it can decide."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from queries.engine import files
from queries.engine.listing import Listing
from queries.engine.plan import Scan
from queries.engine.trino import helpers

# Nothing but the registered files can be reached, and no statement can change that.
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET errors_as_json = true",
    "SET enable_external_access = false",  # nor Python's variables
    "SET lock_configuration = true",
)


@contextmanager
def open_session(needed: Iterable[str] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own, in memory, which can reach nothing but what is registered with it.

    `needed` names what its SQL needs of `trino.helpers`.
    """
    with duckdb.connect() as session:
        for setting in _SETTINGS:
            session.execute(setting)
        helpers.install(session, needed)
        # One transaction, so that "now" is the same when partitions are chosen and when rows are.
        session.execute("BEGIN")
        yield session


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
