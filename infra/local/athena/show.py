"""SHOW and DESCRIBE as Athena answers them: lines of text, after Hive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from infra.local.athena import catalog
from infra.local.athena.catalog import Described
from infra.local.athena.kinds import Column
from infra.local.athena.statements import Statement, names
from queries.engine import views

_BREAKS = re.compile(r"[\t\n]")
_WIDTH = 20  # to which Hive fills the columns of DESCRIBE with blanks
_COLUMNS = {
    "SHOW_DATABASES": ("database_name",),
    "SHOW_TABLES": ("tab_name",),
    "SHOW_VIEWS": ("views",),
    "SHOW_COLUMNS": ("field",),
    "SHOW_PARTITIONS": ("partition",),
    "SHOW_CREATE_TABLE": ("createtab_stmt",),
    "SHOW_CREATE_VIEW": ("Create View",),
    "SHOW_TBLPROPERTIES": ("prpt_name", "prpt_value"),
    "DESCRIBE_TABLE": ("col_name", "data_type", "comment"),
}
KINDS = frozenset(_COLUMNS)


class NotThere(Exception):
    """There is no such table or partition; the message is a sentence."""


def columns(statement: Statement) -> list[Column]:
    """The columns of the answer."""
    return [Column(name, "string") for name in _COLUMNS[statement.kind]]


def lines(statement: Statement, glue: Any, database: str, list_folders: Any) -> Iterator[str]:
    """The answer's lines; `NotThere` for a table that is not there.

    `list_folders` gives the names of the folders in an `s3://` folder, for partitions that the
    catalog does not hold but projects.
    """
    kind, like = statement.kind, statement.part("like")
    where = names(statement.part("database") or database)[-1]
    if kind == "SHOW_DATABASES":
        yield from (name for name in catalog.databases(glue) if catalog.matches(like, name))
    elif kind in ("SHOW_TABLES", "SHOW_VIEWS"):
        for table in catalog.described(glue, where):
            view = table.get("TableType") == "VIRTUAL_VIEW"
            wanted = view or kind == "SHOW_TABLES"
            if wanted and catalog.matches(like, table["Name"]):
                yield table["Name"]
    else:
        *before, name = names(statement.parts["table"])
        tables = catalog.Tables(glue, before[-1] if before else where)
        described = tables.describe(name)
        if described is None:
            raise NotThere(f"Table {tables.database}.{name} does not exist.")
        yield from _of_table(statement, described, list_folders)


def _of_table(statement: Statement, table: Described, list_folders: Any) -> Iterator[str]:
    storage = table.get("StorageDescriptor") or {}
    plain, keys = storage.get("Columns") or [], table.get("PartitionKeys") or []
    if statement.kind == "SHOW_COLUMNS":
        yield from (f"{column['Name']:<{_WIDTH}}" for column in (*plain, *keys))
    elif statement.kind == "SHOW_PARTITIONS":
        if not keys:
            raise NotThere(f"Table {table['Name']} is not a partitioned table.")
        yield from _partitions(storage["Location"].rstrip("/"), keys, list_folders)
    elif statement.kind == "SHOW_CREATE_TABLE":
        yield from _statement(table)
    elif statement.kind == "SHOW_CREATE_VIEW":
        view = views.parse(table)
        if view is None:
            raise NotThere(f"{table['Name']} is not a view.")
        yield f"CREATE VIEW {view.database}.{view.name} AS"
        yield from view.sql.splitlines()
    elif statement.kind == "SHOW_TBLPROPERTIES":
        for name, value in sorted((table.get("Parameters") or {}).items()):
            if statement.part("like") in (None, name):
                yield f"{name}\t{value}"
    else:
        yield from (_described(column) for column in (*plain, *keys))
        if keys:
            yield f"{'':<{_WIDTH}}\t{'':<{_WIDTH}}\t{'':<{_WIDTH}}"
            yield f"{'# Partition Information':<{_WIDTH}}\t{'':<{_WIDTH}}\t{'':<{_WIDTH}}"
            yield f"{'# col_name':<{_WIDTH}}\t{'data_type':<{_WIDTH}}\t{'comment':<{_WIDTH}}"
            yield f"{'':<{_WIDTH}}\t{'':<{_WIDTH}}\t{'':<{_WIDTH}}"
            yield from map(_described, keys)


def _described(column: Any) -> str:
    parts = (column["Name"], column["Type"], column.get("Comment") or "")
    return "\t".join(f"{_BREAKS.sub(' ', part):<{_WIDTH}}" for part in parts)


def _partitions(location: str, keys: Sequence[Any], list_folders: Any) -> Iterator[str]:
    """The folders there are, one a line: day=2026-01-31, or day=2026-01-31/hour=07."""
    if not keys:
        yield ""
        return
    for folder in list_folders(location):
        if folder.startswith(f"{keys[0]['Name']}="):
            for deeper in _partitions(f"{location}/{folder}", keys[1:], list_folders):
                yield f"{folder}/{deeper}".rstrip("/")


def _statement(table: Described) -> Iterator[str]:
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    yield f"CREATE EXTERNAL TABLE `{table['Name']}`("
    yield from _declared(storage.get("Columns") or [])
    if table.get("Description"):
        yield f"COMMENT {_quoted(table['Description'])}"
    if table.get("PartitionKeys"):
        yield "PARTITIONED BY ( "
        yield from _declared(table["PartitionKeys"])
    yield "ROW FORMAT SERDE "
    yield f"  {_quoted(serde.get('SerializationLibrary', ''))} "
    if serde.get("Parameters"):
        yield "WITH SERDEPROPERTIES ( "
        yield from _listed(serde["Parameters"])
    yield "STORED AS INPUTFORMAT "
    yield f"  {_quoted(storage.get('InputFormat', ''))} "
    yield "OUTPUTFORMAT "
    yield f"  {_quoted(storage.get('OutputFormat', ''))}"
    yield "LOCATION"
    yield f"  {_quoted(storage.get('Location', ''))}"
    yield "TBLPROPERTIES ("
    yield from _listed(table.get("Parameters") or {})


def _declared(columns: Sequence[Any]) -> Iterator[str]:
    for place, column in enumerate(columns, 1):
        comment = f" COMMENT {_quoted(column['Comment'])}" if column.get("Comment") else ""
        end = ")" if place == len(columns) else ", "
        yield f"  `{column['Name']}` {column['Type']}{comment}{end}"


def _listed(properties: dict[str, str]) -> Iterator[str]:
    for place, (name, value) in enumerate(sorted(properties.items()), 1):
        end = ")" if place == len(properties) else ", "
        yield f"  {_quoted(name)}={_quoted(value)}{end}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'").replace("\n", " ") + "'"
