"""Which columns of each scan a question uses, and how often Athena makes the scan."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from glue.tables import Table
from queries.engine.errors import NotEstimated


@dataclass(frozen=True, slots=True)
class Use:
    """The columns that a scan is for, partitions among them, and how often Athena makes it."""

    columns: frozenset[str]
    times: int


def used(tree: exp.Query, scanned: Mapping[str, Table]) -> dict[str, Use]:
    """What each scan is used for; `scanned` holds the tables under the names the tree has for them.

    As Trino has it, a column that a subquery selects and nobody takes from it is not used, and a
    CTE is read again by each that names it. `NotEstimated` where this cannot be told.
    """
    if any(clause.recursive for clause in tree.find_all(exp.With)):
        raise NotEstimated(
            "How often a recursive query reads its tables cannot be told beforehand."
        )
    uses = dict.fromkeys(scanned, Use(frozenset(), 0))
    for scope, times in _times(_narrowed(tree, scanned)).items():
        for alias, (_, source) in scope.selected_sources.items():
            if isinstance(source, exp.Table) and source.name in scanned:
                columns = _columns(scope, alias, source, scanned[source.name])
                uses[source.name] = Use(columns, times)
    return uses


def _narrowed(tree: exp.Query, scanned: Mapping[str, Table]) -> Scope:
    """The SQL with every column written out under its table, without those that nobody uses."""
    schema: dict[str, object] = {
        name: dict.fromkeys(table.names, "varchar") for name, table in scanned.items()
    }
    whole = tree.copy()
    for call in list(whole.find_all(exp.Anonymous)):
        if len(call.expressions) == 1 and isinstance(call.expressions[0], exp.Star):
            call.replace(exp.Count(this=exp.Star()))  # of rows: to sqlglot, any other takes columns
    try:
        copy = qualify(whole, dialect="trino", schema=schema, validate_qualify_columns=False)
        root = build_scope(pushdown_projections(copy))
    except SqlglotError as error:
        root, reason = None, str(error).splitlines()[0]
    else:
        reason = "it is no query"
    if root is None:
        raise NotEstimated(f"Which columns this uses cannot be told beforehand: {reason}.")
    return root


def _times(root: Scope) -> Counter[Scope]:
    """How often each scope is read: once for each that reads from it, as often as that one is."""
    times = Counter({root: 1})
    # Reversed, those who read from a scope come before it.
    for scope in reversed(list(root.traverse())):
        for inner in (
            *scope.set_operation_scopes,
            *scope.derived_table_scopes,
            *scope.udtf_scopes,
            *scope.subquery_scopes,
        ):
            times[inner] += times[scope]
        for _, source in scope.selected_sources.values():
            if isinstance(source, Scope) and source.is_cte:
                times[source] += times[scope]
    return times


def _columns(scope: Scope, alias: str, source: exp.Table, table: Table) -> frozenset[str]:
    everything = frozenset(table.names)
    found: set[str] = set()
    for column in scope.columns:
        if column.table in ("", alias):  # without a table, it can be anyone's
            found.add("*" if isinstance(column.this, exp.Star) else column.name)
    stars = any(isinstance(select, exp.Star) for select in getattr(scope.expression, "selects", ()))
    if stars or source.alias_column_names or found & {"*", alias}:  # the alias is the whole row
        return everything
    return everything & found
