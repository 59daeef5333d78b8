"""The emulator's line to the process that runs queries, which starts when it is first needed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import msgspec

from infra.local.athena import jobs
from infra.local.athena.jobs import Failed, Job, Refused, Report, Run, Running

COMMAND = (sys.executable, "-P", "-m", "infra.local.athena.program")
_LINE = 64 * 2**20  # the longest report: a page of text, which JSON may write six times as long
_ENDED = "GENERIC_INTERNAL_ERROR: The process that runs queries ended; run the query again."


class Link:
    """Sends jobs and hands each its reports. To be used on one event loop."""

    def __init__(self, endpoint: str, command: Sequence[str] = COMMAND) -> None:
        self._command = (*command, endpoint)
        self._ids = itertools.count(1)
        self._process: Process | None = None
        self._waiting: dict[int, tuple[Job, asyncio.Queue[Report]]] = {}
        self._starting = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    def next_id(self) -> int:
        """An id for a job."""
        return next(self._ids)

    async def reports(self, job: Job) -> asyncio.Queue[Report]:
        """Send a job; its reports come in the queue, the last being any but `Running`."""
        queue: asyncio.Queue[Report] = asyncio.Queue()
        self._waiting[job.id] = (job, queue)
        await self.send(job)
        return queue

    async def answer(self, job: Job) -> Report:
        """Send a job that has one report, and wait for it."""
        return await (await self.reports(job)).get()

    async def send(self, job: Job) -> None:
        """Send a job, starting the process where none runs."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, stderr=None, limit=_LINE
                )
                self._reading = asyncio.create_task(self._read(self._process))
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # then it ended, and that is reported
            self._process.stdin.write(jobs.line(job))
            await self._process.stdin.drain()

    async def close(self) -> None:
        """End the process, and what it runs."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                report = jobs.reports.decode(line)
                waiting = self._waiting.get(report.id)
                if waiting is not None:
                    waiting[1].put_nowait(report)
                    if not isinstance(report, Running):
                        del self._waiting[report.id]
        except (ValueError, msgspec.MsgspecError):  # a line that is too long, or none of ours
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        waiting_now, self._waiting = self._waiting, {}
        for job, queue in waiting_now.values():
            queue.put_nowait(
                Failed(job.id, _ENDED, ours=True)
                if isinstance(job, Run)
                else Refused(job.id, "InternalServerException", _ENDED)
            )
