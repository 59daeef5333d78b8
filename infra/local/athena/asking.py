"""A run of a statement: whose it is, the queries it asks, and what it writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from botocore.exceptions import ClientError

from infra.local.athena import failures, information_schema, kinds, metadata, parquet
from infra.local.athena.catalog import Tables
from infra.local.athena.failures import Failure
from infra.local.athena.jobs import Ran, Run
from infra.local.athena.kinds import Column
from queries.engine import cost, dialect, faults, local, reading
from queries.engine import results as answers
from queries.engine.errors import NotEstimated
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


def asked(running: Running, sql: str, use: Callable[[Found], T]) -> T:
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


def written(
    running: Running, sql: str, to: str, compression: parquet.Compression
) -> tuple[Ran, pa.Schema]:
    """A query's rows as a file in a folder, and the list of such files beside the result."""
    path = running.folder / _PART

    def write(found: Found) -> tuple[pa.Schema, int]:
        given, batches = found.batches()
        schema = parquet.schema(given, [kind for _, kind in found.columns])
        path.unlink(missing_ok=True)  # of an earlier try
        return schema, parquet.write(path, schema, batches, compression)

    schema, rows = asked(running, sql, write)
    files = [f"{to}/{running.job.query}_{_PART}"] if rows else []
    for file in files:
        put(running, path, file)
    base = running.job.output
    manifest = f"{base}-manifest.csv"
    put(running, "".join(f"{file}\n" for file in files).encode(), manifest)
    put_columns(running, [kinds.named("rows", "bigint")], base)
    return running.ran(written=rows, manifest=manifest), schema


def told(running: Running, lines: Iterable[str], columns: list[Column]) -> Ran:
    """An answer in lines of text."""
    put(running, "".join(f"{line}\n" for line in lines).encode(), running.job.output)
    put_columns(running, columns, running.job.output)
    return running.ran()


def put_columns(running: Running, columns: list[Column], output: str) -> None:
    put(running, metadata.written(columns), f"{output}.metadata")


def put(running: Running, what: bytes | Path, address: str) -> None:
    bucket, key = place(address)
    try:
        if isinstance(what, bytes):
            running.services.s3.put_object(Bucket=bucket, Key=key, Body=what)
        else:
            with what.open("rb") as body:
                running.services.s3.put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise failures.of_output(error, address) from None


def check_empty(running: Running, to: str) -> None:
    bucket, key = place(f"{to}/")
    found = running.services.s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    if found.get("KeyCount"):
        raise Failure(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table already exists: {to}")


def place(address: str) -> tuple[str, str]:
    scheme, _, path = address.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or not bucket:
        raise Failure(f"{address} is no address in S3.")
    return bucket, key
