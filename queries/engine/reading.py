"""A question with the files it reads, asked again where they were replaced meanwhile."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import duckdb
import pyarrow as pa

from glue.tables import Table
from queries.engine import dialect, faults
from queries.engine.errors import EngineFailed
from queries.engine.files import Files
from queries.engine.listing import Listing
from queries.engine.parameters import Bound
from queries.engine.plan import Plan
from queries.engine.session import find, open_session
from queries.engine.store import Store

T = TypeVar("T")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan, the files of each of its scans, and the session that chose them.

    `changed` lists the files again: True where one was replaced since, and what was read of it may
    be of two versions.
    """

    session: duckdb.DuckDBPyConnection
    plan: Plan
    files: tuple[Files, ...]
    changed: Callable[[], bool]


def answered(
    bound: Bound,
    tables: Mapping[str, Table],
    database: str,
    store: Callable[[], Store],
    answer: Callable[[Opened], T],
) -> T:
    """What `answer` makes of the question with its files, each folder as it stood at one moment.

    Compaction replaces files while they are read: what comes of that is an error, or bytes of two
    versions. So the files are listed again when the answer, or the error, is there; where they are
    others now, the question is asked again. The folders that changed are then read whole before,
    and all that it reads the time after, so that it comes to an end whoever writes meanwhile.

    Whatever else goes wrong is a `QueryError` of one sentence.
    """
    plan = dialect.plan(bound, tables, database)
    with _explained(bound, plan):
        held: Collection[str] = ()
        for _ in range(_TRIES):
            listing = Listing(store(), held)
            try:
                found = _once(plan, listing, answer)
            except duckdb.InterruptException:
                raise
            except Exception:  # a file of two versions can fail in any way
                if not (changed := listing.changed()):
                    raise
            else:
                if not (changed := listing.changed()):
                    return found
            held = listing.folders if held else {file.folder for file in changed}
    raise EngineFailed("The files change faster than they can be read; ask again in a minute.")


def _once(plan: Plan, listing: Listing, answer: Callable[[Opened], T]) -> T:
    with open_session(plan.helpers) as session:
        files = tuple(find(session, scan, listing) for scan in plan.scans)
        return answer(Opened(session, plan, files, lambda: bool(listing.changed())))


@contextmanager
def _explained(bound: Bound, plan: Plan) -> Iterator[None]:
    columns = {name for scan in plan.scans for name in scan.table.names}
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise faults.explain(error, bound, plan.sql, columns) from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise EngineFailed(f"The files cannot be read: {reason}.") from None
