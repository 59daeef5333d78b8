"""The life of a query as Athena tells it."""

import pytest

from infra.local.athena import executions
from infra.local.athena.jobs import Failed, Ran
from infra.local.athena.protocol import InvalidRequest
from infra.local.athena.statements import parse

GROUP = {"Name": "group", "Configuration": {
    "ResultConfiguration": {"OutputLocation": "s3://ours/a"}}}  # fmt: skip


def begun(sql="SELECT 1", request=None, group=GROUP):
    return executions.begun(request or {}, group, parse(sql), "id", 10.0)


@pytest.mark.parametrize(
    ("sql", "output"),
    [
        ("SELECT 1", "s3://ours/a/id.csv"),
        ("SHOW TABLES", "s3://ours/a/id.txt"),
        ("UNLOAD (SELECT 1 AS a) TO 's3://b/c' WITH (format = 'PARQUET')", "s3://ours/a/id"),
        ("CREATE TABLE t AS SELECT 1 AS a", "s3://ours/a/tables/id"),
    ],
)
def test_a_result_lies_where_its_kind_does(sql, output):
    assert begun(sql)["ResultConfiguration"]["OutputLocation"] == output


@pytest.mark.parametrize(
    ("enforced", "theirs", "folder"),
    [
        (True, "s3://theirs/", "s3://ours/a/"),
        (False, "s3://theirs", "s3://theirs/"),
        (False, None, "s3://ours/a/"),
        (None, "s3://theirs", "s3://ours/a/"),
    ],
)
def test_who_says_where_results_go(enforced, theirs, folder):
    settings = GROUP["Configuration"] | (
        {} if enforced is None else {"EnforceWorkGroupConfiguration": enforced}
    )
    request = {"ResultConfiguration": {"OutputLocation": theirs}} if theirs else {}
    assert executions.place(request, {"Configuration": settings}) == folder


@pytest.mark.parametrize("address", [None, "http://x/y", "s3://", "s3:///"])
def test_a_place_that_is_none_is_refused(address):
    request = {"ResultConfiguration": {"OutputLocation": address}}
    with pytest.raises(InvalidRequest):
        executions.place(request, {"Name": "primary"})


def test_a_query_waits_runs_and_ends():
    execution = begun()
    assert execution["Status"]["State"] == "QUEUED"
    assert executions.run(execution, 11.0)
    executions.end(execution, Ran(1, scanned=5, planning_ms=7, written=3), 14.0)
    assert execution["Status"] == {
        "State": "SUCCEEDED", "SubmissionDateTime": 10.0, "CompletionDateTime": 14.0,
    }  # fmt: skip
    assert execution["Statistics"] == {
        "DataScannedInBytes": 5, "QueryQueueTimeInMillis": 1000,
        "TotalExecutionTimeInMillis": 4000, "EngineExecutionTimeInMillis": 3000,
        "QueryPlanningTimeInMillis": 7, "ServiceProcessingTimeInMillis": 0,
    }  # fmt: skip
    assert "_written" not in executions.told(execution)


def test_what_was_cancelled_stays_so():
    execution = begun()
    executions.end(execution, Failed(1, "why", cancelled=True), 11.0)
    assert not executions.run(execution, 12.0)
    executions.end(execution, Ran(1), 13.0)
    assert execution["Status"]["State"] == "CANCELLED"
    assert "AthenaError" not in execution["Status"]


@pytest.mark.parametrize(("ours", "category"), [(True, 1), (False, 2)])
def test_a_failure_says_whose_it_is(ours, category):
    execution = begun()
    executions.end(execution, Failed(1, "why", ours=ours), 11.0)
    assert execution["Status"]["AthenaError"] == {
        "ErrorCategory": category, "Retryable": ours, "ErrorMessage": "why",
    }  # fmt: skip
