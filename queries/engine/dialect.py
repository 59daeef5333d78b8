"""Athena's SQL for DuckDB: parse it, see which tables it scans with which filters, translate it."""

from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from glue.tables import Table
from queries.engine import ranges, views
from queries.engine.errors import BadSQL, hint
from queries.engine.parameters import Bound
from queries.engine.plan import Filter, Plan, Scan
from queries.engine.ranges import Range
from queries.engine.trino import casts, helpers, syntax, types
from queries.engine.trino.functions import FUNCTIONS, UNSTABLE
from queries.engine.trino.sources import Condition
from queries.engine.trino.statements import Statements
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type

__all__ = ["Filter", "Plan", "Scan", "plan"]


def plan(bound: Bound, tables: Mapping[str, Table], database: str) -> Plan:
    """The question for DuckDB. `BadSQL` where it does not parse, names an unknown table, or is
    not known to give what Athena gives.
    """
    try:
        # Identifiers are the same in any case to Athena, quoted or not.
        tree = normalize_identifiers(syntax.parse(bound), dialect="trino")
        tree = views.expanded(tree, tables, database)
        for column in tree.find_all(exp.Column):
            if column.db == database:
                column.set("db", None)
        found = _tables(tree, bound, tables, database)
        statements = Statements(bound, {name: table for name, (_, table) in found.items()})
        query = statements.query(tree)
    except RecursionError:
        raise BadSQL("The SQL is nested too deeply.") from None
    except SqlglotError as error:
        raise BadSQL(f"The SQL cannot be read: {str(error).splitlines()[0]}") from None
    scans = tuple(
        _scan(name, alias, table, statements.conditions.get(name, []))
        for name, (alias, table) in found.items()
    )
    filters = [condition.sql for scan in scans for condition in scan.filters]
    filters += [condition.sql for scan in scans for condition in scan.ranges]
    columns = tuple((name or f"_col{n}", kind) for n, (name, kind) in enumerate(query.columns))
    sql = _outward(query.sql, [kind for _, kind in columns])
    needed = helpers.needed([sql, *filters])
    return Plan(sql, scans, tree, columns, tuple(needed))


def _outward(sql: str, kinds: list[Type]) -> str:
    """The query, with text for the times that DuckDB has no type for."""
    told = [types.text_type(kind) for kind in kinds]
    if not any(told):
        return sql
    names = [f'"c{n}"' for n in range(len(kinds))]
    values = [
        name if text is None else casts.cast(Typed(name, kind), text).sql
        for name, kind, text in zip(names, kinds, told, strict=True)
    ]
    return f"SELECT {', '.join(values)} FROM ({sql}) AS q({', '.join(names)})"


def _tables(
    tree: exp.Query, bound: Bound, tables: Mapping[str, Table], database: str
) -> dict[str, tuple[str, Table]]:
    """Alias and table of each scan of the SQL; in the tree, tables are renamed to the scans."""
    found: dict[str, tuple[str, Table]] = {}
    renamed: list[tuple[exp.Table, str]] = []
    for scope in views.scopes(tree):
        for alias, (_, source) in scope.selected_sources.items():
            if not isinstance(source, exp.Table):
                continue
            name = f"scan_{len(found)}"
            found[name] = (alias, _table(source, bound, tables, database))
            renamed.append((source, name))
    for source, name in renamed:
        alias = found[name][0]
        source.set("db", None)
        source.set("catalog", None)
        source.set("this", exp.to_identifier(name))
        if not source.alias:
            source.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return found


def _table(source: exp.Table, bound: Bound, tables: Mapping[str, Table], database: str) -> Table:
    if not isinstance(source.this, exp.Identifier):
        function = source.this
        name = function.name if isinstance(function, exp.Anonymous) else function.sql_name().lower()
        raise BadSQL(f'There is no table function "{name}".')
    table = tables.get(source.name) if source.db in ("", database) else None
    if table is None:
        name = f"{source.db}.{source.name}" if source.db else source.name
        place = source.this.meta.get("start")
        raise BadSQL(
            f'There is no table "{name}".{hint(source.name, tables)}',
            sql=bound.source,
            position=None if place is None else bound.origin(place),
        )
    return table


def _scan(name: str, alias: str, table: Table, conditions: list[Condition]) -> Scan:
    filters = tuple(_filters(table, conditions))
    return Scan(name, alias, table, filters, tuple(_ranges(table, conditions)))


def _filters(table: Table, conditions: list[Condition]) -> Iterator[Filter]:
    """Those that name partition columns alone: they may be applied before the files are listed."""
    partitions = {partition.name for partition in table.partitions}
    for condition in conditions:
        if condition.columns and condition.columns <= partitions and not _unstable(condition.node):
            yield Filter(condition.sql, condition.columns)


def _unstable(node: exp.Expr) -> bool:
    """Whether it has another value each time it is asked, or one that is not of the row alone."""
    return any(
        isinstance(part, exp.Query | exp.Window)
        or (
            isinstance(part, exp.Anonymous)
            and (
                part.name.lower() in UNSTABLE
                or any(each.kind != "scalar" for each in FUNCTIONS.get(part.name.lower(), ()))
            )
        )
        for part in node.walk()
    )


def _ranges(table: Table, conditions: list[Condition]) -> Iterator[Range]:
    """Those that statistics decide: they may be applied before a row group is read."""
    kinds = {column.name: column.type for column in table.columns}
    for condition in conditions:
        own = {column.name for column in condition.relation.columns}

        def named(node: exp.Expr, own: set[str | None] = own) -> tuple[str, str] | None:
            if not isinstance(node, exp.Column) or node.name not in own:
                return None
            kind = kinds.get(node.name)
            return None if kind is None else (node.name, kind)

        found = ranges.read(condition.node, named, condition.expressions.of)
        if found is not None:
            yield found
