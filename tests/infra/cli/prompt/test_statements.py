"""What is typed at the prompt is cut and read as it is meant."""

import pytest

from infra.cli.prompt.statements import Asked, Mistyped, finished, read, script
from queries import split

NAMES = {"top_movies", "rising"}


def test_the_last_statement_of_a_script_needs_no_end():
    assert script("SELECT 1; -- the first\nSELECT 2\n", split) == ["SELECT 1", "SELECT 2"]
    assert script("SELECT 1; -- no more", split) == ["SELECT 1"]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", True),
        ("SELECT 1;", True),
        ("SELECT 1", False),
        ("SELECT 1; SELECT 2", False),
        ("SELECT 'a;", False),
        ("top_movies", True),
        ("top_movies n=5", True),
        ("top_moveis", False),
        ("top_movies\nn=5", False),
        ("-- a note\ntop_movies n=5", True),
        ("/* a note", False),
        ("\\d", True),
        ("\\d likes", True),
        ("WITH rising AS (", False),
    ],
)
def test_enter_ends_what_is_finished(text, ends):
    assert finished(text, NAMES, split) == ends


@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        ("top_movies", Asked("top_movies", {})),
        ("top_movies  n=5 day=today-1 ", Asked("top_movies", {"n": "5", "day": "today-1"})),
        ("movie_history movie_id='a b' x=", Asked("movie_history", {"movie_id": "a b", "x": ""})),
        ("top_movies n=a=b", Asked("top_movies", {"n": "a=b"})),
        ("SELECT n=5", Asked("SELECT n=5", {})),
        ("With x AS (SELECT 1) SELECT 2", Asked("With x AS (SELECT 1) SELECT 2", {})),
        ("(SELECT 1)", Asked("(SELECT 1)", {})),
        ("top_movies(1)", Asked("top_movies(1)", {})),
    ],
)
def test_a_statement_is_sql_or_a_question_with_its_parameters(statement, asked):
    assert read(statement) == asked


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("top_movies 5", "'5' is not NAME=VALUE."),
        ("top_movies =5", "'=5' is not NAME=VALUE."),
        ("top_movies 5n=5", "is not NAME=VALUE"),
        ("top_movies n='5", "does not read"),
        ("DROP TABLE likes", "'TABLE' is not NAME=VALUE."),
    ],
)
def test_what_is_neither_is_said_so(statement, says):
    with pytest.raises(Mistyped, match=says):
        read(statement)
