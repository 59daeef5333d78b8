"""SQL is cut into statements where it means to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.engine.lexer import split, tokens


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("", [], ""),
        (" ;; ; ", [], ""),
        ("SELECT 1", [], "SELECT 1"),
        ("SELECT 1;", ["SELECT 1"], ""),
        ("SELECT 1; SELECT\n2 ;x", ["SELECT 1", "SELECT\n2"], "x"),
        ("SELECT ';', 'it''s;';", ["SELECT ';', 'it''s;'"], ""),
        ('SELECT ";" ;', ['SELECT ";"'], ""),
        ("SELECT 1 -- a; b\n;", ["SELECT 1 -- a; b"], ""),
        ("SELECT 1 /* ; */;", ["SELECT 1 /* ; */"], ""),
        ("-- only a comment;\n;", [], ""),
        ("SELECT 'open;", [], "SELECT 'open;"),
        ("SELECT 1 /* open;", [], "SELECT 1 /* open;"),
        ("SELECT 1 -- open;", [], "SELECT 1 -- open;"),
        ("/* open;", [], "/* open;"),
        ("-- a note\n(SELECT 1);", ["(SELECT 1)"], ""),
        ("/* a */ -- b\n SELECT 1 /* c */; -- d", ["SELECT 1 /* c */"], ""),
        ("SELECT a::date, :day; :x", ["SELECT a::date, :day"], ":x"),
    ],
)
def test_semicolons_end_statements_where_they_mean_to(text, statements, rest):
    assert split(text) == (statements, rest)


@given(st.text(alphabet="a:(';\"-/*\n ", max_size=30))
def test_nothing_is_lost_whatever_is_typed(text):
    statements, rest = split(text)
    assert all(statement in text for statement in statements) and rest in text
    assert split(rest) == ([], rest)


@given(st.text(alphabet="a1_:(';\"-/*\n ", max_size=30))
def test_every_character_but_blanks_is_in_a_token(text):
    told = "".join(token[0] for token in tokens(text))
    assert "".join(told.split()) == "".join(text.split())
