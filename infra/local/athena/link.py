"""The emulator's line to a process that runs queries, one at a time; it starts when needed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import msgspec

from infra.local.athena import jobs
from infra.local.athena.jobs import Failed, Job, Refused, Report, Run, Stop

COMMAND = (sys.executable, "-P", "-m", "infra.local.athena.program")
GRACE_S = 3.0
"""What a query has to end by itself: DuckDB hears of an interruption only between some steps."""
_LINE = 64 * 2**20  # the longest report: a page of text, which JSON may write six times as long
_ENDED = "GENERIC_INTERNAL_ERROR: The process that runs queries ended; run the query again."
_TRIES = 2
_ids = itertools.count(1)


def next_id() -> int:
    """An id that no job has yet."""
    return next(_ids)


class Link:
    """Sends jobs and hands back their reports. To be used on one event loop."""

    def __init__(self, endpoint: str, command: Sequence[str] = COMMAND) -> None:
        self._command = (*command, endpoint)
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Report | None]] = {}
        self._starting = asyncio.Lock()

    async def answer(self, job: Job) -> Report:
        """Send a job and wait for its report; `OSError` where no process can be started.

        What only asks is asked again where the process ended meanwhile.
        """
        for _ in range(_TRIES):
            report: asyncio.Future[Report | None] = asyncio.get_running_loop().create_future()
            self._waiting[job.id] = report
            await self._send(job)
            if (found := await report) is not None:
                return found
            if isinstance(job, Run):
                return Failed(job.id, _ENDED, ours=True)
        return Refused(job.id, "InternalServerException", _ENDED)

    async def stop(self, job: int) -> None:
        """End a run, with its process where it does not end soon."""
        running = self._waiting.get(job)
        if running is None:
            return
        await self._send(Stop(job))
        process = self._process  # the one that has the run, started by now
        done, _ = await asyncio.wait([running], timeout=GRACE_S)
        if not done and process is not None:
            _kill(process)

    async def close(self) -> None:
        """End the process, and what it runs."""
        if self._process is not None:
            _kill(self._process)
        if self._reading is not None:
            await self._reading

    async def _send(self, job: Job) -> None:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, limit=_LINE
                )
                self._reading = asyncio.create_task(self._read(self._process))
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # then it ended, and that is noticed
            self._process.stdin.write(jobs.line(job))
            await self._process.stdin.drain()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                report = jobs.reports.decode(line)
                if report.id in self._waiting:
                    _tell(self._waiting.pop(report.id), report)
        except (ValueError, msgspec.MsgspecError):  # a line that is too long, or none of ours
            _kill(process)
        await process.wait()
        ended, self._waiting = self._waiting, {}
        for waiting in ended.values():
            _tell(waiting, None)


def _tell(waiting: asyncio.Future[Report | None], report: Report | None) -> None:
    if not waiting.done():  # who waited may have been cancelled
        waiting.set_result(report)


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
