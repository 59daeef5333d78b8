"""Queries of Trino's in DuckDB's SQL: clauses, joins, set operations, common table expressions."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import correlation
from queries.engine.trino.coercions import common
from queries.engine.trino.correlation import Kind
from queries.engine.trino.expressions import Expressions
from queries.engine.trino.grouping import Grouping, is_aggregate, resolved
from queries.engine.trino.limits import limited
from queries.engine.trino.recursion import unrolled
from queries.engine.trino.relations import cast_query, named, only
from queries.engine.trino.scopes import Query, Relation, Scope
from queries.engine.trino.sources import Condition
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import quoted

_SELECT = {
    *("with_", "expressions", "distinct", "from_", "joins", "where", "group", "having"),
    *("windows", "order", "limit", "offset"),
}
_SET = {"with_", "this", "expression", "distinct", "order", "limit", "offset"}
_SUBQUERY = {"this", "alias", "with_", "order", "limit", "offset"}
_SET_WORDS: Mapping[type[exp.Expr], str] = {
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
}


class Statements(Grouping):
    """Translates one statement."""

    __slots__ = ()

    def query(self, node: exp.Expr, outer: Scope | None = None) -> Query:
        """A query, within the scope of the one around it."""
        try:
            return self._query(node, outer)
        except BadSQL as error:
            raise self.placed(error, node) from None

    def subquery(self, node: exp.Expr, scope: Scope, kind: Kind) -> Query:
        """A query that stands in an expression or behind LATERAL, where Trino takes it there."""
        query = self.query(node, scope)
        try:
            correlation.check(node, kind, scope, self.columns, is_aggregate)
        except BadSQL as error:
            raise self.placed(error, node) from None
        return query

    def _query(self, node: exp.Expr, outer: Scope | None) -> Query:
        before = dict(self._queries)
        prefix = self._with(node, outer)
        if isinstance(node, exp.Select):
            found = self._select(node, outer)
        elif isinstance(node, exp.SetOperation):
            found = self._set_operation(node, outer)
        elif isinstance(node, exp.Subquery):
            only(node, _SUBQUERY)
            inner = self.query(node.this, outer)
            found = self._ordered(node, inner, outer)
        elif isinstance(node, exp.Values):
            found = self._values(node, outer)
        else:
            raise Refused(f'"{type(node).__name__}" is not known here.')
        self._queries = before
        return Query(prefix + found.sql, found.columns)

    # WITH

    def _with(self, node: exp.Expr, outer: Scope | None) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        only(clause, {"expressions", "recursive"})
        written = []
        for each in clause.expressions:
            name = each.alias
            names = [column.name for column in each.args["alias"].columns]
            if clause.recursive and each.this.find(exp.Table) and _names_itself(each):
                query = self._recursive(each, names)
            else:
                query = named(self.query(each.this, None), names)
            columns = [quoted(column or f"_col{n}") for n, (column, _) in enumerate(query.columns)]
            if len(set(columns)) < len(columns):
                columns = [quoted(f"{n}${column}") for n, column in enumerate(columns)]
            self._queries[name] = query
            written.append(f"{quoted(name)}({', '.join(columns)}) AS ({query.sql})")
        return f"WITH {', '.join(written)} "

    def _recursive(self, each: exp.CTE, names: list[str]) -> Query:
        union = each.this
        if not isinstance(union, exp.Union) or not names:
            raise Refused("A recursive query is a UNION with named columns here.")
        only(union, {"this", "expression", "distinct"})
        first = named(self.query(union.this, None), names)
        self._queries[each.alias] = first
        second = cast_query(self.query(union.expression, None), first)
        sql = unrolled(
            each.alias,
            [quoted(name) for name in names],
            first.sql,
            second.sql,
            all_rows=not union.args.get("distinct"),
        )
        return Query(sql, first.columns)

    # SELECT

    def _select(self, node: exp.Select, outer: Scope | None) -> Query:
        only(node, _SELECT)
        scope = Scope(outer=outer)
        expressions = Expressions(self, scope)
        clauses = []
        if source := node.args.get("from_"):
            clauses.append("FROM " + self._sources(node, source.this, scope))
        if where := node.args.get("where"):
            clauses.append(f"WHERE {self._where(node, where.this, expressions)}")
        grouped = self._group(node, expressions)
        items = list(self._items(node, expressions))
        self._check_grouped(node, expressions)
        if grouped:
            clauses.append(f"GROUP BY {grouped}")
        if having := node.args.get("having"):
            clauses.append(f"HAVING {expressions.condition(having.this).sql}")
        if windows := node.args.get("windows"):
            named = [f"{quoted(each.this.name)} AS {expressions.window(each)}" for each in windows]
            clauses.append(f"WINDOW {', '.join(named)}")
        columns = tuple((name, value.type) for name, value in items)
        distinct = ""
        if spec := node.args.get("distinct"):
            if spec.args.get("on"):
                raise Refused("DISTINCT ON is not known here.")
            distinct = "DISTINCT "
            for _, value in items:
                if value.type.name.endswith("zone"):
                    raise Refused(f"DISTINCT of {value.type} is not known here.")
                expressions.key(value)
        chosen = ", ".join(
            f"{value.sql} AS {quoted(name or f'_col{place}')}"
            for place, (name, value) in enumerate(items)
        )
        order = self._order(node, items, scope)
        body = " ".join([f"SELECT {distinct}{chosen}", *clauses])
        hidden = None if distinct else [value.sql for _, value in items]
        return Query(limited(node, body, order, len(items), hidden, self), columns)

    def _items(
        self, node: exp.Select, expressions: Expressions
    ) -> Iterator[tuple[str | None, Typed]]:
        for item in node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                if any(star.args.values()):
                    raise Refused("Behind * no columns can be left out or replaced.")
                alias = item.table if isinstance(item, exp.Column) else None
                try:
                    found = expressions.scope.star(alias)
                except BadSQL as error:
                    raise self.placed(error, item) from None
                yield from ((column.name, column.value) for column in found)
            elif isinstance(item, exp.Alias):
                yield item.alias, expressions.of(item.this)
            elif isinstance(item, exp.Column | exp.Dot):
                yield item.name, expressions.of(item)
            else:
                yield None, expressions.of(item)

    def _where(self, node: exp.Select, where: exp.Expr, expressions: Expressions) -> str:
        parts = list(where.flatten()) if isinstance(where, exp.And) else [where]
        written = []
        scope = expressions.scope
        for part in parts:
            before = len(scope.used)
            sql = expressions.condition(part).sql
            written.append(sql)
            used = scope.used[before:]
            owners = {id(relation): relation for relation, _ in used if relation is not None}
            if len(owners) == 1:
                [relation] = owners.values()
                if relation.scan and relation in scope.relations and _meets(node, relation):
                    names = frozenset(name for _, name in used)
                    condition = Condition(part, sql, names, expressions, relation)
                    self.conditions.setdefault(relation.scan, []).append(condition)
        return written[0] if len(written) == 1 else f"{' AND '.join(written)}"

    # ORDER BY, LIMIT

    def _order(
        self, node: exp.Expr, items: Sequence[tuple[str | None, Typed]], scope: Scope
    ) -> list[str]:
        order = node.args.get("order")
        if order is None:
            return []
        names = [name for name, _ in items]
        outputs = {name: value for name, value in reversed(items) if name}
        inner = Scope(scope.relations, scope.outer, scope.parameters, outputs, scope.used)
        expressions, selected = Expressions(self, inner), Expressions(self, scope)
        keys = []
        for each in order.expressions:
            key = each.this
            place = None
            if isinstance(key, exp.Literal) and key.is_int:
                place = int(key.this) - 1
                if not 0 <= place < len(items):
                    raise self.placed(
                        BadSQL(f"ORDER BY {key.this} names no column that is selected."), key
                    )
            elif isinstance(key, exp.Column) and not key.table and key.name in names:
                place = names.index(key.name)
            elif node.args.get("distinct") and isinstance(node, exp.Select):
                # A name stands for what is selected under it before it stands for a column.
                told = resolved(key, expressions)
                same = [
                    place
                    for place, item in enumerate(node.expressions)
                    if resolved(item.unalias(), selected) == told
                ]
                hidden = any(each.name in names for each in key.find_all(exp.Column))
                if not same or (hidden and not isinstance(key, exp.Column)):
                    raise self.placed(
                        BadSQL("With SELECT DISTINCT, ORDER BY takes only what is selected."), key
                    )
                starred = any(isinstance(item, exp.Star) for item in node.expressions)
                place = None if starred else same[0]
            if place is None:
                keys.append(expressions.ordered(each, expressions.of(key)))
            else:
                expressions.key(items[place][1])
                keys.append(expressions.ordered(each, str(place + 1)))
        return keys

    # UNION, INTERSECT, EXCEPT

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None) -> Query:
        only(node, _SET)
        word = _SET_WORDS[type(node)]
        left, right = self.query(node.left, outer), self.query(node.right, outer)
        if len(left.columns) != len(right.columns):
            raise BadSQL(f"{word} joins {len(left.columns)} columns with {len(right.columns)}.")
        kinds = []
        for place, ((name, one), (_, other)) in enumerate(
            zip(left.columns, right.columns, strict=True), 1
        ):
            both = common(one, other)
            if both is None:
                raise BadSQL(f"{word} joins {one} with {other} in column {place}.")
            if both.name.endswith("zone") and node.args.get("distinct"):
                raise Refused(f"{word} of {both} is not known here.")
            kinds.append((name, both))
        target = Query("", tuple(kinds))
        left, right = cast_query(left, target), cast_query(right, target)
        all_ = "" if node.args.get("distinct") else " ALL"
        query = Query(f"({left.sql}) {word}{all_} ({right.sql})", target.columns)
        return self._ordered(node, query, outer)

    def _ordered(self, node: exp.Expr, query: Query, outer: Scope | None) -> Query:
        if not any(node.args.get(key) for key in ("order", "limit", "offset")):
            return query
        scope = Scope(outer=outer)
        source = self._derived(query, None, [], scope)
        items = [(column.name, column.value) for column in scope.relations[0].columns]
        chosen = ", ".join(
            f"{value.sql} AS {quoted(name or f'_col{n}')}" for n, (name, value) in enumerate(items)
        )
        order = self._order(node, items, scope)
        body = f"SELECT {chosen} FROM {source}"
        return Query(limited(node, body, order, len(items), None, self), query.columns)


def _names_itself(node: exp.CTE) -> bool:
    """Whether a table in it is its own rows, and not those of another WITH of that name."""

    def inner(table: exp.Expr) -> bool:
        above = table.parent
        while above is not None and above is not node:
            clause = above.args.get("with_")
            if clause is not None and node.alias in (each.alias for each in clause.expressions):
                return False
            above = above.parent
        return True

    tables = node.this.find_all(exp.Table)
    return any(table.name == node.alias and inner(table) for table in tables)


def _meets(node: exp.Select, relation: Relation) -> bool:
    """Whether every row of the answer that is of the relation meets the WHERE.

    Rows an outer join may fill with nulls are left alone: there a condition can hold for the nulls.
    """
    for join in node.args.get("joins") or ():
        if join.side in ("RIGHT", "FULL"):
            return False
        if join.side and join.alias_or_name == relation.alias:
            return False
    return True
