"""Athena's API in the emulator: queries go to our engine, workgroups and the rest stay its own.

The emulator checks who calls, and whether their policies allow the action on the workgroup. What a
query then reads and writes, the process beside it asks the emulator for with the caller's own
credentials, as Athena does; so their rights are proven there, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from infra.local.athena import executions, paging, prepared, protocol, statements
from infra.local.athena.executions import Execution
from infra.local.athena.jobs import (
    Answered,
    Ask,
    Caller,
    Failed,
    Page,
    Ran,
    Refused,
    Run,
)
from infra.local.athena.link import COMMAND, Link, next_id
from infra.local.athena.prepared import PreparedStatements
from infra.local.athena.protocol import APIError, InvalidRequest, Request, Response

CATALOG = frozenset(("GetDatabase", "ListDatabases", "GetTableMetadata", "ListTableMetadata"))
"""What is asked of the catalog, with the caller's rights there."""
_AT_ONCE = 2  # a laptop has few processors, and each query may hold much memory; the others wait
_PAGE = 1_000  # rows, at most and by default
_LISTED = 50  # executions, at most and by default


class Emulator(Protocol):
    """What the emulator has for its Athena: its stores, and who makes the request at hand.

    The stores hold what is of the request's account and region.
    """

    executions: dict[str, Execution]
    workgroups: dict[str, dict[str, Any]]
    prepared: dict[str, dict[str, Any]]

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Whoever signed the request, with their secret."""
        ...

    def allowed(self, headers: Mapping[str, str], action: str, workgroup: str) -> bool:
        """Whether their policies allow an action on a workgroup."""
        ...

    def new_id(self) -> str:
        """An id that nothing has."""
        ...


class Service:
    """Answers the actions that concern queries."""

    def __init__(self, emulator: Emulator, endpoint: str, command: Sequence[str] = COMMAND) -> None:
        self._emulator = emulator
        self._prepared = PreparedStatements(emulator.prepared)
        self._links = [Link(endpoint, command) for _ in range(_AT_ONCE)]
        self._free: asyncio.LifoQueue[Link] = asyncio.LifoQueue()
        for link in self._links:
            self._free.put_nowait(link)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._by: dict[str, tuple[Link, int]] = {}
        self._actions: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._get_many,
            "ListQueryExecutions": self._list,
            "StopQueryExecution": self._stop,
            "GetQueryResults": self._results,
            "GetQueryRuntimeStatistics": self._runtime,
            "UpdatePreparedStatement": self._prepared.update,
            "BatchGetPreparedStatement": self._prepared.get_many,
        }

    def answers(self, action: str) -> bool:
        """Whether an action is answered here, and not by the emulator itself."""
        return action in self._actions or action in CATALOG

    async def answer(self, action: str, headers: Mapping[str, str], body: bytes) -> Response:
        """The response to a request that the emulator let pass."""
        try:
            request = protocol.request(body)
            if action in CATALOG:
                told = await self._catalog(action, headers, request)
            else:
                told = await self._actions[action](headers, request)
        except APIError as error:
            return protocol.refusal(error)
        return protocol.response(told)

    async def close(self) -> None:
        """End what runs."""
        for follow in self._running.values():
            follow.cancel()
        for link in self._links:
            await link.close()

    async def _start(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        workgroup = self._emulator.workgroups.get(request.get("WorkGroup") or "primary")
        statement = executions.statement(request, workgroup)
        assert workgroup is not None
        if known := executions.sent_before(self._emulator.executions, request):
            return {"QueryExecutionId": known}
        executions.check_catalog(request)
        parameters = request.get("ExecutionParameters") or []
        query = self._emulator.new_id()
        try:
            if statement.kind in prepared.KINDS:
                statement = self._prepared.run(statement, workgroup["Name"], parameters)
            elif parameters:
                filled = statements.filled(statement.sql, parameters)
                statement = statements.parse(filled)
        except statements.BadStatement as error:
            raise InvalidRequest(str(error)) from None
        execution = executions.begun(request, workgroup, statement, query, time.time())
        execution["Query"] = request["QueryString"]
        self._forget()
        self._emulator.executions[query] = execution
        job = Run(
            id=next_id(),
            caller=self._emulator.caller(headers),
            query=query,
            sql=statement.sql,
            database=execution["QueryExecutionContext"]["Database"],
            folder=executions.place(request, workgroup),
            output=execution["ResultConfiguration"]["OutputLocation"],
            enforced=executions.enforced(workgroup),
            most_bytes=executions.limit(workgroup),
        )
        self._running[query] = asyncio.create_task(self._follow(execution, job))
        return {"QueryExecutionId": query}

    async def _follow(self, execution: Execution, job: Run) -> None:
        query = execution["QueryExecutionId"]
        link = await self._free.get()
        try:
            if executions.run(execution, time.time()):
                self._by[query] = link, job.id
                report = await link.answer(job)
                assert isinstance(report, Ran | Failed)
                executions.end(execution, report, time.time())
        except OSError as error:
            reason = f"The process that runs queries cannot start: {error}"
            executions.end(execution, Failed(job.id, reason, ours=True), time.time())
        finally:
            self._by.pop(query, None)
            del self._running[query]
            self._free.put_nowait(link)

    async def _get(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        return {"QueryExecution": executions.told(self._execution(request))}

    async def _get_many(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        found, missing = [], []
        for query in request.get("QueryExecutionIds") or []:
            with contextlib.suppress(InvalidRequest):
                execution = self._execution({"QueryExecutionId": query})
                action = "BatchGetQueryExecution"
                if self._emulator.allowed(headers, action, execution["WorkGroup"]):
                    found.append(executions.told(execution))
                    continue
            missing.append(
                {
                    "QueryExecutionId": query,
                    "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                    "ErrorMessage": f"QueryExecution {query} was not found",
                }
            )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    async def _list(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        name = request.get("WorkGroup") or "primary"
        newest = [
            query
            for query, execution in reversed(list(self._emulator.executions.items()))
            if execution["WorkGroup"] == name
        ]
        most, first = paging.size(request, 0, _LISTED), paging.start(request)
        token = {"NextToken": paging.token(first + most)} if first + most < len(newest) else {}
        return {"QueryExecutionIds": newest[first : first + most]} | token

    async def _stop(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        execution = self._execution(request)
        if execution["Status"]["State"] not in executions.FINAL:
            stopped = Failed(0, "Query cancelled by user", cancelled=True)
            executions.end(execution, stopped, time.time())
            if by := self._by.get(execution["QueryExecutionId"]):
                link, job = by
                self._stopping.add(stopping := asyncio.create_task(link.stop(job)))
                stopping.add_done_callback(self._stopping.discard)
        return {}

    async def _results(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        execution = self._execution(request)
        state = execution["Status"]["State"]
        if state != "SUCCEEDED":
            reason = execution["Status"].get("StateChangeReason")
            raise InvalidRequest(
                f"Query did not finish successfully. Final query state: {state}"
                if state in executions.FINAL
                else f"Query has not yet finished. Current state: {state}"
            ) from (InvalidRequest(reason) if reason else None)
        job = Page(
            id=next_id(),
            caller=self._emulator.caller(headers),
            output=execution["ResultConfiguration"]["OutputLocation"],
            start=paging.start(request) if request.get("NextToken") else None,
            rows=paging.size(request, 1, _PAGE),
        )
        told = await self._answered(job)
        return told | {"UpdateCount": execution.get("_written", 0)}

    async def _runtime(self, headers: Mapping[str, str], request: Request) -> dict[str, Any]:
        statistics = self._execution(request)["Statistics"]
        times = {name: value for name, value in statistics.items() if name.endswith("InMillis")}
        rows = {"InputBytes": statistics["DataScannedInBytes"]}
        return {"QueryRuntimeStatistics": {"Timeline": times, "Rows": rows}}

    async def _catalog(
        self, action: str, headers: Mapping[str, str], request: Request
    ) -> dict[str, Any]:
        caller = self._emulator.caller(headers)
        return await self._answered(Ask(next_id(), caller, action, dict(request)))

    async def _answered(self, job: Page | Ask) -> dict[str, Any]:
        try:
            report = await self._links[-1].answer(job)
        except OSError as error:
            report = Refused(job.id, "InternalServerException", str(error))
        if isinstance(report, Answered):
            return report.answer
        assert isinstance(report, Refused)
        raise APIError(report.error, report.message)

    def _execution(self, request: Request) -> Execution:
        query = request.get("QueryExecutionId")
        execution = self._emulator.executions.get(query) if isinstance(query, str) else None
        if execution is None:
            raise InvalidRequest(f"QueryExecution {query} was not found")
        if execution["Status"]["State"] not in executions.FINAL and query not in self._running:
            executions.lost(execution, time.time())
        return execution

    def _forget(self) -> None:
        """Forget the oldest executions beyond those that are kept."""
        known = self._emulator.executions
        for query in list(known)[: max(0, len(known) + 1 - executions.KEPT)]:
            if query not in self._running:
                del known[query]
