"""What a part of the translation asks of the part that asks it."""

from typing import Protocol

from sqlglot import exp

from queries.engine.errors import BadSQL
from queries.engine.trino.correlation import Kind
from queries.engine.trino.scopes import Query, Scope
from queries.engine.trino.typed import Typed


class Expression(Protocol):
    """What translates an expression, within a scope."""

    def of(self, node: exp.Expr) -> Typed:
        """The expression; `BadSQL` or `Refused` with its place where there is no such in DuckDB."""


class Statement(Protocol):
    """What translates the queries of a statement."""

    columns: dict[int, tuple[Scope, Typed]]
    """Each column of the tree that was found, by its node's `id`."""

    def number(self) -> int:
        """A number that no name has yet."""

    def placed(self, error: BadSQL, node: exp.Expr) -> BadSQL:
        """The error with the place of a node, where it has none yet."""

    def is_typed_literal(self, node: exp.Cast) -> bool:
        """Whether a cast of a text is a literal with its type before it."""

    def query(self, node: exp.Expr, outer: Scope | None = None) -> Query:
        """A query, within the scope of the one around it."""

    def subquery(self, node: exp.Expr, scope: Scope, kind: Kind) -> Query:
        """A query that stands in an expression or behind LATERAL, where Trino takes it there."""
