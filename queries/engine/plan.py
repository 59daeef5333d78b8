"""A question ready for DuckDB: its SQL, what it scans, and the types that Athena would tell."""

from dataclasses import dataclass

from sqlglot import exp

from glue.tables import Table
from queries.engine.ranges import Range
from queries.engine.trino.types import Type


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on partition columns alone, in DuckDB's SQL."""

    sql: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """One place where the SQL reads a table: as `name`, known in the SQL as `alias`.

    Only rows that meet `filters` and `ranges` are wanted.
    """

    name: str
    alias: str
    table: Table
    filters: tuple[Filter, ...]
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """SQL for DuckDB over tables named as its scans are, and the tree it was written from.

    `columns` holds names and types of the answer as Athena tells them; `helpers` what has to be
    made on the session (`trino.helpers`).
    """

    sql: str
    scans: tuple[Scan, ...]
    tree: exp.Query
    columns: tuple[tuple[str, Type], ...]
    helpers: tuple[str, ...]
