"""Subqueries in expressions: values, EXISTS, IN, ANY and ALL."""

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import numeric
from queries.engine.trino.translator import Translator
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import BOOLEAN

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "eq",
    exp.NEQ: "neq",
    exp.LT: "lt",
    exp.LTE: "lte",
    exp.GT: "gt",
    exp.GTE: "gte",
}


class Subqueries(Translator):
    """Translates subqueries."""

    def _subquery(self, node: exp.Expr) -> Typed:
        query = self.statements.subquery(node, self.scope, "value")
        if len(query.columns) != 1:
            raise BadSQL("A subquery that stands for a value must have one column.")
        return Typed(f"({query.sql})", query.columns[0][1])

    def _exists(self, node: exp.Exists) -> Typed:
        query = self.statements.subquery(node.this, self.scope, "exists")
        return Typed(f"EXISTS ({query.sql})", BOOLEAN)

    def _quantified(self, node: exp.Binary) -> Typed:
        subquery = all_of(node.right) or node.right.this
        if not isinstance(subquery, exp.Query | exp.Subquery | exp.Values):
            raise BadSQL("ANY and ALL compare with a subquery.")
        query = self.statements.subquery(subquery, self.scope, "any")
        word = "ANY" if isinstance(node.right, exp.Any) else "ALL"
        if len(query.columns) != 1:
            raise BadSQL(f"A subquery behind {word} must have one column.")
        other = Typed('"in"."v"', query.columns[0][1])
        left, right = numeric.comparable(self.of(node.left), other)
        kind = left.type
        if kind.name in ("real", "double", "array", "map", "row", "json") or (
            kind.name.endswith("zone")
        ):
            raise Refused(f"{kind} is not compared with {word} here.")
        sign = numeric.COMPARISONS[COMPARISONS[type(node)]]
        inner = f'SELECT {right.sql} FROM ({query.sql}) AS "in"("v")'
        return Typed(f"({left.sql} {sign} {word} ({inner}))", BOOLEAN)

    def _in_query(self, value: Typed, subquery: exp.Expr) -> Typed:
        query = self.statements.subquery(subquery, self.scope, "in")
        if len(query.columns) != 1:
            raise BadSQL("A subquery behind IN must have one column.")
        other = Typed('"in"."v"', query.columns[0][1])
        left, right = numeric.comparable(value, other)
        if left.type.name in ("real", "double", "array", "map", "row") or (
            left.type.name.endswith("zone")
        ):
            raise Refused(f"{left.type} is not looked for in a subquery here.")
        inner = f'SELECT {right.sql} FROM ({query.sql}) AS "in"("v")'
        return Typed(f"({left.sql} IN ({inner}))", BOOLEAN)


def all_of(node: exp.Expr) -> exp.Expr | None:
    """What ALL compares with where sqlglot takes it for a function, as it does with VALUES."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "all":
        return None
    [*values] = node.expressions
    return values[0] if len(values) == 1 and isinstance(values[0], exp.Values) else None
