"""A stage in use: what is asked from then on, and what it tells of itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import awswrangler as wr
import boto3
import pytest

import queries
from queries.engine import using
from tests.queries.test_pruning import described

SERVICES = ("athena", "dynamodb", "glue", "s3", "sts")
TODAY = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is used in a test is not used in the next."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("LAKE_STAGE", "local")
    yield
    wr.config.reset()


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The bucket of a local stage that holds nothing, as a folder."""
    (tmp_path / "bucket").mkdir()
    (tmp_path / "tables.json").write_text(json.dumps({"TableList": [described("likes")]}))
    command = [sys.executable, str(Path(__file__).parent / "stub.py"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stub:
        try:
            assert stub.stdout is not None
            at(tmp_path, monkeypatch, f"http://127.0.0.1:{int(stub.stdout.readline())}")
            yield tmp_path / "bucket"
        finally:
            stub.terminate()


def at(home: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    outputs = {"glue_database": "films", "counts_table": "counted", "api_url": "http://api"}
    state = {"endpoint": endpoint, "region": "eu-west-3", "outputs": outputs}
    (home / "local.json").write_text(json.dumps(state))
    monkeypatch.setenv("LAKE_HOME", str(home))


def liked(bucket: Path, *days: datetime) -> list[str]:
    for day in days:
        folder = bucket / f"likes/day={day:%Y-%m-%d}"
        folder.mkdir(parents=True)
        (folder / "hour-00-00.parquet").touch()
    return [f"{day:%Y-%m-%d}" for day in days]


def endpoints() -> set[Any]:
    return {getattr(wr.config, f"{service}_endpoint_url", None) for service in SERVICES}


def test_the_local_stage_is_asked_at_its_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path, monkeypatch, "http://127.0.0.1:1")
    lake = queries.use()
    assert (lake.stage, lake.database, lake.counts_table) == ("local", "films", "counted")
    assert lake.api_url() == "http://api"
    assert endpoints() == {"http://127.0.0.1:1"}
    assert boto3.DEFAULT_SESSION is lake.session and lake.session.region_name == "eu-west-3"
    table = lake.client("dynamodb").meta
    assert (table.endpoint_url, table.region_name) == ("http://127.0.0.1:1", "eu-west-3")


def test_a_stage_on_aws_is_asked_by_whoever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path, monkeypatch, "http://127.0.0.1:1")
    queries.use("local")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "analyst")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    lake = queries.use("prod")
    assert (lake.database, lake.counts_table) == ("movie_likes_prod", "MovieLikesTable-prod")
    credentials = lake.session.get_credentials()
    assert credentials is not None and credentials.access_key == "analyst"
    assert endpoints() == {None}, "the emulator is still asked"
    assert os.environ["LAKE_STAGE"] == "prod" and queries.connect() == queries.connect("prod")
    assert lake.client("s3").meta.endpoint_url == "https://s3.eu-north-1.amazonaws.com"


def test_a_stage_that_never_was_up_is_said_so_and_the_one_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_HOME", str(tmp_path))
    before = queries.use("prod").session
    with pytest.raises(queries.StageNotUp):
        queries.use("local")
    assert boto3.DEFAULT_SESSION is before and os.environ["LAKE_STAGE"] == "prod"
    with pytest.raises(queries.QueryError, match="is not a stage"):
        queries.use("No Stage")


def test_the_days_that_have_likes_are_told_and_the_newest_that_is_over(bucket: Path) -> None:
    days = [TODAY - timedelta(days=ago) for ago in (40, 2, -1)]  # midnight may come meanwhile
    expected = liked(bucket, *days)
    lake = queries.use()
    assert lake.location("likes") == "s3://bucket/likes/"
    assert lake.days() == expected
    assert lake.full_day() == expected[1]


def test_other_libraries_are_given_the_files_of_each_day_that_is_asked_for(bucket: Path) -> None:
    for number, (day, name) in enumerate(
        [("01", "day-00"), ("02", "day-00"), ("02", "whole"), ("03", "day-00"), ("03", "day-01"),
         ("04", "_SUCCESS"), ("05", "day-00")]
    ):  # fmt: skip
        file = bucket / f"likes/day=2026-03-{day}/{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(number))
    lake = queries.use()
    root = "s3://bucket/likes/day=2026-03-"
    given = [
        [f"{root}02/whole.parquet"],
        [f"{root}03/day-00.parquet", f"{root}03/day-01.parquet"],
    ]
    assert lake.read_days("likes", "2026-03-02", date(2026, 3, 4), list) == given
    assert lake.read_days("likes", "2026-04-01", "2026-04-02", list) == []


def test_the_stage_s_s3_is_told_to_other_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path, monkeypatch, "http://127.0.0.1:1")
    assert queries.use().storage_options == {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_region": "eu-west-3",
        "aws_endpoint_url": "http://127.0.0.1:1",
        "aws_allow_http": "true",
    }
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "analyst")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    assert queries.use("prod").storage_options == {
        "aws_access_key_id": "analyst",
        "aws_secret_access_key": "secret",
        "aws_session_token": "token",
        "aws_region": "eu-north-1",
    }


@pytest.mark.parametrize(
    ("days", "today", "expected"),
    [(["2026-11-25", "2026-11-26", "2026-11-27"], date(2026, 11, 27), "2026-11-26"),
     (["2026-11-25", "2026-11-26", "2026-11-27"], date(2026, 11, 28), "2026-11-27"),
     (["2028-02-28", "2028-02-29"], date(2028, 2, 29), "2028-02-28"),
     (["2028-02-28", "2028-02-29"], date(2028, 3, 1), "2028-02-29"),
     (["2026-12-31", "2027-01-01"], date(2027, 1, 1), "2026-12-31"),
     (["2026-11-27"], date(2026, 11, 27), "2026-11-27"),
     (["2026-11-27", "2026-11-28"], date(2026, 11, 27), "2026-11-28")],
)  # fmt: skip
def test_a_day_is_over_at_midnight_and_where_none_is_the_newest_will_do(
    days: list[str], today: date, expected: str
) -> None:
    assert using.newest_over(days, today) == expected


def test_an_empty_lake_says_how_it_is_filled(bucket: Path) -> None:
    with pytest.raises(queries.NoLikes, match="^The lake of the stage local .*`make demo`.*[.]$"):
        queries.use().full_day()


def test_the_api_of_a_stage_on_aws_is_found_by_its_name() -> None:
    apis = [{"name": "movie-likes-test", "id": "t1"}, {"name": "movie-likes-prod", "id": "p1"}]
    pages = SimpleNamespace(paginate=lambda: [{"items": apis[:1]}, {"items": apis[1:]}])
    client = SimpleNamespace(get_paginator={"get_rest_apis": pages}.__getitem__)
    session: Any = SimpleNamespace(client=lambda *_, **__: client, region_name="eu-north-1")
    lake = queries.Lake("prod", "movie_likes_prod", "MovieLikesTable-prod", None, session)
    assert lake.api_url() == "https://p1.execute-api.eu-north-1.amazonaws.com/prod"
