"""The engine of a laptop answers as Athena would, from its tables and nothing else."""

import os
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import queries
from queries.engine.local import open_session
from tests.queries.lake import LIKES, Lake, like

START = datetime(2026, 3, 1)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five days of two hours each, a file an hour."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for day in range(5):
        for hour in (0, 13):
            at = START + timedelta(days=day, hours=hour)
            rows = [like(number, at) for number in range(200)]
            lake.put(f"raw/arrival_day={at:%Y-%m-%d}/arrival_hour={at:%H}/a.parquet", rows)
    return lake


def ask(lake: Lake, sql: str, **values: object) -> pd.DataFrame:
    return queries.run(sql, connection=lake.connection, **values)


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def test_a_cte_is_pruned_where_it_scans(full: Lake) -> None:
    sql = """
        WITH one AS (SELECT movie_id FROM likes_raw WHERE arrival_day = '2026-03-01'),
             two AS (SELECT movie_id FROM likes_raw WHERE arrival_day = '2026-03-02'
                     AND arrival_hour = '00')
        SELECT count(*) FROM one JOIN two USING (movie_id)"""
    assert ask(full, sql).attrs["files"] == 3


def test_rows_that_an_outer_join_leaves_without_a_partner_are_kept(full: Lake) -> None:
    sql = """
        SELECT l.event_id FROM likes_raw l LEFT JOIN likes_raw r
          ON l.event_id = r.event_id AND r.arrival_day = '2026-03-09'
        WHERE l.arrival_day = '2026-03-01' AND r.arrival_day IS NULL"""
    found = ask(full, sql)
    assert (len(found), found.attrs["files"]) == (400, 2 + 10)


def test_what_is_not_data_is_left_alone(lake: Lake) -> None:
    day = "raw/arrival_day=2026-03-01"
    lake.put(f"{day}/arrival_hour=00/a.parquet", [like(1, START)])
    for stray in (
        f"{day}/arrival_hour=00/_SUCCESS",
        f"{day}/arrival_hour=00/.a.crc",
        f"{day}/stray.parquet",
        "raw/stray.parquet",
        "raw/day=2026-03-01/arrival_hour=00/a.parquet",
    ):
        path = lake.root / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not parquet")
    (lake.root / day / "arrival_hour=00" / "empty").touch()
    assert ask(lake, "SELECT count(*) AS n FROM likes_raw")["n"][0] == 1


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("int96", [False, True])
def test_times_of_any_writer_are_read_to_the_millisecond(
    lake: Lake, unit: str, int96: bool
) -> None:
    kind = pa.timestamp(unit)  # type: ignore[call-overload]
    columns = pa.schema([f if f.name != "liked_at" else f.with_type(kind) for f in LIKES])
    at = START + timedelta(milliseconds=123)
    path = "raw/arrival_day=2026-03-01/arrival_hour=00/a"
    lake.put(path, [like(1, at)], columns, use_deprecated_int96_timestamps=int96)
    found = ask(lake, "SELECT liked_at FROM likes_raw WHERE liked_at = :at", at=at)
    assert rows(found) == [(pd.Timestamp(at),)]
    assert found["liked_at"].dtype == "datetime64[ms]"


def test_firehose_can_tell_a_time_that_nanoseconds_cannot(lake: Lake) -> None:
    path = "raw/arrival_day=2026-03-01/arrival_hour=00/a"
    at = datetime(2999, 12, 31, 23, 59, 59, 999000)
    lake.put(path, [like(1, at)], use_deprecated_int96_timestamps=True)
    found = ask(lake, "SELECT CAST(liked_at AS varchar) AS at FROM likes_raw")
    assert found["at"][0] == "2999-12-31 23:59:59.999"


def test_a_file_older_than_a_column_has_nulls_there(lake: Lake) -> None:
    path = "raw/arrival_day=2026-03-01/arrival_hour=00/"
    lake.put(path + "old", [{"event_id": "old"}], pa.schema([("event_id", pa.string())]))
    lake.put(path + "new", [like(1, START, event_id="new")])
    found = ask(lake, "SELECT event_id, source FROM likes_raw ORDER BY event_id")
    assert found["source"].isna().tolist() == [False, True]


