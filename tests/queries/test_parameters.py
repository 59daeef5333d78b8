"""Parameters: each value is read back as it was given, and can be nothing but a value."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

import queries
from queries.engine import library
from queries.engine.parameters import bind
from queries.engine.values import literal

TODAY = date(2026, 3, 1)
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


def bound(sql: str, **values: object) -> str:
    return bind(library.find(sql), values, TODAY).sql


def read_back(value: object) -> Any:
    """What a query that is one parameter answers, by way of Athena's SQL."""
    sql = sqlglot.transpile(bound("SELECT :x AS x", x=value), read="trino", write="duckdb")
    assert len(sql) == 1
    with duckdb.connect() as session:
        return session.execute(sql[0]).fetchall()[0][0]


@given(
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes()
    | st.none()
)
@example("'; DROP TABLE likes; --")
@example("\\' OR 1=1 --")
@example("' /* ")
@example(":x ' :y")
@example("{{ x }} {% y %}")
@example(-(2**63))
@example(-0.0)
@example(5e-324)
def test_any_value_is_read_back_as_it_was_given(value: object) -> None:
    found = read_back(value)
    assert found == value
    assert type(found) is type(value)


@given(TEXTS)
@example("' OR '1'='1")
@example("') UNION SELECT 2 --")
def test_no_text_changes_the_shape_of_the_sql(text: str) -> None:
    sql = bound("SELECT a FROM t WHERE b = :x AND c = 'it''s :x' -- :x\n LIMIT 1", x=text)
    (tree,) = sqlglot.parse(sql, read="trino")
    literals = [found.this for found in tree.find_all(exp.Literal) if found.is_string]
    assert literals == [text, "it's :x"]
    assert tree.find(exp.Union, exp.Or) is None
    assert tree.args["limit"] is not None


@given(st.integers(-(2**63), -1))
def test_a_negative_number_cannot_start_a_comment(number: int) -> None:
    assert "--" not in bound("SELECT 1 -:n", n=number)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("it's", "'it''s'"),
        (5, "5"),
        (-5, "(-5)"),
        (0.5, "DOUBLE '0.5'"),
        (True, "TRUE"),
        (None, "NULL"),
        (date(2026, 1, 31), "DATE '2026-01-31'"),
        (datetime(2026, 1, 31, 12), "TIMESTAMP '2026-01-31 12:00:00.000'"),
        (
            datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))),
            "TIMESTAMP '2026-01-31 10:00:00.000'",
        ),
    ],
)
def test_values_are_written_as_athena_reads_them(value: object, written: str) -> None:
    assert literal(value) == written


DECLARED = "-- A question.\n--\n-- grain: x\n-- param: {0}\nSELECT :p AS p -- {0}"


@pytest.mark.parametrize(
    ("declared", "value", "written"),
    [
        ("p bigint  n", "10", "10"),
        ("p bigint  n", " -3 ", "(-3)"),
        ("p double  n", 1, "DOUBLE '1.0'"),
        ("p double  n", "1e3", "DOUBLE '1000.0'"),
        ("p boolean  b", "True", "TRUE"),
        ("p boolean  b", False, "FALSE"),
        ("p date  d", "2026-01-31", "DATE '2026-01-31'"),
        ("p date  d", "today", "DATE '2026-03-01'"),
        ("p date  d", "today-1", "DATE '2026-02-28'"),
        ("p date  d", "today+1", "DATE '2026-03-02'"),
        ("p date  d", date(2026, 1, 31), "DATE '2026-01-31'"),
        ("p timestamp  t", "2026-01-31T12:00:00+02:00", "TIMESTAMP '2026-01-31 10:00:00.000'"),
        (
            "p timestamp  t",
            datetime(2026, 1, 31, tzinfo=UTC),
            "TIMESTAMP '2026-01-31 00:00:00.000'",
        ),
        ("p string  s", "10", "'10'"),
        ("p string = null  s", None, "CAST(NULL AS varchar)"),
        ("p bigint = null  n", None, "CAST(NULL AS bigint)"),
    ],
)
def test_text_is_read_as_the_declared_type_says(declared: str, value: object, written: str) -> None:
    assert f"SELECT {written} AS p" in bound(DECLARED.format(declared), p=value)


