"""Rows that the emulator's Firehose is given, as Parquet, by Arrow.

MiniStack makes a DuckDB for each record and puts row after row into it, which takes a like of the
stream 25 ms of the processor. What is none of our tables' types, has settings of its own, or does
not fit its table, is left to it: it says what is wrong.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "timestamp": pa.timestamp("us"),
}
_DEFAULTS: dict[str, Any] = {
    "CaseInsensitive": True,
    "ConvertDotsInJsonKeysToUnderscores": False,
    "ColumnToJsonKeyMappings": {},
}
"""https://docs.aws.amazon.com/firehose/latest/APIReference/API_OpenXJsonSerDe.html"""


def install(firehose: Any, tables: dict[str, Any]) -> None:
    """Have MiniStack's `firehose` convert so what is to be rows of these tables of its Glue."""
    theirs: Callable[[dict[str, Any], bytes], bytes] = firehose._convert_to_parquet

    def convert(conversion: dict[str, Any], data: bytes) -> bytes:
        of = conversion.get("SchemaConfiguration") or {}
        schema = _schema(tables.get(f"{of.get('DatabaseName')}/{of.get('TableName')}"))
        if schema is None or not _is_usual(conversion):
            return theirs(conversion, data)
        try:
            return _parquet(schema, firehose._json_documents(data))
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            return theirs(conversion, data)

    firehose._convert_to_parquet = convert


def _schema(table: dict[str, Any] | None) -> pa.Schema | None:
    columns = ((table or {}).get("StorageDescriptor") or {}).get("Columns") or []
    if not columns or any(column.get("Type") not in _TYPES for column in columns):
        return None
    return pa.schema([(column["Name"], _TYPES[column["Type"]]) for column in columns])


def _is_usual(conversion: dict[str, Any]) -> bool:
    how = (conversion.get("InputFormatConfiguration") or {}).get("Deserializer") or {}
    into = (conversion.get("OutputFormatConfiguration") or {}).get("Serializer") or {}
    settings = how.get("OpenXJsonSerDe")
    compression = (into.get("ParquetSerDe") or {}).get("Compression", "SNAPPY")
    return (
        settings is not None
        and all(value == _DEFAULTS.get(name) for name, value in settings.items())
        and "ParquetSerDe" in into
        and compression == "SNAPPY"
    )


def _parquet(schema: pa.Schema, documents: list[dict[str, Any]]) -> bytes:
    rows = [{name.lower(): value for name, value in one.items()} for one in documents]
    columns = [
        pa.array([row.get(field.name) for row in rows], _given(field)).cast(field.type)
        for field in schema
    ]
    file = io.BytesIO()
    whole = pa.Table.from_arrays(columns, schema=schema)
    pq.write_table(whole, file, compression="snappy", store_schema=False)
    return file.getvalue()


def _given(field: pa.Field[Any]) -> pa.DataType:
    """Give the type that values of a field have as JSON."""
    return pa.string() if pa.types.is_timestamp(field.type) else field.type
