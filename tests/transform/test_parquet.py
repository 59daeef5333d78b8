"""Likes as Parquet: the encodings that are meant, row groups that end where they should."""

import random

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import raw_likes
from tests.raw_likes import Row
from transform import parquet

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
ROWS = st.lists(
    st.builds(
        Row, TEXT, TEXT, st.none() | TEXT, st.sampled_from(["like", "unlike"]),
        st.integers(0, 2**42), st.integers(0, 2**42), st.none() | TEXT, st.none() | TEXT,
    ),
    min_size=1, max_size=50,
)  # fmt: skip
ENCODINGS = {
    "event_id": "DELTA_LENGTH_BYTE_ARRAY",
    "movie_id": "RLE_DICTIONARY",
    "user_id": "DELTA_LENGTH_BYTE_ARRAY",
    "action": "RLE_DICTIONARY",
    "liked_at": "DELTA_BINARY_PACKED",
    "received_at": "PLAIN",
    "source": "RLE_DICTIONARY",
    "extra": "RLE_DICTIONARY",
}
TRINO_READS = {
    "BYTE_ARRAY": {"PLAIN", "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"},
    "INT64": {"PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED"},
}
"""By the decoders of its reader; definition levels are RLE."""


def many(count, extra=None):
    chance = random.Random(count)
    return raw_likes.table(
        [
            Row(f"{chance.getrandbits(64):016x}", "tt1", "u", "like", n, n, None, extra)
            for n in range(count)
        ]
    )


def write(table, path, batch=parquet.BATCH):
    return parquet.write(table.to_batches(batch), path)


def groups(path):
    metadata = pq.read_metadata(path)
    return [metadata.row_group(number) for number in range(metadata.num_row_groups)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parquet")


@given(ROWS)
def test_any_rows_are_read_as_they_were_by_pyarrow_polars_and_duckdb(folder, rows):
    path = folder / "any.parquet"
    table = raw_likes.table(rows)
    assert write(table, path) == len(rows)
    assert raw_likes.decode(path) == rows
    assert pl.read_parquet(path).to_dicts() == table.to_pylist()
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
    assert found == [tuple(row.values()) for row in table.to_pylist()]


def test_each_column_has_its_encoding_and_athena_reads_it(tmp_path):
    write(many(3_000, '{"a":1}'), tmp_path / "a")
    [group] = groups(tmp_path / "a")
    for number in range(group.num_columns):
        column = group.column(number)
        assert column.compression == "ZSTD"
        assert ENCODINGS[column.path_in_schema] in column.encodings, column.path_in_schema
        assert set(column.encodings) - {"RLE"} <= TRINO_READS[column.physical_type]


def test_what_conditions_are_decided_by_has_statistics_and_nothing_is_kept_for_pyarrow(tmp_path):
    write(many(100), tmp_path / "a")
    [group] = groups(tmp_path / "a")
    told = {
        group.column(number).path_in_schema
        for number in range(group.num_columns)
        if group.column(number).statistics is not None
    }
    assert told == {"movie_id", "liked_at", "received_at"}
    assert pq.read_metadata(tmp_path / "a").metadata is None


def test_a_row_group_ends_at_its_rows_or_at_its_bytes(tmp_path):
    count = 2 * parquet.ROW_GROUP + 5
    assert write(many(count), tmp_path / "rows") == count
    assert [g.num_rows for g in groups(tmp_path / "rows")] == [*2 * [parquet.ROW_GROUP], 5]
    assert write(many(20_000, "x" * 4_000), tmp_path / "bytes") == 20_000
    # 2,048 rows have 8.2 MB, so the fifth batch is the first to reach 32 MiB.
    assert [g.num_rows for g in groups(tmp_path / "bytes")] == [5 * parquet.BATCH, 9_760]


def test_no_rows_are_no_file(tmp_path):
    assert parquet.write([], tmp_path / "a") == 0
    assert parquet.write(iter([many(1).to_batches()[0].slice(0, 0)]), tmp_path / "a") == 0
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_is_not_of_likes_is_refused(tmp_path):
    other = pa.table({"movie_id": [1]})
    with pytest.raises(ValueError, match="schema"):
        write(other, tmp_path / "a")