def test_a_column_of_nulls_keeps_its_type(lake: Lake) -> None:
    lake.put("raw/arrival_day=2026-03-01/arrival_hour=00/a", [like(1, START, user_id=None)])
    found = ask(lake, "SELECT user_id, lower(user_id) AS low FROM likes_raw")
    assert [str(kind) for kind in found.dtypes] == ["string", "string"]
    assert found.isna().all(axis=None)


def test_results_have_the_types_awswrangler_gives(lake: Lake) -> None:
    found = ask(
        lake,
        """SELECT count(*) AS n, sum(1) AS s, avg(1) AS a, 1.50 AS d, 'x' AS t, true AS b,
           DATE '2026-03-01' AS day, TIMESTAMP '2026-03-01 00:00:00.001' AS at,
           CAST(1 AS integer) AS i, CAST(NULL AS bigint) AS nothing""",
    )
    assert {name: str(kind) for name, kind in found.dtypes.items()} == {
        "n": "Int64",
        "s": "Int64",
        "a": "float64",
        "d": "object",
        "t": "string",
        "b": "boolean",
        "day": "object",
        "at": "datetime64[ms]",
        "i": "Int32",
        "nothing": "Int64",
    }
    assert found["day"][0] == date(2026, 3, 1)
    assert found["d"][0] == Decimal("1.50")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # What Athena gives, by Trino's manual, where DuckDB by itself would give something else.
        ("7 / 2", 3),
        ("date_diff('day', TIMESTAMP '2026-03-01 23:00:00', TIMESTAMP '2026-03-02 01:00:00')", 0),
        ("date_diff('hour', TIMESTAMP '2026-03-01 23:59:00', TIMESTAMP '2026-03-02 01:00:00')", 1),
        ("date_diff('day', DATE '2026-03-01', DATE '2026-03-02')", 1),
        ("CAST(DATE '2026-03-01' - INTERVAL '1' DAY AS varchar)", "2026-02-28"),
        ("date_add('month', 1, DATE '2026-01-31')", date(2026, 2, 28)),
        ("date_trunc('month', DATE '2026-03-05')", date(2026, 3, 1)),
        ("element_at(sequence(DATE '2026-02-28', DATE '2026-03-05'), 2)", date(2026, 3, 1)),
        ("sequence(DATE '2026-03-05', DATE '2026-04-01', INTERVAL '7' DAY)[2]", date(2026, 3, 12)),
        ("date_format(DATE '2026-03-05', '%Y-%m-%d')", "2026-03-05"),
        ("CAST(TIMESTAMP '2026-03-01 23:59:59.999' AS date)", date(2026, 3, 1)),
        ("json_extract_scalar('{\"a\": \"b\"}', '$.a')", "b"),
        ("count_if(1 = 1)", 1),
        ("strpos('abc', 'c')", 3),
        ("regexp_like('tt01', '^tt[0-9]+$')", True),
        ("element_at(array[1, 2], 2)", 2),
        ("'a' || 'b'", "ab"),
        ("length('дюна')", 4),
        ("try_cast('x' AS bigint) IS NULL", True),
        ("from_unixtime(0)", pd.Timestamp(0, tz="UTC")),
        ("CAST(current_timestamp AS varchar) LIKE '% UTC'", True),
    ],
)
def test_expressions_mean_what_athena_means(lake: Lake, expression: str, value: object) -> None:
    found = ask(lake, f"SELECT {expression}")
    assert list(found.columns) == ["_col0"]
    assert found["_col0"][0] == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("INTERVAL '2' DAY", "2 00:00:00.000"),
        ("INTERVAL '14' MONTH", "1-2"),
        ("ARRAY[INTERVAL '2' DAY, NULL]", ["2 00:00:00.000", None]),
        ("CAST(ROW(INTERVAL '2' MONTH, 1) AS ROW(m interval year to month, n integer))",
         {"m": "0-2", "n": 1}),
        ("ARRAY[TIMESTAMP '2026-11-20 01:30:00' AT TIME ZONE 'America/New_York']",
         ["2026-11-19 20:30:00 America/New_York"]),
        ("ARRAY[TIME '10:00:00']", ["10:00:00"]),
    ],
)  # fmt: skip
def test_what_duckdb_has_no_type_for_is_told_in_athena_s_words_within_others_too(
    lake: Lake, expression: str, value: object
) -> None:
    bound = queries._bind(f"SELECT {expression} AS x", {})
    with lake.connection.stream(bound, whole=True) as answer:
        found = [row for batch in answer.batches for row in batch.to_pylist()]
    assert found == [{"x": value}]


