"""Which engine a stage has, and what is said where it does not answer."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import queries
from glue import tables
from queries.engine import catalog
from queries.engine.athena import Athena
from queries.engine.local import Local


def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    state = {
        "endpoint": f"http://127.0.0.1:{port}",
        "region": "us-east-1",
        "pid": 1,
        "outputs": {
            "glue_database": "movie_likes_local",
            "counts_table": "MovieLikesTable-local",
            "api_url": "http://127.0.0.1/api",
        },
    }
    (tmp_path / "local.json").write_text(json.dumps(state))
    monkeypatch.setenv("LAKE_HOME", str(tmp_path))


def test_the_local_stage_runs_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(tmp_path, monkeypatch, 1)
    connection = queries.connect()
    assert isinstance(connection, Local)
    assert connection.database == "movie_likes_local"


def test_other_stages_run_on_athena_in_their_own_workgroup(monkeypatch: pytest.MonkeyPatch) -> None:
    assert queries.connect("prod") == Athena("movie_likes_prod", "movie-likes-prod")
    monkeypatch.setenv("LAKE_STAGE", "test")
    assert queries.connect() == Athena("movie_likes_test", "movie-likes-test")


@pytest.mark.parametrize("stage", ["Prod", "a b", "x'; --", "-", "../local"])
def test_what_is_no_stage_is_refused(stage: str) -> None:
    with pytest.raises(queries.QueryError, match="is not a stage"):
        queries.connect(stage)


@pytest.mark.parametrize("state", [None, "", "{}", "[]", '{"endpoint": "x"}'])
def test_a_stage_that_never_was_up_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    monkeypatch.setenv("LAKE_HOME", str(tmp_path))
    if state is not None:
        (tmp_path / "local.json").write_text(state)
    with pytest.raises(queries.StageNotUp) as down:
        queries.run("SELECT 1 AS x")
    assert str(down.value) == "The local stage is not up; run `lake up`."


def test_a_stage_that_went_down_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        home(tmp_path, monkeypatch, free.getsockname()[1])
    with pytest.raises(queries.StageNotUp) as down:
        queries.run("SELECT 1 AS x")
    assert str(down.value) == "The local stage is not up; run `lake up`."


def described(name: str, library: str) -> dict[str, object]:
    table = tables.read(name)
    return {
        "Name": name,
        "StorageDescriptor": {
            "Location": "s3://bucket/raw/",
            "Columns": [{"Name": column.name, "Type": column.type} for column in table.columns],
            "SerdeInfo": {"SerializationLibrary": library},
        },
        "PartitionKeys": [{"Name": part.name, "Type": part.type} for part in table.partitions],
    }


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("likes_raw", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
        ("rejected", "org.openx.data.jsonserde.JsonSerDe"),
    ],
)
def test_a_table_is_what_the_catalog_says(name: str, library: str) -> None:
    table = catalog.parse(described(name, library))
    assert table is not None
    assert table.names == tables.read(name).names
    assert (table.format, table.location) == (tables.read(name).format, "s3://bucket/raw/")


def test_a_table_of_another_format_is_none_of_ours() -> None:
    assert catalog.parse(described("likes", "org.apache.hadoop.hive.serde2.OpenCSVSerde")) is None
    assert catalog.parse({"Name": "a_view"}) is None


def test_importing_the_questions_loads_nothing_heavy() -> None:
    code = (
        "import sys, queries; queries.library();"
        "print([m for m in ('pandas', 'pyarrow', 'duckdb', 'sqlglot', 'boto3', 'awswrangler')"
        " if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
