"""What Athena wrote of an answer, as Arrow batches of the types that it tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.csv as pcsv

from queries.engine.answers import Answer

_BLOCK = 16 * 1024 * 1024  # a record must fit in one
# Others stay the text that Athena writes: arrays, maps, rows, JSON, intervals, times of day, bytes
# in hexadecimal pairs.
_TYPES: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "real": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
    "timestamp with time zone": pa.timestamp("ms", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """An answer that Athena wrote: its columns as GetQueryResults tells them (`ColumnInfo`), its
    CSV file, open, and the query's statistics.
    """

    columns: Sequence[Mapping[str, Any]]
    file: Any
    statistics: Mapping[str, Any]


def fetch(**request: Any) -> Written:
    """Ask Athena, wait, and open what it wrote; a query that is interrupted is stopped."""
    import boto3
    from awswrangler import athena

    query = athena.start_query_execution(**request)
    try:
        done = athena.wait_query(query)
    except KeyboardInterrupt:
        athena.stop_query_execution(query)  # what nobody waits for is billed all the same
        raise
    told = boto3.client("athena").get_query_results(QueryExecutionId=query, MaxResults=1)
    place = done["ResultConfiguration"]["OutputLocation"].removeprefix("s3://")
    bucket, _, key = place.partition("/")
    file = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    columns = told["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    return Written(columns, file, done.get("Statistics", {}))


def answer(written: Written) -> Answer:
    """Give the rows as they are read."""
    schema = pa.schema([pa.field(column["Name"], _type(column)) for column in written.columns])
    told = {
        "engine": "athena",
        "bytes": written.statistics.get("DataScannedInBytes"),
        "seconds": written.statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    }
    return Answer(schema, _batches(written.file, schema), told)


def _batches(file: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    names = dict.fromkeys(schema.names, pa.string())
    source: Any = pa.PythonFile(file, "r")
    reader = pcsv.open_csv(
        source,
        read_options=pcsv.ReadOptions(use_threads=False, block_size=_BLOCK),
        parse_options=pcsv.ParseOptions(newlines_in_values=True),
        # All that is not null is quoted.
        convert_options=pcsv.ConvertOptions(
            column_types=names,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for batch in reader:
        columns = [
            _cast(column, field.type) for column, field in zip(batch.columns, schema, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)


def _type(column: Mapping[str, Any]) -> pa.DataType:
    if column["Type"] == "decimal":
        return pa.decimal128(column["Precision"], column["Scale"])
    return _TYPES.get(column["Type"], pa.string())


def _cast(column: Any, kind: pa.DataType) -> Any:
    if isinstance(kind, pa.TimestampType) and kind.tz:
        moments = [_moment(text) for text in column.to_pylist()]
        return pa.array(moments, pa.timestamp("us", "UTC")).cast(kind, safe=False)
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("ns")).cast(kind, safe=False)
    return column if kind == pa.string() else column.cast(kind)


def _moment(text: str | None) -> datetime | None:
    """Read "2026-01-31 12:00:00.123 America/New_York", or "… +01:00"."""
    if text is None:
        return None
    moment, _, zone = text.rpartition(" ")
    if zone[:1] in "+-":
        return datetime.fromisoformat(moment + zone).astimezone(UTC)
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
