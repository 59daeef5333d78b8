"""Values as Athena's text."""

import datetime as dt
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.athena.text import floating, texts, zoned


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (0.001, "0.001"), (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"), (1e7, "1.0E7"), (1.25e-7, "1.25E-7"), (-1e300, "-1.0E300"),
        (123456.789, "123456.789"), (5e-324, "5.0E-324"), (0.1 + 0.2, "0.30000000000000004"),
        (float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity"),
    ],
)  # fmt: skip
def test_doubles_are_written_as_java_writes_them(number, text):
    assert floating(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_double_loses_a_digit(number):
    assert float(floating(number)) == number


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("NULL::integer", None), ("''", ""), ("42::tinyint", "42"), ("true", "true"),
        ("1.5::float", "1.5"), ("0.1::float", "0.1"), ("1e10::double", "1.0E10"),
        ("1.50::decimal(10, 2)", "1.50"), ("0.0000000001::decimal(38, 10)", "0.0000000001"),
        ("DATE '2026-01-31'", "2026-01-31"), ("TIME '01:02:03.5'", "01:02:03.500"),
        ("TIMESTAMP '2026-01-31 01:02:03'", "2026-01-31 01:02:03.000"),
        ("TIMESTAMP_MS '1677-01-31 01:02:03.004'", "1677-01-31 01:02:03.004"),
        ("'AB'::blob", "41 42"),
        ("[1, NULL, 3]", "[1, null, 3]"), ("[['a', ''], []]", "[[a, ], []]"),
        ("MAP {'k': 1.0::double}", "{k=1.0}"), ("{'a': 1, 'b': NULL::varchar}", "{a=1, b=null}"),
        ("[TIMESTAMP '2026-01-31 01:02:03']", "[2026-01-31 01:02:03.000]"),
        ("[true, NULL]", "[true, null]"),
    ],
)  # fmt: skip
def test_each_type_has_its_text(sql, text):
    with duckdb.connect() as session:
        session.execute("SET TimeZone = 'UTC'")
        [values] = session.sql(f"SELECT {sql} AS v").to_arrow_table().columns
    [chunk] = values.chunks
    assert texts(chunk).to_pylist() == [text]


def test_rows_without_names_are_numbered():
    kind = pa.struct([("", pa.int32())])
    assert texts(pa.array([{"": 5}], kind)).to_pylist() == ["{field0=5}"]


def test_what_python_holds_is_what_arrow_holds():
    values = pa.array([dt.date(2026, 1, 31), None])
    assert texts(values).to_pylist() == ["2026-01-31", None]
    assert texts(pa.array([Decimal("1E+2")], pa.decimal128(5))).to_pylist() == ["100"]


ZONED = pa.struct([("t", pa.timestamp("us")), ("z", pa.string())])


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        ("2020-06-10T19:55:23.383", "America/New_York", "2020-06-10 15:55:23.383 America/New_York"),
        ("2020-12-10T19:55:23", "America/New_York", "2020-12-10 14:55:23.000 America/New_York"),
        ("2020-06-10T19:55:23.383999", "+07:09", "2020-06-11 03:04:23.383 +07:09"),
        ("1969-12-31T23:59:59.999", "UTC", "1969-12-31 23:59:59.999 UTC"),
        ("2021-11-07T06:30:00", "America/New_York", "2021-11-07 01:30:00.000 America/New_York"),
    ],
)
def test_times_with_a_zone_are_told_by_its_clock_and_with_its_name(moment, zone, text):
    row = {"t": dt.datetime.fromisoformat(moment), "z": zone}
    assert zoned(pa.array([None, row, row], ZONED)).to_pylist() == [None, text, text]


def test_each_time_is_told_with_its_own_zone():
    noon = dt.datetime(2026, 1, 31, 12)
    rows = [{"t": noon, "z": zone} for zone in ("UTC", "Asia/Tokyo", "UTC")]
    assert zoned(pa.array(rows, ZONED)).to_pylist() == [
        "2026-01-31 12:00:00.000 UTC",
        "2026-01-31 21:00:00.000 Asia/Tokyo",
        "2026-01-31 12:00:00.000 UTC",
    ]
