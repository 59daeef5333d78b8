"""Questions about the lake: Athena SQL, one file a question, run on Athena or on a laptop."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from queries.engine.connection import Connection, ambient, connect
from queries.engine.errors import (
    BadParameter,
    BadSQL,
    EngineFailed,
    NoLikes,
    NotEstimated,
    QueryError,
    StageNotUp,
    TooExpensive,
    UnknownQuestion,
)
from queries.engine.lexer import split
from queries.engine.library import Parameter, Question, find, library
from queries.engine.parameters import Bound, bind
from queries.engine.using import Lake, use

if TYPE_CHECKING:
    import pandas as pd

    from queries.engine.answers import Answer
    from queries.engine.cost import Estimate

__all__ = [
    "BadParameter",
    "BadSQL",
    "Connection",
    "EngineFailed",
    "Lake",
    "NoLikes",
    "NotEstimated",
    "Parameter",
    "QueryError",
    "Question",
    "StageNotUp",
    "TooExpensive",
    "UnknownQuestion",
    "ambient",
    "connect",
    "estimate",
    "library",
    "run",
    "split",
    "stream",
    "use",
]


def run(
    name_or_sql: str,
    /,
    *,
    connection: Connection | None = None,
    max_bytes: int | None = None,
    **parameters: object,
) -> "pd.DataFrame":
    """The answer to a shipped question, by name, or to one SELECT in Athena's SQL.

    Every `:name` in the SQL takes the parameter of that name: text, number, date, time, true,
    false or None, bound as a literal of its type. A question's own comment says which it takes;
    there, text is read as the type it declares. Integers come as `Int64`, text as `string`, times
    as `datetime64[ms]` in UTC, days as `datetime.date`. `attrs` of the answer say what it cost.

    The connection is the stage's (see `connect`) where none is given. A `QueryError` says in one
    sentence what is wrong, and where. With `max_bytes`, what would scan more (see `estimate`) is
    refused with `TooExpensive`.
    """
    bound, connection = _allowed(name_or_sql, parameters, connection, max_bytes)
    return connection.run(bound)


def stream(
    name_or_sql: str,
    /,
    *,
    connection: Connection | None = None,
    max_bytes: int | None = None,
    whole: bool = False,
    **parameters: object,
) -> "AbstractContextManager[Answer]":
    """The same answer as Arrow record batches, in the memory of a few, whatever its size.

    with queries.stream("SELECT * FROM likes") as answer:
        for batch in answer.batches:
            ...

    Rows come half a second after the first is there, once it is known that no file they were read
    from was replaced meanwhile. Where one is replaced later, `EngineFailed` is raised behind the
    rows that came. With `whole`, rows come once the last is there, held in a temporary file: then
    the question is asked again by itself. Rows that nobody takes any more end the question.
    """
    bound, connection = _allowed(name_or_sql, parameters, connection, max_bytes)
    return connection.stream(bound, whole=whole)


def estimate(
    name_or_sql: str, /, *, connection: Connection | None = None, **parameters: object
) -> "Estimate":
    """What a question would cost on Athena: the bytes it scans, those it bills, and the dollars.

    Told from the footers of the Parquet files, without reading what they hold: never too little,
    and too much only where Trino would leave out more than partitions and row groups.
    `NotEstimated` where it cannot be told.
    """
    bound = _bind(name_or_sql, parameters)
    return (connection or connect()).estimate(bound)


def _allowed(
    name_or_sql: str,
    parameters: dict[str, object],
    connection: Connection | None,
    max_bytes: int | None,
) -> tuple[Bound, Connection]:
    bound = _bind(name_or_sql, parameters)
    connection = connection or connect()
    if max_bytes is not None:
        connection.estimate(bound).check(max_bytes)
    return bound, connection


def _bind(name_or_sql: str, parameters: dict[str, object]) -> Bound:
    return bind(find(name_or_sql), parameters, datetime.now(UTC).date())
