"""What people read when SQL does not run: one sentence, then the place."""

import json
from pathlib import Path
from typing import Any

import pytest

import queries
from tests.queries.lake import Lake, like
from tests.queries.test_local import START

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "cases" / "sql_errors.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sql"])
def test_the_error_is_one_sentence_that_points_at_the_place(
    lake: Lake, case: dict[str, Any]
) -> None:
    lake.put("raw/arrival_day=2026-03-01/arrival_hour=00/a", [like(1, START)])
    with pytest.raises(queries.QueryError) as refused:
        queries.run(case["sql"], connection=lake.connection, **case.get("parameters", {}))
    error = refused.value
    assert error.sentence == case["sentence"]
    assert type(error).__name__ == case.get("error", "BadSQL")
    assert error.__cause__ is None
    at = case.get("at")
    assert [error.line, error.column] == (at or [None, None])
    if at:
        first, shown, caret = str(error).split("\n")
        assert first == error.sentence
        assert shown[caret.index("^") :].lower().startswith(case["points at"].lower())


def test_a_long_line_is_shown_around_the_place(lake: Lake) -> None:
    sql = f"SELECT {', '.join(f'{n} AS c{n}' for n in range(500))}, nope FROM likes_raw"
    with pytest.raises(queries.BadSQL) as refused:
        queries.run(sql, connection=lake.connection)
    _, shown, caret = str(refused.value).split("\n")
    assert len(shown) < 200
    assert shown[caret.index("^") :].startswith("nope")


def test_sql_nested_without_end_is_refused(lake: Lake) -> None:
    sql = f"SELECT {'(' * 5000}1{')' * 5000}"
    with pytest.raises(queries.QueryError):
        queries.run(sql, connection=lake.connection)


def test_jupyter_shows_the_sentence_and_no_traceback(lake: Lake) -> None:
    with pytest.raises(queries.BadSQL) as refused:
        queries.run("SELECT nope FROM likes_raw", connection=lake.connection)
    assert refused.value._render_traceback_() == [f"BadSQL: {refused.value}"]
