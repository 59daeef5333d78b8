"""Athena's API over the executions of queries, and the process beside it."""

import asyncio
import json
import sys

import pytest

from infra.local.athena import catalog, executions, service
from infra.local.athena.jobs import Ask, Caller, Failed, Refused, Run
from infra.local.athena.link import Link, next_id
from infra.local.athena.statements import parse

GROUP = {"Name": "group", "Configuration": {
    "ResultConfiguration": {"OutputLocation": "s3://ours/a"}}}  # fmt: skip
CALLER = Caller("key", "secret", None, "000000000000", "us-east-1")


def begun(query):
    return executions.begun({}, GROUP, parse("SELECT 1"), query, 10.0)


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
        emulator.executions["before"] = begun("before")
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
        emulator.executions |= {name: begun(name) for name in ("a", "b", "c")}
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
