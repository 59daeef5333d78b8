"""The Arrow schema of a table: what its files hold, type by type."""

from collections.abc import Iterable

import pyarrow as pa

from glue.tables import Column, Partition, Table

# `timestamp` is milliseconds without a zone. Athena's own timestamp has three digits of a second
# (https://docs.aws.amazon.com/athena/latest/ug/data-types-timestamps.html), Parquet has a type for
# exactly that (TIMESTAMP_MILLIS), DuckDB reads it as TIMESTAMP_MS, awswrangler writes it as it
# is, and the INT96 that Firehose writes is read into it without a loss. Nanoseconds, the habit of
# pandas, would give Athena digits it cuts off and end in the year 2262. No zone: Glue's timestamp
# has none, and a column with one is refused by Athena; every time in the lake is UTC.
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
    "binary": pa.binary(),
}


def arrow(table: Table) -> pa.Schema:
    """The schema of a table's files: its columns, without the partitions, which are in the path."""
    return _schema(table.columns)


def partitions(table: Table) -> pa.Schema:
    """The schema of a table's partition columns."""
    return _schema(table.partitions)


def _schema(columns: Iterable[Column | Partition]) -> pa.Schema:
    return pa.schema([(column.name, _TYPES[column.type]) for column in columns])
