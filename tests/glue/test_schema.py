"""The Arrow schema of each table."""

from typing import get_args

import pyarrow as pa
import pytest

from glue import schema, tables


@pytest.mark.parametrize("name", tables.names())
def test_files_hold_the_columns_and_paths_hold_the_partitions(name: str) -> None:
    table = tables.read(name)
    assert tuple(schema.arrow(table).names + schema.partitions(table).names) == table.names


def test_every_type_a_column_can_have_has_an_arrow_type() -> None:
    columns = tuple(
        tables.Column(f"column_{place}", kind, "A column.")
        for place, kind in enumerate(get_args(tables.ColumnType))
    )
    table = tables.Table("every_type", "Every type.", "parquet", "every/", columns)
    assert len(schema.arrow(table)) == len(columns)


def test_times_have_milliseconds_and_no_zone() -> None:
    likes = schema.arrow(tables.read("likes"))
    assert likes.field("liked_at").type == likes.field("received_at").type == pa.timestamp("ms")
