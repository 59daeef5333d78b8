"""The life of a query as Athena tells it, the API over it, and the process beside it."""

import asyncio
import json
import sys

import pytest

from infra.local.athena import catalog, executions, service
from infra.local.athena.executions import Invalid
from infra.local.athena.jobs import Ask, Caller, Failed, Ran, Refused, Run
from infra.local.athena.link import Link, next_id
from infra.local.athena.statements import parse

GROUP = {"Name": "group", "Configuration": {
    "ResultConfiguration": {"OutputLocation": "s3://ours/a"}}}  # fmt: skip
CALLER = Caller("key", "secret", None, "000000000000", "us-east-1")


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
    with pytest.raises(Invalid):
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


class Emulator:
    """An emulator in memory, whose callers may do all."""

    def __init__(self):
        self.executions, self.prepared, self.workgroups = {}, {}, {"primary": GROUP}
        self.ids = iter(map(str, range(10_000)))

    def caller(self, headers):
        return CALLER

    def allowed(self, headers, action, workgroup):
        return True

    def new_id(self):
        return next(self.ids)


# A process that takes jobs and reports what it is told: it ends, or never answers.
ENDS = (sys.executable, "-c", "import sys; sys.stdin.readline()")
SILENT = (sys.executable, "-c", "import sys; sys.stdin.read()")


def test_the_end_of_the_process_ends_what_it_ran():
    async def ask():
        link = Link("http://none", ENDS)
        try:
            run = Run(next_id(), CALLER, "q", "SELECT 1", "d", "s3://b/", "s3://b/q.csv")
            assert isinstance(ran := await link.answer(run), Failed) and ran.ours
            told = await link.answer(Ask(next_id(), CALLER, "GetDatabase", {}))
            assert isinstance(told, Refused)
        finally:
            await link.close()

    asyncio.run(ask())


def test_a_query_that_does_not_stop_loses_its_process(monkeypatch):
    monkeypatch.setattr("infra.local.athena.link.GRACE_S", 0.05)

    async def ask():
        emulator = Emulator()
        api = service.Service(emulator, "http://none", SILENT)
        try:
            request = json.dumps({"QueryString": "SELECT 1"}).encode()
            _, _, body = await api.answer("StartQueryExecution", {}, request)
            query = json.loads(body)["QueryExecutionId"]
            while emulator.executions[query]["Status"]["State"] == "QUEUED":
                await asyncio.sleep(0.01)
            status, _, _ = await api.answer("StopQueryExecution", {}, body)
            assert status == 200
            running = list(api._running.values())
            await asyncio.wait_for(asyncio.gather(*running), 60)
            assert emulator.executions[query]["Status"]["State"] == "CANCELLED"
        finally:
            await api.close()

    asyncio.run(ask())


def test_what_ran_when_the_emulator_ended_has_failed():
    async def ask():
        emulator = Emulator()
        emulator.executions["before"] = begun() | {"QueryExecutionId": "before"}
        api = service.Service(emulator, "http://none", SILENT)
        request = json.dumps({"QueryExecutionId": "before"}).encode()
        _, _, body = await api.answer("GetQueryExecution", {}, request)
        status = json.loads(body)["QueryExecution"]["Status"]
        assert status["State"] == "FAILED" and "ended" in status["StateChangeReason"]

    asyncio.run(ask())


def test_only_so_many_executions_are_kept(monkeypatch):
    monkeypatch.setattr(executions, "KEPT", 2)

    async def ask():
        emulator = Emulator()
        emulator.executions |= {
            name: begun() | {"QueryExecutionId": name} for name in ("a", "b", "c")
        }
        api = service.Service(emulator, "http://none", ENDS)
        await api.answer("StartQueryExecution", {}, b'{"QueryString": "SELECT 1"}')
        assert list(emulator.executions) == ["c", "0"]
        await api.close()

    asyncio.run(ask())


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"])
def test_a_request_that_is_no_object_is_refused(body):
    async def ask():
        api = service.Service(Emulator(), "http://none", SILENT)
        status, _, told = await api.answer("GetQueryExecution", {}, body)
        assert status == 400 and b"SerializationException" in told

    asyncio.run(ask())


def test_the_catalog_answers_what_is_sent_to_it():
    assert catalog._ANSWERS.keys() == service.CATALOG
