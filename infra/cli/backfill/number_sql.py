"""Numbers of a condition as SQL: a double that is near, and a tree that is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from infra.cli.backfill import exact
from infra.cli.backfill.conditions import literal
from infra.cli.backfill.exact import Tree


class Number(NamedTuple):
    """A number in a condition: its SQL as a double, the sum of the sizes in it, and its tree.

    `is_field`, `is_literal` tell the plain ones; `divides` those whose double may be far off.
    """

    double: str
    size: str
    tree: Tree
    is_field: bool = False
    is_literal: bool = False
    divides: bool = False


def double(text: str) -> str:
    """Give the SQL of the double that a text spells; null where it spells none."""
    spelled = f"regexp_full_match({text}, {literal(exact.NUMBER)})"
    cast = f"TRY_CAST(trim({text}, ' ' || chr(9) || chr(10) || chr(13)) AS DOUBLE)"
    whole = f"TRY_CAST({text} AS BIGINT)"  # what is one to the letter is seen nine times faster
    return (
        f"(CASE WHEN {text} >= '0' AND {text} < ':' AND {whole}::VARCHAR = {text} "
        f"THEN {whole}::DOUBLE "
        f"WHEN {spelled} THEN CASE WHEN isfinite({cast}) THEN {cast} END END)"
    )


def computed(how: str, a: Number, b: Number) -> Number:
    """Give what is computed of two."""
    tree = [how, a.tree, b.tree]
    divides = a.divides or b.divides or how in "/%"
    size = f"({a.size} * {b.size})" if how == "*" else f"({a.size} + {b.size})"
    return Number(f"({a.double} {how} {b.double})", size, tree, divides=divides)


def named(tree: Tree) -> Sequence[int]:
    """Give the fields that a tree names."""
    how, *parts = tree
    if how == "field":
        return parts
    return [] if how == "number" else [at for part in parts for at in named(part)]


def moved(tree: Tree, places: dict[int, int]) -> Tree:
    """Give a tree with its fields at other places."""
    how, *parts = tree
    if how == "field":
        return ["field", places[parts[0]]]
    return tree if how == "number" else [how, *(moved(part, places) for part in parts)]


def told(tree: Tree) -> str:
    """Give a tree as SQL's text of its JSON."""
    return literal(msgspec.json.encode(tree).decode())
