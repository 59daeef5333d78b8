"""Queries of Trino's in DuckDB's SQL: clauses, joins, set operations, common table expressions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from glue.tables import Table
from queries.engine.errors import BadSQL, Refused
from queries.engine.parameters import Bound
from queries.engine.trino import casts, functions, syntax, types
from queries.engine.trino.coercions import common
from queries.engine.trino.expressions import Expressions
from queries.engine.trino.scopes import Column, Query, Relation, Scope
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type, quoted

_SELECT = {
    *("with_", "expressions", "distinct", "from_", "joins", "where", "group", "having"),
    *("windows", "order", "limit", "offset"),
}
_SET = {"with_", "this", "expression", "distinct", "order", "limit", "offset"}
_SUBQUERY = {"this", "alias", "with_", "order", "limit", "offset"}
_SIDES = {"": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}
_SET_WORDS: Mapping[type[exp.Expr], str] = {
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE that every row of a scan must meet: its tree, its SQL and its columns."""

    node: exp.Expr
    sql: str
    columns: frozenset[str]
    expressions: Expressions
    relation: Relation


@dataclass(slots=True)
class Statements:
    """Translates one statement. `tables` holds the tables under the names that the tree has."""

    bound: Bound
    tables: Mapping[str, Table]
    conditions: dict[str, list[Condition]] = field(default_factory=dict)
    _queries: dict[str, Query] = field(default_factory=dict)
    _number: int = 0

    def number(self) -> int:
        """A number that no name has yet."""
        self._number += 1
        return self._number

    def placed(self, error: BadSQL, node: exp.Expr) -> BadSQL:
        """The error with the place of a node, where it has none yet."""
        position = syntax.place(node)
        if error.line is not None or position is None:
            return error
        origin = self.bound.origin(position)
        return type(error)(error.sentence, sql=self.bound.source, position=origin)

    def is_typed_literal(self, node: exp.Cast) -> bool:
        """Whether a cast of a text is a literal with its type before it."""
        start = node.this.meta.get("start")
        if start is None:
            return False
        return not self.bound.sql[:start].rstrip().endswith("(")

    def query(self, node: exp.Expr, outer: Scope | None = None) -> Query:
        """A query, within the scope of the one around it."""
        try:
            return self._query(node, outer)
        except BadSQL as error:
            raise self.placed(error, node) from None

    def _query(self, node: exp.Expr, outer: Scope | None) -> Query:
        before = dict(self._queries)
        prefix = self._with(node, outer)
        if isinstance(node, exp.Select):
            found = self._select(node, outer)
        elif isinstance(node, exp.SetOperation):
            found = self._set_operation(node, outer)
        elif isinstance(node, exp.Subquery):
            _only(node, _SUBQUERY)
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
        _only(clause, {"expressions", "recursive"})
        written = []
        for each in clause.expressions:
            name = each.alias
            names = [column.name for column in each.args["alias"].columns]
            if clause.recursive and each.this.find(exp.Table) and _names_itself(each):
                query = self._recursive(each, names)
            else:
                query = _named(self.query(each.this, None), names)
            columns = [quoted(column or f"_col{n}") for n, (column, _) in enumerate(query.columns)]
            if len(set(columns)) < len(columns):
                columns = [quoted(f"{n}${column}") for n, column in enumerate(columns)]
            self._queries[name] = query
            written.append(f"{quoted(name)}({', '.join(columns)}) AS ({query.sql})")
        recursive = "RECURSIVE " if clause.recursive else ""
        return f"WITH {recursive}{', '.join(written)} "

    def _recursive(self, node: exp.CTE, names: list[str]) -> Query:
        union = node.this
        if not isinstance(union, exp.Union) or union.args.get("distinct") or not names:
            raise Refused("A recursive query is a UNION ALL with named columns here.")
        _only(union, {"this", "expression", "distinct"})
        first = _named(self.query(union.this, None), names)
        self._queries[node.alias] = first
        second = _cast_query(self.query(union.expression, None), first)
        return Query(f"({first.sql}) UNION ALL ({second.sql})", first.columns)

    # SELECT

    def _select(self, node: exp.Select, outer: Scope | None) -> Query:
        _only(node, _SELECT)
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
        return Query(self._limited(node, body, order, len(items), hidden), columns)

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

    def _group(self, node: exp.Select, expressions: Expressions) -> str:
        group = node.args.get("group")
        if group is None:
            return ""
        _only(group, {"expressions"})
        return ", ".join(self._grouping(node, each, expressions) for each in group.expressions)

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
        return expressions.key(expressions.of(_ordinal(node, key, "GROUP BY")))

    def _check_grouped(self, node: exp.Select, expressions: Expressions) -> None:
        """That what is selected of groups is a key, or an aggregate, as Trino wants it."""
        group = node.args.get("group")
        chosen = [*node.expressions, *filter(None, [node.args.get("having")])]
        if group is None and not any(_aggregates(each) for each in chosen):
            return
        keys: list[exp.Expr] = []
        for key in group.expressions if group is not None else ():
            parts = (
                key.find_all(exp.Column)
                if isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube | exp.Tuple)
                else ()
            )
            keys += [_ordinal(node, key, "GROUP BY"), *parts]
            if not isinstance(key, exp.Column):
                keys += [each for part in key.expressions for each in (part, *part.expressions)]
        known = {expressions.of(key).sql for key in keys if isinstance(key, exp.Column)}
        for each in chosen:
            self._grouped(each, keys, known, expressions)

    def _grouped(
        self, node: exp.Expr, keys: list[exp.Expr], known: set[str], expressions: Expressions
    ) -> None:
        if node in keys or isinstance(node, exp.Query | exp.Lambda | exp.Filter | exp.WithinGroup):
            return
        if isinstance(node, exp.Anonymous) and _is_aggregate(node):
            return
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Anonymous):
            return
        if isinstance(node, exp.Column):
            if isinstance(node.this, exp.Star):
                return
            before = len(expressions.scope.used)
            sql = expressions.of(node).sql
            if len(expressions.scope.used) > before and sql not in known:
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
                self._grouped(part, keys, known, expressions)
            return
        for part in node.iter_expressions():
            self._grouped(part, keys, known, expressions)

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
        expressions = Expressions(self, inner)
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
                same = [n for n, item in enumerate(node.expressions) if item.unalias() == key]
                if not same:
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

    def _limited(
        self,
        node: exp.Expr,
        body: str,
        order: list[str],
        width: int,
        chosen: Sequence[str] | None = None,
    ) -> str:
        """The query with its order and limit. `chosen` is the SQL of its columns where what it is
        ordered by can be something else."""
        limit, offset = node.args.get("limit"), node.args.get("offset")
        count = None
        ties = False
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            ties = bool(options and options.args.get("with_ties"))
            if options and options.args.get("percent"):
                raise Refused("FETCH FIRST takes no percentage here.")
            count = limit.args.get("count") or exp.Literal.number(1)
        elif limit is not None:
            _only(limit, {"expression"})
            count = limit.expression
        if isinstance(count, exp.Column | exp.Var) and count.name.lower() == "all":
            count = None
        numbers = {}
        for what, value in (("LIMIT", count), ("OFFSET", offset and offset.expression)):
            if value is None:
                continue
            if not (isinstance(value, exp.Literal) and value.is_int):
                raise self.placed(BadSQL(f"{what} takes a whole number."), value)
            numbers[what] = value.this
        if ties:
            if not order:
                raise BadSQL("WITH TIES needs an ORDER BY.")
            first = int(numbers.get("OFFSET", 0))
            if chosen is None or all(key.split(" ", 1)[0].isdigit() for key in order):
                return _with_ties(body, order, int(numbers["LIMIT"]), first, width)
            return _qualified(body, order, int(numbers["LIMIT"]), first, chosen)
        if order:
            body += f" ORDER BY {', '.join(order)}"
        return " ".join([body, *(f"{what} {number}" for what, number in numbers.items())])

    # FROM

    def _sources(self, node: exp.Select, first: exp.Expr, scope: Scope) -> str:
        sql = self._source(first, scope)
        for join in node.args.get("joins") or ():
            sql += self._join(join, scope)
        return sql

    def _join(self, join: exp.Join, scope: Scope) -> str:
        _only(join, {"this", "on", "using", "side", "kind"})
        side, kind = (join.side or "").upper(), (join.kind or "").upper()
        if side not in _SIDES or kind not in ("", "INNER", "OUTER", "CROSS"):
            raise Refused(f"This kind of join is not known here: {side} {kind}.")
        left = list(scope.relations)
        source = self._source(join.this, scope)
        lateral = "LATERAL " if isinstance(join.this, exp.Unnest | exp.Lateral) else ""
        if using := join.args.get("using"):
            return (
                f" {_SIDES[side]} JOIN {lateral}{source} ON {self._using(using, left, scope, side)}"
            )
        if on := join.args.get("on"):
            if lateral and side not in ("", "LEFT"):
                raise Refused("Only CROSS, INNER and LEFT join UNNEST or LATERAL here.")
            if not _is_true(on) and (isinstance(join.this, exp.Unnest) or (lateral and side)):
                what = "UNNEST" if isinstance(join.this, exp.Unnest) else "LATERAL"
                raise BadSQL(f"{side or 'INNER'} JOIN with {what} takes no condition but ON true.")
            condition = Expressions(self, scope).condition(on)
            return f" {_SIDES[side]} JOIN {lateral}{source} ON {condition.sql}"
        if side:
            raise BadSQL(f"A {side} JOIN needs ON or USING.")
        return f" CROSS JOIN {lateral}{source}"

    def _using(
        self, names: Sequence[exp.Expr], left: list[Relation], scope: Scope, side: str
    ) -> str:
        right = scope.relations[-1]
        conditions, merged = [], []
        for identifier in names:
            name = identifier.name
            one, _ = Scope(left).column([name])
            other, _ = Scope([right]).column([name])
            conditions.append(Expressions(self, scope).compared("eq", one, other).sql)
            both = common(one.type, other.type)
            assert both is not None
            one, other = casts.coerced(one, both), casts.coerced(other, both)
            value = {"RIGHT": other, "FULL": Typed(f"coalesce({one.sql}, {other.sql})", both)}
            merged.append(Column(name, value.get(side, one)))
        taken = {column.name for column in merged}

        def hidden(relation: Relation) -> Relation:
            columns = tuple(
                Column(c.name, c.value, c.merged or c.name in taken) for c in relation.columns
            )
            if relation.alias is None:
                columns = tuple(c for c in columns if c.name not in taken)
            return Relation(relation.alias, columns, relation.scan)

        scope.relations[:] = [
            Relation(None, tuple(merged)),
            *(hidden(each) for each in [*left, right]),
        ]
        return " AND ".join(conditions)

    def _source(self, node: exp.Expr, scope: Scope) -> str:
        alias = node.alias or (node.name if isinstance(node, exp.Table) else None)
        table_alias = node.args.get("alias")
        names = [] if table_alias is None else [column.name for column in table_alias.columns]
        if isinstance(node, exp.Table):
            return self._table(node, alias or "", names, scope)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, alias, names, scope)
        if isinstance(node, exp.Lateral):
            if not isinstance(node.this, exp.Subquery):
                raise Refused("LATERAL takes a subquery here.")
            query = self.query(node.this, scope)
        elif isinstance(node, exp.Subquery):
            if not isinstance(node.this, exp.Query | exp.Values):
                raise Refused("A join in brackets is not known here.")
            query = self.query(node, scope.outer)
        elif isinstance(node, exp.Values):
            query = self._values(node, scope.outer)
        else:
            raise Refused(f'"{type(node).__name__}" is not known here.')
        return self._derived(query, alias, names, scope)

    def _derived(self, query: Query, alias: str | None, names: list[str], scope: Scope) -> str:
        query = _named(query, names)
        inner = alias or f"query${self.number()}"
        self._relate(inner, alias, query.columns, scope)
        columns = ", ".join(quoted(each) for each in _unique(query.columns))
        return f"({query.sql}) AS {quoted(inner)}({columns})"

    def _relate(
        self,
        inner: str,
        alias: str | None,
        columns: Sequence[tuple[str | None, Type]],
        scope: Scope,
        scan: str | None = None,
    ) -> None:
        if alias is not None and any(alias == each.alias for each in scope.relations):
            raise BadSQL(f'The alias "{alias}" stands for two tables.')
        found = tuple(
            Column(name, Typed(f"{quoted(inner)}.{quoted(unique)}", kind))
            for (name, kind), unique in zip(columns, _unique(columns), strict=True)
        )
        scope.relations.append(Relation(alias or inner, found, scan))

    def _table(self, node: exp.Table, alias: str, names: list[str], scope: Scope) -> str:
        _only(node, {"this", "alias"})
        query = self._queries.get(node.name) if node.name not in self.tables else None
        if query is not None:
            named = _named(query, names)
            self._relate(alias, alias, named.columns, scope)
            columns = ", ".join(quoted(each) for each in _unique(named.columns))
            return f"{quoted(node.name)} AS {quoted(alias)}({columns})"
        table = self.tables[node.name]
        told = [(each.name, each.type) for each in table.columns]
        told += [(each.name, each.type) for each in table.partitions]
        columns_ = [(name, types.parse(kind)) for name, kind in told]
        sql = quoted(node.name)
        # Every time is of one type, whatever the files hold it in.
        if times := [name for name, kind in columns_ if kind.name == "timestamp"]:
            again = ", ".join(f"CAST({quoted(n)} AS TIMESTAMP) AS {quoted(n)}" for n in times)
            sql = f"(SELECT * REPLACE ({again}) FROM {sql})"
        if names:
            named_ = _named(Query("", tuple(columns_)), names)
            picked = ", ".join(
                f"{quoted(old)} AS {quoted(new or '')}"
                for (old, _), (new, _) in zip(columns_, named_.columns, strict=True)
            )
            sql = f"(SELECT {picked} FROM {sql})"
            self._relate(alias, alias, named_.columns, scope)
        else:
            self._relate(alias, alias, columns_, scope, node.name)
        return f"{sql} AS {quoted(alias)}"

    def _unnest(self, node: exp.Unnest, alias: str | None, names: list[str], scope: Scope) -> str:
        """Arrays, maps and rows side by side, as long as the longest of them."""
        expressions = Expressions(self, scope)
        inner = alias or f"unnest${self.number()}"
        if isinstance(ordinality := node.args.get("offset"), exp.Identifier):
            names = [*names, ordinality.name]  # sqlglot takes the last name for it
        written: list[str] = []
        lengths: list[str] = []
        columns: list[tuple[str | None, Type]] = []
        for value in expressions.many(node.expressions):
            kind = value.type
            if kind.name == "map":
                parts = [("map_keys", kind.types[0]), ("map_values", kind.types[1])]
                written += [f"unnest({how}({value.sql}))" for how, _ in parts]
                columns += [(None, part) for _, part in parts]
                lengths.append(f"coalesce(len(map_keys({value.sql})), 0)")
            elif kind.name == "array" and kind.element.name == "row":
                for name, field_, part in zip(
                    types.field_names(kind.element),
                    kind.element.fields,
                    kind.element.types,
                    strict=True,
                ):
                    written.append(f"(unnest({value.sql})).{quoted(name)}")
                    columns.append((field_, part))
                lengths.append(f"coalesce(len({value.sql}), 0)")
            elif kind.name == "array":
                written.append(f"unnest({value.sql})")
                columns.append((None, kind.element))
                lengths.append(f"coalesce(len({value.sql}), 0)")
            else:
                raise BadSQL(f"UNNEST takes arrays and maps, not {kind}.")
        if node.args.get("offset"):
            longest = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
            written.append(f"unnest(range(1, {longest} + 1))")
            columns.append((None, types.BIGINT))
        query = _named(Query("", tuple(columns)), names)
        self._relate(inner, alias, query.columns, scope)
        made = ", ".join(
            f"{sql} AS {quoted(name)}"
            for sql, name in zip(written, _unique(query.columns), strict=True)
        )
        return f"(SELECT {made}) AS {quoted(inner)}"

    def _values(self, node: exp.Values, outer: Scope | None) -> Query:
        _only(node, {"expressions", "alias"})
        expressions = Expressions(self, Scope(outer=outer))
        rows = [
            expressions.many(row.expressions if isinstance(row, exp.Tuple) else [row])
            for row in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise BadSQL("The rows of VALUES have not all as many values.")
        columns = [
            expressions.alike(column, "A column of VALUES") for column in zip(*rows, strict=True)
        ]
        kinds = tuple((None, column[0].type) for column in columns)
        lines = ", ".join(
            f"({', '.join(f'CAST({v.sql} AS {v.type.duckdb})' for v in row)})"
            for row in zip(*columns, strict=True)
        )
        return Query(f"VALUES {lines}", kinds)

    # UNION, INTERSECT, EXCEPT

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None) -> Query:
        _only(node, _SET)
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
        left, right = _cast_query(left, target), _cast_query(right, target)
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
        return Query(self._limited(node, body, order, len(items)), query.columns)


