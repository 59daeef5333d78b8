"""Results as DataFrames of the same types from both engines: the nullable ones, UTC to the ms."""

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


def from_arrow(table: pa.Table, huge: set[int]) -> pd.DataFrame:
    """The frame awswrangler would make of the same result on Athena.

    Columns at the places in `huge` hold DuckDB's sums of integers, 128 bits wide; Athena's are
    `bigint`. `OverflowError` where one does not fit.
    """
    columns = [_column(column, place in huge) for place, column in enumerate(table.itercolumns())]
    names = [name.lower() for name in table.column_names]
    # In this thread alone: those of Arrow's pool would want Python's lock, which DuckDB holds in
    # another question while its scan waits for one of them.
    frame: pd.DataFrame = pa.table(columns, names=names).to_pandas(
        types_mapper=_TYPES.get, use_threads=False
    )
    return frame


def from_athena(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its times to the millisecond, as Athena's timestamp has them."""
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.as_unit("ms")
        elif pd.api.types.is_datetime64_dtype(dtype):
            frame[name] = frame[name].dt.as_unit("ms")
    return frame


def _column(column: "pa.ChunkedArray[Any]", huge: bool) -> "pa.ChunkedArray[Any]":
    if huge:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            raise OverflowError("bigint") from None
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("ms", column.type.tz), safe=False)
    return column
