"""The engine of a laptop: Athena's SQL on DuckDB over the files of the Glue tables."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.fs as pafs

from glue.tables import Table
from queries.engine import dialect, faults, files, results
from queries.engine.dialect import Plan, Scan
from queries.engine.errors import EngineFailed
from queries.engine.parameters import Bound

# Nothing but the registered files can be reached, and no statement can change that.
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET integer_division = true",  # as Trino divides
    "SET errors_as_json = true",
    "SET enable_external_access = false",  # nor Python's variables
    "SET lock_configuration = true",
)


@dataclass(frozen=True, slots=True)
class Local:
    """Runs questions over the tables that `tables` tells, in files that `filesystem` holds.

    The file system must be one of pyarrow's own: DuckDB holds Python's lock while it waits for the
    first file of a scan, and one written in Python would wait for that lock.
    """

    database: str
    tables: Callable[[], Mapping[str, Table]]
    filesystem: Callable[[], pafs.FileSystem]

    def run(self, bound: Bound) -> pd.DataFrame:
        """The answer; its `attrs` say how many files and bytes were open to be read.

        Of a Parquet file only the columns that the SQL names are read, so `bytes` is the most it
        can have been. `BadSQL` or `EngineFailed` where there is none.
        """
        started = time.perf_counter()
        tables = self.tables()
        plan = dialect.plan(bound, tables, self.database)
        columns = {name for scan in plan.scans for name in scan.table.names}
        with open_session() as session:
            try:
                found = [_register(session, scan, self.filesystem()) for scan in plan.scans]
                frame = _answer(session, plan)
            except duckdb.InterruptException:
                raise KeyboardInterrupt from None
            except duckdb.Error as error:
                raise faults.explain(error, bound, plan.sql, columns) from None
            except OverflowError:
                raise EngineFailed("A sum does not fit a bigint.") from None
            except (OSError, pa.ArrowException) as error:
                reason = str(error).splitlines()[0].rstrip(".")
                raise EngineFailed(f"The files cannot be read: {reason}.") from None
        frame.attrs = {
            "engine": "local",
            "files": sum(part.count for part in found),
            "bytes": sum(part.bytes for part in found),
            "seconds": time.perf_counter() - started,
        }
        return frame


@contextmanager
def open_session() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own, in memory, which can reach nothing but what is registered with it."""
    with duckdb.connect() as session:
        for setting in _SETTINGS:
            session.execute(setting)
        # One transaction, so that "now" is the same when partitions are chosen and when rows are.
        session.execute("BEGIN")
        yield session


def _answer(session: duckdb.DuckDBPyConnection, plan: Plan) -> pd.DataFrame:
    try:
        relation = session.sql(plan.sql)
    except duckdb.Error:
        session.execute(plan.sql)  # fails the same way, and tells the place, which `sql` does not
        raise
    huge = {place for place, kind in enumerate(relation.types) if kind == "HUGEINT"}
    return results.from_arrow(relation.to_arrow_table(), huge)


def _register(
    session: duckdb.DuckDBPyConnection, scan: Scan, filesystem: pafs.FileSystem
) -> files.Files:
    order = [partition.name for partition in scan.table.partitions]
    conditions: dict[int, list[str]] = {}
    for condition in scan.filters:
        depth = max(order.index(column) for column in condition.columns)
        conditions.setdefault(depth, []).append(condition.sql)

    def keep(depth: int, values: pa.Table) -> Sequence[int]:
        return _kept(session, scan.alias, values, conditions[depth])

    found = files.find(scan.table, filesystem, set(conditions), keep)
    session.register(scan.name, found.dataset)
    return found


def _kept(
    session: duckdb.DuckDBPyConnection, alias: str, values: pa.Table, conditions: list[str]
) -> Sequence[int]:
    """The rows of partition values that meet the conditions, as DuckDB itself sees them.

    Where a condition fails, all are kept: the query fails the same way, and says where.
    """
    rows = values.append_column("row number", pa.array(range(values.num_rows), pa.int64()))
    session.register("met", rows)
    where = " AND ".join(f"({condition})" for condition in conditions)
    name = '"' + alias.replace('"', '""') + '"'
    try:
        kept = session.execute(f'SELECT "row number" FROM met AS {name} WHERE {where}').fetchall()
    except duckdb.Error:
        session.execute("ROLLBACK")
        session.execute("BEGIN")
        return range(values.num_rows)
    return [row for (row,) in kept]