@pytest.mark.parametrize(
    ("declared", "value", "sentence"),
    [
        ("p bigint  n", "ten", """The parameter "p" is 'ten'; it must be a whole number"""),
        ("p bigint  n", 1.5, "is 1.5; it must be a whole number of 64 bits."),
        ("p bigint  n", True, "is True; it must be a whole number of 64 bits."),
        ("p bigint  n", 2**63, "it must be a whole number of 64 bits."),
        ("p bigint  n", None, 'The parameter "p" cannot be null.'),
        ("p double  n", "nan", "it must be a finite number."),
        ("p double  n", math.inf, "it must be a finite number."),
        ("p boolean  b", "yes", "it must be true or false."),
        ("p boolean  b", 1, "it must be true or false."),
        ("p date  d", "31/01/2026", "it must be a date such as 2026-01-31, today or today-6."),
        ("p date  d", "2026-02-30", "it must be a date such as"),
        ("p date  d", "today-99999999", "it must be a date such as"),
        ("p date  d", datetime(2026, 1, 31), "it must be a date such as"),
        ("p timestamp  t", "noon", "it must be a time such as 2026-01-31T12:00:00Z."),
        ("p timestamp  t", "9999-12-31T23:00:00-02:00", "a time between the years 1 and 9999."),
        ("p string  s", 10, "is 10; it must be text."),
        ("p string  s", "a\0b", "it must be text without NUL and unpaired surrogates."),
        ("p string  s", "\ud800", "it must be text without NUL and unpaired surrogates."),
    ],
)
def test_a_value_of_another_type_is_refused_in_a_sentence(
    declared: str, value: object, sentence: str
) -> None:
    with pytest.raises(queries.BadParameter) as refused:
        bound(DECLARED.format(declared), p=value)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_long_value_is_not_shown_whole() -> None:
    with pytest.raises(queries.BadParameter) as refused:
        bound("SELECT :x", x="a" * 5000 + "\0")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", object()])
def test_what_is_no_value_is_refused(value: object) -> None:
    with pytest.raises(queries.BadParameter, match="it must be text, a number"):
        bound("SELECT :x", x=value)


def test_only_placeholders_are_filled() -> None:
    sql = """SELECT ':a', ":a", x::int, y[1:2] /* :a */ FROM t WHERE b = :a -- :a"""
    assert bound(sql, a=1) == sql.replace("b = :a", "b = 1")


def test_a_missing_parameter_is_pointed_at() -> None:
    with pytest.raises(queries.BadParameter) as refused:
        bound("SELECT 1\nWHERE 1 = :x", y=1)
    assert (refused.value.line, refused.value.column) == (2, 11)
    assert refused.value.sentence == 'The parameter "x" is missing.'


def test_an_unknown_parameter_suggests_the_nearest() -> None:
    with pytest.raises(queries.BadParameter, match='"top_movies" has no .* mean "first_day"'):
        queries.run("top_movies", fist_day="2026-01-01")


@given(TEXTS, st.integers(0, 200))
def test_a_place_in_what_runs_is_a_place_in_what_was_written(text: str, place: int) -> None:
    source = "SELECT :x, 'a' || :x\nFROM t WHERE b = c"
    found = bind(library.find(source), {"x": text}, TODAY)
    place = min(place, len(found.sql) - 1)
    origin = found.origin(place)
    inside = any(begin <= place < end for begin, end, _, _ in found.moves)
    assert source[origin] == (":" if inside else found.sql[place])


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO t SELECT 1", "DROP TABLE t", "COPY t TO 'x'", "SET x = 1", "PRAGMA a", "x y"],
)
def test_only_select_is_run(sql: str) -> None:
    with pytest.raises(queries.BadSQL, match="Only SELECT and WITH can be run here."):
        bound(sql)


def test_only_one_statement_is_run() -> None:
    assert bound("SELECT ';' ; -- the end\n") == "SELECT ';' ; -- the end\n"
    with pytest.raises(queries.BadSQL, match="One statement at a time"):
        bound("SELECT 1; SELECT 2")


@pytest.mark.parametrize("sql", ["", "  \n", ";", "-- nothing", "/* nothing */"])
def test_no_sql_is_said_so(sql: str) -> None:
    with pytest.raises(queries.BadSQL, match="There is no SQL to run."):
        bound(sql)