def _is_true(condition: exp.Expr) -> bool:
    condition = condition.unnest()
    return isinstance(condition, exp.Boolean) and bool(condition.this)


def _only(node: exp.Expr, known: set[str]) -> None:
    """Refuses a clause that is not known."""
    for name, value in node.args.items():
        if name not in known and value not in (None, False, [], ""):
            raise Refused(f"{name.strip('_').upper()} is not known here.")


def _unique(columns: Sequence[tuple[str | None, Type]]) -> list[str]:
    """The names that DuckDB has for columns, of which two may be called alike."""
    names = [name or f"_col{place}" for place, (name, _) in enumerate(columns)]
    return [name if names.count(name) == 1 else f"{n}${name}" for n, name in enumerate(names)]


def _named(query: Query, names: Sequence[str]) -> Query:
    if not names:
        return query
    if len(names) != len(query.columns):
        raise BadSQL(f"There are {len(query.columns)} columns and {len(names)} names for them.")
    kinds = (kind for _, kind in query.columns)
    return Query(query.sql, tuple(zip(names, kinds, strict=True)))


def _cast_query(query: Query, target: Query) -> Query:
    """The query with its columns as another's types are."""
    made, changed = [], False
    unique = [f"c{place}" for place in range(len(query.columns))]
    for name, (_, kind), (_, to) in zip(unique, query.columns, target.columns, strict=True):
        value = casts.coerced(Typed(f'"s".{quoted(name)}', kind), to)
        changed = changed or value.sql != f'"s".{quoted(name)}'
        made.append(value.sql)
    if not changed:
        return query
    names = ", ".join(quoted(name) for name in unique)
    sql = f'SELECT {", ".join(made)} FROM ({query.sql}) AS "s"({names})'
    return Query(sql, target.columns)


