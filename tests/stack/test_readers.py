"""Other tools read the stage's tables in S3, with the types that the tables document.

awswrangler gives pandas' nullable types; a partition's value is text by `read_parquet` (a category)
and by `read_parquet_table`; times are datetime64.
"""

import gzip
import io
import json

import awswrangler as wr
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

import queries
from glue import schema, tables
from queries.engine.connection import on_aws
from tests import plan

DAY = str(plan.days("readers").first)
AT = plan.days("readers").at(0, 7).replace(minute=59, second=59, microsecond=123000, tzinfo=None)
LIKE = {
    "event_id": "reader-1", "movie_id": "reader", "user_id": None, "action": "like",
    "liked_at": AT, "received_at": AT, "source": "web", "extra": '{"a": "é"}',
}  # fmt: skip
HOUR = AT.replace(minute=0, second=0, microsecond=0)
TREND = {"hour": HOUR, "movie_id": "reader", "likes": 2**40, "unlikes": 0, "score": -0.125,
         "rank": 1}  # fmt: skip
REJECTED = {
    "reason": "not_json", "detail": "é", "payload": "{", "payload_encoding": "utf-8",
    "record_id": "reader", "line": 1, "shard_id": None, "sequence_number": None,
    "partition_key": None, "received_at": f"{DAY} 07:59:59.123", "file": None, "place": None,
}  # fmt: skip
FOLDERS = {
    "likes": f"likes/day={DAY}/",
    "likes_raw": f"raw/arrival_day={DAY}/arrival_hour=07/",
    "trends": f"trends/day={DAY}/",
}
PARTITIONS = {
    "likes": {"day": DAY},
    "likes_raw": {"arrival_day": DAY, "arrival_hour": "07"},
    "trends": {"day": DAY},
}
ROWS = {
    "likes": LIKE | {"backfill": 7},
    "likes_raw": LIKE | {"place": None},
    "trends": TREND,
}
PARQUET = pytest.mark.parametrize("name", ROWS)

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture(scope="module", autouse=True)
def objects(stage):
    """One object of each table, gone again afterwards."""
    s3 = stage.client("s3")
    bodies = {f"rejected/day={DAY}/reader.gz": gzip.compress(json.dumps(REJECTED).encode() + b"\n")}
    for name, row in ROWS.items():
        buffer = io.BytesIO()
        table = pa.Table.from_pylist([row], schema.arrow(tables.read(name)))
        # Beside what the emulator's Firehose wrote, so with its type of time; tests/queries reads
        # the INT96 of AWS's.
        time = "us" if name == "likes_raw" else "ms"
        pq.write_table(table, buffer, coerce_timestamps=time, store_schema=False)
        bodies[FOLDERS[name] + "reader.parquet"] = buffer.getvalue()
    for key, body in bodies.items():
        s3.put_object(Bucket=stage.outputs.bucket, Key=key, Body=body)
    yield
    for key in bodies:
        s3.delete_object(Bucket=stage.outputs.bucket, Key=key)


@pytest.fixture
def filesystem(stage):
    """pyarrow's S3, at the emulator."""
    return pafs.S3FileSystem(
        access_key="test", secret_key="test", region="us-east-1", scheme="http",
        endpoint_override=stage.endpoint.removeprefix("http://"),
    )  # fmt: skip


def only(rows):
    """The one row of ours among what the tests beside this one have."""
    (found,) = [row for row in rows if row["movie_id"] == "reader"]
    return found


def of_pandas(frame):
    """Rows with None for what is missing, and Python's own types."""
    filled = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [
        {name: value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
         for name, value in row.items()}
        for row in filled
    ]  # fmt: skip


PANDAS = {"string": "string", "bigint": "Int64", "int": "Int32", "double": "float64"}


