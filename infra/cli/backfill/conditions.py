"""Conditions in SQL as people give them, and a DuckDB that reaches nothing but what it is given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import duckdb
from duckdb.func import SPECIAL

from infra.cli.backfill import exact, syntax
from infra.cli.backfill.source_files import SourceError

_MOST_NAMES = 40


def connect() -> duckdb.DuckDBPyConnection:
    """Give a connection to a DuckDB without files, network or Python's variables, in UTC, of one
    thread.

    One thread keeps rows in their order; files are read side by side, each in the thread that asks.
    """
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """The one of this process: making a DuckDB takes longer than what most ask of it."""
    database = duckdb.connect(config={"threads": 1, "enable_external_access": False})
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    database.execute("SET GLOBAL python_enable_replacements = false")
    database.create_function("exactly", exact.judge, null_handling=SPECIAL)
    database.create_function("exactly_in_line", exact.judge_line, null_handling=SPECIAL)
    database.execute("SET lock_configuration = true")
    return database


def check(condition: str) -> list[str]:
    """Give the names in a condition that may be columns, as it spells them.

    Raises `SourceError` where it is no single SQL expression: what closes a bracket to go on as
    another query is none.
    """
    if not condition.strip():
        raise SourceError(f"--where {condition!r} is no SQL condition: it is blank.")
    try:
        with connect() as connection:
            tree = syntax.parse(connection, condition)
    except syntax.NotOne as error:
        why = f"is no SQL condition: {error}" if str(error) else "is not one SQL condition"
        raise SourceError(f"--where {condition!r} {why}.") from None
    if any(node["class"] == "SUBQUERY" for node in syntax.parts(tree)):
        raise SourceError(f"--where {condition!r} cannot be asked: it holds a query of its own.")
    return list(syntax.columns(tree))


def bracketed(condition: str) -> str:
    """Give the condition as it can stand in a query, whatever comment it ends with."""
    return f"(\n{condition}\n)"


def quoted(name: str) -> str:
    """Give a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Give a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def fault(error: duckdb.Error) -> str:
    """Say what DuckDB found wrong, without its prefix and the query around it."""
    line = str(error).strip().splitlines()[0]
    kind, separator, text = line.partition(" Error: ")
    return (text if separator and " " not in kind.strip() else line).rstrip("!.")


def listed(names: Iterable[str]) -> str:
    """Name columns in a sentence."""
    known = list(names)
    more = len(known) - _MOST_NAMES
    told = ", ".join(known[:_MOST_NAMES]) or "none"
    return f"{told} and {more:,} more" if more > 0 else told
