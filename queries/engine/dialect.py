"""Athena's SQL for DuckDB: parse it, see which tables it scans with which filters, translate it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import Scope, traverse_scope

from glue.tables import Table
from queries.engine import ranges
from queries.engine.errors import BadSQL, hint
from queries.engine.parameters import Bound
from queries.engine.ranges import Range

# What has another value each time it is asked cannot say beforehand which partitions to read.
_UNSTABLE = (exp.Query, exp.AggFunc, exp.Window, exp.Rand, exp.Uuid, exp.Anonymous)
_DATE_MATH = (exp.Add, exp.Sub, exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.TimestampTrunc)


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on partition columns alone, in DuckDB's SQL."""

    sql: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """One place where the SQL reads a table: as `name`, known in the SQL as `alias`.

    Only rows that meet `filters` and `ranges` are wanted.
    """

    name: str
    alias: str
    table: Table
    filters: tuple[Filter, ...]
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """SQL for DuckDB over tables named as its scans are, and the tree it was written from."""

    sql: str
    scans: tuple[Scan, ...]
    tree: exp.Query


def plan(bound: Bound, tables: Mapping[str, Table], database: str) -> Plan:
    """The question for DuckDB. `BadSQL` where it does not parse or names an unknown table."""
    try:
        # Identifiers are the same in any case to Athena, quoted or not.
        tree = normalize_identifiers(_parse(bound), dialect="trino")
        for column in tree.find_all(exp.Column):
            if column.db == database:
                column.set("db", None)
        _translate(tree)
        scans = _scans(tree, bound, tables, database)
        return Plan(tree.sql(dialect="duckdb", comments=False), scans, tree)
    except RecursionError:
        raise BadSQL("The SQL is nested too deeply.") from None
    except SqlglotError as error:
        raise BadSQL(f"The SQL cannot be read: {str(error).splitlines()[0]}") from None


def _parse(bound: Bound) -> exp.Query:
    try:
        tree = sqlglot.parse_one(bound.sql.rstrip("; \t\r\n"), read="trino")
    except ParseError as error:
        raise _syntax(error, bound) from None
    if not isinstance(tree, exp.Query):
        raise BadSQL("Only SELECT and WITH can be run here.")
    return tree


def _syntax(error: ParseError, bound: Bound) -> BadSQL:
    found = error.errors[0] if error.errors else {}
    description = str(found.get("description") or "")
    line, column, token = found.get("line"), found.get("col"), found.get("highlight")
    position = None
    if line is not None and column is not None:
        before = sum(len(text) + 1 for text in bound.sql.split("\n")[: line - 1])
        position = bound.origin(before + max(0, column - len(token or "")))
    if "SENTINEL" in description or not token:
        sentence = "Syntax error: the SQL ends too early."
    elif description.startswith("Expecting"):
        sentence = f'Syntax error at "{token}": expected {description.split()[-1]}.'
    else:
        sentence = f'Syntax error at "{token}".'
    return BadSQL(sentence, sql=bound.source, position=position)


def _scans(
    tree: exp.Query, bound: Bound, tables: Mapping[str, Table], database: str
) -> tuple[Scan, ...]:
    """The scans of the SQL, whose tables are renamed in the tree to the scans' names."""
    scans: list[Scan] = []
    renamed: list[exp.Table] = []
    for scope in traverse_scope(tree):
        sources = {alias: source for alias, (_, source) in scope.selected_sources.items()}
        for alias, source in sources.items():
            if not isinstance(source, exp.Table):
                continue
            table = _table(source, bound, tables, database)
            names = _Names(sources, tables)
            conditions = list(_conditions(scope, alias, source))
            filters = tuple(_filters(conditions, alias, table, names))
            narrowed = tuple(_ranges(conditions, alias, table, names))
            scans.append(Scan(f"scan_{len(scans)}", alias, table, filters, narrowed))
            renamed.append(source)
    for scan, source in zip(scans, renamed, strict=True):
        source.set("db", None)
        source.set("catalog", None)
        source.set("this", exp.to_identifier(scan.name))
        if not source.alias:
            source.set("alias", exp.TableAlias(this=exp.to_identifier(scan.alias, quoted=True)))
    return tuple(scans)


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


