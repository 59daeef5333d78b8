"""The tables of a Glue database, as the catalog tells them."""

from collections.abc import Mapping
from typing import Any

from glue.tables import Column, Partition, Table
from queries.engine import views


def parse(described: Mapping[str, Any]) -> Table | None:
    """A table from Glue's description of it; None for one that is neither Parquet nor JSON."""
    storage = described.get("StorageDescriptor") or {}
    library = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "").lower()
    for known in ("parquet", "json"):
        if known in library:
            return Table(
                name=described["Name"],
                description=described.get("Description", ""),
                format=known,
                location=storage["Location"],
                columns=tuple(
                    Column(column["Name"], column["Type"], column.get("Comment", ""))
                    for column in storage.get("Columns", ())
                ),
                partitions=tuple(
                    Partition(column["Name"], column["Type"], column.get("Comment", ""), {})
                    for column in described.get("PartitionKeys") or ()
                ),
            )
    return None


def tables(glue: Any, database: str) -> views.Tables:
    """The database's tables that can be read, and its views; botocore's errors propagate."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    described = [each for page in pages for each in page["TableList"]]
    known = {table.name: table for each in described if (table := parse(each)) is not None}
    beside = {view.name: view for each in described if (view := views.parse(each)) is not None}
    return views.Known(known, beside)
