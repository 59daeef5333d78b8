"""What a query reads: tables, joins, subqueries, UNNEST and VALUES."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from glue.tables import Table
from queries.engine.errors import BadSQL, Refused
from queries.engine.parameters import Bound
from queries.engine.trino import casts, syntax, types
from queries.engine.trino.coercions import common
from queries.engine.trino.correlation import Kind, check_outer_join
from queries.engine.trino.expressions import Expressions
from queries.engine.trino.relations import named, only, unique
from queries.engine.trino.scopes import Column, Query, Relation, Scope
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type, quoted

_SIDES = {"": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE that every row of a scan must meet: its tree, its SQL and its columns."""

    node: exp.Expr
    sql: str
    columns: frozenset[str]
    expressions: Expressions
    relation: Relation


@dataclass(slots=True)
class Sources(ABC):
    """Translates what the queries of a statement read. `tables` holds the tables under the names
    that the tree has."""

    bound: Bound
    tables: Mapping[str, Table]
    conditions: dict[str, list[Condition]] = field(default_factory=dict)
    columns: dict[int, tuple[Scope, Typed]] = field(default_factory=dict)
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
        return not node.meta.get("cast")

    @abstractmethod
    def query(self, node: exp.Expr, outer: Scope | None = None) -> Query:
        """A query, within the scope of the one around it."""

    @abstractmethod
    def subquery(self, node: exp.Expr, scope: Scope, kind: Kind) -> Query:
        """A query that stands in an expression or behind LATERAL, where Trino takes it there."""

    def _sources(self, node: exp.Select, first: exp.Expr, scope: Scope) -> str:
        sql = self._source(first, scope)
        for join in node.args.get("joins") or ():
            sql += self._join(join, scope)
        return sql

    def _join(self, join: exp.Join, scope: Scope) -> str:
        only(join, {"this", "on", "using", "side", "kind"})
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
            alone = bool(lateral) and side in ("RIGHT", "FULL")
            if not _is_true(on) and (isinstance(join.this, exp.Unnest) or alone):
                what = "UNNEST" if isinstance(join.this, exp.Unnest) else "LATERAL"
                raise BadSQL(f"{side or 'INNER'} JOIN with {what} takes no condition but ON true.")
            if alone:
                lateral = self._alone(join.this, scope, side)
            condition = Expressions(self, scope).condition(on)
            if side:
                right = {column.value.sql for column in scope.relations[-1].columns}
                check_outer_join(on, scope, right, self.columns)
            return f" {_SIDES[side]} JOIN {lateral}{source} ON {condition.sql}"
        if side:
            raise BadSQL(f"A {side} JOIN needs ON or USING.")
        return f" CROSS JOIN {lateral}{source}"

    def _alone(self, node: exp.Expr, scope: Scope, side: str) -> str:
        """What stands before an UNNEST or LATERAL that may name no column of the other side."""
        for column in node.find_all(exp.Column):
            if id(column) in self.columns and self.columns[id(column)][0] is scope:
                raise BadSQL(f"What a {side} JOIN has on its right names no column of its left.")
        return ""

    def _using(
        self, names: Sequence[exp.Expr], left: list[Relation], scope: Scope, side: str
    ) -> str:
        right = scope.relations[-1]
        conditions, merged = [], []
        for place, identifier in enumerate(names):
            name = identifier.name
            if name in (each.name for each in names[:place]):
                raise BadSQL(f'USING names the column "{name}" twice.')
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
            query = self.subquery(node.this, scope, "lateral")
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
        query = named(query, names)
        inner = alias or f"query${self.number()}"
        self._relate(inner, alias, query.columns, scope)
        columns = ", ".join(quoted(each) for each in unique(query.columns))
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
            for (name, kind), unique in zip(columns, unique(columns), strict=True)
        )
        scope.relations.append(Relation(alias or inner, found, scan))

    def _table(self, node: exp.Table, alias: str, names: list[str], scope: Scope) -> str:
        only(node, {"this", "alias"})
        query = self._queries.get(node.name) if node.name not in self.tables else None
        if query is not None:
            query = named(query, names)
            self._relate(alias, alias, query.columns, scope)
            columns = ", ".join(quoted(each) for each in unique(query.columns))
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
            renamed = named(Query("", tuple(columns_)), names)
            picked = ", ".join(
                f"{quoted(old)} AS {quoted(new or '')}"
                for (old, _), (new, _) in zip(columns_, renamed.columns, strict=True)
            )
            sql = f"(SELECT {picked} FROM {sql})"
            self._relate(alias, alias, renamed.columns, scope)
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
        query = named(Query("", tuple(columns)), names)
        self._relate(inner, alias, query.columns, scope)
        made = ", ".join(
            f"{sql} AS {quoted(name)}"
            for sql, name in zip(written, unique(query.columns), strict=True)
        )
        return f"(SELECT {made}) AS {quoted(inner)}"

    def _values(self, node: exp.Values, outer: Scope | None) -> Query:
        only(node, {"expressions", "alias"})
        expressions = Expressions(self, Scope(outer=outer))
        rows = [
            row if len(row) > 1 else self._spread(row[0])
            for row in (
                expressions.many(row.expressions if isinstance(row, exp.Tuple) else [row])
                for row in node.expressions
            )
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

    @staticmethod
    def _spread(value: Typed) -> list[Typed]:
        """What a row of VALUES is where one expression is written for it: a row is its fields."""
        if value.type.name != "row":
            return [value]
        fields = zip(types.field_names(value.type), value.type.types, strict=True)
        return [Typed(f"({value.sql}).{quoted(name)}", kind) for name, kind in fields]


def _is_true(condition: exp.Expr) -> bool:
    condition = condition.unnest()
    return isinstance(condition, exp.Boolean) and bool(condition.this)
