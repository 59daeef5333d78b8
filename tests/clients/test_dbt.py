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
    for model in Path(tmp_path, "models").glob("*.sql"):
        glue = stage.client("glue")
        with contextlib.suppress(glue.exceptions.EntityNotFoundException):
            glue.delete_table(DatabaseName=names["database"], Name=model.stem)


def test_debug_compile_and_a_model_of_each_kind(stage, dbt):
    assert "All checks passed!" in dbt("debug")
    assert "movie_likes_local" in dbt("compile", "--select", "decades")
    told = dbt("run", "--select", "decades")
    assert "Completed successfully" in told and "PASS=1" in told
    for _ in range(2):  # made, and made anew
        told = dbt("run", "--select", "seen")
        assert "Completed successfully" in told and "PASS=1" in told
    for _ in range(2):  # made, and added to
        told = dbt("run", "--select", "counted")
        assert "Completed successfully" in told and "PASS=1" in told
    glue, database = stage.client("glue"), stage.outputs.glue_database
    kept = glue.get_table(DatabaseName=database, Name="seen")["Table"]
    assert kept["TableType"] == "VIRTUAL_VIEW"
    told = dbt("show", "--inline", "select count(*) as runs from {{ ref('counted') }}")
    assert "| 2 |" in " ".join(told.split())
