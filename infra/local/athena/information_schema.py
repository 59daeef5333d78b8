"""information_schema: the catalog as tables, of all that the caller may see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from glue import schema
from glue.tables import Column, Table
from infra.local.athena import catalog
from queries.engine import views

NAME = "information_schema"
_ABOUT = "As Trino has it."
_CATALOG = "awsdatacatalog"
_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "data_type",
        "comment",
        "extra_info",
    ),
}
TABLES: Mapping[str, Table] = {
    name: Table(
        name=name,
        description=_ABOUT,
        format="parquet",
        location=f"{NAME}/",
        columns=tuple(
            Column(column, "bigint" if column == "ordinal_position" else "string", _ABOUT)
            for column in columns
        ),
    )
    for name, columns in _COLUMNS.items()
}
# Hive's names of types, in which Glue has them, and Trino's.
_TYPES = {
    "string": "varchar",
    "int": "integer",
    "float": "real",
    "binary": "varbinary",
    "timestamp": "timestamp(3)",
    "struct": "row",
}
_MARKS = str.maketrans("<>:", "() ")


def asked(sql: str) -> bool:
    """Whether a statement may be about it; the engine says where it is about something else."""
    return re.search(rf"\b{NAME}\b", sql, re.IGNORECASE) is not None


def rows(glue: Any, name: str) -> pa.Table:
    """What one of its tables holds; botocore's errors propagate."""
    found: list[tuple[object, ...]] = []
    for database in catalog.databases(glue):
        if name == "schemata":
            found.append((_CATALOG, database))
            continue
        for table in catalog.described(glue, database):
            view = table.get("TableType") == "VIRTUAL_VIEW"
            start = (_CATALOG, database, table["Name"])
            if name == "tables":
                found.append((*start, "VIEW" if view else "BASE TABLE"))
            elif name == "views" and view:
                parsed = views.parse(table)
                found.append((*start, parsed.sql if parsed else table.get("ViewOriginalText")))
            elif name == "columns":
                found += ((*start, *column) for column in _columns(table))
    rows = [dict(zip(_COLUMNS[name], row, strict=True)) for row in found]
    return pa.Table.from_pylist(rows, schema.arrow(TABLES[name]))


def type_name(hive: str) -> str:
    """Trino's name of a type that Glue names: array<int> is array(integer)."""
    if re.match(r"(decimal|varchar|char)\b", hive):
        return hive
    known = re.sub(r"\w+(?!\w*:)", lambda word: _TYPES.get(word[0], word[0]), hive)
    return known.translate(_MARKS).replace(",", ", ")


def _columns(table: catalog.Described) -> list[tuple[object, ...]]:
    plain = (table.get("StorageDescriptor") or {}).get("Columns") or []
    keys = table.get("PartitionKeys") or []
    return [
        (
            column["Name"],
            place,
            None,
            "YES",
            type_name(column["Type"]),
            column.get("Comment") or None,
            "partition key" if place > len(plain) else None,
        )
        for place, column in enumerate((*plain, *keys), 1)
    ]
