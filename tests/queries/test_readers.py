"""Other tools read the lake from its files alone, with the types that the tables document.

What each of them makes of a column, where nothing but the folder is told, and where the partitions'
type is told as well:

| in Glue | pyarrow | Polars | DuckDB |
| --- | --- | --- | --- |
| string, bigint, double, int | the same | the same | the same |
| timestamp | timestamp[ms] | Datetime, ms | TIMESTAMP, to the microsecond |
| timestamp of Firehose (INT96) | timestamp[ns], or ms where told | Datetime, ns | TIMESTAMP |
| day of a partition (string) | string | Date, or String where told | DATE, or VARCHAR where told |
| hour of a partition (string) | int32, or string where told | Int64, or String | VARCHAR |
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from glue import schema, tables
from glue.tables import Table
from tests.queries.lake import TRENDS, Lake, like
from transform.lake import parquet
from transform.trends import days

AT = datetime(2026, 3, 1, 7, 59, 59, 123000)
LIKES = [
    like(1, AT, extra='{"a": "é"}'),
    like(2, AT, user_id=None, source=None),
    like(3, AT.replace(microsecond=0), movie_id="a:b", action="unlike"),
]
RANKED = [
    {"hour": datetime(2026, 3, 1, 7), "movie_id": "tt1", "likes": 2**40, "unlikes": 0,
     "score": -0.125, "rank": 1},
    {"hour": datetime(2026, 3, 1, 7), "movie_id": "tt2", "likes": 0, "unlikes": 7,
     "score": 1e-9, "rank": 2},
]  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    "likes": [row | {"backfill": None, "day": "2026-03-01"} for row in LIKES],
    "likes_raw": [
        row | {"place": None, "arrival_day": "2026-03-01", "arrival_hour": "07"} for row in LIKES
    ],
    "trends": [row | {"day": "2026-03-01"} for row in RANKED],
}
KEYS = {"likes": "event_id", "likes_raw": "event_id", "trends": "movie_id"}
REJECTED = [
    {"reason": "not_json", "detail": "é", "payload": "{", "payload_encoding": "utf-8",
     "record_id": "r", "line": line, "shard_id": None, "sequence_number": None,
     "partition_key": None, "received_at": "2026-03-01 07:59:59.123", "file": None, "place": None}
    for line in (1, 2)
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lake with rows of each table: likes and trends as the functions write them,
    others as plain as Firehose does, without what pyarrow adds for itself."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for hour, rows in (("07", LIKES[:2]), ("08", LIKES[2:])):
        file = lake.root / f"likes/day=2026-03-01/hour-{hour}-00.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        made = pa.Table.from_pylist(rows, schema.arrow(tables.read("likes")))
        writer = parquet.Writer(file)
        for batch in made.to_batches():
            writer.add(batch)
        writer.close()
    folder = "raw/arrival_day=2026-03-01/arrival_hour=07"
    for number, row in enumerate(LIKES):
        lake.put(f"{folder}/{number}.parquet", [row], use_deprecated_int96_timestamps=True,
                 store_schema=False)  # fmt: skip
    ranked = lake.root / "trends/day=2026-03-01/whole.parquet"
    ranked.parent.mkdir(parents=True)
    ranked.write_bytes(days.encode(pa.Table.from_pylist(RANKED, TRENDS)))
    lake.put_rejected("2026-03-01", "a.gz", REJECTED)
    return lake.root


def read_pyarrow(folder: Path, table: Table, told: bool) -> pa.Table:
    if not told:
        return ds.dataset(folder, partitioning="hive").to_table()
    kinds = schema.partitions(table)
    whole = pa.schema([*schema.arrow(table), *kinds])
    return ds.dataset(folder, whole, partitioning=ds.partitioning(kinds, flavor="hive")).to_table()


def read_polars(folder: Path, table: Table, told: bool) -> pl.DataFrame:
    kinds = {part.name: pl.String() for part in table.partitions} if told else None
    return pl.scan_parquet(folder, hive_partitioning=True, hive_schema=kinds).collect()


def read_duckdb(folder: Path, table: Table, told: bool) -> Any:
    options = ", hive_types_autocast = false" if told else ""
    return duckdb.sql(
        f"SELECT * FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true{options})"
    )


def rows_of(answer: Any) -> list[dict[str, Any]]:
    if isinstance(answer, pa.Table):
        return answer.to_pylist()
    if isinstance(answer, pl.DataFrame):
        return answer.to_dicts()
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def types_of(answer: Any) -> dict[str, str]:
    if isinstance(answer, pa.Table):
        return {field.name: str(field.type) for field in answer.schema}
    if isinstance(answer, pl.DataFrame):
        return {name: str(kind) for name, kind in answer.schema.items()}
    return dict(zip(answer.columns, map(str, answer.types), strict=True))


Reader = Callable[[Path, Table, bool], Any]
TYPES: dict[Reader, dict[str, str]] = {
    read_pyarrow: {
        "string": "string",
        "timestamp": "timestamp[ms]",
        "bigint": "int64",
        "double": "double",
        "int": "int32",
    },
    read_polars: {
        "string": "String",
        "timestamp": "Datetime(time_unit='ms', time_zone=None)",
        "bigint": "Int64",
        "double": "Float64",
        "int": "Int32",
    },
    read_duckdb: {
        "string": "VARCHAR",
        "timestamp": "TIMESTAMP",
        "bigint": "BIGINT",
        "double": "DOUBLE",
        "int": "INTEGER",
    },
}
# Where they differ from the table: by reader and column, without and with the types told.
AS_FIREHOSE_WRITES = {read_polars: "Datetime(time_unit='ns', time_zone=None)"}
UNTOLD: dict[Reader, dict[str, tuple[str, Any]]] = {
    read_pyarrow: {"arrival_hour": ("int32", 7)},
    read_polars: {
        "day": ("Date", date(2026, 3, 1)),
        "arrival_day": ("Date", date(2026, 3, 1)),
        "arrival_hour": ("Int64", 7),
    },
    read_duckdb: {
        "day": ("DATE", date(2026, 3, 1)),
        "arrival_day": ("DATE", date(2026, 3, 1)),
    },
}
READERS = pytest.mark.parametrize("reader", TYPES, ids=lambda reader: reader.__name__[5:])
PARQUET = pytest.mark.parametrize("name", ROWS)


def expected(table: Table, reader: Reader) -> dict[str, str]:
    kinds = TYPES[reader]
    found = {column.name: kinds[column.type] for column in table.columns}
    if table.name == "likes_raw" and reader in AS_FIREHOSE_WRITES:
        found |= dict.fromkeys(("liked_at", "received_at"), AS_FIREHOSE_WRITES[reader])
    return found | {part.name: kinds[part.type] for part in table.partitions}


def by_key(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row[KEYS[name]]))


@PARQUET
@READERS
def test_with_the_partitions_type_told_all_is_as_documented(
    root: Path, reader: Reader, name: str
) -> None:
    table = tables.read(name)
    answer = reader(root / table.location, table, True)
    assert types_of(answer) == expected(table, reader)
    assert by_key(name, rows_of(answer)) == by_key(name, ROWS[name])


@PARQUET
@READERS
def test_with_nothing_told_only_partitions_are_taken_for_something_else(
    root: Path, reader: Reader, name: str
) -> None:
    table = tables.read(name)
    answer = reader(root / table.location, table, False)
    changed = {column: what for column, what in UNTOLD[reader].items() if column in table.names}
    kinds = {column: kind for column, (kind, _) in changed.items()}
    if name == "likes_raw" and reader is read_pyarrow:
        kinds |= dict.fromkeys(("liked_at", "received_at"), "timestamp[ns]")
    assert types_of(answer) == expected(table, reader) | kinds
    values = {column: value for column, (_, value) in changed.items()}
    assert by_key(name, rows_of(answer)) == by_key(name, [row | values for row in ROWS[name]])


def test_what_was_rejected_is_json_that_they_read(root: Path) -> None:
    rejected = tables.read("rejected")
    folder = root / rejected.location
    at = datetime(2026, 3, 1, 7, 59, 59, 123000)
    told = [row | {"received_at": at, "day": "2026-03-01"} for row in REJECTED]

    kinds = schema.partitions(rejected)
    whole = pa.schema([*schema.arrow(rejected), *kinds])
    partitioning = ds.partitioning(kinds, flavor="hive")
    found = ds.dataset(folder, whole, format="json", partitioning=partitioning).to_table()
    assert found.to_pylist() == told

    columns = ", ".join(
        f"{column.name}: '{TYPES[read_duckdb][column.type]}'" for column in rejected.columns
    )
    answer = duckdb.sql(
        f"SELECT * FROM read_json('{folder}/**/*.gz', hive_partitioning = true, "
        f"hive_types_autocast = false, columns = {{{columns}}}) ORDER BY line"
    )
    assert rows_of(answer) == told

    # Polars has no partitions in JSON, and reads a time as the text it is.
    frame = pl.scan_ndjson(folder / "**/*.gz", infer_schema_length=None).collect()
    assert frame.sort("line").to_dicts() == REJECTED
