"""Conditions that the smallest and the largest value of a column decide for a whole row group."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from queries.engine.trino.typed import Typed
from queries.engine.trino.types import INTEGERS

Named = Callable[[exp.Expr], tuple[str, str] | None]
Translate = Callable[[exp.Expr], Typed]
Write = Callable[[str], str]

# A row group is read where what its statistics allow and what the condition allows overlap: as in
# TupleDomainParquetPredicate of trinodb/trino. Dictionaries and page indexes, which Trino looks at
# as well, could only make it less.
_OVERLAPS: Mapping[type[exp.Expr], Write] = {
    exp.EQ: lambda value: f"({value} BETWEEN low AND high)",
    exp.NEQ: lambda value: f"(NOT (low = {value} AND high = {value}))",
    exp.LT: lambda value: f"(low < {value})",
    exp.LTE: lambda value: f"(low <= {value})",
    exp.GT: lambda value: f"(high > {value})",
    exp.GTE: lambda value: f"(high >= {value})",
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
_COMPARABLE: Mapping[str, tuple[str, ...]] = {
    "string": ("varchar",),
    "tinyint": INTEGERS,
    "smallint": INTEGERS,
    "int": INTEGERS,
    "bigint": INTEGERS,
    "double": (*INTEGERS, "decimal", "real", "double"),
    "date": ("date",),
    "timestamp": ("date", "timestamp"),
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
    exp.CurrentDate,
)
_FUNCTIONS = ("date_add", "date_trunc")
_FILLED = "(NOT only_nulls)"


@dataclass(frozen=True, slots=True)
class Range:
    """A condition on one column for a row group, in DuckDB's SQL over what is known of the group:
    `low` and `high` (null where unknown), `only_nulls` and `some_nulls`.
    """

    column: str
    sql: str


def read(condition: exp.Expr, named: Named, translate: Translate) -> Range | None:
    """The range of a condition that compares one column with constants; None for any other.

    `named` gives name and type of what is a column of the scan, `translate` DuckDB's SQL.
    """
    columns: set[str] = set()

    def column(node: exp.Expr) -> str | None:
        found = named(node)
        if found is None:
            return None
        columns.add(found[0])
        return found[1]

    overlaps = _Overlaps(column, translate).of(condition)
    if overlaps is None or len(columns) != 1:
        return None
    return Range(columns.pop(), overlaps)


@dataclass(frozen=True, slots=True)
class _Overlaps:
    column: Callable[[exp.Expr], str | None]
    translate: Translate

    def of(self, node: exp.Expr) -> str | None:
        node = node.unnest()
        if isinstance(node, exp.And | exp.Or):
            left, right = self.of(node.left), self.of(node.right)
            join = "AND" if isinstance(node, exp.And) else "OR"
            return None if left is None or right is None else f"({left} {join} {right})"
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            if self.column(node.this) is not None:
                return "some_nulls"
            return self.translate(node).sql if self.constant(node.this) else None
        if isinstance(node, exp.Not):
            inner = node.this.unnest()
            is_null = isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null)
            return _FILLED if is_null and self.column(inner.this) is not None else None
        return self.compared(node)

    def compared(self, node: exp.Expr) -> str | None:
        """A comparison of a column with constants, which no null meets."""
        operator = type(node)
        pairs: list[tuple[type[exp.Expr], exp.Expr]]
        if isinstance(node, exp.Between):
            pairs = [(exp.GTE, node.args["low"]), (exp.LTE, node.args["high"])]
            join, subject = " AND ", node.this
        elif isinstance(node, exp.In) and node.expressions:
            pairs = [(exp.EQ, value) for value in node.expressions]
            join, subject = " OR ", node.this
        elif operator in _OVERLAPS and isinstance(node, exp.Binary):
            flipped = self.column(node.left) is None
            subject, value = (node.right, node.left) if flipped else (node.left, node.right)
            pairs = [(_FLIPPED[operator] if flipped else operator, value)]
            join = " AND "
        else:
            return None
        kind = self.column(subject)
        if kind is None or not all(self.constant(value, kind) for _, value in pairs):
            return None
        met = join.join(_OVERLAPS[how](self.translate(value).sql) for how, value in pairs)
        return f"({_FILLED} AND ({met}))"

    def constant(self, node: exp.Expr, kind: str | None = None) -> bool:
        """Whether Trino works it out before it reads, to compare a column of `kind` with it."""
        if not all(_is_constant(part) for part in node.walk()):
            return False
        if kind is None:
            return True
        if _FINER.search(node.sql()):
            return False
        return self.translate(node).type.name in _COMPARABLE.get(kind, ())


def _is_constant(part: exp.Expr) -> bool:
    if isinstance(part, exp.Anonymous):
        return part.name.lower() in _FUNCTIONS
    return isinstance(part, _CONSTANT)
