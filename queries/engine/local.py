"""The engine of a laptop: Athena's SQL on DuckDB over the files of the Glue tables."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow.fs as pafs

from glue.tables import Table
from queries.engine import cost, results
from queries.engine.cost import Estimate
from queries.engine.dialect import Plan
from queries.engine.errors import NotEstimated
from queries.engine.parameters import Bound
from queries.engine.reading import Opened, opened
from queries.engine.session import open_session

__all__ = ["Local", "open_session"]


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
        """The answer; its `attrs` say how many files were opened, and the bytes that Athena would
        scan for it, None where that cannot be told. `BadSQL` or `EngineFailed` where there is none.
        """
        started = time.perf_counter()
        with opened(bound, self.tables(), self.database, self.filesystem) as lake:
            for scan, part in zip(lake.plan.scans, lake.files, strict=True):
                lake.session.register(scan.name, part.rows())
            scanned = _bytes(lake)
            frame = _answer(lake.session, lake.plan)
        frame.attrs = {
            "engine": "local",
            "files": sum(part.count for part in lake.files),
            "bytes": scanned,
            "seconds": time.perf_counter() - started,
        }
        return frame

    def estimate(self, bound: Bound) -> Estimate:
        """What the question would cost on Athena; `NotEstimated` where that cannot be told."""
        with opened(bound, self.tables(), self.database, self.filesystem) as lake:
            return cost.estimate(lake.session, lake.plan, lake.files)


def _bytes(lake: Opened) -> int | None:
    try:
        return cost.estimate(lake.session, lake.plan, lake.files).bytes
    except NotEstimated:
        return None


def _answer(session: duckdb.DuckDBPyConnection, plan: Plan) -> pd.DataFrame:
    try:
        relation = session.sql(plan.sql)
    except duckdb.Error:
        session.execute(plan.sql)  # fails the same way, and tells the place, which `sql` does not
        raise
    huge = {place for place, kind in enumerate(relation.types) if kind == "HUGEINT"}
    return results.from_arrow(relation.to_arrow_table(), huge)
