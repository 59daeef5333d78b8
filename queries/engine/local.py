"""The engine of a laptop: Athena's SQL on DuckDB over the files of the Glue tables."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from glue.tables import Table
from queries.engine import cost, results
from queries.engine.answers import Running
from queries.engine.cost import Estimate
from queries.engine.errors import NotEstimated
from queries.engine.parameters import Bound
from queries.engine.plan import Plan
from queries.engine.reading import Opened, answered
from queries.engine.session import open_session
from queries.engine.spool import HOLD_S, Spool
from queries.engine.store import Store

__all__ = ["Local", "open_session"]

_ROWS = 16_384  # of a batch


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
        with self._asked(bound, Spool(None, memory=None)) as answer:
            rows = pa.Table.from_batches(list(answer.batches), answer.schema)
            frame = results.frame(rows)
            frame.attrs = dict[Any, Any](answer.told)
        return frame

    def stream(self, bound: Bound, *, whole: bool) -> Running:
        """The rows of the answer, as `run` has them, in batches: all of them once the last is
        there, where it is to be `whole`, else as they are known to be right.

        Rows are right as long as no file was replaced that they were read from. That is looked at
        before they are given. Where a file was replaced meanwhile, the question is asked again,
        but for one that gave rows before: then `EngineFailed` is raised behind them.
        """
        return self._asked(bound, Spool(None if whole else HOLD_S))

    def estimate(self, bound: Bound) -> Estimate:
        """What the question would cost on Athena; `NotEstimated` where that cannot be told."""
        return answered(bound, self.tables(), self.database, self.store, _estimate)

    def _asked(self, bound: Bound, spool: Spool) -> Running:
        asked = _Asked(spool)

        def work() -> None:
            started = time.perf_counter()
            answered(bound, self.tables(), self.database, self.store, asked.answer)
            spool.told["seconds"] = time.perf_counter() - started

        return Running(spool, work, asked.stop)


class _Replaced(Exception):
    """A file was replaced while it was read: the question is asked again."""


@dataclass(slots=True)
class _Asked:
    """A question whose rows go into a spool, and the session it is asked in."""

    spool: Spool
    _sessions: list[duckdb.DuckDBPyConnection] = field(default_factory=list)

    def answer(self, lake: Opened) -> None:
        self._sessions.append(lake.session)
        register(lake)
        files = sum(part.count for part in lake.files)
        self.spool.told |= {"engine": "local", "files": files, "bytes": _bytes(lake)}
        found = relation(lake.session, lake.plan)
        reader, columns = found.to_arrow_reader(_ROWS), lake.plan.columns
        schema = results.schema(reader.schema, columns)
        self.spool.begin(schema)
        for batch in results.batches(reader, schema, columns):
            if self.spool.add(batch):
                if lake.changed():
                    raise _Replaced
                self.spool.release()

    def stop(self) -> None:
        for session in self._sessions[-1:]:
            with suppress(duckdb.Error):  # it may have ended by itself
                session.interrupt()


def register(lake: Opened) -> None:
    """Let the session read the files, under the names of the plan's scans."""
    for scan, part in zip(lake.plan.scans, lake.files, strict=True):
        lake.session.register(scan.name, part.rows())


def relation(session: duckdb.DuckDBPyConnection, plan: Plan) -> duckdb.DuckDBPyRelation:
    """The answer's columns, and its rows when they are asked for."""
    try:
        return session.sql(plan.sql)
    except duckdb.Error:
        session.execute(plan.sql)  # fails the same way, and tells the place, which `sql` does not
        raise


def _estimate(lake: Opened) -> Estimate:
    return cost.estimate(lake.session, lake.plan, lake.files)


def _bytes(lake: Opened) -> int | None:
    try:
        return _estimate(lake).bytes
    except NotEstimated:
        return None