def test_columns_are_named_as_athena_names_them(full: Lake) -> None:
    sql = (
        'SELECT count(*), 1 AS One, CAST(2 AS bigint), "MOVIE_ID" FROM likes_raw GROUP BY movie_id'
    )
    assert list(ask(full, sql).columns) == ["_col0", "one", "_col2", "movie_id"]


def test_names_are_the_same_in_any_case(full: Lake) -> None:
    sql = """
        WITH Days AS (SELECT L.Arrival_Day FROM Movie_Likes_Local.LIKES_RAW L)
        SELECT count(*) FROM DAYS"""
    assert ask(full, sql)["_col0"][0] == 2000


def test_rows_come_in_the_order_asked_for_nulls_last(lake: Lake) -> None:
    sql = "SELECT x FROM (VALUES (2), (NULL), (1)) AS t (x) ORDER BY x DESC"
    assert ask(lake, sql)["x"].tolist()[:2] == [2, 1]


def test_the_zone_of_the_machine_does_not_matter(
    full: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    sql = "SELECT CAST(liked_at AS date) AS day, count(*) AS n FROM likes_raw GROUP BY 1 ORDER BY 1"
    here = rows(ask(full, sql))
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert rows(ask(full, sql)) == here
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM read_text('{path}')",
        "SELECT * FROM '{path}'",
        'SELECT * FROM "{path}"',
        "SELECT * FROM glob('/*')",
        "SELECT * FROM duckdb_settings()",
        "SELECT getenv('HOME')",
        "WITH x AS (SELECT 1) INSERT INTO likes_raw SELECT * FROM x",
        "SELECT * FROM secret",
        "SELECT * FROM information_schema.tables",
    ],
)
def test_nothing_but_the_tables_can_be_reached(lake: Lake, tmp_path: Path, sql: str) -> None:
    secret = pa.table({"x": [1]})  # what DuckDB would find in the caller's variables
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(queries.BadSQL):
        ask(lake, sql.format(path=path))
    assert secret.num_rows == 1
    assert os.listdir(tmp_path) == ["x.csv"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM '{path}'",
        "COPY (SELECT 1) TO '{path}'",
        "ATTACH '{path}'",
        "INSTALL httpfs",
        "SELECT * FROM variable",
        "SET enable_external_access = true",
        "SET TimeZone = 'Asia/Tokyo'",
    ],
)
def test_duckdb_itself_reaches_nothing_whatever_it_is_told(tmp_path: Path, statement: str) -> None:
    variable = pa.table({"x": [1]})
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with open_session() as session, pytest.raises(duckdb.Error):
        session.execute(statement.format(path=path))
    assert variable.num_rows == 1
    assert path.read_text() == "a,b\n1,2\n"


def test_files_that_cannot_be_read_are_said_so_in_a_sentence(lake: Lake) -> None:
    path = lake.root / "raw/arrival_day=2026-03-01/arrival_hour=00/a"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is not Parquet")
    with pytest.raises(queries.EngineFailed) as failed:
        ask(lake, "SELECT count(*) FROM likes_raw")
    assert str(failed.value).count("\n") == 0
    assert failed.value.__cause__ is None
