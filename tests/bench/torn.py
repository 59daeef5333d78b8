"""Torn: questions by each reader while thirty days are replaced without a pause, guarded and not.

Two processes write to the emulator: one as a backfill does, day after day, over and over; one as
compaction does, the newest three days in turn. Each reads the day, makes it anew and replaces it,
on its condition, at once. Each version of a day has the same likes, in another order, by users of
other lengths, and its number in each row: a mix of two is a wrong answer.
"""

import io
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING, Any
from unittest import mock

import rich

from tests.bench.measure import Comparison
from tests.bench.wrangler import BUCKET, REGION, bucket

if TYPE_CHECKING:
    import pyarrow as pa

    from queries.engine.store import Store

QUESTIONS = 500
UNGUARDED = 100
LIKES = 8_000  # a day: more than the 64 KiB that pyarrow reads of a file's end at once
FILMS = 50
FIRST, DAYS = date(2026, 1, 1), 30
NEWEST = 3
DATABASE = "lake"
COLUMNS = ["event_id", "movie_id", "backfill"]
SQL = """
    SELECT
      day, count(*) AS likes, count(DISTINCT event_id) AS ids, count(DISTINCT movie_id) AS films,
      min(backfill) AS oldest, max(backfill) AS newest
    FROM likes WHERE day BETWEEN :first AND :last GROUP BY day"""


@dataclass
class Tally:
    """What came of some questions."""

    asked: int = 0
    errors: int = 0
    wrong: int = 0

    def __str__(self) -> str:
        return f"{self.errors} errors, {self.wrong} wrong of {self.asked}"


def run() -> list[Comparison]:
    """Ask each reader as often as that, beside the same reader without the guard."""
    console = rich.get_console()
    found = []
    with written():
        for name in READERS:
            with console.status(f"torn: {QUESTIONS} questions by {name}"):
                ours, theirs = ask(name, QUESTIONS, True), ask(name, UNGUARDED, False)
            clean = not ours.errors and not ours.wrong
            what = f"torn, {name} while {DAYS} days are replaced"
            guard = (str(ours), "unguarded", str(theirs), "-", "none")
            found.append(Comparison(what, *guard, clean))
    return found


def ask(name: str, questions: int, guarded: bool) -> Tally:
    """Ask for one, two or three of the days, and each tenth time for all."""
    chance, tally = random.Random(1), Tally()
    reader = READERS[name](guarded)
    for number in range(questions):
        length = DAYS if number % 10 == 0 else 1 + number % 3
        first = chance.randrange(DAYS - length + 1)
        tally.asked += 1
        try:
            right = reader(_days(first, length))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of whatever library: Polars panics
            if guarded:
                rich.print(f"{name}: {error!r}")
            tally.errors += 1
        else:
            tally.wrong += not right
    return tally


@contextmanager
def written(likes: int = LIKES, pause_s: float = 0) -> Iterator[None]:
    """Have a lake of thirty days in the emulator, and both writers at work, each of which pauses
    for so long after it has replaced a day."""
    with bucket() as client:
        _make_table(client.meta.endpoint_url)
        for day in range(DAYS):
            client.put_object(Bucket=BUCKET, Key=_key(day), Body=_encoded(_likes(day, likes)))
        spawn = multiprocessing.get_context("spawn")
        writers = [
            spawn.Process(target=_write, args=(days, pause_s), daemon=True)
            for days in (range(DAYS), range(DAYS - NEWEST, DAYS))
        ]
        for writer in writers:
            writer.start()
        try:
            yield
            assert all(writer.is_alive() for writer in writers), "a writer ended"
        finally:
            for writer in writers:
                writer.kill()
                writer.join()


def _write(days: Sequence[int], pause_s: float) -> None:
    """Replace the days in turn, for ever."""
    import boto3
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from botocore.exceptions import ClientError

    client, chance = boto3.client("s3"), np.random.default_rng()
    for day in cycle(days):
        answer = client.get_object(Bucket=BUCKET, Key=_key(day))
        likes = pq.read_table(io.BytesIO(answer["Body"].read()))
        likes = likes.take(pa.array(chance.permutation(len(likes))))
        number = np.full(len(likes), chance.integers(2**31))
        users = pa.array(np.char.mod("%x", chance.integers(0, 2**40, len(likes))))
        for name, column in (("backfill", pa.array(number, pa.int32())), ("user_id", users)):
            likes = likes.set_column(likes.column_names.index(name), name, column)
        try:
            client.put_object(
                Bucket=BUCKET, Key=_key(day), Body=_encoded(likes), IfMatch=answer["ETag"]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":  # the other was first
                raise
        time.sleep(pause_s)


def _likes(day: int, likes: int) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    from glue import schema, tables

    number = np.arange(likes)
    start = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=day)
    at = int(start.timestamp() * 1000) + number * (86_400_000 // likes)
    columns: dict[str, Any] = {
        "event_id": [os.urandom(16).hex() for _ in number],
        "movie_id": np.char.mod("tt%d", number % FILMS),
        "user_id": np.char.mod("user-%d", number),
        "action": np.full(likes, "like"),
        "liked_at": at,
        "received_at": at,
        "source": np.full(likes, "web"),
        "extra": [None] * likes,
        "backfill": np.zeros(likes, np.int32),
    }
    fields = schema.arrow(tables.read("likes"))
    made = [pa.array(columns[field.name]).cast(field.type) for field in fields]
    return pa.table(made, schema=fields)


def _encoded(likes: "pa.Table") -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(likes, buffer, compression="zstd")
    return buffer.getvalue()


def _make_table(endpoint: str) -> None:
    import boto3

    from glue import tables

    table, glue = tables.read("likes"), boto3.client("glue", endpoint_url=endpoint)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    glue.create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": table.name,
            "StorageDescriptor": {
                "Location": f"s3://{BUCKET}/{table.location}",
                "Columns": [{"Name": each.name, "Type": each.type} for each in table.columns],
                "SerdeInfo": {"SerializationLibrary": "ParquetHiveSerDe"},
            },
            "PartitionKeys": [{"Name": each.name, "Type": each.type} for each in table.partitions],
        },
    )


