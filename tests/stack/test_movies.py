"""The table `movies` on the stage: there from the start, loaded by hand, and shown everywhere."""

import json
import urllib.request

import awswrangler as wr
import pandas as pd
import pytest

import queries
from infra.cli.movies import table
from infra.cli.traffic.simulate import films
from infra.stage import counts, invoke
from tests import plan
from transform.lake import movies

FILM = plan.film("movies")


@pytest.fixture(scope="module")
def liked(stage, api):
    """A film that somebody likes, without a title."""
    assert api.post({"movie_id": FILM}).status == 202
    return FILM


@pytest.fixture
def kept(stage):
    """Leave the table, which is everybody's, as it was."""
    before = table.held(stage)
    yield
    table.load(stage, before, replace=True)


def page(stage):
    with urllib.request.urlopen(f"{stage.outputs.site_url}/films.json", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return {film["movie_id"]: (film["title"], film["year"]) for film in json.load(answer)}


def test_the_stage_has_the_films_that_made_up_likes_are_of(stage, connection, run):
    truth = {film.movie_id: (film.title, film.year) for film in films()}
    listed = json.loads(run("movies", "--format", "json"))
    told = {film["movie_id"]: (film["title"], film["year"]) for film in listed}
    rows = queries.run("SELECT movie_id, title, year FROM movies", connection=connection)
    by_sql = {row.movie_id: (row.title, row.year) for row in rows.itertuples()}
    for found in (told, by_sql, page(stage)):
        assert truth.items() <= found.items()
    assert str(rows.dtypes["year"]) == "Int32"


def test_a_title_that_is_loaded_is_shown_by_sql_commands_and_the_page(
    stage, connection, run, liked, kept, eventually, tmp_path
):
    (tmp_path / "films.jsonl").write_text(
        json.dumps({"id": liked, "title": "A Film", "year": 1999})
    )
    assert ": 1 added," in run("movies", "load", str(tmp_path / "films.jsonl"))
    assert page(stage)[liked] == ("A Film", 1999)

    def asked():
        invoke(stage, "compact", {})
        today = {"first_day": str(plan.TODAY), "last_day": str(plan.today())}
        top = queries.run("top_movies", connection=connection, n=100_000, **today)
        return [tuple(row[1:4]) for row in top.values.tolist() if row[1] == liked]

    eventually(asked, [(liked, "A Film", 1999)])
    eventually(lambda: counts(stage, [liked]), {liked: 1})
    [row] = json.loads(run("counts", liked, "--format", "json"))
    assert row == {"movie_id": liked, "title": "A Film", "likes": 1}


def test_awswrangler_reads_the_table(stage, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", stage.endpoint)
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    frame = wr.s3.read_parquet_table(table="movies", database=stage.outputs.glue_database)
    held = table.held(stage)
    assert frame["movie_id"].tolist() == [film.movie_id for film in held]
    assert frame["title"].tolist() == [film.title for film in held]
    years = [None if pd.isna(year) else year for year in frame["year"]]
    assert years == [film.year for film in held]


def test_a_stage_without_any_title_answers_all_the_same(stage, connection):
    s3, place = stage.client("s3"), {"Bucket": stage.outputs.bucket, "Key": movies.KEY}
    body = s3.get_object(**place)["Body"].read()
    s3.delete_object(**place)
    try:
        rows = queries.run("SELECT * FROM movies", connection=connection)
        assert (list(rows.columns), len(rows)) == (["movie_id", "title", "year"], 0)
        days = {"first_day": "2010-01-01", "last_day": str(plan.today())}
        top = queries.run("top_movies", connection=connection, n=100, **days)
        assert top[["title", "year"]].isna().all(axis=None)
        [made] = invoke(stage, "report", {"day": str(plan.days("movies").first)})
        assert made["outcome"] == "made"
    finally:
        s3.put_object(**place, Body=body)
