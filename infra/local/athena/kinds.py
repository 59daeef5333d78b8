"""The types of a result's columns as Athena names them, from those that DuckDB names."""

from __future__ import annotations

import re

import msgspec

# DuckDB's names of types and Athena's; a sum of integers is 128 bits wide to DuckDB, and checked.
_NAMES = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "JSON": "json",
    "UUID": "uuid",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "BLOB": "varbinary",
    "INTERVAL": "interval day to second",
    '"NULL"': "unknown",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
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


class UnknownType(Exception):
    """A type of DuckDB's that Athena has nothing for; the message says which."""


def column(name: str, kind: str) -> Column:
    """A result's column of one of DuckDB's types; `UnknownType` where Athena has none for it."""
    if kind in _NAMES:
        return named(name, _NAMES[kind])
    if decimal := _DECIMAL.fullmatch(kind):
        return Column(name, "decimal", int(decimal[1]), int(decimal[2]))
    for mark, type in (("]", "array"), ("MAP(", "map"), ("STRUCT(", "row")):
        if kind.endswith(mark) if mark == "]" else kind.startswith(mark):
            return named(name, type)
    raise UnknownType(f'The column "{name}" is of the type {kind}, which Athena has not.')


def named(name: str, type: str) -> Column:
    """A result's column of one of Athena's types."""
    return Column(name, type, _PRECISIONS.get(type, 0))
