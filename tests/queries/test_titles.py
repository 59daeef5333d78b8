"""Answers that name films tell title and year beside the id, and are the same rows without."""

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import queries
from tests.examples import examples
from tests.queries import hostile
from tests.queries.lake import NAMES, Lake, like
from transform.lake.movies import KEY, Movie

SPAN = {"first_day": "2026-02-20", "last_day": "2026-03-10"}
DAY = {"last_day": "2026-03-02", "n": 100}
# What each question about films is asked.
ASKED: dict[str, dict[str, Any]] = {
    "top_movies": SPAN,
    "top_movies_by_period": SPAN | {"period": "day"},
    "top_movies_hourly": SPAN,
    "trending": SPAN,
    "hour_by_hour": SPAN,
    "co_liked": SPAN,
    "like_bombing": SPAN | {"min_likes": 1, "share": 0.1},
    "movers": DAY,
    "rising": DAY,
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Likes and trends of a few films, without a title yet."""
    lake = Lake(tmp_path_factory.mktemp("titles"))
    lake.put_lake(hostile.likes(3))
    lake.put_trends(hostile.trends(3))
    return lake


def asked(lake: Lake, question: str) -> pd.DataFrame:
    return queries.run(question, connection=lake.connection, **ASKED[question])


def named(answer: pd.DataFrame) -> list[tuple[str, str, str]]:
    """The columns of an answer that are an id, its title and its year."""
    return [
        (f"{of}movie_id", f"{of}title", f"{of}year")
        for of in ("", "top_", "other_")
        if f"{of}movie_id" in answer
    ]


def test_every_question_about_films_names_them() -> None:
    """Checks, which are for programs, do not."""
    checks = {"raw_differs", "totals_differ", "trends_differ"}
    answers = {
        question.name
        for question in queries.library()
        for column in sqlglot.parse_one(question.sql, read="trino").named_selects
        if column.endswith("movie_id")
    }
    assert answers - checks == ASKED.keys()


@pytest.mark.parametrize("question", ASKED)
@settings(
    max_examples=examples(2),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(known=st.dictionaries(st.sampled_from(hostile.MOVIES), st.sampled_from([None, 1931])))
def test_no_row_is_lost_or_doubled_and_each_film_has_its_own_title(
    full: Lake, question: str, known: dict[str, int | None]
) -> None:
    (full.root / KEY).unlink(missing_ok=True)
    bare = asked(full, question)
    assert len(bare) and bare[[name for name in NAMES if name in bare]].isna().all(axis=None)
    full.put_movies(Movie(film, f"The {film}", known[film]) for film in sorted(known))
    answer = asked(full, question)
    told = [name for name in NAMES if name in answer]
    pd.testing.assert_frame_equal(answer.drop(columns=told), bare.drop(columns=told))
    for movie_id, title, year in named(answer):
        for row in answer[[movie_id, title, year]].itertuples(index=False):
            film = row[0]
            assert (None if pd.isna(row[1]) else row[1]) == (
                f"The {film}" if film in known else None
            )
            assert (None if pd.isna(row[2]) else row[2]) == known.get(film)
    assert {str(answer[year].dtype) for _, _, year in named(answer)} == {"Int32"}


def test_titles_cost_what_their_columns_hold(lake: Lake) -> None:
    noon = datetime(2026, 3, 1, 12)
    lake.put_lake(like(number, noon + timedelta(minutes=number)) for number in range(50))
    span = {"first_day": "2026-03-01", "last_day": "2026-03-01"}
    without = queries.estimate("top_movies", connection=lake.connection, **span)
    lake.put_movies([Movie("tt1", "One", 1991), Movie("tt2", "Two")])
    told = queries.estimate("top_movies", connection=lake.connection, **span)
    file = (lake.root / KEY).stat().st_size
    assert without.bytes < told.bytes < without.bytes + file
    assert {column for table, column, _ in told.parts if table == "movies"} == {
        "movie_id", "title", "year",
    }  # fmt: skip
    answer = queries.run("top_movies", connection=lake.connection, **span)
    assert answer.attrs["bytes"] == told.bytes


def test_an_empty_table_has_no_rows(lake: Lake) -> None:
    answer = queries.run("SELECT * FROM movies", connection=lake.connection)
    assert (list(answer.columns), len(answer)) == (["movie_id", "title", "year"], 0)
    assert queries.estimate("SELECT * FROM movies", connection=lake.connection).bytes == 0
