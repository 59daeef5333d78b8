"""Results as DataFrames of the same types from both engines: the nullable ones, UTC to the ms."""

from collections.abc import Sequence
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


def from_arrow(table: pa.Table, columns: Sequence[tuple[str, Type]]) -> pd.DataFrame:
    """The frame awswrangler would make of the same result on Athena; `columns` tells its columns'
    names and types in Trino's words.
    """
    made = [
        _column(column, kind)
        for column, (_, kind) in zip(table.itercolumns(), columns, strict=True)
    ]
    names = [name.lower() for name, _ in columns]
    # In this thread alone: those of Arrow's pool would want Python's lock, which DuckDB holds in
    # another question while its scan waits for one of them.
    frame: pd.DataFrame = pa.table(made, names=names).to_pandas(
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


def _column(column: "pa.ChunkedArray[Any]", kind: Type) -> "pa.ChunkedArray[Any]":
    if kind.name == "timestamp with time zone" and pa.types.is_struct(column.type):
        moments = pc.struct_field(column, 0)
        column = pc.assume_timezone(moments, "UTC")
    if kind.name.startswith("interval"):
        told = _days if kind.name.endswith("second") else _months
        texts = [None if value is None else told(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if pa.types.is_timestamp(column.type):
        if kind.precision > 3:
            return column
        return column.cast(pa.timestamp("ms", column.type.tz), safe=False)
    return column


def _days(milliseconds: int) -> str:
    seconds, rest = divmod(abs(milliseconds), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{day} {hour:02}:{minute:02}:{second:02}.{rest:03}"


def _months(months: int) -> str:
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
