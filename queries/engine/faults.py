"""What DuckDB says went wrong, as one sentence that points into the SQL as it was written."""

import json
import re
from collections.abc import Iterable

import duckdb

from queries.engine.errors import BadSQL, EngineFailed, QueryError, Refused, hint, nearest
from queries.engine.parameters import Bound

_TOKEN = re.compile(r"""\w+|[^\w\s]""")
_QUIET = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_ADVICE = re.compile(r"\n|(?<=\.) (?=Use |Try |You might )")  # on how to change DuckDB, not the SQL
# A sentence of ours: of `t_fail` and `t_refuse`, or of a Python function.
_OURS = re.compile(r"Could not convert string '([!?])(.*)' to BOOL|the UDF: (\w+): (.*)", re.DOTALL)
_OVERFLOW = re.compile(r"Overflow in (\w+) of (?:INT(\d+)|DECIMAL).*? \((.+)\)")
_INTEGERS = {"8": "tinyint", "16": "smallint", "32": "integer", "64": "bigint"}
_STATIC = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.SyntaxException,
)


def explain(error: duckdb.Error, bound: Bound, sql: str, columns: Iterable[str]) -> QueryError:
    """The error for people. `sql` is what DuckDB ran, `columns` the columns of the tables read."""
    told = _told(error)
    message = _ADVICE.split(told.get("exception_message", "").strip())[0]
    name = told.get("name", "")
    kind = told.get("error_subtype", "")
    if ours := _OURS.search(told.get("exception_message", "").strip()):
        sentence = (ours[2] or ours[4]).splitlines()[0].rstrip(".") + "."
        if ours[1] == "?" or ours[3] == "NotKnown":
            return Refused(sentence, sql=bound.source)
    elif message.startswith("Type INT128"):
        sentence = "A sum does not fit a bigint."
    elif message.startswith("Division by zero"):  # DuckDB names its own expression
        sentence = "Division by zero."
    elif over := _OVERFLOW.match(message):
        sentence = f"{_INTEGERS.get(over[2], 'decimal')} {over[1]} overflow: {over[3]}."
    elif kind == "COLUMN_NOT_FOUND":
        sentence = f'There is no column "{name}".{hint(name, columns)}'
    elif kind == "MISSING_ENTRY":
        what = told.get("type", "").split()[-1:] or ["thing"]
        sentence = f'There is no {what[0].lower()} "{name}".' + nearest(
            name, told.get("candidates", "").split(",")
        )
    elif kind == "NO_MATCHING_FUNCTION":
        sentence = f'"{name}" does not take these types: {told.get("call", name)}.'
    elif unknown := re.match(r'Referenced table "(.+?)" not found', message):
        sentence = f'There is no table or alias "{unknown[1]}" here.'
    else:
        sentence = (message[:1].upper() + message[1:]).rstrip(".! ") or "The query failed"
        sentence += "."
    position = None if ours else _place(told.get("position"), sql, bound)
    problem = BadSQL if isinstance(error, _STATIC) else EngineFailed
    return problem(sentence, sql=bound.source, position=position)


def _told(error: duckdb.Error) -> dict[str, str]:
    """What the error holds: DuckDB puts it as JSON behind the error's kind, where asked to."""
    text = str(error)
    try:
        told: dict[str, str] = json.loads(text[text.index("{") :])
    except ValueError:
        return {"exception_message": text.split("Error: ", 1)[-1]}
    return told


def _place(told: str | None, sql: str, bound: Bound) -> int | None:
    """The place in the SQL as written of a place in DuckDB's: the same occurrence of the token."""
    if told is None:
        return None
    position = len(sql.encode()[: int(told)].decode(errors="ignore"))
    token = _TOKEN.match(sql, position)
    if token is None:
        return None
    ours = _occurrences(token[0], sql)
    quiet = _QUIET.sub(lambda comment: " " * len(comment[0]), bound.sql)
    theirs = _occurrences(token[0], quiet)
    if position not in ours or (len(theirs) != len(ours) and len(theirs) != 1):
        return None
    return bound.origin(theirs[0 if len(theirs) == 1 else ours.index(position)])


def _occurrences(token: str, sql: str) -> list[int]:
    return [match.start() for match in _TOKEN.finditer(sql) if match[0].lower() == token.lower()]
