"""Operators: arithmetic, comparisons, logic, IN, LIKE and what stands beside them."""

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import functions, literals, nested, numeric
from queries.engine.trino.calls import written
from queries.engine.trino.registry import match
from queries.engine.trino.subqueries import COMPARISONS, Subqueries, all_of
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import BOOLEAN

ARITHMETIC: dict[type[exp.Expr], tuple[str, str]] = {
    exp.Add: ("add", "+"),
    exp.Sub: ("subtract", "-"),
    exp.Mul: ("multiply", "*"),
    exp.Div: ("divide", "/"),
    exp.Mod: ("modulus", "%"),
}


class Operators(Subqueries):
    """Translates operators."""

    def _paren(self, node: exp.Paren) -> Typed:
        return self.of(node.this)

    def _neg(self, node: exp.Neg) -> Typed:
        if isinstance(node.this, exp.Literal) and node.this.is_number:
            return literals.number(node.this.this, negative=True)
        return numeric.negative(self.of(node.this))

    def _arithmetic(self, node: exp.Binary) -> Typed:
        name, sign = ARITHMETIC[type(node)]
        left, right = self.of(node.left), self.of(node.right)
        found = numeric.arithmetic(name, left, right) or self._operator(name, left, right)
        if found is None:
            raise BadSQL(f'"{sign}" does not take {left.type} and {right.type}.')
        return found

    def _operator(self, name: str, *operands: Typed) -> Typed | None:
        """An operator that a family of functions tells."""
        found = match(functions.OPERATORS.get(name, ()), operands)
        return None if found is None else written(found, found.call)

    def compared(self, name: str, left: Typed, right: Typed) -> Typed:
        """A comparison; of arrays, maps and rows as their family has it."""
        return self._operator(name, left, right) or nested.compare(name, left, right)

    def _comparison(self, node: exp.Binary) -> Typed:
        name = COMPARISONS[type(node)]
        if isinstance(node.right, exp.Any | exp.All) or all_of(node.right):
            return self._quantified(node)
        return self.compared(name, self.of(node.left), self.of(node.right))

    def _distinct(self, node: exp.Binary) -> Typed:
        left, right = self.of(node.left), self.of(node.right)
        name = "is_distinct" if isinstance(node, exp.NullSafeNEQ) else "is_not_distinct"
        same = isinstance(node, exp.NullSafeEQ)
        return self._operator(name, left, right) or nested.distinct(left, right, is_not=same)

    def _logic(self, node: exp.Connector) -> Typed:
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.condition(part).sql for part in node.flatten()]
        return Typed(f"({f' {word} '.join(parts)})", BOOLEAN)

    def _not(self, node: exp.Not) -> Typed:
        return Typed(f"(NOT {self.condition(node.this).sql})", BOOLEAN)

    def _is(self, node: exp.Is) -> Typed:
        if not isinstance(node.expression, exp.Null):
            raise Refused("IS takes only NULL here.")
        return Typed(f"({self.of(node.this).sql} IS NULL)", BOOLEAN)

    def _between(self, node: exp.Between) -> Typed:
        value = self.of(node.this)
        low = self.compared("gte", value, self.of(node.args["low"]))
        high = self.compared("lte", value, self.of(node.args["high"]))
        return Typed(f"({low.sql} AND {high.sql})", BOOLEAN)

    def _in(self, node: exp.In) -> Typed:
        value = self.of(node.this)
        if subquery := node.args.get("query"):
            return self._in_query(value, subquery)
        if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values):
            return self._in_query(value, node.expressions[0])
        if any(node.args.get(key) for key in ("unnest", "field", "is_global")):
            raise Refused("IN takes values or a subquery here.")
        values = self.alike([value, *self.many(node.expressions)], "What IN compares")
        kind = values[0].type
        if kind.name in ("real", "double", "array", "map", "row") or kind.name.endswith("zone"):
            each = [self.compared("eq", values[0], other).sql for other in values[1:]]
            return Typed(f"({' OR '.join(each)})", BOOLEAN)
        return Typed(f"({values[0].sql} IN ({', '.join(v.sql for v in values[1:])}))", BOOLEAN)

    def _like(self, node: exp.Like, escape: exp.Expr | None = None) -> Typed:
        value, pattern = self.of(node.this), self.of(node.expression)
        for each in (value, pattern):
            if each.type.name not in ("varchar", "char", "unknown"):
                raise BadSQL(f"LIKE compares text, not {each.type}.")
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        if escape is None:
            return Typed(f"({value.sql} {word} {pattern.sql})", BOOLEAN)
        mark = self.of(escape)
        if mark.type.name == "unknown":
            return Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
        if not isinstance(mark.value, str) or len(mark.value) != 1:
            raise BadSQL("ESCAPE takes one character.")
        if not isinstance(pattern.value, str):
            raise Refused("A pattern of LIKE with ESCAPE must be a constant here.")
        rest = pattern.value
        for pair in (mark.value * 2, f"{mark.value}%", f"{mark.value}_"):
            rest = rest.replace(pair, "")
        if mark.value in rest:
            raise BadSQL("Behind its escape a pattern of LIKE has %, _ or the escape itself.")
        return Typed(f"({value.sql} {word} {pattern.sql} ESCAPE {mark.sql})", BOOLEAN)

    def _escape(self, node: exp.Escape) -> Typed:
        if not isinstance(node.this, exp.Like):
            raise Refused("ESCAPE belongs to LIKE.")
        return self._like(node.this, node.expression)

    def _pipes(self, node: exp.DPipe) -> Typed:
        left, right = self.of(node.left), self.of(node.right)
        kinds = [left.type, right.type]
        if "array" in (left.type.name, right.type.name):
            inner = [kind.element.name if kind.name == "array" else kind.name for kind in kinds]
            if "unknown" in inner and ("array" in inner or "unknown" in (k.name for k in kinds)):
                raise BadSQL("What is null here may be an array or an element of one: CAST it.")
        found = self._operator("concat", left, right)
        if found is None:
            raise BadSQL(f'"||" does not take {left.type} and {right.type}.')
        return found
