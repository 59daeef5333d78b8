"""Conditions in SQL as people give them, and a DuckDB that reaches nothing but what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import duckdb
import msgspec

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
    database.execute("SET lock_configuration = true")
    return database


def check(condition: str) -> list[str]:
    """Give the names in a condition that may be columns, as it spells them.

    Raises `SourceError` where it is no single SQL expression: what closes a bracket to go on as
    another query is none.
    """
    if not condition.strip():
        raise SourceError(f"--where {condition!r} is no SQL condition: it is blank.")
    with connect() as connection:
        told, plain = (_tree(connection, each) for each in (condition, "true"))
    if told["error"]:
        why = told["error_message"].splitlines()[0]
        raise SourceError(f"--where {condition!r} is no SQL condition: {why}.")
    node, expected = told["statements"][0]["node"], plain["statements"][0]["node"]
    selected = node.pop("select_list", [])
    expected.pop("select_list")
    if node != expected or len(selected) != 1 or len(told["statements"]) != 1:
        raise SourceError(f"--where {condition!r} is not one SQL condition.")
    return list(_columns(selected))


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


def _tree(connection: duckdb.DuckDBPyConnection, condition: str) -> Any:
    query = f"SELECT {bracketed(condition)}"
    row = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    assert row is not None
    # Where each thing stands differs between any two texts.
    return _without_places(msgspec.json.decode(row[0]))


def _without_places(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {
            name: _without_places(part)
            for name, part in tree.items()
            if not name.startswith("query_location")
        }
    return [_without_places(part) for part in tree] if isinstance(tree, list) else tree


def _columns(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from tree.get("column_names", [])[:1]
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _columns(part)
