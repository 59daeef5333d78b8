"""What UNLOAD and CREATE TABLE AS write: a Parquet file, and the table over it in Glue's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from infra.local.athena.failures import Failure
from queries.engine.trino.types import Type

# https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
Compression: TypeAlias = Literal["gzip", "snappy", "zstd", "none"]
_IGNORED = {"table_type": {"hive"}, "is_external": {"true"}}
_HIVE = "org.apache.hadoop.hive.ql.io.parquet"
_TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)
_TYPES = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.date32(): "date",
    pa.binary(): "binary",
    pa.timestamp("ms"): "timestamp",
}


def compression(properties: Mapping[str, str]) -> Compression:
    """How the file is compressed; `Failure` for a property that is not known here."""
    chosen: Compression = "gzip"  # as Athena does where nothing is said
    for name, value in properties.items():
        low = value.lower()
        if name == "format" and low != "parquet":
            raise Failure(f"NOT_SUPPORTED: The local stage writes PARQUET, and not {value}.")
        if name in ("compression", "write_compression", "parquet_compression"):
            if low not in get_args(Compression):
                raise Failure(f"NOT_SUPPORTED: The local stage does not write {value} compression.")
            chosen = cast(Compression, low)
        elif name not in ("format", "external_location") and low not in _IGNORED.get(name, ()):
            raise Failure(f"NOT_SUPPORTED: The local stage does not take {name} = {value}.")
    return chosen


_NOT_HIVE = {
    "json",
    "uuid",
    "ipaddress",
    "time",
    "time with time zone",
    "timestamp with time zone",
    "interval day to second",
    "interval year to month",
}


def check(names: Sequence[str]) -> None:
    """`Failure`, in Athena's words, where the columns of a table have no names of their own."""
    for place, name in enumerate(names, 1):
        if name == f"_col{place - 1}":
            raise _column("COLUMN_NAME_NOT_SPECIFIED", f"name not specified at position {place}")
        if name in names[: place - 1]:
            raise _column("DUPLICATE_COLUMN_NAME", f"name '{name}' specified more than once")


def _column(code: str, problem: str) -> Failure:
    return Failure(f"{code}: line 1:1: Column {problem}")


def schema(given: pa.Schema, kinds: Sequence[Type]) -> pa.Schema:
    """What the file holds: times to the millisecond, as Athena has them.

    `Failure` for types that Hive has not.
    """
    check(given.names)
    fields = []
    for place, (field, kind) in enumerate(zip(given, kinds, strict=True)):
        if kind.name == "unknown":
            raise _column("COLUMN_TYPE_UNKNOWN", f"type is unknown at position {place + 1}")
        _check_hive(kind)
        held = pa.timestamp("ms") if pa.types.is_timestamp(field.type) else field.type
        hive_type(held)
        fields.append(pa.field(field.name, held))
    return pa.schema(fields)


def _check_hive(kind: Type) -> None:
    if kind.name in _NOT_HIVE:
        raise Failure(f"NOT_SUPPORTED: Unsupported Hive type: {kind}")
    for part in kind.types:
        _check_hive(part)


def write(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], compression: Compression
) -> int:
    """Write the file, and give the number of its rows; nothing is written where there are none."""
    rows = 0
    writer = None
    try:
        for batch in batches:
            if batch.num_rows:
                writer = writer or pq.ParquetWriter(path, schema, compression=compression)
                columns = [
                    values.cast(field.type, safe=pa.types.is_integer(field.type))
                    for values, field in zip(batch.columns, schema, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
                rows += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def hive_type(kind: pa.DataType) -> str:
    """Hive's name of a type; `Failure` where it has none."""
    if kind in _TYPES:
        return _TYPES[kind]
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        fields = (kind.field(place) for place in range(kind.num_fields))
        return f"struct<{','.join(f'{field.name}:{hive_type(field.type)}' for field in fields)}>"
    raise Failure(f"NOT_SUPPORTED: Unsupported Hive type: {kind}")


_HIVE_NAMES = {
    "varchar": "string",
    "integer": "int",
    "real": "float",
    "varbinary": "binary",
    "timestamp": "timestamp",
}


def hive_name(kind: Type) -> str:
    """Hive's name of one of Trino's types; `Failure` where it has none."""
    if kind.name == "unknown":
        raise _column("COLUMN_TYPE_UNKNOWN", "type is unknown")
    _check_hive(kind)
    parts = list(map(hive_name, kind.types))
    if kind.name == "row":
        named = zip(kind.fields, parts, strict=True)
        told = (f"{name or f'field{n}'}:{part}" for n, (name, part) in enumerate(named))
        return f"struct<{','.join(told)}>"
    if parts:
        return f"{kind.name}<{','.join(parts)}>"
    return _HIVE_NAMES.get(kind.name, str(kind))


def table(name: str, schema: pa.Schema, location: str) -> dict[str, Any]:
    """The table as Glue is told it."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "StorageDescriptor": {
            "Columns": [{"Name": field.name, "Type": hive_type(field.type)} for field in schema],
            "Location": location,
            "InputFormat": f"{_HIVE}.MapredParquetInputFormat",
            "OutputFormat": f"{_HIVE}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{_HIVE}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def altered(described: Mapping[str, Any], properties: Mapping[str, str]) -> dict[str, Any]:
    """A table that Glue told, as it is told Glue again, with more properties.

    https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
    """
    kept = {name: described[name] for name in _TABLE_INPUT if described.get(name)}
    return kept | {"Parameters": {**(described.get("Parameters") or {}), **properties}}
