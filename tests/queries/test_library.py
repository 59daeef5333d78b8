"""The shipped questions as files: what they say of themselves, and that both engines take them."""

import re
from collections import Counter
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


def test_the_shipped_questions_are_these() -> None:
    assert ids == [
        "arrival_lag",
        "audits",
        "co_liked",
        "completeness_by_hour",
        "duplicates_in_lake",
        "heat_by_weekday",
        "hour_by_hour",
        "late_and_duplicates",
        "like_bombing",
        "like_velocity",
        "likes_by_day",
        "movers",
        "movie_history",
        "net_likes",
        "new_likers",
        "period_lag",
        "period_totals",
        "raw_differs",
        "rejected_by_reason",
        "rising",
        "top_movies",
        "top_movies_by_period",
        "top_movies_hourly",
        "totals_differ",
        "trending",
        "trends_differ",
        "unique_likers",
        "weekly_retention",
    ]


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
        assert {partition.name for partition in scan.table.partitions[:1]} <= filtered


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_only_raw_is_read_where_it_is_asked_about(question: queries.Question) -> None:
    plan = dialect.plan(bound(question), TABLES, "movie_likes_local")
    reads_raw = any(scan.table.name == "likes_raw" for scan in plan.scans)
    assert reads_raw == (question.name in ("late_and_duplicates", "raw_differs"))


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_no_table_is_read_twice_through_a_name_that_athena_writes_out(
    question: queries.Question,
) -> None:
    tree = sqlglot.parse_one(bound(question).sql, read="trino")
    ctes = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    used = Counter(table.name for table in tree.find_all(exp.Table))
    for name, times in used.items():
        if name in ctes and times > 1:
            assert not _reads_likes(name, ctes)


def _reads_likes(name: str, ctes: dict[str, exp.Expr]) -> bool:
    tables = {table.name for table in ctes[name].find_all(exp.Table)} if name in ctes else set()
    return "likes" in tables or any(_reads_likes(table, ctes) for table in tables & ctes.keys())


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
