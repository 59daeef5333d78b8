"""A statement is run, with the caller's credentials, and its result written where Athena would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from botocore.exceptions import ClientError

from infra.local.athena import (
    failures,
    information_schema,
    kinds,
    metadata,
    parquet,
    results,
    show,
    statements,
)
from infra.local.athena.catalog import Tables
from infra.local.athena.failures import Failure
from infra.local.athena.jobs import Ran, Run
from infra.local.athena.kinds import Column
from infra.local.athena.statements import BadStatement, Statement
from queries.engine import cost, dialect, faults, local, reading
from queries.engine import results as answers
from queries.engine.errors import NotEstimated, QueryError
from queries.engine.parameters import Bound
from queries.engine.reading import Opened
from queries.engine.session import open_session
from queries.engine.store import Store
from queries.engine.trino.types import Type

T = TypeVar("T")
_BATCH = 20_000  # rows that are held at a time
_PART = "part-00000"


@dataclass(frozen=True, slots=True)
class Services:
    """What a caller reaches with their credentials: clients of Glue and S3, and the files."""

    glue: Any
    s3: Any
    store: Callable[[], Store]


class Control:
    """Ends a run from another thread."""

    def __init__(self) -> None:
        self._alone = Lock()
        self._session: duckdb.DuckDBPyConnection | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the run: DuckDB's query where one is under way, else before the next."""
        with self._alone:
            self._stopped = True
            if self._session is not None:
                self._session.interrupt()

    @contextmanager
    def over(self, session: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """While a session runs queries; `Stopped` where the run is to end."""
        with self._alone:
            if self._stopped:
                raise failures.Stopped
            self._session = session
        try:
            yield
        finally:
            with self._alone:
                self._session = None


@dataclass(slots=True)
class Running:
    """One run: what is asked, by whom, and what it has cost so far."""

    job: Run
    services: Services
    control: Control
    folder: Path
    began: float = field(default_factory=time.monotonic)
    scanned: int = 0
    planning_ms: int = 0

    def ran(self, **more: Any) -> Ran:
        """The report of its end."""
        return Ran(self.job.id, self.scanned, self.planning_ms, **more)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: its columns' names and Trino's types, and its rows once asked for."""

    relation: duckdb.DuckDBPyRelation
    columns: Sequence[tuple[str, Type]]

    def batches(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The rows, some at a time, and what they have in common."""
        reader = self.relation.to_arrow_reader(_BATCH)
        schema = answers.schema(reader.schema, self.columns)
        return schema, answers.batches(reader, schema, self.columns)

    def written(self) -> Iterator[pa.RecordBatch]:
        """The rows as DuckDB has them, with the zones of times."""
        return iter(self.relation.to_arrow_reader(_BATCH))


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
    bucket, _ = _place(job.output)
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

    columns = _asked(running, statement.sql, write)
    _put(running, path, running.job.output)
    _put_columns(running, columns, running.job.output)
    return running.ran()


def _explain(running: Running, statement: Statement) -> Ran:
    options = {name.lower() for name in (statement.part("options") or "").strip("() \n").split()}
    if statement.part("analyze"):
        raise Failure("NOT_SUPPORTED: The local stage does not run EXPLAIN ANALYZE.")
    if not options <= {"type", "validate", "logical", "distributed", "format", "text"}:
        raise Failure("NOT_SUPPORTED: The local stage explains in the format TEXT alone.")

    def plan(found: Found) -> list[str]:
        return ["true"] if "validate" in options else found.relation.explain().splitlines()

    lines = _asked(running, statement.parts["rest"], plan)
    running.scanned = 0
    named = Column("Valid", "boolean") if "validate" in options else Column("Query Plan", "varchar")
    return _told(running, lines, [named])


def _show(running: Running, statement: Statement) -> Ran:
    def folders(location: str) -> list[str]:
        path = location.partition("://")[2]
        return [folder.rpartition("/")[2] for folder in running.services.store().folders(path)]

    database = running.job.database
    lines = list(show.lines(statement, running.services.glue, database, folders))
    return _told(running, lines, show.columns(statement))


def _nothing(running: Running, statement: Statement) -> Ran:
    """PREPARE and DEALLOCATE, which were done where statements are kept."""
    return _told(running, [], [])


def _unload(running: Running, statement: Statement) -> Ran:
    compression = parquet.compression(statements.properties(statement.parts["properties"]))
    to = statement.parts["to"].rstrip("/")
    _check_empty(running, to)
    return _written(running, statement.parts["rest"], to, compression)[0]


def _create_table(running: Running, statement: Statement) -> Ran:
    properties = statements.properties(statement.part("properties") or "")
    compression = parquet.compression(properties)
    job = running.job
    to = properties.get("external_location", f"{job.folder}tables/{job.query}").rstrip("/")
    if job.enforced and "external_location" in properties:
        raise Failure(
            "The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized "
            "output location for all queries. Please remove the 'external_location' property "
            "and resubmit the query."
        )
    *before, name = statements.names(statement.parts["table"])
    tables = Tables(running.services.glue, before[-1] if before else job.database)
    if tables.describe(name) is not None:
        if statement.part("lenient"):
            return _told(running, [], [])
        raise Failure(
            "TABLE_ALREADY_EXISTS: line 1:1: Destination table "
            f"'awsdatacatalog.{tables.database}.{name}' already exists"
        )
    _check_empty(running, to)
    rest = statement.parts["rest"]
    if statement.part("empty"):
        rest = f"SELECT * FROM ({rest}) LIMIT 0"
    ran, schema = _written(running, rest, to, compression)
    running.services.glue.create_table(
        DatabaseName=tables.database, TableInput=parquet.table(name, schema, f"{to}/")
    )
    return ran


def _drop_table(running: Running, statement: Statement) -> Ran:
    *before, name = statements.names(statement.parts["table"])
    tables = Tables(running.services.glue, before[-1] if before else running.job.database)
    if tables.describe(name) is not None:
        running.services.glue.delete_table(DatabaseName=tables.database, Name=name)
    elif not statement.part("lenient"):
        raise Failure(f"FAILED: SemanticException [Error 10001]: Table not found {name}")
    return _told(running, [], [])


def _alter_table(running: Running, statement: Statement) -> Ran:
    *before, name = statements.names(statement.parts["table"])
    tables = Tables(running.services.glue, before[-1] if before else running.job.database)
    described = tables.describe(name)
    if described is None:
        raise Failure(f"FAILED: SemanticException [Error 10001]: Table not found {name}")
    properties = statements.properties(statement.parts["properties"])
    running.services.glue.update_table(
        DatabaseName=tables.database, TableInput=parquet.altered(described, properties)
    )
    return _told(running, [], [])


def _refuse(running: Running, statement: Statement) -> Ran:
    if not statement.known:
        raise Failure(f"SYNTAX_ERROR: line 1:1: No statement begins with {statement.kind}.")
    raise Failure(
        f"NOT_SUPPORTED: The local stage does not run {statement.kind}: it reads tables, and "
        "writes by UNLOAD and CREATE TABLE AS SELECT alone."
    )


_RUNS: dict[str, Callable[[Running, Statement], Ran]] = {
    "SELECT": _select,
    "EXPLAIN": _explain,
    "UNLOAD": _unload,
    "CREATE_TABLE_AS_SELECT": _create_table,
    "DROP_TABLE": _drop_table,
    "ALTER_TABLE_SET_TBLPROPERTIES": _alter_table,
    "PREPARE": _nothing,
    "DEALLOCATE_PREPARE": _nothing,
    **dict.fromkeys(show.KINDS, _show),
}


def _asked(running: Running, sql: str, use: Callable[[Found], T]) -> T:
    """What `use` makes of the answer to a query."""
    bound = Bound("athena", sql, sql)
    if information_schema.asked(sql):
        return _asked_of_schema(running, bound, use)
    tables = Tables(running.services.glue, running.job.database)

    def answer(lake: Opened) -> T:
        with running.control.over(lake.session):
            running.scanned = _scanned(lake)
            most = running.job.most_bytes
            if most is not None and running.scanned > most:
                raise failures.OverLimit(most)
            local.register(lake)
            found = local.relation(lake.session, lake.plan)
            _planned(running)
            return use(Found(found, lake.plan.columns))

    return reading.answered(bound, tables, tables.database, running.services.store, answer)


def _asked_of_schema(running: Running, bound: Bound, use: Callable[[Found], T]) -> T:
    plan = dialect.plan(bound, information_schema.TABLES, information_schema.NAME)
    with open_session(plan.helpers) as session, running.control.over(session):
        for scan in plan.scans:
            rows = information_schema.rows(running.services.glue, scan.table.name)
            session.register(scan.name, rows)
        try:
            found = local.relation(session, plan)
            _planned(running)
            return use(Found(found, plan.columns))
        except duckdb.InterruptException:
            raise failures.Stopped from None
        except duckdb.Error as error:
            raise faults.explain(error, bound, plan.sql, ()) from None


def _planned(running: Running) -> None:
    running.planning_ms = round((time.monotonic() - running.began) * 1000)


def _scanned(lake: Opened) -> int:
    """What Athena would scan; where that cannot be told, all of the files."""
    try:
        return cost.estimate(lake.session, lake.plan, lake.files).bytes
    except NotEstimated:
        return sum(files.bytes for files in lake.files)


def _written(
    running: Running, sql: str, to: str, compression: parquet.Compression
) -> tuple[Ran, pa.Schema]:
    """A query's rows as a file in a folder, and the list of such files beside the result."""
    path = running.folder / _PART

    def write(found: Found) -> tuple[pa.Schema, int]:
        given, batches = found.batches()
        schema = parquet.schema(given, [kind for _, kind in found.columns])
        path.unlink(missing_ok=True)  # of an earlier try
        return schema, parquet.write(path, schema, batches, compression)

    schema, rows = _asked(running, sql, write)
    files = [f"{to}/{running.job.query}_{_PART}"] if rows else []
    for file in files:
        _put(running, path, file)
    base = running.job.output
    manifest = f"{base}-manifest.csv"
    _put(running, "".join(f"{file}\n" for file in files).encode(), manifest)
    _put_columns(running, [kinds.named("rows", "bigint")], base)
    return running.ran(written=rows, manifest=manifest), schema


def _told(running: Running, lines: Iterable[str], columns: list[Column]) -> Ran:
    """An answer in lines of text."""
    _put(running, "".join(f"{line}\n" for line in lines).encode(), running.job.output)
    _put_columns(running, columns, running.job.output)
    return running.ran()


def _put_columns(running: Running, columns: list[Column], output: str) -> None:
    _put(running, metadata.written(columns), f"{output}.metadata")


def _put(running: Running, what: bytes | Path, address: str) -> None:
    bucket, key = _place(address)
    try:
        if isinstance(what, bytes):
            running.services.s3.put_object(Bucket=bucket, Key=key, Body=what)
        else:
            with what.open("rb") as body:
                running.services.s3.put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise failures.of_output(error, address) from None


def _check_empty(running: Running, to: str) -> None:
    bucket, key = _place(f"{to}/")
    found = running.services.s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    if found.get("KeyCount"):
        raise Failure(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table already exists: {to}")


def _place(address: str) -> tuple[str, str]:
    scheme, _, path = address.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or not bucket:
        raise Failure(f"{address} is no address in S3.")
    return bucket, key
