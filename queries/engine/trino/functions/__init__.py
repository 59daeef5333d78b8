"""Trino's functions and operators, a family a file."""

from collections.abc import Mapping

from queries.engine.trino.functions import (
    addresses,
    aggregates,
    array_sets,
    arrays,
    binary,
    bits,
    collecting,
    date_units,
    dates,
    formats,
    intervals,
    json_functions,
    maps,
    numbers,
    regexes,
    statistics,
    strings,
    urls,
    windows,
    zones,
)
from queries.engine.trino.functions.later import REFUSED
from queries.engine.trino.registry import Overload

__all__ = ["FUNCTIONS", "OPERATORS", "REFUSED", "UNSTABLE"]

_FAMILIES = (
    strings,
    urls,
    regexes,
    numbers,
    bits,
    statistics,
    dates,
    date_units,
    zones,
    intervals,
    formats,
    arrays,
    array_sets,
    maps,
    json_functions,
    binary,
    addresses,
    aggregates,
    collecting,
    windows,
)
UNSTABLE = frozenset({"random", "rand", "uuid", "shuffle"})
"""Functions that give another value each time they are asked."""


def _merged(which: str) -> dict[str, list[Overload]]:
    found: dict[str, list[Overload]] = {}
    for family in _FAMILIES:
        for name, overloads in getattr(family, which).overloads.items():
            found.setdefault(name, []).extend(overloads)
    return found


FUNCTIONS: Mapping[str, list[Overload]] = _merged("functions")
OPERATORS: Mapping[str, list[Overload]] = _merged("operators")
