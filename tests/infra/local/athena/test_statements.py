"""What kind of statement a text is, and its parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.athena import statements
from infra.local.athena.statements import BadStatement, parse

CASES = [
    ("-- a comment\n /* more */ select 1 ; ", "SELECT", "DML", {}),
    ("(SELECT 1) UNION SELECT 2", "SELECT", "DML", {}),
    ("with a as (select 1) select * from a", "SELECT", "DML", {}),
    ("EXPLAIN (TYPE VALIDATE) SELECT 1", "EXPLAIN", "UTILITY",
     {"options": "(TYPE VALIDATE) ", "rest": "SELECT 1"}),
    ("explain (select 1)", "EXPLAIN", "UTILITY", {"rest": "(select 1)"}),
    ("SHOW TABLES IN `db` 'a*'", "SHOW_TABLES", "UTILITY", {"database": "`db`", "like": "a*"}),
    ("describe extended a.b", "DESCRIBE_TABLE", "UTILITY", {"table": "a.b"}),
    ("UNLOAD (SELECT (1) AS a) TO 's3://b/x' WITH (format = 'PARQUET')", "UNLOAD", "DML",
     {"rest": "SELECT (1) AS a", "to": "s3://b/x", "properties": "format = 'PARQUET'"}),
    ('CREATE TABLE "d"."t"\nWITH(format = \'PARQUET\')\nAS SELECT 1 AS a WITH NO DATA',
     "CREATE_TABLE_AS_SELECT", "DDL",
     {"table": '"d"."t"', "properties": "format = 'PARQUET'", "rest": "SELECT 1 AS a",
      "empty": " WITH NO DATA"}),
    ("DROP TABLE IF EXISTS t", "DROP_TABLE", "DDL", {"lenient": "IF EXISTS ", "table": "t"}),
    ("EXECUTE p USING 1, 'a'", "EXECUTE", "DML", {"name": "p", "rest": "1, 'a'"}),
    ("INSERT INTO t VALUES (1)", "INSERT", "DML", {"table": "t", "rest": "VALUES (1)"}),
    ("insert into t (a, b) (select 1, 2)", "INSERT", "DML",
     {"table": "t", "columns": "(a, b) ", "rest": "(select 1, 2)"}),
    ("INSERT INTO t(SELECT 1)", "INSERT", "DML", {"table": "t", "rest": "(SELECT 1)"}),
    ("DELETE FROM t", "DELETE FROM", "DML", {}),
    ("CREATE OR REPLACE VIEW d.v AS SELECT 1", "CREATE_VIEW", "DDL",
     {"replace": "OR REPLACE ", "table": "d.v", "rest": "SELECT 1"}),
    ("drop view if exists v", "DROP_VIEW", "DDL", {"lenient": "if exists ", "table": "v"}),
    ("SHOW CREATE VIEW v", "SHOW_CREATE_VIEW", "UTILITY", {"table": "v"}),
    ("CREATE OR REPLACE TABLE t AS SELECT 1", "CREATE OR", "DDL", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "type", "parts"), CASES)
def test_a_statement_is_of_a_kind(text, kind, type, parts):
    found = parse(text)
    assert (found.kind, found.type, found.parts, found.known) == (kind, type, parts, True)


def test_what_begins_no_statement_is_not_known():
    assert not parse("SELEC 1").known
    for nothing in ("", " ; ", "-- only a comment", "/* and\nanother */;"):
        with pytest.raises(BadStatement):
            parse(nothing)


def test_parameters_are_filled_in_where_they_are_meant():
    sql = "SELECT ?, '?', \"?\" /* ? */ FROM t WHERE a = ? -- ?"
    assert statements.filled(sql, ["1", "DATE '2026-01-31'"]) == (
        "SELECT 1, '?', \"?\" /* ? */ FROM t WHERE a = DATE '2026-01-31' -- ?"
    )


@pytest.mark.parametrize(
    "values", [[], ["1", "2"], ["a"], ["1; DROP TABLE t"], ["'a' OR 1"], ["(SELECT 1)"], [""]]
)
def test_only_as_many_literals_are_filled_in(values):
    with pytest.raises(BadStatement):
        statements.filled("SELECT ?", values)


@given(st.text())
def test_any_text_quoted_is_one_literal(text):
    quoted = "'" + text.replace("'", "''") + "'"
    assert statements.filled("SELECT ?", [quoted]) == f"SELECT {quoted}".rstrip(" ") or (
        quoted != quoted.strip()
    )
    assert statements.literals(f"1, {quoted} , -2.5e1") == ["1", quoted, "-2.5e1"]


def test_properties_are_read_by_name():
    assert statements.properties("format='PARQUET' , 'a.b' = 'c', is_external = true") == {
        "format": "PARQUET", "a.b": "c", "is_external": "true",
    }  # fmt: skip
    with pytest.raises(BadStatement):
        statements.properties("format")
