"""Statements that make, fill, change and drop what the catalog holds: tables and views."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.athena import parquet, statements
from infra.local.athena.asking import Running, check_empty, told, written
from infra.local.athena.catalog import Tables
from infra.local.athena.failures import Failure
from infra.local.athena.jobs import Ran
from infra.local.athena.statements import Statement
from queries.engine import dialect, views
from queries.engine.parameters import Bound
from queries.engine.trino import types
from queries.engine.trino.coercions import fits
from queries.engine.trino.types import quoted
from queries.engine.views import View


def _named(running: Running, statement: Statement) -> tuple[Tables, str]:
    """The tables of the database that a statement names, or is asked in, and the name in it."""
    *before, name = statements.names(statement.parts["table"])
    return Tables(running.services.glue, before[-1] if before else running.job.database), name


def _create_table(running: Running, statement: Statement) -> Ran:
    properties = statements.properties(statement.part("properties") or "")
    compression = parquet.compression(properties)
    job = running.job
    to = properties.get("external_location", f"{job.folder}tables/{job.query}").rstrip("/")
    if job.enforced and "external_location" in properties:
        raise Failure(
            "The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized "
            "output location for all queries. Please remove the 'external_location' property "
            "and resubmit the query."
        )
    tables, name = _named(running, statement)
    if tables.describe(name) is not None:
        if statement.part("lenient"):
            return told(running, [], [])
        raise Failure(
            "TABLE_ALREADY_EXISTS: line 1:1: Destination table "
            f"'awsdatacatalog.{tables.database}.{name}' already exists"
        )
    check_empty(running, to)
    rest = statement.parts["rest"]
    if statement.part("empty"):
        rest = f"SELECT * FROM ({rest}) LIMIT 0"
    ran, schema = written(running, rest, to, compression)
    running.services.glue.create_table(
        DatabaseName=tables.database, TableInput=parquet.table(name, schema, f"{to}/")
    )
    return ran


def _drop_table(running: Running, statement: Statement) -> Ran:
    tables, name = _named(running, statement)
    described = tables.describe(name)
    if described is not None and described.get("TableType") == "VIRTUAL_VIEW":
        raise Failure("FAILED: SemanticException Cannot drop a view with DROP TABLE")
    if described is not None:
        running.services.glue.delete_table(DatabaseName=tables.database, Name=name)
    elif not statement.part("lenient"):
        raise Failure(f"FAILED: SemanticException [Error 10001]: Table not found {name}")
    return told(running, [], [])


def _alter_table(running: Running, statement: Statement) -> Ran:
    tables, name = _named(running, statement)
    described = tables.describe(name)
    if described is None:
        raise Failure(f"FAILED: SemanticException [Error 10001]: Table not found {name}")
    properties = statements.properties(statement.parts["properties"])
    running.services.glue.update_table(
        DatabaseName=tables.database, TableInput=parquet.altered(described, properties)
    )
    return told(running, [], [])


def _insert(running: Running, statement: Statement) -> Ran:
    """INSERT INTO: one more file in the table's folder."""
    tables, name = _named(running, statement)
    described = tables.describe(name)
    table = None if described is None else tables.get(name)
    if described is None or table is None:
        raise Failure(f"TABLE_NOT_FOUND: line 1:1: Table '{tables.database}.{name}' does not exist")
    if table.format != "parquet" or table.partitions:
        raise Failure(
            "NOT_SUPPORTED: The local stage inserts into Parquet tables without partitions alone."
        )
    kinds = {column.name: types.parse(column.type) for column in table.columns}
    chosen = statements.names(statement.part("columns") or "") or list(kinds)
    if unknown := next((column for column in chosen if column not in kinds), None):
        raise Failure(f"COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist: {unknown}")
    rest = statement.parts["rest"]
    asked = Tables(running.services.glue, running.job.database)
    plan = dialect.plan(Bound("athena", rest, rest), asked, asked.database)
    given = [kind for _, kind in plan.columns]
    wanted = [kinds[column] for column in chosen]
    if len(given) != len(wanted) or not all(map(fits, given, wanted)):
        raise Failure(
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: "
            f"[{', '.join(map(str, wanted))}], Query: [{', '.join(map(str, given))}]"
        )
    places = ", ".join(f'"c{place}"' for place in range(len(chosen)))
    by = {column: f'"c{place}"' for place, column in enumerate(chosen)}
    values = ", ".join(
        f"CAST({by.get(column, 'NULL')} AS {kind}) AS {quoted(column)}"
        for column, kind in kinds.items()
    )
    sql = f"SELECT {values} FROM ({rest}) AS q({places})"
    to = described["StorageDescriptor"]["Location"].rstrip("/")
    return written(running, sql, to, parquet.compression({}))[0]


def _create_view(running: Running, statement: Statement) -> Ran:
    tables, name = _named(running, statement)
    before = tables.describe(name)
    if before is not None and before.get("TableType") != "VIRTUAL_VIEW":
        raise Failure(
            f"TABLE_ALREADY_EXISTS: line 1:1: Table already exists: "
            f"'awsdatacatalog.{tables.database}.{name}'"
        )
    if before is not None and not statement.part("replace"):
        raise Failure(
            f"TABLE_ALREADY_EXISTS: line 1:1: View already exists: "
            f"'awsdatacatalog.{tables.database}.{name}'"
        )
    asked = Tables(running.services.glue, running.job.database)
    view = View(name, statement.parts["rest"], asked.database)
    known = views.Known(asked, ChainMap({name: view}, asked.views))  # type: ignore[arg-type]
    plan = dialect.plan(Bound("athena", view.sql, view.sql), known, asked.database)
    parquet.check([column for column, _ in plan.columns])
    columns = [(column, parquet.hive_name(kind)) for column, kind in plan.columns]
    told_ = tuple((column, str(kind)) for column, kind in plan.columns)
    given = _view(View(name, view.sql, view.database, told_), columns)
    change = running.services.glue.create_table
    if before is not None:
        change = running.services.glue.update_table
    change(DatabaseName=tables.database, TableInput=given)
    return told(running, [], [])


def _view(view: View, columns: list[tuple[str, str]]) -> dict[str, Any]:
    """A view as Glue is told it, as Athena does."""
    return {
        "Name": view.name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"comment": "Presto View", "presto_view": "true"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
        "ViewOriginalText": views.text(view),
        "ViewExpandedText": views.EXPANDED,
    }


def _drop_view(running: Running, statement: Statement) -> Ran:
    tables, name = _named(running, statement)
    described = tables.describe(name)
    if described is not None and described.get("TableType") == "VIRTUAL_VIEW":
        running.services.glue.delete_table(DatabaseName=tables.database, Name=name)
    elif described is not None or not statement.part("lenient"):
        raise Failure(
            f"TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.{tables.database}.{name}' "
            "does not exist"
        )
    return told(running, [], [])


RUNS: Mapping[str, Callable[[Running, Statement], Ran]] = {
    "INSERT": _insert,
    "CREATE_TABLE_AS_SELECT": _create_table,
    "DROP_TABLE": _drop_table,
    "ALTER_TABLE_SET_TBLPROPERTIES": _alter_table,
    "CREATE_VIEW": _create_view,
    "DROP_VIEW": _drop_view,
}
