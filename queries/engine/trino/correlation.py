"""Which correlated subqueries Trino takes: those that it can turn into joins.

By `PlanNodeDecorrelator` and the rules that transform correlated joins in trinodb/trino. What is
not sure to be taken counts as not taken.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino.scopes import Scope
from queries.engine.trino.typed import Typed

Kind = Literal["value", "exists", "in", "any", "lateral"]
Found = Mapping[int, tuple[Scope, Typed]]
"""Each column of a tree, by the node's `id`: the scope that has it, and what it is there."""


class _Not(Exception):
    """Trino does not take it: why."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a subquery: columns that a condition with an outer one names, and of these those
    that it makes the same in all rows."""

    named: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()
    single: bool = False


def check(
    node: exp.Expr, kind: Kind, scope: Scope, found: Found, is_aggregate: Callable[[exp.Expr], bool]
) -> None:
    """That Trino takes a subquery that stands in a scope; `BadSQL` where it does not."""
    scopes = set()
    around: Scope | None = scope
    while around is not None:
        scopes.add(id(around))
        around = around.outer
    checked = _Check(kind, scopes, found, is_aggregate)
    if checked.outer(node) and any(_keeps_rows(each) for each in node.find_all(exp.Join)):
        for call in node.find_all(exp.ArrayAgg, exp.Anonymous):
            name = "array_agg" if isinstance(call, exp.ArrayAgg) else call.name.lower()
            if name in _BY_ORDER and not call.find(exp.Order):
                raise Refused(
                    f"In what order {name} sees the rows of a LEFT JOIN is not known here."
                )
    try:
        checked.query(node, outermost=True)
    except _Not as error:
        raise BadSQL(f"Athena does not take this correlated subquery: {error}.") from None


_BY_ORDER = ("array_agg", "multimap_agg", "map_agg", "arbitrary", "any_value", "reduce_agg")


def _keeps_rows(join: exp.Join) -> bool:
    return (join.side or "").upper() == "LEFT" and isinstance(join.this, exp.Unnest)


def check_outer_join(condition: exp.Expr, scope: Scope, right: set[str], found: Found) -> None:
    """That Trino takes the subqueries in the condition of an outer join.

    None is correlated, and what is compared with one is of one side. `right`: the columns of the
    right side.
    """
    for query in condition.find_all(exp.Query, exp.Values):
        for column in query.find_all(exp.Column):
            if id(column) in found and found[id(column)][0] is scope:
                raise BadSQL("A subquery in the condition of an outer join names no column of it.")
    for node in condition.find_all(exp.In, exp.Binary):
        value = None
        if isinstance(node, exp.In):
            value = node.this if node.find(exp.Query, exp.Values) else None
        elif isinstance(node, exp.Binary) and _is_quantified(node.right):
            value = node.left
        columns = [] if value is None else value.find_all(exp.Column)
        known = [found[id(each)][1].sql in right for each in columns if id(each) in found]
        if any(known) and not all(known):
            raise BadSQL("In an outer join, one side only is compared with a subquery.")


def _is_quantified(node: exp.Expr) -> bool:
    return isinstance(node, exp.Any | exp.All) or (
        isinstance(node, exp.Anonymous) and node.name.lower() in ("all", "any", "some")
    )