@PARQUET
def test_awswrangler_reads_the_folder(stage, name):
    location = f"s3://{stage.outputs.bucket}/{tables.read(name).location}"
    frame = wr.s3.read_parquet(
        location, dataset=True, dtype_backend="numpy_nullable",
        partition_filter=lambda values: values[next(iter(PARTITIONS[name]))] == DAY,
    )  # fmt: skip
    assert only(of_pandas(frame)) == ROWS[name] | PARTITIONS[name]
    for column in tables.read(name).columns:
        kind = str(frame[column.name].dtype)
        assert kind.startswith("datetime64") or kind.lower() == PANDAS[column.type].lower()


@PARQUET
def test_awswrangler_reads_the_table(stage, name):
    frame = wr.s3.read_parquet_table(
        table=name, database=stage.outputs.glue_database,
        partition_filter=lambda values: values[next(iter(PARTITIONS[name]))] == DAY,
    )  # fmt: skip
    assert only(of_pandas(frame)) == ROWS[name] | PARTITIONS[name]


@PARQUET
def test_pyarrow_polars_and_duckdb_read_it(stage, filesystem, name):
    table = tables.read(name)
    kinds = schema.partitions(table)
    whole = pa.schema([*schema.arrow(table), *kinds])
    dataset = ds.dataset(
        f"{stage.outputs.bucket}/{table.location}",
        whole,
        filesystem=filesystem,
        partitioning=ds.partitioning(kinds, flavor="hive"),
        format=ds.ParquetFileFormat(coerce_int96_timestamp_unit="ms"),
    )
    of_day = ds.field(table.partitions[0].name) == DAY
    found = dataset.to_table(filter=of_day)
    assert found.schema.equals(whole)
    assert only(found.to_pylist()) == ROWS[name] | PARTITIONS[name]

    with duckdb.connect() as session:
        session.register("dataset", dataset)
        answer = session.sql(f"SELECT * FROM dataset WHERE {table.partitions[0].name} = '{DAY}'")
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
    assert only(rows) == ROWS[name] | PARTITIONS[name]

    frame = pl.scan_parquet(
        f"s3://{stage.outputs.bucket}/{FOLDERS[name].split('/')[0]}/",
        hive_partitioning=True,
        hive_schema={part.name: pl.String() for part in table.partitions},
        storage_options={
            "aws_endpoint_url": stage.endpoint,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "aws_region": "us-east-1",
            "aws_allow_http": "true",
        },
    )
    frame = frame.filter(pl.col(table.partitions[0].name) == DAY).collect()
    assert only(frame.to_dicts()) == ROWS[name] | PARTITIONS[name]


# awswrangler joins the frames of its files in a way that the pandas after this one will not take.
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_what_was_rejected_is_json(stage, connection):
    folder = f"s3://{stage.outputs.bucket}/rejected/day={DAY}/"
    frame = wr.s3.read_json(folder, lines=True, dataset=True, dtype=False)
    assert of_pandas(frame) == [REJECTED | {"day": DAY}]
    answer = queries.run("SELECT * FROM rejected WHERE day = :day", connection=connection, day=DAY)
    assert of_pandas(answer) == [REJECTED | {"received_at": AT, "day": DAY}]


@PARQUET
def test_the_product_s_own_sql_reads_the_same_and_tells_its_cost(connection, name):
    day = tables.read(name).partitions[0].name
    sql = f"SELECT * FROM {name} WHERE {day} = :day"
    answer = queries.run(sql, connection=connection, day=DAY)
    assert only(of_pandas(answer)) == ROWS[name] | PARTITIONS[name]
    told = queries.estimate(sql, connection=connection, day=DAY)
    assert told.bytes == answer.attrs["bytes"] > 0 and told.files == 1


@PARQUET
def test_as_on_aws_it_costs_the_same(stage, connection, name):
    sql = f"SELECT movie_id FROM {name} WHERE {tables.read(name).partitions[0].name} = :day"
    told = queries.estimate(sql, connection=on_aws(stage.outputs.glue_database, "w"), day=DAY)
    assert told == queries.estimate(sql, connection=connection, day=DAY) and told.files == 1
