"""The AWS CLI asks the stage's Athena."""

import json
import time

PATIENCE_S = 240


def test_a_query_from_its_start_to_its_result(stage, program):
    def athena(*arguments):
        return json.loads(program("aws", "--output", "json", "athena", *arguments))

    group = stage.outputs.athena_workgroup
    query = athena(
        "start-query-execution", "--work-group", group,
        "--query-execution-context", f"Database={stage.outputs.glue_database}",
        "--query-string", "SELECT title FROM movies WHERE movie_id = ?",
        "--execution-parameters", "'tt6751668'",
    )["QueryExecutionId"]  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while True:
        told = athena("get-query-execution", "--query-execution-id", query)["QueryExecution"]
        if told["Status"]["State"] not in ("QUEUED", "RUNNING"):
            break
        assert time.monotonic() < deadline, told
    assert told["Status"]["State"] == "SUCCEEDED", told
    found = athena("get-query-results", "--query-execution-id", query)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in found] == ["title", "Parasite"]
    address = told["ResultConfiguration"]["OutputLocation"]
    assert program("aws", "s3", "cp", address, "-") == '"title"\n"Parasite"\n'
    listed = athena("list-query-executions", "--work-group", group, "--max-items", "1")
    assert listed["QueryExecutionIds"] == [query]
    catalog = ("--catalog-name", "AwsDataCatalog")
    assert athena("list-databases", *catalog)["DatabaseList"][0]["Name"]
    told = program(
        "aws", "athena", "start-query-execution", "--query-string", "SELECT 1",
        "--work-group", "nobody", fails=True,
    )  # fmt: skip
    assert "WorkGroup is not found" in told
