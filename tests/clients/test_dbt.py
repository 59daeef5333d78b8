"""dbt-athena checks, compiles and makes tables on the stage, and is told what it cannot make."""

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


def test_debug_compile_and_a_table_and_a_view_is_refused(stage, dbt):
    assert "All checks passed!" in dbt("debug")
    assert "movie_likes_local" in dbt("compile", "--select", "decades")
    told = dbt("run", "--select", "decades")
    assert "Completed successfully" in told and "PASS=1" in told
    told = dbt("run", "--select", "seen", fails=True)
    assert "NOT_SUPPORTED: The local stage does not run CREATE" in told
