"""What the prompt offers is what can come next."""

import pytest

import queries
from glue import tables
from infra.cli.prompt.completion import Candidate, Vocabulary

VOCABULARY = Vocabulary(
    {name: tables.read(name) for name in tables.names()}, queries.library(), queries.split
)
PARTS = {column.name for column in tables.read("likes").columns} | {"day"}


def offered(text):
    return [candidate.text for candidate in VOCABULARY.candidates(text)]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("top_movies_b", ["top_movies_by_period"]),
        ("sel", ["SELECT"]),
        ("SELECT 1; risi", ["rising"]),
        ("top_movies n", ["n="]),
        ("top_movies n=5 la", ["last_day="]),
        ("top_movies n=5 n", []),
        ("SELECT * FROM tre", ["trends"]),
        ("select 1 from likes\njoin REJ", ["rejected"]),
        ("SELECT max(sco", ["score"]),
        ("SELECT shard", ["shard_id"]),
        ("SELECT l.ex FROM likes l WHERE l.ex", ["extra"]),
        ("SELECT 1 FROM likes WHERE likes.da", ["day"]),
        ("SELECT 1 FROM likes WHERE sco", []),
        ("SELECT 1 FROM likes l WHERE nobody.e", []),
        ("SELECT 1 FROM likes wher", ["WHERE"]),
        ("\\", ["\\d", "\\l", "\\x", "\\h", "\\q"]),
        ("\\d lik", ["likes", "likes_by_hour", "likes_raw"]),
        ("\\d tr", ["trends"]),
    ],
)
def test_what_is_offered(text, texts):
    assert offered(text) == texts


def test_at_the_start_there_are_the_questions_and_what_sql_begins_with():
    names = [question.name for question in queries.library()]
    assert offered("") == [*names, "SELECT", "WITH"]


def test_every_table_is_offered_where_one_is_due_and_every_column_of_those_named():
    assert offered("SELECT * FROM ") == tables.names()
    assert set(offered("SELECT * FROM likes WHERE ")) >= PARTS
    assert set(offered("SELECT * FROM likes l WHERE l.")) == PARTS


def test_a_candidate_says_what_it_is_and_how_much_it_replaces():
    assert VOCABULARY.candidates("top_movies n") == [
        Candidate("n=", 1, "n bigint = 10: how many films")
    ]
    (found,) = VOCABULARY.candidates("SELECT scor")
    assert (found.length, found.meaning[:8]) == (4, "double: ")
