"""Questions about the lake: Athena SQL, one file a question, run on Athena or on a laptop."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from queries.engine.connection import Connection, connect
from queries.engine.errors import (
    BadParameter,
    BadSQL,
    EngineFailed,
    QueryError,
    StageNotUp,
    UnknownQuestion,
)
from queries.engine.library import Parameter, Question, find, library
from queries.engine.parameters import bind

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BadParameter",
    "BadSQL",
    "Connection",
    "EngineFailed",
    "Parameter",
    "QueryError",
    "Question",
    "StageNotUp",
    "UnknownQuestion",
    "connect",
    "library",
    "run",
]


def run(
    name_or_sql: str, /, *, connection: Connection | None = None, **parameters: object
) -> "pd.DataFrame":
    """The answer to a shipped question, by name, or to one SELECT in Athena's SQL.

    Every `:name` in the SQL takes the parameter of that name: text, number, date, time, true,
    false or None, bound as a literal of its type. A question's own comment says which it takes;
    there, text is read as the type it declares. Integers come as `Int64`, text as `string`, times
    as `datetime64[ms]` in UTC, days as `datetime.date`. `attrs` of the answer say what it cost.

    The connection is the stage's (see `connect`) where none is given. A `QueryError` says in one
    sentence what is wrong, and where.
    """
    bound = bind(find(name_or_sql), parameters, datetime.now(UTC).date())
    return (connection or connect()).run(bound)
