"""Query executions as Athena tells them, from their start to their end: plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.athena import statements
from infra.local.athena.jobs import Failed, Ran
from infra.local.athena.protocol import InvalidRequest, Request
from infra.local.athena.statements import Statement

Execution = dict[str, Any]
"""What GetQueryExecution tells; what Athena does not tell begins with an underscore."""
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
KEPT = 1_000  # the oldest are forgotten; Athena forgets after 45 days
_LONGEST = 262_144  # bytes of a statement
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
_ENGINE = "Athena engine version 3"
# What has to be the same where a ClientRequestToken is.
_IDEMPOTENT = (
    "ClientRequestToken",
    "ExecutionParameters",
    "QueryExecutionContext",
    "QueryString",
    "ResultConfiguration",
    "WorkGroup",
)
_ENDED = "The emulator ended while this query ran; run it again."


def place(request: Request, workgroup: Mapping[str, Any]) -> str:
    """The folder of a query's results, with its closing slash; `InvalidRequest` where none is told.

    That of the workgroup where it enforces its settings, else that of the request.
    """
    settings = workgroup.get("Configuration") or {}
    ours = (settings.get("ResultConfiguration") or {}).get("OutputLocation")
    theirs = (request.get("ResultConfiguration") or {}).get("OutputLocation")
    found: str | None = ours if enforced(workgroup) and ours else theirs or ours
    if not found:
        raise InvalidRequest(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    if not found.startswith("s3://") or not found[5:].strip("/"):
        raise InvalidRequest(f"outputLocation is not a valid S3 path: {found}")
    return found.rstrip("/") + "/"


def enforced(workgroup: Mapping[str, Any]) -> bool:
    """Whether the workgroup's settings go before a client's, as they do where it says nothing."""
    settings = workgroup.get("Configuration") or {}
    return bool(settings.get("EnforceWorkGroupConfiguration", True))


def limit(workgroup: Mapping[str, Any]) -> int | None:
    """The bytes that a query of the workgroup may scan."""
    found = (workgroup.get("Configuration") or {}).get("BytesScannedCutoffPerQuery")
    return int(found) if found else None


def statement(request: Request, workgroup: Mapping[str, Any] | None) -> Statement:
    """The statement that a request starts; `InvalidRequest` for a request that starts none."""
    if workgroup is None:
        raise InvalidRequest("WorkGroup is not found.")
    if workgroup.get("State") == "DISABLED":
        raise InvalidRequest("WorkGroup is disabled.")
    sql = request.get("QueryString")
    if not isinstance(sql, str) or not sql.strip():
        raise InvalidRequest("queryString must not be empty.")
    if len(sql.encode()) > _LONGEST:
        raise InvalidRequest(f"queryString is longer than {_LONGEST} bytes.")
    try:
        return statements.parse(sql)
    except statements.BadStatement as error:
        raise InvalidRequest(str(error)) from None


def check_catalog(request: Request) -> None:
    """`InvalidRequest` where a request names a catalog other than Glue's."""
    catalog = (request.get("QueryExecutionContext") or {}).get("Catalog") or "AwsDataCatalog"
    if catalog.lower() != "awsdatacatalog":
        raise InvalidRequest(f"Catalog {catalog} is not there; the local stage has AwsDataCatalog.")


