"""An SQL condition as the tree that DuckDB reads it as, and trees as SQL again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec

Node = dict[str, Any]


class NotOne(Exception):
    """It is no single SQL expression; the message says why, if DuckDB does."""


def parse(connection: duckdb.DuckDBPyConnection, condition: str) -> Node:
    """Give the tree of an expression, without the places where its parts stand.

    Raises `NotOne` where it is none: what closes a bracket to go on as another query is none.
    """
    told, plain = (_told(connection, each) for each in (condition, "true"))
    if told["error"]:
        raise NotOne(told["error_message"].splitlines()[0])
    node, expected = told["statements"][0]["node"], plain["statements"][0]["node"]
    selected = node.pop("select_list", [])
    expected.pop("select_list")
    if node != expected or len(selected) != 1 or len(told["statements"]) != 1:
        raise NotOne("")
    tree: Node = selected[0]
    return tree


def sql(connection: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """Give an expression as SQL, in brackets."""
    told = copy.deepcopy(_told(connection, "true"))
    told["statements"][0]["node"]["select_list"] = [tree]
    [[text]] = connection.execute(
        "SELECT json_deserialize_sql(?::JSON)", [msgspec.json.encode(told).decode()]
    ).fetchall()
    return f"({text.removeprefix('SELECT ')})"


def parts(tree: Any) -> Iterator[Node]:
    """Give the nodes of a tree, itself included."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from parts(part)


def columns(tree: Any) -> Iterator[str]:
    """Give the names in a condition that may be columns, as it spells them."""
    for node in parts(tree):
        yield from node.get("column_names", [])[:1]


def path(node: Node) -> tuple[str, ...] | None:
    """Give the names that lead to a field: of `film.id` and `film['id']`; None for what is none."""
    if node["class"] == "COLUMN_REF":
        return tuple(node["column_names"])
    name = None
    if node["type"] == "ARRAY_EXTRACT" or node["type"] == "STRUCT_EXTRACT":
        of, name = node["children"]
    elif node["class"] == "FUNCTION" and node["function_name"] == "struct_extract":
        of, name = (argument["expression"] for argument in node["arguments"])
    if name is None or name["class"] != "CONSTANT" or name["literal"]["kind"] != "STRING":
        return None
    outer = path(of)
    return None if outer is None else (*outer, name["literal"]["text"])


def _told(connection: duckdb.DuckDBPyConnection, condition: str) -> Any:
    query = f"SELECT (\n{condition}\n)"
    [row] = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
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
