"""A process that runs Athena's queries, one at a time: jobs come by stdin, reports go to stdout.

It ends when its stdin does, and so with the emulator that started it.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Any

import psutil
from botocore.config import Config
from botocore.exceptions import ClientError

from glue import sessions
from infra.local.athena import catalog, jobs, metadata, paging, results
from infra.local.athena.failures import Failure
from infra.local.athena.jobs import (
    Answered,
    Ask,
    Caller,
    Failed,
    Page,
    Refused,
    Report,
    Run,
    Stop,
)
from infra.local.athena.running import Control, Services, run
from queries.engine.store import of_session

_ANSWERS_AT_ONCE = 4
_INVALID, _METADATA = "InvalidRequestException", "MetadataException"
_log = logging.getLogger("athena")


class Program:
    """Takes jobs, and gives `send` what comes of them."""

    def __init__(self, endpoint: str, send: Callable[[Report], None]) -> None:
        self._endpoint, self._send = endpoint, send
        self._queries = ThreadPoolExecutor(1, "query")
        self._answers = ThreadPoolExecutor(_ANSWERS_AT_ONCE, "answer")
        self._controls: dict[int, Control] = {}
        self._alone = Lock()  # boto3's sessions are for one thread at a time
        self._services_of = lru_cache(32)(self._connect)

    def take(self, job: jobs.Job) -> None:
        """Begin a job, or end one."""
        if isinstance(job, Run):
            control = self._controls[job.id] = Control()
            self._queries.submit(self._run, job, control)
        elif isinstance(job, Stop):
            if job.id in self._controls:
                self._controls[job.id].stop()
        else:
            self._answers.submit(self._answer, job)

    def _run(self, job: Run, control: Control) -> None:
        report: Report
        try:
            report = run(job, self._services(job.caller), control)
        except Failure as failure:
            report = Failed(
                job.id,
                str(failure),
                cancelled=failure.cancelled,
                scanned=failure.scanned,
            )
        except BaseException as error:  # whatever it is, the client waits for an end
            _log.exception("query %s", job.query)
            report = Failed(job.id, f"GENERIC_INTERNAL_ERROR: {error!r}", ours=True)
        del self._controls[job.id]
        self._send(report)

    def _answer(self, job: Page | Ask) -> None:
        report: Report
        try:
            services = self._services(job.caller)
            if isinstance(job, Page):
                report = Answered(job.id, _page(job, services.s3))
            else:
                report = Answered(job.id, catalog.answer(services.glue, job.action, job.request))
        except (catalog.NotFound, metadata.BadMetadata) as error:
            report = Refused(job.id, _METADATA, str(error))
        except ClientError as error:
            kind = _INVALID if isinstance(job, Page) else _METADATA
            report = Refused(job.id, kind, error.response["Error"].get("Message") or str(error))
        except BaseException as error:
            _log.exception("answer %s", job.id)
            report = Refused(job.id, "InternalServerException", repr(error))
        self._send(report)

    def _services(self, caller: Caller) -> Services:
        with self._alone:
            return self._services_of(caller)

    def _connect(self, caller: Caller) -> Services:
        session = sessions.session(
            caller.access_key, caller.secret_key, caller.token, region_name=caller.region
        )
        config = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})
        glue, s3 = (
            session.client(name, endpoint_url=self._endpoint, config=config)
            for name in ("glue", "s3")
        )

        def store() -> Any:
            with self._alone:
                return of_session(session, self._endpoint)

        return Services(glue, s3, store)


def _page(job: Page, s3: Any) -> dict[str, Any]:
    bucket, _, key = job.output.removeprefix("s3://").partition("/")

    def read(start: int, size: int) -> bytes:
        wanted = f"bytes={start}-{start + size - 1}"
        try:
            part: bytes = s3.get_object(Bucket=bucket, Key=key, Range=wanted)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("InvalidRange", "416"):
                return b""
            raise
        return part

    beside = s3.get_object(Bucket=bucket, Key=f"{key}.metadata")["Body"].read()
    columns = metadata.read(beside)
    rows: list[results.Row] = []
    after = None
    if key.endswith((".csv", ".txt")):
        csv = key.endswith(".csv")
        rows, after = results.page(read, job.start, job.rows, csv=csv)
    told = {
        "UpdateCount": 0,
        "ResultSet": {
            "Rows": [
                {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
                for row in rows
            ],
            "ResultSetMetadata": {"ColumnInfo": [column.told() for column in columns]},
        },
    }
    return told | ({} if after is None else {"NextToken": paging.token(after)})


def main() -> None:
    """Take jobs until there come no more."""
    logging.basicConfig(format="%(asctime)s athena %(levelname)s %(message)s")
    # A query that wants more fails, and with it at most this process, not the emulator.
    most = psutil.virtual_memory().total // 2
    resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    alone = Lock()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no report

    def send(report: Report) -> None:
        with alone:
            left = memoryview(jobs.line(report))
            while left:
                left = left[out.write(left) :]

    program = Program(sys.argv[1], send)
    for line in sys.stdin.buffer:
        program.take(jobs.jobs.decode(line))
    os._exit(0)  # nobody is left to hear of what is under way


if __name__ == "__main__":
    main()
