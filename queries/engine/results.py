"""Results of the same types from both engines: batches of Arrow, and DataFrames of them."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

_TYPES: dict[pa.DataType, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}


def schema(told: pa.Schema, huge: set[int]) -> pa.Schema:
    """The columns as Athena has them, of those that DuckDB told.

    Columns at the places in `huge` hold DuckDB's sums of integers, 128 bits wide; Athena's are
    `bigint`. Names are in small letters, and what DuckDB enumerates is text.
    """
    return pa.schema(
        pa.field(field.name.lower(), pa.int64() if place in huge else _plain(field.type))
        for place, field in enumerate(told)
    )


def batches(found: Iterable[pa.RecordBatch], wanted: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The same rows with the columns of `schema`; `OverflowError` for a sum that is no bigint."""
    for batch in found:
        columns = [
            _cast(column, field.type) for column, field in zip(batch.columns, wanted, strict=True)
        ]
        yield pa.record_batch(columns, schema=wanted)


def frame(table: pa.Table) -> pd.DataFrame:
    """The frame awswrangler would make of the same result on Athena, its times to the ms."""
    columns = [
        column.cast(pa.timestamp("ms", column.type.tz), safe=False)
        if pa.types.is_timestamp(column.type)
        else column
        for column in table.itercolumns()
    ]
    # In this thread alone: those of Arrow's pool would want Python's lock, which DuckDB holds in
    # another question while its scan waits for one of them.
    made: pd.DataFrame = pa.table(columns, names=table.column_names).to_pandas(
        types_mapper=_TYPES.get, use_threads=False
    )
    return made


def from_athena(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its times to the millisecond, as Athena's timestamp has them."""
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.as_unit("ms")
        elif pd.api.types.is_datetime64_dtype(dtype):
            frame[name] = frame[name].dt.as_unit("ms")
    return frame


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if isinstance(kind, pa.DictionaryType) else kind


def _cast(column: "pa.Array[Any]", kind: pa.DataType) -> "pa.Array[Any]":
    if column.type == kind:
        return column
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        raise OverflowError("bigint") from None
