"""Conditions that the smallest and the largest value of a column decide for a whole row group."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

Named = Callable[[exp.Expr], tuple[str, str] | None]

_LOW, _HIGH = exp.column("low"), exp.column("high")
# A row group is read where what its statistics allow and what the condition allows overlap: as in
# TupleDomainParquetPredicate of trinodb/trino. Dictionaries and page indexes, which Trino looks at
# as well, could only make it less.
_OVERLAPS: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.EQ: lambda value: exp.Between(this=value, low=_LOW, high=_HIGH),
    exp.NEQ: lambda value: exp.not_(exp.and_(_LOW.eq(value), _HIGH.eq(value))),
    exp.LT: lambda value: exp.LT(this=_LOW, expression=value),
    exp.LTE: lambda value: exp.LTE(this=_LOW, expression=value),
    exp.GT: lambda value: exp.GT(this=_HIGH, expression=value),
    exp.GTE: lambda value: exp.GTE(this=_HIGH, expression=value),
}
_FLIPPED: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
# With constants of these types Trino compares the column itself, with others a cast of it.
_TIMES = {exp.DType.DATE, exp.DType.TIMESTAMP}
_COMPARABLE: Mapping[str, set[exp.DType]] = {
    "string": exp.DataType.TEXT_TYPES,
    "tinyint": exp.DataType.INTEGER_TYPES,
    "smallint": exp.DataType.INTEGER_TYPES,
    "int": exp.DataType.INTEGER_TYPES,
    "bigint": exp.DataType.INTEGER_TYPES,
    "double": exp.DataType.NUMERIC_TYPES,
    "date": {exp.DType.DATE},
    "timestamp": _TIMES,
}
_FINER = re.compile(r":\d\d\.\d{3}\d*[1-9]")  # than the milliseconds of a timestamp column
_CONSTANT = (
    exp.Literal,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
    exp.Paren,
    exp.Neg,
    exp.Interval,
    exp.Var,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.DateAdd,
    exp.DateSub,
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.CurrentDate,
)


@dataclass(frozen=True, slots=True)
class Range:
    """A condition on one column for a row group, in DuckDB's SQL over what is known of the group:
    `low` and `high` (null where unknown), `only_nulls` and `some_nulls`.
    """

    column: str
    sql: str


def read(condition: exp.Expr, named: Named) -> Range | None:
    """The range of a condition that compares one column with constants; None for any other.

    `named` gives name and type of what is a column of the scan.
    """
    columns: set[str] = set()

    def column(node: exp.Expr) -> str | None:
        found = named(node)
        if found is None:
            return None
        columns.add(found[0])
        return found[1]

    overlaps = _overlaps(condition, column)
    if overlaps is None or len(columns) != 1:
        return None
    return Range(columns.pop(), overlaps.sql(dialect="duckdb", comments=False))


def _overlaps(node: exp.Expr, column: Callable[[exp.Expr], str | None]) -> exp.Expr | None:
    node = node.unnest()
    if isinstance(node, exp.And | exp.Or):
        left, right = _overlaps(node.left, column), _overlaps(node.right, column)
        join = exp.and_ if isinstance(node, exp.And) else exp.or_
        return None if left is None or right is None else join(left, right)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        if column(node.this) is not None:
            return exp.column("some_nulls")
        return node if _is_constant(node.this) else None
    if isinstance(node, exp.Not):
        inner = node.this.unnest()
        is_null = isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null)
        return _filled() if is_null and column(inner.this) is not None else None
    return _compared(node, column)


def _compared(node: exp.Expr, column: Callable[[exp.Expr], str | None]) -> exp.Expr | None:
    """A comparison of a column with constants, which no null meets."""
    operator = type(node)
    pairs: list[tuple[type[exp.Expr], exp.Expr]]
    if isinstance(node, exp.Between):
        pairs = [(exp.GTE, node.args["low"]), (exp.LTE, node.args["high"])]
        join, subject = exp.and_, node.this
    elif isinstance(node, exp.In) and node.expressions:
        pairs = [(exp.EQ, value) for value in node.expressions]
        join, subject = exp.or_, node.this
    elif operator in _OVERLAPS and isinstance(node, exp.Binary):
        flipped = column(node.left) is None
        subject, value = (node.right, node.left) if flipped else (node.left, node.right)
        pairs = [(_FLIPPED[operator] if flipped else operator, value)]
        join = exp.and_
    else:
        return None
    kind = column(subject)
    if kind is None or not all(_is_constant(value, kind) for _, value in pairs):
        return None
    return exp.and_(_filled(), join(*(_OVERLAPS[how](value.copy()) for how, value in pairs)))


def _filled() -> exp.Expr:
    return exp.not_(exp.column("only_nulls"))


def _is_constant(node: exp.Expr, kind: str | None = None) -> bool:
    """Whether Trino works it out before it reads, as a value to compare a column of `kind` with."""
    if not all(isinstance(part, _CONSTANT) for part in node.walk()):
        return False
    if kind is None:
        return True
    if _FINER.search(node.sql()):
        return False
    return node.type is not None and node.type.this in _COMPARABLE.get(kind, set())
