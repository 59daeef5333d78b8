"""The columns of a result as Athena tells them."""

from __future__ import annotations

import msgspec

from queries.engine.trino.types import Type

# What GetQueryResults tells of a type, as tests of PyAthena (tests/pyathena/test_cursor.py) have it
# from Athena; 0 for all others.
_PRECISIONS = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "varchar": 2**31 - 1,
    "char": 1,
    "varbinary": 2**30,
    "time": 3,
    "timestamp": 3,
    "timestamp with time zone": 3,
}


class Column(msgspec.Struct, frozen=True):
    """A column of a result."""

    name: str
    type: str
    precision: int = 0
    scale: int = 0

    def told(self) -> dict[str, object]:
        """The column as GetQueryResults tells it."""
        return {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": self.name,
            "Label": self.name,
            "Type": self.type,
            "Precision": self.precision,
            "Scale": self.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": self.type in ("varchar", "char"),
        }


def column(name: str, kind: Type) -> Column:
    """A result's column of one of Trino's types, which Athena calls by other names at times."""
    if kind.name == "decimal":
        return Column(name.lower(), "decimal", kind.precision, kind.scale)
    return named(name.lower(), "float" if kind.name == "real" else kind.name)


def named(name: str, type: str) -> Column:
    """A result's column of one of Athena's types."""
    return Column(name, type, _PRECISIONS.get(type, 0))
