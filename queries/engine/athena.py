"""The engine on AWS: the SQL as it is written, on Athena, read by awswrangler."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from glue.tables import Table
from queries.engine import athena_results, errors, results
from queries.engine.answers import Answer
from queries.engine.athena_results import Written
from queries.engine.errors import BadSQL, EngineFailed, NotEstimated, QueryError
from queries.engine.parameters import Bound

if TYPE_CHECKING:
    from queries.engine.cost import Estimate
    from queries.engine.store import Store

T = TypeVar("T")
# "COLUMN_NOT_FOUND: line 3:7: Column 'x' cannot be resolved or requester is not authorized ..."
_FAILURE = re.compile(
    r"(?:(?P<code>[A-Z_]{3,}): )?(?:line (\d+):(\d+): )?(?P<reason>.*)", re.DOTALL
)
_PERMANENT = {"SYNTAX_ERROR", "TYPE_MISMATCH", "MISSING_GROUP_BY", "AMBIGUOUS_NAME"}
# What a file gives that is replaced or removed while Athena reads it ("Athena does not support" it:
# https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html), by ParquetPageSource
# and ParquetPageSourceFactory of trinodb/trino: not found, no Parquet, a page that makes no sense.
_TORN = {
    "HIVE_BAD_DATA",
    "HIVE_CANNOT_OPEN_SPLIT",
    "HIVE_CURSOR_ERROR",
    "HIVE_FILESYSTEM_ERROR",
    "HIVE_FILE_NOT_FOUND",
}
# What the same errors say where the file is as it will be the next time.
_LASTING = re.compile(
    r"access ?denied|status code: 403|incompatible with|parsing field|not a valid json", re.I
)
_PAUSES = (1, 2, 4, 8)  # seconds; Athena does not bill queries that fail


def _read(**request: Any) -> pd.DataFrame:
    from awswrangler import athena

    query = athena.start_query_execution(**request)
    try:
        frame: pd.DataFrame = athena.get_query_results(query)
    except KeyboardInterrupt:
        athena.stop_query_execution(query)  # what nobody waits for is billed all the same
        raise
    return frame


def _no_tables() -> Mapping[str, Table]:
    raise NotEstimated("What a question costs cannot be told without the tables and their files.")


def _no_files() -> "Store":
    raise NotEstimated("What a question costs cannot be told without the tables and their files.")


@dataclass(frozen=True, slots=True)
class Athena:
    """Runs questions in a workgroup, which says where results rest and what a query may scan.

    `read` asks and waits through awswrangler, or stands in for that, `fetch` likewise for answers
    that are streamed, and `wait` waits some seconds.
    `tables` and `store`, the catalog's tables and what holds their files, tell what a question
    costs.
    """

    database: str
    workgroup: str
    read: Callable[..., pd.DataFrame] = _read
    tables: Callable[[], Mapping[str, Table]] = field(default=_no_tables, compare=False)
    store: Callable[[], "Store"] = field(default=_no_files, compare=False)
    wait: Callable[[float], None] = field(default=time.sleep, compare=False)
    fetch: Callable[..., Written] = field(default=athena_results.fetch, compare=False)

    def run(self, bound: Bound) -> pd.DataFrame:
        """The answer; its `attrs` hold the bytes Athena scanned. `BadSQL` or `EngineFailed` where
        there is none.

        Where a file was replaced while Athena read it, which Athena answers with an error, the
        question is asked again, four times at most.

        Neither CTAS nor UNLOAD: a question is small, and needs no right to write tables or data.
        """
        frame = self._tried(self.read, bound)
        statistics = (getattr(frame, "query_metadata", None) or {}).get("Statistics") or {}
        frame = results.from_athena(frame)
        frame.attrs = {
            "engine": "athena",
            "bytes": statistics.get("DataScannedInBytes"),
            "seconds": statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
        }
        return frame

    @contextmanager
    def stream(self, bound: Bound, *, whole: bool) -> Iterator[Answer]:
        """The rows of the same answer, in batches, as they are read from the file that Athena
        wrote; whole in any case, as Athena has written all of it before.
        """
        written = self._tried(self.fetch, bound)
        with written.file:
            yield athena_results.answer(written)

    def estimate(self, bound: Bound) -> "Estimate":
        """What the question would cost; reads the catalog, lists the partitions it cannot leave
        out, and reads the footers of their files, with the rights of the caller.

        `NotEstimated` where that cannot be told, such as for views and other databases.
        """
        from queries.engine.local import Local

        try:
            return Local(self.database, self.tables, self.store).estimate(bound)
        except NotEstimated:
            raise
        except QueryError as error:
            # Athena may well understand what is not understood here.
            raise NotEstimated(f"What this costs cannot be told beforehand. {error}") from None

    def _tried(self, ask: Callable[..., T], bound: Bound) -> T:
        for pause in (*_PAUSES, None):
            try:
                found = ask(sql=bound.sql, database=self.database, workgroup=self.workgroup)
                break
            except Exception as error:
                if pause is None or not _torn(error):
                    raise _explained(error, bound) from None
            self.wait(pause)
        return found


def _torn(error: Exception) -> bool:
    match = _FAILURE.fullmatch(str(error).strip())
    return match is not None and match["code"] in _TORN and not _LASTING.search(match["reason"])


def _explained(error: Exception, bound: Bound) -> QueryError:
    """Athena's own reason; anything that is neither awswrangler's nor botocore's propagates."""
    library = type(error).__module__.partition(".")[0]
    if library not in ("awswrangler", "botocore"):
        raise error
    match = _FAILURE.fullmatch(str(error).strip())
    if match is None or match["code"] is None:
        return EngineFailed(f"Athena could not run this: {_sentence(errors.reason(error))}")
    code, reason = match["code"], _sentence(match["reason"])
    if _torn(error):
        return EngineFailed(
            f"Each time Athena read it, a file was being replaced, or one is damaged: {reason}"
        )
    problem = BadSQL if code in _PERMANENT or code.endswith("_NOT_FOUND") else EngineFailed
    if match[2] is None:
        return problem(reason)
    lines = bound.sql.split("\n")[: int(match[2]) - 1]
    position = sum(len(line) + 1 for line in lines) + int(match[3]) - 1
    return problem(reason, sql=bound.source, position=bound.origin(position))


def _sentence(text: str) -> str:
    first = text.strip().split("\n")[0].split(" You may need to manually clean")[0]
    return (first.rstrip(".") or "no reason was told") + "."
