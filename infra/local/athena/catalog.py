"""The Glue catalog as the caller may see it: tables to read, and what Athena's API tells of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, get_args

from botocore.exceptions import ClientError

from glue.tables import ColumnType, Table
from queries.engine import catalog as engine
from queries.engine import views
from queries.engine.errors import BadSQL
from queries.engine.views import View

Described = Mapping[str, Any]
"""A table as Glue tells it."""
_READABLE = get_args(ColumnType)


class Tables(views.Tables):
    """The tables of a database, each asked for when it is named, as Athena asks for them."""

    def __init__(self, glue: Any, database: str) -> None:
        self._glue, self.database = glue, database
        self._found = cache(self._find)
        self._described = cache(self.describe)

    def describe(self, name: str) -> Described | None:
        """A table as Glue tells it; None where there is none; botocore's errors propagate."""
        try:
            table: Described = self._glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise
        return table

    def _find(self, name: str) -> Table | None:
        described = self._described(name)
        if described is None:
            return None
        table = engine.parse(described)
        if table is None:
            raise BadSQL(f'The table "{name}" is neither Parquet nor JSON, and is not read here.')
        kinds = {column.name: str(column.type) for column in table.columns}
        kinds |= {partition.name: str(partition.type) for partition in table.partitions}
        for column, kind in kinds.items():
            if kind not in _READABLE:
                raise BadSQL(
                    f'The column "{column}" of the table "{name}" is of the type {kind}, '
                    "which is not read here."
                )
        return table

    @property
    def views(self) -> Mapping[str, View]:
        return _Views(self)

    def view(self, name: str) -> View | None:
        """The view of that name; None where there is none, or a table."""
        described = self._described(name)
        return None if described is None else views.parse(described)

    def __getitem__(self, name: str) -> Table:
        table = self._found(name)
        if table is None:
            raise KeyError(name)
        return table

    def __iter__(self) -> Iterator[str]:
        """The names of all, for whoever named another; none where the caller may not list them."""
        try:
            pages = list(
                self._glue.get_paginator("get_tables").paginate(DatabaseName=self.database)
            )
        except ClientError:
            return iter(())
        return iter([table["Name"] for page in pages for table in page["TableList"]])

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Views(Mapping[str, View]):
    """The views of a database, each asked for when it is named."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> View:
        view = self._tables.view(name)
        if view is None:
            raise KeyError(name)
        return view

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._tables if self._tables.view(name) is not None])

    def __len__(self) -> int:
        return len(list(iter(self)))


class NotFound(Exception):
    """There is no such thing in the catalog; the message is Athena's."""


def answer(glue: Any, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What Athena's API answers to one of its questions about the catalog.

    `NotFound` for what is not there; botocore's errors propagate.
    """
    catalog = request.get("CatalogName") or "AwsDataCatalog"
    if catalog.lower() != "awsdatacatalog":
        raise NotFound(f"Catalog {catalog} not found.")
    try:
        return _ANSWERS[action](glue, request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        raise NotFound(error.response["Error"]["Message"]) from None


def _database(glue: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"Database": _named(glue.get_database(Name=request["DatabaseName"])["Database"])}


def _databases(glue: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    page = glue.get_databases(**_paging(request, 50))
    return {"DatabaseList": list(map(_named, page["DatabaseList"]))} | _next(page)


def _table(glue: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    found = glue.get_table(DatabaseName=request["DatabaseName"], Name=request["TableName"])
    return {"TableMetadata": _metadata(found["Table"])}


def _tables(glue: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {"Expression": request["Expression"]} if request.get("Expression") else {}
    page = glue.get_tables(DatabaseName=request["DatabaseName"], **wanted, **_paging(request, 50))
    return {"TableMetadataList": list(map(_metadata, page["TableList"]))} | _next(page)


_ANSWERS: dict[str, Callable[[Any, Mapping[str, Any]], dict[str, Any]]] = {
    "GetDatabase": _database,
    "ListDatabases": _databases,
    "GetTableMetadata": _table,
    "ListTableMetadata": _tables,
}


def _paging(request: Mapping[str, Any], most: int) -> dict[str, Any]:
    found: dict[str, Any] = {"MaxResults": min(int(request.get("MaxResults") or most), most)}
    if request.get("NextToken"):
        found["NextToken"] = request["NextToken"]
    return found


def _next(page: Mapping[str, Any]) -> dict[str, Any]:
    return {"NextToken": page["NextToken"]} if page.get("NextToken") else {}


def _named(database: Mapping[str, Any]) -> dict[str, Any]:
    told = {"Name": database["Name"], "Parameters": database.get("Parameters") or {}}
    described = database.get("Description")
    return told | ({"Description": described} if described else {})


def _metadata(table: Described) -> dict[str, Any]:
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    of_storage = {
        "inputformat": storage.get("InputFormat"),
        "location": storage.get("Location"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    told = {
        "Name": table["Name"],
        "TableType": table.get("TableType") or "EXTERNAL_TABLE",
        "Columns": list(map(_column, storage.get("Columns") or ())),
        "PartitionKeys": list(map(_column, table.get("PartitionKeys") or ())),
        "Parameters": dict(table.get("Parameters") or {})
        | {name: value for name, value in of_storage.items() if value},
    }
    for ours, theirs in (("CreateTime", "CreateTime"), ("LastAccessTime", "LastAccessTime")):
        if isinstance(made := table.get(theirs), datetime):
            told[ours] = made.timestamp()
    return told


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    comment = {"Comment": column["Comment"]} if column.get("Comment") else {}
    return {"Name": column["Name"], "Type": column["Type"]} | comment


def databases(glue: Any) -> list[str]:
    """The names of all databases."""
    pages = glue.get_paginator("get_databases").paginate()
    return sorted(database["Name"] for page in pages for database in page["DatabaseList"])


def described(glue: Any, database: str) -> list[Described]:
    """All tables of a database, by name."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return sorted(
        (table for page in pages for table in page["TableList"]), key=lambda table: table["Name"]
    )


def matches(pattern: str | None, name: str) -> bool:
    """Whether SHOW's pattern, in which * stands for any text and | for or, means that name."""
    if pattern is None:
        return True
    each = (re.escape(one.strip()).replace(r"\*", ".*") for one in pattern.split("|"))
    return any(re.fullmatch(one, name, re.IGNORECASE) for one in each)
