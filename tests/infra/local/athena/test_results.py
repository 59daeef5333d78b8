"""Results as files, and read again in pages."""

import contextlib
import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.athena import metadata, parquet, results
from infra.local.athena.failures import Failure
from infra.local.athena.kinds import Column, column
from queries.engine.trino import types

VALUE = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(VALUE, min_size=width, max_size=width), max_size=20).map(
        lambda rows: (width, rows)
    )
)


def written(width, rows):
    columns = [Column(f'c"{n}', "varchar") for n in range(width)]
    out = io.BytesIO()
    schema = pa.schema([(str(n), pa.string()) for n in range(width)])
    arrays = [pa.array([row[n] for row in rows], pa.string()) for n in range(width)]
    assert results.write_csv(columns, [pa.record_batch(arrays, schema=schema)], out) == len(rows)
    return out.getvalue()


def reader(data):
    return lambda start, size: data[start : start + size]


@given(TABLES, st.integers(1, 4))
def test_what_is_written_is_read_whatever_the_pages(table, size):
    width, rows = table
    data = written(width, rows)
    found, start = [], None
    while True:
        page, after = results.page(reader(data), start, size, csv=True)
        assert len(page) <= size
        found += page
        if after is None:
            break
        start = after
    assert found == [[f'c"{n}' for n in range(width)], *rows]


@given(TABLES)
def test_other_readers_of_csv_read_the_same(table):
    width, rows = table
    text = written(width, rows).decode()
    _, *found = csv.reader(io.StringIO(text, newline=""))
    # A row of one null is an empty line, which Python reads as no values.
    assert [row or [""] for row in found] == [[value or "" for value in row] for row in rows]


def test_nulls_are_bare_and_texts_are_quoted():
    assert written(2, [[None, ""], ["a", 'b"']]) == b'"c""0","c""1"\n,""\n"a","b"""\n'


def test_a_page_of_long_values_ends_early():
    data = written(1, [["x" * 2**20]] * 8)
    page, after = results.page(reader(data), None, 1_000, csv=True)
    assert 1 < len(page) < 9 and after is not None


def test_lines_are_rows_of_one_value():
    assert results.page(reader(b"a\tb\n\nc\n"), None, 2, csv=False) == ([["a\tb"], [""]], 5)
    assert results.page(reader(b""), None, 2, csv=False) == ([], None)


COLUMNS = st.lists(
    st.builds(
        Column,
        st.text(st.characters(exclude_categories=["Cs"])),
        st.sampled_from(["varchar", "bigint", "row"]),
        st.integers(0, 2**31 - 1),
        st.integers(0, 38),
    )
)


@given(COLUMNS)
def test_columns_are_written_and_read(columns):
    assert metadata.read(metadata.written(columns)) == columns


@given(st.binary(max_size=40))
def test_any_bytes_are_columns_or_are_bad(data):
    with contextlib.suppress(metadata.BadMetadata):
        metadata.read(data)


@pytest.mark.parametrize(
    "kind, type, precision, scale",
    [
        ("bigint", "bigint", 19, 0),
        ("integer", "integer", 10, 0),
        ("real", "float", 17, 0),
        ("double", "double", 17, 0),
        ("decimal(9, 2)", "decimal", 9, 2),
        ("varchar", "varchar", 2**31 - 1, 0),
        ("varchar(3)", "varchar", 2**31 - 1, 0),
        ("timestamp(3)", "timestamp", 3, 0),
        ("timestamp(3) with time zone", "timestamp with time zone", 3, 0),
        ("interval day to second", "interval day to second", 0, 0),
        ("array(bigint)", "array", 0, 0),
        ("map(varchar, bigint)", "map", 0, 0),
        ("row(a bigint)", "row", 0, 0),
        ("json", "json", 0, 0),
        ("unknown", "unknown", 0, 0),
        ("boolean", "boolean", 0, 0),
        ("date", "date", 0, 0),
    ],
)
def test_types_have_athena_s_names(kind, type, precision, scale):
    assert column("C", types.parse(kind)) == Column("c", type, precision, scale)


@pytest.mark.parametrize("kind", ["json", "array(interval day to second)", "row(a json)"])
def test_a_file_of_a_type_that_hive_has_not_is_refused_wherever_it_stands(kind):
    with pytest.raises(Failure, match="Unsupported Hive type"):
        parquet.schema(pa.schema([("c", pa.string())]), [types.parse(kind)])
