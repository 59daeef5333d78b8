"""The shipped questions as files: what they say of themselves, and that both engines take them."""

import re
from datetime import date

import pytest
import sqlglot
from sqlglot import exp

import queries
from glue import tables
from queries.engine import dialect, library
from queries.engine.parameters import Bound, bind
from queries.engine.values import typed

QUESTIONS = queries.library()
TODAY = date(2026, 3, 1)
TABLES = {name: tables.read(name) for name in tables.names()}
GIVEN = {"movie_id": "tt0111161"}  # what has no default
ids = [question.name for question in QUESTIONS]


def bound(question: queries.Question) -> Bound:
    """The question with its defaults, and with nothing else but what must be given."""
    required = {p.name for p in question.parameters or () if p.default is None}
    return bind(question, {name: GIVEN[name] for name in required}, TODAY)


def test_the_first_questions_are_there() -> None:
    assert {
        "arrival_lag",
        "likes_by_day",
        "rejected_by_reason",
        "top_movies",
        "unique_likers",
    } <= set(ids)


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_a_question_says_what_it_answers_its_grain_and_its_parameters(
    question: queries.Question,
) -> None:
    assert question.summary.endswith((".", "?"))
    assert question.grain
    declared = {parameter.name for parameter in question.parameters or ()}
    used = set(re.findall(r"(?<![:\w]):(\w+)", re.sub(r"--.*|'[^']*'", "", question.sql)))
    assert used == declared


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_a_question_runs_with_its_defaults_which_are_of_their_type(
    question: queries.Question,
) -> None:
    assert ":first_day" not in bound(question).sql.replace("-- ", "")
    for parameter in question.parameters or ():
        if parameter.default not in (None, "null"):
            typed(parameter.default, parameter.type, TODAY)


@pytest.mark.parametrize("name", ["trino", "athena"])
@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_a_question_is_one_select_of_athena(question: queries.Question, name: str) -> None:
    statements = sqlglot.parse(bound(question).sql, read=name)
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Select)
    assert not list(statements[0].find_all(exp.Anonymous)), "a function sqlglot does not know"


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_a_question_filters_each_table_by_its_first_partition(question: queries.Question) -> None:
    plan = dialect.plan(bound(question), TABLES, "movie_likes_local")
    assert plan.scans
    for scan in plan.scans:
        filtered = {column for each in scan.filters for column in each.columns}
        assert scan.table.partitions[0].name in filtered


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_a_question_orders_its_rows_and_names_its_columns(question: queries.Question) -> None:
    tree = sqlglot.parse_one(bound(question).sql, read="trino")
    assert tree.args.get("order") is not None
    assert not list(tree.find_all(exp.Star)) or all(
        isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)
    )
    assert all(select.output_name for select in tree.selects)


def test_the_comment_a_question_opens_with_is_read() -> None:
    found = library.parse(
        "q",
        "-- What it\n-- answers.\n--\n-- grain: a film\n"
        "-- param: n bigint = 10  how many films\n-- param: day date  the day\n"
        "-- More words.\nSELECT 1 -- param: x y",
    )
    assert (found.summary, found.grain) == ("What it answers.", "a film")
    assert found.parameters == (
        queries.Parameter("n", "bigint", "10", "how many films"),
        queries.Parameter("day", "date", None, "the day"),
    )


def test_sql_that_declares_nothing_takes_what_it_names() -> None:
    assert library.find("SELECT :x").parameters is None


@pytest.mark.parametrize(
    "line", ["n bigint = 10 one blank", "n number  a type", "n", "N bigint  x"]
)
def test_a_parameter_that_does_not_read_is_named(line: str) -> None:
    with pytest.raises(queries.BadParameter, match="param: name type = default"):
        library.find(f"-- param: {line}\nSELECT 1")


def test_an_unknown_question_suggests_the_nearest() -> None:
    with pytest.raises(queries.UnknownQuestion, match='Did you mean "top_movies"'):
        queries.run("top_movie")


def test_an_unknown_question_near_none_lists_all() -> None:
    with pytest.raises(queries.UnknownQuestion, match="There are: arrival_lag, "):
        queries.run("zzz")
