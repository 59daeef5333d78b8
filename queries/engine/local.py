"""The engine of a laptop: Athena's SQL on DuckDB over the files of the Glue tables."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd

from glue.tables import Table
from queries.engine import cost, results
from queries.engine.cost import Estimate
from queries.engine.errors import NotEstimated
from queries.engine.parameters import Bound
from queries.engine.plan import Plan
from queries.engine.reading import Opened, answered
from queries.engine.session import open_session
from queries.engine.store import Store

__all__ = ["Local", "open_session"]


@dataclass(frozen=True, slots=True)
class Local:
    """Runs questions over the tables that `tables` tells, in files that `store` holds."""

    database: str
    tables: Callable[[], Mapping[str, Table]]
    store: Callable[[], Store]

    def run(self, bound: Bound) -> pd.DataFrame:
        """The answer; its `attrs` say how many files were opened, and the bytes that Athena would
        scan for it, None where that cannot be told. `BadSQL` or `EngineFailed` where there is none.
        """
        started = time.perf_counter()
        frame = answered(bound, self.tables(), self.database, self.store, _answer)
        frame.attrs["seconds"] = time.perf_counter() - started
        return frame

    def estimate(self, bound: Bound) -> Estimate:
        """What the question would cost on Athena; `NotEstimated` where that cannot be told."""
        return answered(bound, self.tables(), self.database, self.store, _estimate)


def _answer(lake: Opened) -> pd.DataFrame:
    for scan, part in zip(lake.plan.scans, lake.files, strict=True):
        lake.session.register(scan.name, part.rows())
    scanned = _bytes(lake)
    frame = _frame(lake.session, lake.plan)
    files = sum(part.count for part in lake.files)
    frame.attrs = {"engine": "local", "files": files, "bytes": scanned}
    return frame


def _estimate(lake: Opened) -> Estimate:
    return cost.estimate(lake.session, lake.plan, lake.files)


def _bytes(lake: Opened) -> int | None:
    try:
        return _estimate(lake).bytes
    except NotEstimated:
        return None


def _frame(session: duckdb.DuckDBPyConnection, plan: Plan) -> pd.DataFrame:
    try:
        relation = session.sql(plan.sql)
    except duckdb.Error:
        session.execute(plan.sql)  # fails the same way, and tells the place, which `sql` does not
        raise
    return results.from_arrow(relation.to_arrow_table(), plan.columns)