def begun(
    request: Request,
    workgroup: Mapping[str, Any],
    statement: Statement,
    query: str,
    now: float,
) -> Execution:
    """An execution that waits to be run; `InvalidRequest` where its result has no place."""
    folder = place(request, workgroup)
    context = request.get("QueryExecutionContext") or {}
    settings = (workgroup.get("Configuration") or {}).get("ResultConfiguration") or {}
    theirs = request.get("ResultConfiguration") or {}
    encryption = (settings if enforced(workgroup) else theirs).get("EncryptionConfiguration")
    parameters = request.get("ExecutionParameters")
    return {
        "QueryExecutionId": query,
        "Query": statement.sql,
        "StatementType": statement.type,
        "SubstatementType": statement.kind.replace(" ", "_"),
        "ResultConfiguration": {"OutputLocation": output(statement, folder, query)}
        | ({"EncryptionConfiguration": encryption} if encryption else {}),
        "QueryExecutionContext": {
            "Database": (context.get("Database") or "default").strip('`"').lower(),
            "Catalog": (context.get("Catalog") or "AwsDataCatalog").lower(),
        },
        "Status": {"State": "QUEUED", "SubmissionDateTime": now},
        "Statistics": {"DataScannedInBytes": 0},
        "WorkGroup": workgroup["Name"],
        "_request": _idempotent(request),
        "EngineVersion": {
            "SelectedEngineVersion": _ENGINE,
            "EffectiveEngineVersion": _ENGINE,
        },
    } | ({"ExecutionParameters": parameters} if parameters else {})


def sent_before(known: Mapping[str, Execution], request: Request) -> str | None:
    """The execution that the same request began, where it is sent again; `InvalidRequest` for
    another request with its token."""
    token = request.get("ClientRequestToken")
    if token is None:
        return None
    for query, execution in known.items():
        before = execution.get("_request") or {}
        if before.get("ClientRequestToken") == token:
            if before != _idempotent(request):
                raise InvalidRequest("Idempotent parameters do not match")
            return query
    return None


def _idempotent(request: Request) -> dict[str, Any]:
    return {name: request[name] for name in _IDEMPOTENT if request.get(name) is not None}


def output(statement: Statement, folder: str, query: str) -> str:
    """Where a statement's result goes.

    https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    """
    if statement.kind == "SELECT":
        return f"{folder}{query}.csv"
    if statement.kind in ("UNLOAD", "INSERT"):
        return f"{folder}{query}"
    if statement.kind == "CREATE_TABLE_AS_SELECT":
        return f"{folder}tables/{query}"
    return f"{folder}{query}.txt"


def run(execution: Execution, now: float) -> bool:
    """It runs now; False where it was cancelled while it waited."""
    if execution["Status"]["State"] != "QUEUED":
        return False
    execution["Status"]["State"] = "RUNNING"
    execution["Statistics"]["QueryQueueTimeInMillis"] = _since(execution, now)
    return True


def end(execution: Execution, report: Ran | Failed, now: float) -> None:
    """It ended, well or not; what was cancelled stays so."""
    status = execution["Status"]
    if status["State"] in FINAL:
        return
    statistics: dict[str, Any] = execution["Statistics"]
    total = _since(execution, now)
    queued = statistics.setdefault("QueryQueueTimeInMillis", 0)
    statistics |= {
        "DataScannedInBytes": report.scanned,
        "TotalExecutionTimeInMillis": total,
        "EngineExecutionTimeInMillis": max(0, total - queued),
        "ServiceProcessingTimeInMillis": 0,
    }
    status["CompletionDateTime"] = now
    if isinstance(report, Ran):
        status["State"] = "SUCCEEDED"
        statistics["QueryPlanningTimeInMillis"] = report.planning_ms
        if report.manifest:
            statistics["DataManifestLocation"] = report.manifest
        execution["_written"] = report.written
        return
    status["State"] = "CANCELLED" if report.cancelled else "FAILED"
    status["StateChangeReason"] = report.reason
    if not report.cancelled:
        # https://docs.aws.amazon.com/athena/latest/APIReference/API_AthenaError.html
        status["AthenaError"] = {
            "ErrorCategory": 1 if report.ours else 2,
            "Retryable": report.ours,
            "ErrorMessage": report.reason,
        }


def lost(execution: Execution, now: float) -> None:
    """It ran when the emulator ended."""
    end(execution, Failed(0, _ENDED, ours=True), now)


def told(execution: Execution) -> dict[str, Any]:
    """The execution without what Athena does not tell."""
    return {name: value for name, value in execution.items() if not name.startswith("_")}


def _since(execution: Execution, now: float) -> int:
    submitted: float = execution["Status"]["SubmissionDateTime"]
    return max(0, round((now - submitted) * 1000))