def _days(first: int, length: int) -> list[str]:
    return [f"{FIRST + timedelta(days=day)}" for day in range(first, first + length)]


def _folder(day: str) -> str:
    return f"{BUCKET}/likes/day={day}"


def _key(day: int) -> str:
    return f"likes/day={FIRST + timedelta(days=day)}/day-00.parquet"


Reader = Callable[[list[str]], bool]


def _engine(guarded: bool) -> Reader:
    """Ask the product's own SQL."""
    import queries
    from queries.engine.connection import emulated
    from queries.engine.listing import Listing

    connection = emulated(os.environ["AWS_ENDPOINT_URL"], REGION, DATABASE)

    def reader(days: list[str]) -> bool:
        blind = mock.patch.object(Listing, "changed", lambda _: [])
        with nullcontext() if guarded else blind:
            found = queries.run(SQL, connection=connection, first=days[0], last=days[-1])
        return bool(
            len(found) == len(days)
            and found["likes"].nunique() == 1
            and (found["likes"] == found["ids"]).all()
            and (found["films"] == FILMS).all()
            and (found["oldest"] == found["newest"]).all()
        )

    return reader


def _other(read: Callable[[list[str]], "pa.Table"]) -> Callable[[bool], Reader]:
    """Ask another library, by the product's helper or with what a listing just showed."""

    def of(guarded: bool) -> Reader:
        from queries.engine.steady import steadily

        def reader(days: list[str]) -> bool:
            store, folders = _store(), [_folder(day) for day in days]
            if guarded:
                found = steadily(store, folders, read)
            else:
                files = store.files(folders[0], folders[-1])
                found = [read([f"s3://{file.path}"]) for file in files]
            return len(found) == len(days) and all(map(_right, found))

        return reader

    return of


def _right(day: "pa.Table") -> bool:
    films = day["movie_id"].value_counts().field("counts").to_pylist()
    whole = len(films) == FILMS and set(films) == {len(day) // FILMS}
    ids, versions = (len(day[name].unique()) for name in ("event_id", "backfill"))
    return whole and ids == len(day) and versions == 1


def _pyarrow(paths: list[str]) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [path.removeprefix("s3://") for path in paths]
    tables = [
        pq.read_table(file, columns=COLUMNS, filesystem=_store().filesystem) for file in files
    ]
    return pa.concat_tables(tables)


def _wrangler(paths: list[str]) -> "pa.Table":
    import awswrangler as wr
    import pyarrow as pa

    frame = wr.s3.read_parquet(paths, columns=COLUMNS)
    return pa.Table.from_pandas(frame)


def _polars(paths: list[str]) -> "pa.Table":
    import polars as pl

    options = {
        "aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"],
        "aws_allow_http": "true",
        "aws_region": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    return pl.scan_parquet(paths, storage_options=options).select(COLUMNS).collect().to_arrow()


def _duckdb(paths: list[str]) -> "pa.Table":
    import duckdb
    import pyarrow.dataset as ds

    files = [path.removeprefix("s3://") for path in paths]
    with duckdb.connect() as session:
        session.register("likes", ds.dataset(files, filesystem=_store().filesystem))
        return session.sql(f"SELECT {', '.join(COLUMNS)} FROM likes").to_arrow_table()


def _store() -> "Store":
    return _store_at(os.environ["AWS_ENDPOINT_URL"])


@cache
def _store_at(endpoint: str) -> "Store":
    import boto3

    from queries.engine.store import of_session

    return of_session(boto3.Session(), endpoint)


READERS: dict[str, Callable[[bool], Reader]] = {
    "queries.run": _engine,
    "awswrangler": _other(_wrangler),
    "Polars": _other(_polars),
    "DuckDB": _other(_duckdb),
    "pyarrow": _other(_pyarrow),
}
