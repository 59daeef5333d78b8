"""A question with the files it reads: planned, its partitions chosen, nothing of them read yet."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.fs as pafs

from glue.tables import Table
from queries.engine import dialect, faults
from queries.engine.dialect import Plan
from queries.engine.errors import EngineFailed
from queries.engine.files import Files
from queries.engine.parameters import Bound
from queries.engine.session import find, open_session


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan, the files of each of its scans, and the session that chose them."""

    session: duckdb.DuckDBPyConnection
    plan: Plan
    files: tuple[Files, ...]


@contextmanager
def opened(
    bound: Bound,
    tables: Mapping[str, Table],
    database: str,
    filesystem: Callable[[], pafs.FileSystem],
) -> Iterator[Opened]:
    """The question with its files. Whatever then goes wrong is a `QueryError` of one sentence."""
    plan = dialect.plan(bound, tables, database)
    columns = {name for scan in plan.scans for name in scan.table.names}
    with open_session() as session:
        try:
            found = tuple(find(session, scan, filesystem()) for scan in plan.scans)
            yield Opened(session, plan, found)
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            raise faults.explain(error, bound, plan.sql, columns) from None
        except OverflowError:
            raise EngineFailed("A sum does not fit a bigint.") from None
        except (OSError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise EngineFailed(f"The files cannot be read: {reason}.") from None
