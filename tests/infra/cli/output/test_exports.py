"""Answers for programs: what they read back is what the engine had."""

import csv
import io
import json
import math
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.output import exports


def written(batches, form, schema=None):
    out = io.StringIO()
    rows = exports.write(schema or batches[0].schema, batches, form, out)
    assert rows == sum(batch.num_rows for batch in batches)
    return out.getvalue()


def lines(batches):
    """The rows of JSON lines, which those of JSON equal."""
    rows = [json.loads(line) for line in written(batches, "jsonl").splitlines()]
    assert json.loads(written(batches, "json")) == rows
    return rows


def records(batches):
    return list(csv.DictReader(io.StringIO(written(batches, "csv"), newline="")))


def of(sql):
    """What the engine gives for it, in several batches, some of them parts of others."""
    with duckdb.connect() as session:
        session.execute("SET TimeZone = 'UTC'")
        table = session.sql(sql).to_arrow_table()
    return [part for batch in table.to_batches() for part in (batch.slice(0, 1), batch.slice(1))]


VALUES = {
    "TRUE": (True, "true"),
    "9223372036854775807": (9223372036854775807, "9223372036854775807"),
    "CAST(-32768 AS smallint)": (-32768, "-32768"),
    "0.1::double + 0.2::double": (0.30000000000000004, "0.30000000000000004"),
    "1e22::double": (1e22, "1e+22"),
    "5e-324::double": (5e-324, "5e-324"),
    "1::double": (1.0, "1"),
    "'-inf'::double": ("-Infinity", "-inf"),
    "'inf'::float": ("Infinity", "inf"),
    "'nan'::double": ("NaN", "nan"),
    "0.1::float": (0.1, "0.1"),
    "12345678901234567890.123456789::decimal(38,9)": (
        "12345678901234567890.123456789",
        "12345678901234567890.123456789",
    ),
    "0.0000001::decimal(10,7)": ("0.0000001", "1E-7"),
    "'\\x00\\xffa'::blob": ("00 ff 61", "00 ff 61"),
    "TIMESTAMP '2026-01-31 12:00:00.1234'": (
        "2026-01-31T12:00:00.123400",
        "2026-01-31 12:00:00.123400",
    ),
    "TIMESTAMP '2026-01-31 12:00:00'": ("2026-01-31T12:00:00.000", "2026-01-31 12:00:00.000000"),
    "TIMESTAMPTZ '2026-01-31 12:00:00.123+02'": (
        "2026-01-31T10:00:00.123Z",
        "2026-01-31 10:00:00.123000Z",
    ),
    "DATE '2026-01-31'": ("2026-01-31", "2026-01-31"),
    "TIME '01:02:03.004'": ("01:02:03.004", "01:02:03.004000"),
    "INTERVAL '14' MONTH": ("1-2", "1-2"),
    "INTERVAL '-14' MONTH": ("-1-2", "-1-2"),
    "INTERVAL '2' DAY + INTERVAL '11045678' MILLISECOND": ("2 03:04:05.678", "2 03:04:05.678"),
    "INTERVAL '-90' MINUTE": ("-0 01:30:00.000", "-0 01:30:00.000"),
    "INTERVAL '1' MICROSECOND": ("0 00:00:00.000001000", "0 00:00:00.000001000"),
    "'say \"a, b\"\n\\'": ('say "a, b"\n\\', 'say "a, b"\n\\'),
    "''": ("", ""),
    "chr(0) || chr(31) || 'é☃'": ("\0\x1fé☃", "\0\x1fé☃"),
    "'{\"a\": [1]}'::json": ('{"a": [1]}', '{"a": [1]}'),
    "[1, NULL, 3]": ([1, None, 3], "[1, null, 3]"),
    "[]::integer[]": ([], "[]"),
    "[['a\"', NULL], NULL, []]": ([['a"', None], None, []], '[["a\\"", null], null, []]'),
    "[9007199254740993, NULL]::bigint[]": (
        [9007199254740993, None],
        "[9007199254740993, null]",
    ),
    "[1, 2]::integer[2]": ([1, 2], "[1, 2]"),
    "map {'a': 1, 'b': NULL}": ({"a": 1, "b": None}, '{"a": 1, "b": null}'),
    "map {1: [DATE '2026-01-31']}": ({"1": ["2026-01-31"]}, '{"1": ["2026-01-31"]}'),
    "{'x': {'y': 'inf'::double}, 'z': NULL}": (
        {"x": {"y": "Infinity"}, "z": None},
        '{"x": {"y": "Infinity"}, "z": null}',
    ),
    "'b'::enum('a', 'b')": ("b", "b"),
}


