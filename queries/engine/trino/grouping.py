"""GROUP BY: its keys and sets, and what may be selected of groups."""

from itertools import chain, combinations, product

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import functions
from queries.engine.trino.expressions import Expressions
from queries.engine.trino.relations import only
from queries.engine.trino.sources import Sources


class Grouping(Sources):
    """Translates GROUP BY."""

    __slots__ = ()

    def _group(self, node: exp.Select, expressions: Expressions) -> str:
        group = node.args.get("group")
        if group is None:
            return ""
        only(group, {"expressions", "all"})
        if group.args.get("all") is False and any(map(_has_sets, group.expressions)):
            return self._distinct_sets(node, group, expressions)
        return ", ".join(self._grouping(node, each, expressions) for each in group.expressions)

    def _distinct_sets(self, node: exp.Select, group: exp.Group, expressions: Expressions) -> str:
        """GROUP BY DISTINCT: each set once, whatever order its keys are in."""

        def keys(key: exp.Expr) -> list[str]:
            parts = key.expressions if isinstance(key, exp.Tuple) else [key]
            return [self._grouping(node, each, expressions) for each in parts]

        def sets(key: exp.Expr) -> list[list[str]]:
            if isinstance(key, exp.GroupingSets):
                return list(chain.from_iterable(map(sets, key.expressions)))
            if isinstance(key, exp.Rollup | exp.Cube):
                parts = [keys(each) for each in key.expressions]
                counts = range(len(parts), -1, -1)
                chosen = (
                    chain.from_iterable(combinations(parts, count) for count in counts)
                    if isinstance(key, exp.Cube)
                    else (parts[:count] for count in counts)
                )
                return [list(chain.from_iterable(each)) for each in chosen]
            return [keys(key)]

        crossed = product(*map(sets, group.expressions))
        found = [list(dict.fromkeys(chain.from_iterable(each))) for each in crossed]
        told = {frozenset(each): f"({', '.join(each)})" for each in reversed(found)}
        return f"GROUPING SETS ({', '.join(reversed(told.values()))})"

    def _grouping(self, node: exp.Select, key: exp.Expr, expressions: Expressions) -> str:
        for kind, word in (
            (exp.GroupingSets, "GROUPING SETS"),
            (exp.Rollup, "ROLLUP"),
            (exp.Cube, "CUBE"),
        ):
            if isinstance(key, kind):
                inner = [self._grouping(node, each, expressions) for each in key.expressions]
                return f"{word} ({', '.join(inner)})"
        if isinstance(key, exp.Tuple):
            inner = [self._grouping(node, each, expressions) for each in key.expressions]
            return f"({', '.join(inner)})"
        return expressions.key(expressions.of(ordinal(node, key, "GROUP BY")))

    def _check_grouped(self, node: exp.Select, expressions: Expressions) -> None:
        """That what is selected of groups is a key, or an aggregate, as Trino wants it."""
        group = node.args.get("group")
        chosen = [*node.expressions, *filter(None, [node.args.get("having")])]
        if group is None and not any(aggregates(each) for each in chosen):
            return
        keys = [] if group is None else [key for each in group.expressions for key in _keys(each)]
        told = [resolved(ordinal(node, key, "GROUP BY"), expressions) for key in keys]
        for each in chosen:
            self._grouped(each, told, expressions)

    def _grouped(self, node: exp.Expr, keys: list[exp.Expr], expressions: Expressions) -> None:
        if isinstance(node, exp.Query | exp.Lambda | exp.Filter | exp.WithinGroup):
            return
        may_be_key = isinstance(node, exp.Column) or any(isinstance(k, type(node)) for k in keys)
        if may_be_key and resolved(node, expressions) in keys:
            return
        if is_aggregate(node):
            return
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Anonymous):
            return
        if isinstance(node, exp.Column):
            if isinstance(node.this, exp.Star):
                return
            before = len(expressions.scope.used)
            expressions.of(node)
            if len(expressions.scope.used) > before:
                raise self.placed(
                    BadSQL(
                        f'Column "{node.name}" must appear in the GROUP BY clause or must be '
                        "part of an aggregate function."
                    ),
                    node,
                )
            return
        if isinstance(node, exp.Window):
            inner = (
                node.this.this
                if isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls)
                else node.this
            )
            parts = [*inner.args.get("expressions", []), *(node.args.get("partition_by") or [])]
            if order := node.args.get("order"):
                parts += [each.this for each in order.expressions]
            for part in parts:
                self._grouped(part, keys, expressions)
            return
        for part in node.iter_expressions():
            self._grouped(part, keys, expressions)


def _keys(key: exp.Expr) -> list[exp.Expr]:
    """The expressions that a key of GROUP BY is made of."""
    if isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube | exp.Tuple):
        return [each for part in key.expressions for each in _keys(part)]
    return [key.unnest()]


def resolved(node: exp.Expr, expressions: Expressions) -> exp.Expr:
    """The expression with its columns told in one way, whichever way they are written.

    All else is as it is written: to Trino `int` is not `integer` here, nor `"A"` the field `"a"`.
    """

    def told(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.DataType | exp.Lambda) and "written" in part.meta:
            return exp.Literal.string(part.meta["written"])  # of which case counts
        if not isinstance(part, exp.Column) or isinstance(part.this, exp.Star):
            return part
        try:
            return exp.Var(this=expressions.of(part).sql)
        except BadSQL:  # what a lambda calls its own
            return part

    return node.transform(told)


def _has_sets(key: exp.Expr) -> bool:
    return isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube)


def ordinal(node: exp.Select, key: exp.Expr, what: str) -> exp.Expr:
    """What a number in GROUP BY stands for; any other key itself."""
    if not (isinstance(key, exp.Literal) and key.is_int):
        return key
    place = int(key.this)
    if not 1 <= place <= len(node.expressions):
        raise BadSQL(f"{what} {key.this} names no column that is selected.")
    if any(isinstance(item, exp.Star) for item in node.expressions):
        raise Refused(f"{what} takes no numbers beside *.")
    found: exp.Expr = node.expressions[place - 1].unalias()
    return found


def is_aggregate(node: exp.Expr) -> bool:
    """Whether it is a call of an aggregate, not over a window."""
    if not isinstance(node, exp.Anonymous):
        return False
    whole: exp.Expr = node
    while isinstance(whole.parent, exp.Filter | exp.WithinGroup) and whole.arg_key == "this":
        whole = whole.parent
    over = isinstance(whole.parent, exp.Window | exp.IgnoreNulls | exp.RespectNulls)
    if over and whole.arg_key == "this":
        return False
    overloads = functions.FUNCTIONS.get(node.name.lower(), ())
    return any(each.kind == "aggregate" for each in overloads) or node.name.lower() == "grouping"


def aggregates(node: exp.Expr) -> bool:
    """Whether an aggregate stands in it, not in a subquery of it."""
    if isinstance(node, exp.Query):
        return False
    if is_aggregate(node):
        return True
    return any(aggregates(part) for part in node.iter_expressions())