def _ordinal(node: exp.Select, key: exp.Expr, what: str) -> exp.Expr:
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


def _qualified(body: str, order: list[str], count: int, first: int, chosen: Sequence[str]) -> str:
    """As `_with_ties`, where the order is by what is not selected."""
    keys = []
    for key in order:
        place, _, rest = key.partition(" ")
        keys.append(f"{chosen[int(place) - 1]} {rest}" if place.isdigit() else key)
    over = f"OVER (ORDER BY {', '.join(keys)})"
    skipped = f"row_number() {over} > {first} AND " if first else ""
    ranked = f"rank() {over} <= {first + count}"
    return f"{body} QUALIFY {skipped}{ranked} ORDER BY {', '.join(order)}"


def _with_ties(body: str, order: list[str], count: int, first: int, width: int) -> str:
    """The first rows, and those that come in no other place than the last of them."""
    keys, directions = [], []
    for place, key in enumerate(order):
        expression, _, direction = key.rpartition(" NULLS ")
        expression, _, way = expression.rpartition(" ")
        keys.append(expression)
        directions.append(f'"k{place}" {way} NULLS {direction}')
    columns = [f"c{place}" for place in range(width)]
    names = ", ".join(quoted(name) for name in columns)
    outer = [f"{quoted(columns[int(key) - 1])}" if key.isdigit() else None for key in keys]
    if None in outer:
        raise Refused("WITH TIES is known here only where ORDER BY names what is selected.")
    ranked = ", ".join(
        f"{column} {direction.split(' ', 1)[1]}"
        for column, direction in zip(outer, directions, strict=True)
    )
    over = f"OVER (ORDER BY {ranked})"
    return (
        f'SELECT {names} FROM (SELECT *, rank() {over} AS "rank$", row_number() {over} AS "row$" '
        f'FROM ({body}) AS "t"({names})) WHERE "row$" > {first} AND "rank$" <= {first + count} '
        f"ORDER BY {ranked}"
    )


def _names_itself(node: exp.CTE) -> bool:
    return any(table.name == node.alias for table in node.this.find_all(exp.Table))


def _is_aggregate(node: exp.Anonymous) -> bool:
    whole: exp.Expr = node
    while isinstance(whole.parent, exp.Filter | exp.WithinGroup) and whole.arg_key == "this":
        whole = whole.parent
    over = isinstance(whole.parent, exp.Window | exp.IgnoreNulls | exp.RespectNulls)
    if over and whole.arg_key == "this":
        return False
    overloads = functions.FUNCTIONS.get(node.name.lower(), ())
    return any(each.kind == "aggregate" for each in overloads) or node.name.lower() == "grouping"


def _aggregates(node: exp.Expr) -> bool:
    """Whether an aggregate stands in it, not in a subquery of it."""
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Anonymous) and _is_aggregate(node):
        return True
    return any(_aggregates(part) for part in node.iter_expressions())


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