def _conditions(scope: Scope, alias: str, source: exp.Table) -> Iterator[exp.Expr]:
    """The conditions every row of the answer must meet that may decide about rows of this scan.

    Rows an outer join may fill with nulls are left alone: there a condition can hold for the nulls.
    """
    where = scope.expression.args.get("where")
    if where is None or source.alias_column_names:
        return
    for join in scope.expression.args.get("joins") or ():
        if join.side in ("RIGHT", "FULL") or (join.side and join.alias_or_name == alias):
            return
    yield from where.this.flatten() if isinstance(where.this, exp.And) else (where.this,)


def _filters(
    conditions: list[exp.Expr], alias: str, table: Table, names: "_Names"
) -> Iterator[Filter]:
    """Those that name partition columns alone: they may be applied before the files are listed."""
    partitions = {partition.name for partition in table.partitions}
    for condition in conditions:
        columns = list(condition.find_all(exp.Column))
        named = frozenset(column.name for column in columns)
        if (
            named
            and named <= partitions
            and not condition.find(*_UNSTABLE)
            and all(names.owner(column) == alias for column in columns)
        ):
            yield Filter(condition.sql(dialect="duckdb", comments=False), named)


def _ranges(
    conditions: list[exp.Expr], alias: str, table: Table, names: "_Names"
) -> Iterator[Range]:
    """Those that statistics decide: they may be applied before a row group is read."""
    kinds = {column.name: column.type for column in table.columns}

    def named(node: exp.Expr) -> tuple[str, str] | None:
        if not isinstance(node, exp.Column) or names.owner(node) != alias:
            return None
        kind = kinds.get(node.name)
        return None if kind is None else (node.name, kind)

    found = (ranges.read(condition, named) for condition in conditions)
    yield from (each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class _Names:
    """Which source of a scope a column can come from."""

    sources: Mapping[str, exp.Expression | Scope]
    tables: Mapping[str, Table]

    def owner(self, column: exp.Column) -> str | None:
        """The one source a column can come from, or None where more than one could have it."""
        if column.table:
            return column.table
        wanted = {column.name, "*"}
        owners = [alias for alias, source in self.sources.items() if wanted & self._of(source)]
        return owners[0] if len(owners) == 1 else None

    def _of(self, source: exp.Expression | Scope) -> set[str]:
        if isinstance(source, exp.Table):
            return set(self.tables[source.name].names)
        selects = getattr(getattr(source, "expression", None), "named_selects", None)
        return set(selects) if selects else {"*"}


def _translate(tree: exp.Query) -> None:
    """What sqlglot leaves different between the two, by each one's own manual.

    Trino keeps a date a date when days are added, also in a `sequence` of dates, which goes by days
    where nothing else is said; it counts only whole units in `date_diff`, and calls a result column
    without a name `_col0`.
    """
    first = tree
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    selects = first.selects
    if not any(select.is_star for select in selects):
        for place, select in enumerate(selects):
            if not isinstance(select.unnest(), (exp.Alias, exp.Column, exp.Dot)):
                select.replace(exp.alias_(select.copy(), f"_col{place}"))
    annotate_types(tree, dialect="trino")
    for node in list(tree.find_all(*_DATE_MATH)):
        if node.type is not None and node.type.is_type("date"):
            node.replace(exp.cast(node.copy(), "date"))
    for series in list(tree.find_all(exp.GenerateSeries)):
        start = series.args["start"]
        if start.type is not None and start.type.is_type("date"):
            step = series.args.get("step") or exp.Interval(this="1", unit=exp.var("DAY"))
            series.set("step", step)
            series.replace(exp.cast(series.copy(), "date[]"))
    for difference in list(tree.find_all(exp.DateDiff)):
        unit = exp.Literal.string(difference.text("unit").lower() or "day")
        arguments = [unit, difference.expression.copy(), difference.this.copy()]
        difference.replace(exp.Anonymous(this="date_sub", expressions=arguments))
