"""What the parts of the translation of expressions have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sqlglot import exp

from queries.engine.errors import BadSQL
from queries.engine.trino import casts
from queries.engine.trino.coercions import common_of
from queries.engine.trino.protocols import Statement
from queries.engine.trino.scopes import Scope
from queries.engine.trino.typed import Typed


class Translator(ABC):
    """Translates the expressions of a scope: `expressions` knows which."""

    def __init__(self, statements: Statement, scope: Scope) -> None:
        self.statements = statements
        self.scope = scope

    @abstractmethod
    def of(self, node: exp.Expr) -> Typed:
        """The expression; `BadSQL` or `Refused` with its place where there is no such in DuckDB."""

    def condition(self, node: exp.Expr) -> Typed:
        """An expression that is true, false or null."""
        found = self.of(node)
        if found.type.name not in ("boolean", "unknown"):
            raise self.statements.placed(
                BadSQL(f"A condition must be true or false; this is {found.type}."), node
            )
        return found

    def many(self, nodes: Sequence[exp.Expr]) -> list[Typed]:
        return [self.of(node) for node in nodes]

    def alike(self, values: Sequence[Typed], what: str) -> list[Typed]:
        """The values as the type that they have in common."""
        both = common_of(value.type for value in values)
        if both is None:
            kinds = ", ".join(dict.fromkeys(str(value.type) for value in values))
            raise BadSQL(f"{what} must be of one type, not {kinds}.")
        return [casts.coerced(value, both) for value in values]
