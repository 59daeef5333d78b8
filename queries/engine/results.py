"""Results of the same types from both engines: batches of Arrow, and DataFrames of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from queries.engine.trino.types import Type

_TYPES: dict[pa.DataType, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}


def schema(told: pa.Schema, columns: Sequence[tuple[str, Type]]) -> pa.Schema:
    """The columns as Athena has them, of those that DuckDB told; `columns` has their names and
    Trino's types. Names are in small letters."""
    return pa.schema(
        pa.field(name.lower(), _column(pa.array([], field.type), kind).type)
        for field, (name, kind) in zip(told, columns, strict=True)
    )


def batches(
    found: Iterable[pa.RecordBatch], wanted: pa.Schema, columns: Sequence[tuple[str, Type]]
) -> Iterator[pa.RecordBatch]:
    """The same rows with the columns of `schema`."""
    for batch in found:
        made = [
            _column(column, kind) for column, (_, kind) in zip(batch.columns, columns, strict=True)
        ]
        yield pa.record_batch(made, schema=wanted)


def frame(table: pa.Table) -> pd.DataFrame:
    """The frame awswrangler would make of the same result on Athena."""
    # In this thread alone: those of Arrow's pool would want Python's lock, which DuckDB holds in
    # another question while its scan waits for one of them.
    made: pd.DataFrame = table.to_pandas(types_mapper=_TYPES.get, use_threads=False)
    return made


def from_athena(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its times to the millisecond, as Athena's timestamp has them."""
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.as_unit("ms")
        elif pd.api.types.is_datetime64_dtype(dtype):
            frame[name] = frame[name].dt.as_unit("ms")
    return frame


def _column(column: "pa.Array[Any]", kind: Type) -> "pa.Array[Any]":
    if kind.name == "timestamp with time zone" and pa.types.is_struct(column.type):
        moments = pc.struct_field(column, 0).cast(_timestamp(kind), safe=False)
        told: pa.Array[Any] = pc.assume_timezone(moments, "UTC")
        return told
    if pa.types.is_timestamp(column.type):
        return column.cast(_timestamp(kind), safe=False)
    return column


def _timestamp(kind: Type) -> pa.DataType:
    return pa.timestamp("ms") if kind.precision <= 3 else pa.timestamp("us")
