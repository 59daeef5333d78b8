"""The tables of a Glue database, as the catalog tells them."""

from collections.abc import Mapping
from typing import Any

from glue.tables import Column, Partition, Table


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


def tables(glue: Any, database: str) -> dict[str, Table]:
    """The database's tables that can be read, by name; botocore's errors propagate."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    found = [parse(described) for page in pages for described in page["TableList"]]
    return {table.name: table for table in found if table is not None}