@pytest.mark.parametrize("sql", VALUES)
def test_a_value_reads_back_as_it_was_beside_nulls(sql):
    in_json, in_csv = VALUES[sql]
    batches = of(f"SELECT NULL AS v, 0 AS n UNION ALL SELECT {sql}, 1 UNION ALL SELECT NULL, 2")
    assert [row["v"] for row in lines(batches)] == [None, in_json, None]
    assert type(lines(batches)[1]["v"]) is type(in_json)
    assert [row["v"] for row in records(batches)] == ["", in_csv, ""]


def test_an_array_of_any_length_is_written_whole_with_its_nulls():
    csv.field_size_limit(10_000_000)
    sql = "SELECT list(CASE WHEN i % 3 > 0 THEN 'user-' || i END ORDER BY i) AS users,"
    sql += " list(CASE WHEN i % 7 > 0 THEN 1234567890123456789 + i END ORDER BY i) AS ids"
    batches = of(f"{sql} FROM range(7022) t(i)")
    [row], [record] = lines(batches), records(batches)
    assert row["users"] == [f"user-{i}" if i % 3 else None for i in range(7022)]
    assert row["ids"] == [1234567890123456789 + i if i % 7 else None for i in range(7022)]
    assert {name: json.loads(text) for name, text in record.items()} == row


def test_bigints_beside_nulls_keep_their_digits():
    batches = [pa.record_batch({"n": pa.array([1234567890123456789, None, -1], pa.int64())})]
    assert [row["n"] for row in lines(batches)] == [1234567890123456789, None, -1]
    assert written(batches, "csv") == '"n"\n1234567890123456789\n\n-1\n'


def test_in_csv_null_is_nothing_and_an_empty_text_is_quoted():
    batches = [pa.record_batch({"a": ["", None, "x"], "b": [1, 2, None]})]
    assert written(batches, "csv") == '"a","b"\n"",1\n,2\n"x",\n'


def test_columns_of_the_same_name_are_told_apart():
    batches = of("SELECT 1 AS a, 2 AS a, 3 AS a_1, {'b': 4} AS c")
    assert lines(batches) == [{"a": 1, "a_1": 2, "a_1_1": 3, "c": {"b": 4}}]
    assert written(batches, "csv").splitlines()[0] == '"a","a","a_1","c"'


def test_without_rows_there_is_an_empty_array_no_line_and_a_header():
    schema = pa.schema({"a": pa.int64(), 'b "': pa.list_(pa.string())})
    empty = [pa.RecordBatch.from_pylist([], schema)]
    for batches in ([], empty):
        assert written(batches, "json", schema) == "[]\n"
        assert written(batches, "jsonl", schema) == ""
        assert written(batches, "csv", schema) == '"a","b """\n'


TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))
ROWS = st.tuples(
    TEXTS,
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.decimals(-(10**15), 10**15, places=6, allow_nan=False)),
    st.one_of(st.none(), st.lists(TEXTS)),
)
SCHEMA = pa.schema(
    {
        "text": pa.string(),
        "whole": pa.int64(),
        "double": pa.float64(),
        "exact": pa.decimal128(38, 6),
        "list": pa.list_(pa.string()),
    }
)


@given(st.lists(ROWS, min_size=1))
def test_whatever_the_rows_hold_programs_read_the_same(rows):
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, r, strict=True)) for r in rows], SCHEMA)
    batches = table.to_batches(max_chunksize=3)
    for told in (lines(batches), records(batches)):
        assert len(told) == len(rows)
        for row, (text, whole, double, exact, listed) in zip(told, rows, strict=True):
            is_csv = not isinstance(row["whole"], int | None)
            assert row["text"] == (text or "" if is_csv else text)
            assert row["whole"] in ("", None) if whole is None else int(row["whole"]) == whole
            if double is None:
                assert row["double"] in ("", None)
            elif math.isnan(double):
                assert math.isnan(float(row["double"]))
            else:
                assert float(row["double"]) == double
            assert row["exact"] in ("", None) if exact is None else Decimal(row["exact"]) == exact
            found = json.loads(row["list"] or "null") if is_csv else row["list"]
            assert found == listed
