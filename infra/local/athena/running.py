"""A statement is run, with the caller's credentials, and its result written where Athena would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import ClientError

from infra.local.athena import definitions, failures, kinds, parquet, results, show, statements
from infra.local.athena.asking import (
    Control,
    Found,
    Running,
    Services,
    asked,
    check_empty,
    place,
    put,
    put_columns,
    told,
    written,
)
from infra.local.athena.failures import Failure
from infra.local.athena.jobs import Ran, Run
from infra.local.athena.kinds import Column
from infra.local.athena.statements import BadStatement, Statement
from queries.engine.errors import QueryError

__all__ = ["Control", "Services", "run"]


def run(job: Run, services: Services, control: Control) -> Ran:
    """Run a statement; `Failure` says why it has no result."""
    try:
        statement = statements.parse(job.sql)
        _check_output(services, job)
        with TemporaryDirectory(prefix="athena-") as folder:
            running = Running(job, services, control, Path(folder))
            return _RUNS.get(statement.kind, _refuse)(running, statement)
    except BadStatement as error:
        raise Failure(f"SYNTAX_ERROR: {error}") from None
    except QueryError as error:
        raise failures.of_engine(error) from None
    except show.NotThere as error:
        raise Failure(f"FAILED: SemanticException {error}") from None
    except KeyboardInterrupt:  # what the engine makes of an interruption
        raise failures.Stopped from None
    except ClientError as error:
        raise failures.of_catalog(error) from None


def _check_output(services: Services, job: Run) -> None:
    bucket, _ = place(job.output)
    try:
        services.s3.get_bucket_location(Bucket=bucket)
    except ClientError as error:
        raise Failure(
            f"Unable to verify/create output bucket {bucket} "
            f"({error.response['Error'].get('Code')})"
        ) from None


def _select(running: Running, statement: Statement) -> Ran:
    path = running.folder / "result"

    def write(found: Found) -> list[Column]:
        columns = [kinds.column(name, kind) for name, kind in found.columns]
        with path.open("wb") as out:
            results.write_csv(columns, found.written(), out)
        return columns

    columns = asked(running, statement.sql, write)
    put(running, path, running.job.output)
    put_columns(running, columns, running.job.output)
    return running.ran()


def _explain(running: Running, statement: Statement) -> Ran:
    options = {name.lower() for name in (statement.part("options") or "").strip("() \n").split()}
    if statement.part("analyze"):
        raise Failure("NOT_SUPPORTED: The local stage does not run EXPLAIN ANALYZE.")
    if not options <= {"type", "validate", "logical", "distributed", "format", "text"}:
        raise Failure("NOT_SUPPORTED: The local stage explains in the format TEXT alone.")

    def plan(found: Found) -> list[str]:
        return ["true"] if "validate" in options else found.relation.explain().splitlines()

    lines = asked(running, statement.parts["rest"], plan)
    running.scanned = 0
    named = Column("Valid", "boolean") if "validate" in options else Column("Query Plan", "varchar")
    return told(running, lines, [named])


def _show(running: Running, statement: Statement) -> Ran:
    def folders(location: str) -> list[str]:
        path = location.partition("://")[2]
        return [folder.rpartition("/")[2] for folder in running.services.store().folders(path)]

    database = running.job.database
    lines = list(show.lines(statement, running.services.glue, database, folders))
    return told(running, lines, show.columns(statement))


def _nothing(running: Running, statement: Statement) -> Ran:
    """PREPARE and DEALLOCATE, which were done where statements are kept."""
    return told(running, [], [])


def _unload(running: Running, statement: Statement) -> Ran:
    compression = parquet.compression(statements.properties(statement.parts["properties"]))
    to = statement.parts["to"].rstrip("/")
    check_empty(running, to)
    return written(running, statement.parts["rest"], to, compression)[0]


def _refuse(running: Running, statement: Statement) -> Ran:
    if not statement.known:
        raise Failure(f"SYNTAX_ERROR: line 1:1: No statement begins with {statement.kind}.")
    raise Failure(
        f"NOT_SUPPORTED: The local stage does not run {statement.kind}: it reads tables, and "
        "writes by UNLOAD, INSERT INTO and CREATE TABLE AS SELECT alone."
    )


_RUNS: dict[str, Callable[[Running, Statement], Ran]] = {
    "SELECT": _select,
    "EXPLAIN": _explain,
    "UNLOAD": _unload,
    **definitions.RUNS,
    "PREPARE": _nothing,
    "DEALLOCATE_PREPARE": _nothing,
    **dict.fromkeys(show.KINDS, _show),
}