@dataclass(frozen=True, slots=True)
class _Check:
    kind: Kind
    scopes: set[int]
    found: Found
    is_aggregate: Callable[[exp.Expr], bool]

    def outer(self, node: exp.Expr | None) -> list[exp.Column]:
        """The columns in a tree that are of queries around the subquery."""
        if node is None:
            return []
        return [each for each in node.find_all(exp.Column) if self._is_outer(each)]

    def _is_outer(self, column: exp.Expr) -> bool:
        known = self.found.get(id(column))
        return known is not None and id(known[0]) in self.scopes

    def query(self, node: exp.Expr, *, outermost: bool = False) -> _Rows:
        """What is known of a query's rows."""
        if not self.outer(node):
            return _Rows()
        while isinstance(node, exp.Subquery | exp.Paren):
            if isinstance(node, exp.Subquery) and any(
                node.args.get(k) for k in ("limit", "offset", "with_")
            ):
                raise _Not("it is limited outside its brackets")
            node = node.this
        if isinstance(node, exp.Values) and outermost and self.kind == "lateral":
            if len(node.expressions) == 1:
                return _Rows(single=True)
            raise _Not("it has more rows than one")
        if not isinstance(node, exp.Select):
            raise _Not("it is no SELECT")
        if self.kind == "any":
            raise _Not("ANY and ALL compare with one that stands alone")
        return self._select(node, outermost)

    def _select(self, node: exp.Select, outermost: bool) -> _Rows:
        rows = self._sources(node)
        unnests = any(self.outer(each) for each in _sources(node) if isinstance(each, exp.Unnest))
        where, having = node.args.get("where"), node.args.get("having")
        if unnests and (where or having):
            raise _Not("what it unnests is filtered")
        aggregates = [
            each
            for item in [*node.expressions, having, node.args.get("order")]
            if item
            for each in self._aggregates(item)
        ]
        if any(self.outer(each) for each in aggregates):
            raise _Not("a column around it stands in an aggregate")
        if (
            unnests
            and aggregates
            and all(isinstance(each.parent, exp.Filter) for each in aggregates)
        ):
            raise _Not("what it unnests is filtered")
        for each in node.find_all(exp.Window):
            if each.find_ancestor(exp.Select) is node:
                raise _Not("it has a window")
        if where:
            rows = self._filtered(where.this, rows)
        rows = self._grouped(node, rows, bool(aggregates), outermost)
        if having:
            rows = self._filtered(having.this, rows)
        self._items(node, bool(aggregates), outermost)
        return self._limited(node, rows, outermost)

    def _aggregates(self, node: exp.Expr) -> Iterator[exp.Expr]:
        if isinstance(node, exp.Query):
            return
        if self.is_aggregate(node):
            yield node
            return
        for part in node.iter_expressions():
            yield from self._aggregates(part)

    def _sources(self, node: exp.Select) -> _Rows:
        sources = list(_sources(node))
        for join in node.args.get("joins") or ():
            if self.outer(join.args.get("on")):
                raise _Not("a column around it stands in ON")
        correlated = [each for each in sources if self.outer(each)]
        if not correlated:
            return _Rows()
        [first, *more] = correlated
        if (
            isinstance(first, exp.Unnest)
            and not more
            and (len(sources) == 1 or len(sources) == 2 and isinstance(sources[0], exp.Values))
        ):
            return _Rows()
        if len(sources) > 1:
            raise _Not("a column around it stands in what it joins")
        inner = first.this if isinstance(first, exp.Lateral) else first
        if self.kind == "in":
            raise _Not("a column around it stands in a query within it")
        return self.query(inner)

    def _filtered(self, condition: exp.Expr, rows: _Rows) -> _Rows:
        named, constant = set(rows.named), set(rows.constant)
        parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
        for part in (each.unnest() for each in parts):
            outer = self.outer(part)
            if not outer:
                continue
            if any(
                each.find_ancestor(exp.Query) is not part.find_ancestor(exp.Query) for each in outer
            ):
                raise _Not("a column around it stands in a query within it")
            local = {
                self.found[id(each)][1].sql
                for each in part.find_all(exp.Column)
                if id(each) in self.found and not self._is_outer(each)
            }
            named |= local
            if (
                isinstance(part, exp.EQ)
                and isinstance(part.left, exp.Column)
                and isinstance(part.right, exp.Column)
                and len(outer) == 1
                and len(local) == 1
            ):
                one, other = (self.found[id(each)][1].type for each in (part.left, part.right))
                if one == other:
                    constant |= local
        return _Rows(frozenset(named), frozenset(constant), rows.single)

    def _grouped(self, node: exp.Select, rows: _Rows, aggregated: bool, outermost: bool) -> _Rows:
        group = node.args.get("group")
        if group is None and not node.args.get("distinct"):
            return _Rows(single=True) if aggregated else rows
        if group is None and aggregated:
            return _Rows(single=True)
        if self.kind == "in":
            raise _Not("IN looks in groups")
        keys = [item.unalias() for item in node.expressions] if group is None else group.expressions
        told = set()
        for key in keys:
            if isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube):
                raise _Not("it has grouping sets")
            if group is not None and self.outer(key):
                raise _Not("it is grouped by a column around it")
            for each in key.expressions if isinstance(key, exp.Tuple) else [key.unnest()]:
                if isinstance(each, exp.Literal) and each.is_int and group is not None:
                    each = node.expressions[int(each.this) - 1].unalias()
                if id(each) in self.found:
                    told.add(self.found[id(each)][1].sql)
        limited = any(node.args.get(k) for k in ("having", "distinct", "order", "limit", "offset"))
        if self.kind == "lateral" and outermost and not aggregated and not limited:
            return rows
        if not rows.named <= rows.constant | told:
            raise _Not("its groups are of more than what it is filtered by")
        return rows

    def _items(self, node: exp.Select, aggregated: bool, outermost: bool) -> None:
        if (self.kind == "exists" and outermost) or not node.args.get("from_"):
            return
        if aggregated and node.args.get("group") is None:
            return
        for item in (each.unalias() for each in node.expressions):
            if self.outer(item) and not self._is_outer(item):
                raise _Not("a column around it stands in what it selects")

    def _limited(self, node: exp.Select, rows: _Rows, outermost: bool) -> _Rows:
        limit = node.args.get("limit")
        if limit is None and not node.args.get("offset"):
            return rows
        if self.kind == "in":
            raise _Not("IN looks in a number of rows")
        if rows.single or not (
            rows.named or node.args.get("where") and self.outer(node.args["where"])
        ):
            return rows
        if node.args.get("offset") or _with_ties(limit):
            raise _Not("OFFSET or WITH TIES stands in it")
        order = node.args.get("order")
        if self.outer(order):
            raise _Not("it is ordered by a column around it")
        if not rows.named <= rows.constant:
            raise _Not("its limit is of more than what it is filtered by")
        count = (limit or node).args.get("count" if isinstance(limit, exp.Fetch) else "expression")
        one = count is None or (isinstance(count, exp.Literal) and count.this == "1")
        if one and order is None and not (self.kind == "exists" and outermost):
            items = [each.unalias() for each in node.expressions]
            told = {self.found[id(each)][1].sql if id(each) in self.found else "" for each in items}
            if not rows.constant or not told <= rows.constant:
                raise _Not("LIMIT 1 is of more than what it is filtered by")
        return rows


def _with_ties(limit: exp.Expr | None) -> bool:
    options = limit.args.get("limit_options") if limit is not None else None
    return bool(options and options.args.get("with_ties"))


def _sources(node: exp.Select) -> Iterator[exp.Expr]:
    if source := node.args.get("from_"):
        yield source.this
    for join in node.args.get("joins") or ():
        yield join.this
