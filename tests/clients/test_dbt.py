"""dbt-athena checks, compiles, and makes tables and views on the stage."""

import contextlib
from pathlib import Path

import pytest

FILES = {
    "dbt_project.yml": """
name: films
version: "1.0.0"
profile: films
flags: {send_anonymous_usage_stats: false}
models:
  films: {+table_type: hive, +format: parquet}
""",
    "profiles.yml": """
films:
  target: local
  outputs:
    local:
      type: athena
      database: awsdatacatalog
      schema: {database}
      work_group: {workgroup}
      region_name: us-east-1
      s3_staging_dir: s3://{bucket}/results/
      s3_data_dir: s3://{bucket}/dbt/
      poll_interval: 0.2
      num_retries: 0
""",
    "models/sources.yml": """
version: 2
sources:
  - name: lake
    schema: {database}
    tables: [{{name: movies}}]
""",
    "models/decades.sql": """
{{{{ config(materialized='table') }}}}
SELECT year / 10 * 10 AS decade, count(*) AS films
FROM {{{{ source('lake', 'movies') }}}} GROUP BY 1
""",
    "models/counted.sql": """
{{{{ config(materialized='incremental', incremental_strategy='append') }}}}
SELECT count(*) AS films FROM {{{{ source('lake', 'movies') }}}}
""",
    "models/seen.sql": """
{{{{ config(materialized='view') }}}}
SELECT * FROM {{{{ ref('decades') }}}}
""",
}

MODELS = [Path(name).stem for name in FILES if name.endswith(".sql")]


@pytest.fixture
def dbt(stage, program, tmp_path):
    """Runs dbt in a project; the tables that it made are gone afterwards."""
    names = {
        "database": stage.outputs.glue_database,
        "workgroup": stage.outputs.athena_workgroup,
        "bucket": stage.outputs.results_bucket,
    }
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if name == "dbt_project.yml" else text.format(**names))
    yield lambda *arguments, **more: program(
        "dbt", "--no-use-colors", *arguments, "--profiles-dir", ".", **more
    )
    for model in MODELS:
        glue = stage.client("glue")
        with contextlib.suppress(glue.exceptions.EntityNotFoundException):
            glue.delete_table(DatabaseName=names["database"], Name=model)


def test_debug_and_compile(dbt):
    assert "All checks passed!" in dbt("debug")
    assert "movie_likes_local" in dbt("compile", "--select", "decades")


def test_a_model_of_each_kind_is_made_and_made_again(stage, dbt):
    for _ in range(2):
        told = dbt("run")
        assert "Completed successfully" in told and "PASS=3" in told
    glue, database = stage.client("glue"), stage.outputs.glue_database
    made = {each: glue.get_table(DatabaseName=database, Name=each)["Table"] for each in MODELS}
    kinds = {name: table["TableType"] for name, table in made.items()}
    assert kinds == {
        "decades": "EXTERNAL_TABLE",
        "counted": "EXTERNAL_TABLE",
        "seen": "VIRTUAL_VIEW",
    }
    bucket, _, folder = (
        made["counted"]["StorageDescriptor"]["Location"].partition("://")[2].partition("/")
    )
    files = stage.client("s3").list_objects_v2(Bucket=bucket, Prefix=folder)
    assert files["KeyCount"] == 2  # it was added to
