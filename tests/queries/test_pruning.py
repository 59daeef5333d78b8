"""A question reads no more of S3 than it must: every listing and every byte is counted."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pandas as pd
import pytest

import queries
from glue import tables
from queries.engine.connection import emulated
from tests.queries.lake import DATABASE, TOTALS, Lake, like, totals

START = datetime(2026, 3, 1)
NOISE = random.Random(1)


class Counted:
    """A lake on the stub: five days of two hours each, a file an hour, in raw and as compacted."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.connection = emulated(endpoint, "us-east-1", DATABASE)

    def ask(self, sql: str, **values: object) -> tuple[pd.DataFrame, dict[str, Any]]:
        """The answer, and what was listed and sent for it."""
        self.asked()
        return queries.run(sql, connection=self.connection, **values), self.asked()

    def asked(self) -> dict[str, Any]:
        with urlopen(f"{self.endpoint}/asked") as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    root = tmp_path_factory.mktemp("s3")
    lake = Lake(root / "bucket")
    for day in range(5):
        for hour in (0, 13):
            at = START + timedelta(days=day, hours=hour)
            # Most of each file is in one column.
            rows = [like(number, at, extra=NOISE.randbytes(1000).hex()) for number in range(200)]
            lake.put(f"raw/arrival_day={at:%Y-%m-%d}/arrival_hour={at:%H}/a.parquet", rows)
            lake.put(f"likes/day={at:%Y-%m-%d}/hour-{at:%H}.parquet", rows)
            lake.put(f"totals/day={at:%Y-%m-%d}/hour-{at:%H}.parquet", totals(rows), TOTALS)
    names = tables.names()
    (root / "tables.json").write_text(
        json.dumps({"TableList": [described(name) for name in names]})
    )
    command = [sys.executable, str(Path(__file__).parent / "stub.py"), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stub:
        try:
            assert stub.stdout is not None
            yield Counted(f"http://127.0.0.1:{int(stub.stdout.readline())}")
        finally:
            stub.terminate()


def described(name: str) -> dict[str, Any]:
    table = tables.read(name)
    return {
        "Name": name,
        "StorageDescriptor": {
            "Location": f"s3://bucket/{table.location}",
            "Columns": [{"Name": column.name, "Type": column.type} for column in table.columns],
            "SerdeInfo": {"SerializationLibrary": "ParquetHiveSerDe"},
        },
        "PartitionKeys": [{"Name": part.name, "Type": part.type} for part in table.partitions],
    }


@pytest.mark.parametrize(
    ("where", "files"),
    [
        ("arrival_day = '2026-03-02'", 2),
        ("arrival_day = '2026-03-02' AND arrival_hour = '13'", 1),
        ("arrival_hour >= '12'", 5),
        ("arrival_day || arrival_hour >= '2026-03-0413'", 3),
        ("arrival_day IN ('2026-03-01', '2026-03-05') AND movie_id = 'tt1'", 4),
        ("arrival_day BETWEEN '2026-03-02' AND '2026-03-03'", 4),
        ("ARRIVAL_DAY LIKE '%-03' OR arrival_hour = '00'", 6),
        ("arrival_day >= date_format(date_add('day', -1, DATE '2026-03-05'), '%Y-%m-%d')", 4),
        ("arrival_day >= CAST(DATE '2026-03-05' - INTERVAL '1' DAY AS varchar)", 4),
        ("arrival_day = date_format(:day, '%Y-%m-%d')", 2),
        ("arrival_day > '2027'", 0),
        ("NOT arrival_day = '2026-03-02'", 8),
        ("arrival_day = '2026-03-02' OR movie_id = 'tt1'", 10),
        ("movie_id = 'tt1'", 10),
        ("arrival_hour < CAST(random() * 0 AS varchar)", 10),
    ],
)
def test_only_the_partitions_asked_for_are_read(counted: Counted, where: str, files: int) -> None:
    values = {"day": START + timedelta(days=1)} if ":day" in where else {}
    sql = f"SELECT count(*) AS n, min(movie_id) AS movie_id FROM likes_raw WHERE {where}"
    found, asked = counted.ask(sql, **values)
    assert len(asked["sent"]) == found.attrs["files"] == files
    # The same rows as where nothing can be pruned.
    everything, asked = counted.ask(f"{sql} OR movie_id = 'no film'", **values)
    assert len(asked["sent"]) == 10
    assert everything["n"][0] == found["n"][0]


def test_a_renamed_column_is_not_taken_for_the_partition(counted: Counted) -> None:
    names = "a, b, c, d, e, f, g, h, i, arrival_hour, arrival_day"
    sql = f"SELECT count(*) AS n FROM likes_raw AS r ({names}) WHERE arrival_day = '13'"
    found, _ = counted.ask(sql)
    assert found["n"][0] == 1000


def test_a_condition_that_asks_another_table_decides_after_reading(counted: Counted) -> None:
    sql = """
        SELECT count(*) AS n FROM likes_raw
        WHERE arrival_day = (SELECT max(arrival_day) FROM likes_raw)"""
    found, _ = counted.ask(sql)
    assert found["n"][0] == 400


def test_a_day_not_asked_for_is_not_even_listed(counted: Counted) -> None:
    _, asked = counted.ask("SELECT movie_id FROM likes_raw WHERE arrival_day = '2026-03-02'")
    day = "raw/arrival_day=2026-03-02/"
    assert asked["listed"] == ["raw/", day, day]  # and once more, for what changed meanwhile


@pytest.mark.parametrize(
    ("where", "listed"),
    [
        ("arrival_day > '2026-03-02'", ["raw/arrival_day=2026-03-0"]),
        ("arrival_day IN ('2026-03-01', '2026-03-05')",
         ["raw/arrival_day=2026-03-01/", "raw/arrival_day=2026-03-05/"]),
        ("arrival_day <> '2026-03-03'", ["raw/arrival_day=2026-03-0"] * 2),
        ("arrival_day > '2027'", []),
    ],
)  # fmt: skip
def test_days_side_by_side_are_listed_together(
    counted: Counted, where: str, listed: list[str]
) -> None:
    found, asked = counted.ask(f"SELECT max(arrival_day) AS n FROM likes_raw WHERE {where}")
    assert asked["listed"][0] == "raw/"
    assert sorted(asked["listed"][1:]) == sorted(listed * 2)
    assert len(asked["sent"]) == found.attrs["files"]


def test_a_table_read_twice_is_listed_once(counted: Counted) -> None:
    sql = "SELECT count(*) FROM likes_raw a JOIN likes_raw b ON a.event_id = b.event_id"
    _, asked = counted.ask(sql)
    assert asked["listed"] == ["raw/"] * 2


def whole(counted: Counted) -> int:
    """The bytes of all files of likes_raw."""
    return queries.estimate("SELECT * FROM likes_raw", connection=counted.connection).most


def test_only_the_columns_named_are_read(counted: Counted) -> None:
    _, few = counted.ask("SELECT count(DISTINCT movie_id) FROM likes_raw")
    _, many = counted.ask("SELECT max(length(extra)) FROM likes_raw")
    assert sum(many["sent"].values()) > 0.9 * whole(counted)
    assert sum(few["sent"].values()) < 0.25 * whole(counted)


def test_counting_reads_no_column_at_all(counted: Counted) -> None:
    found, asked = counted.ask("SELECT count(*) AS n FROM likes_raw")
    assert found["n"][0] == 2000
    assert sum(asked["sent"].values()) < 0.25 * whole(counted)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM likes_raw",
        "SELECT count(DISTINCT movie_id) FROM likes_raw",
        "SELECT max(length(extra)) FROM likes_raw WHERE arrival_day > '2026-03-02'",
        "SELECT * FROM likes_raw WHERE arrival_hour = '13'",
    ],
)
def test_what_s3_sends_is_what_the_answer_tells_but_for_the_end_of_each_file(
    counted: Counted, sql: str
) -> None:
    found, asked = counted.ask(sql)
    # pyarrow takes 64 KiB off the end to find the footer, and what small gaps there are.
    assert sum(asked["sent"].values()) <= found.attrs["bytes"] + 80_000 * found.attrs["files"]
    assert sum(asked["sent"].values()) >= found.attrs["bytes"]


# The days of March that a question about the 4th, a Wednesday, reads; those of likes_raw are the
# days of arrival. All others read the 4th of likes alone.
READS = {
    "late_and_duplicates": {"raw": {1, 2, 3, 4, 5}},
    "like_velocity": {"likes": {3, 4}},
    "completeness_by_hour": {"totals": {4}},
    "heat_by_weekday": {"totals": {4}},
    "likes_by_day": {"totals": {4}},
    "movers": {"totals": {3, 4}},
    "net_likes": {"totals": {4}},
    "new_likers": {"likes": {1, 2, 3, 4}},
    "period_totals": {"likes": {3, 4}},
    "raw_differs": {"raw": {1, 2, 3, 4, 5}, "likes": {4}},
    "top_movies": {"totals": {4}},
    "top_movies_by_period": {"totals": {2, 3, 4, 5}},
    "top_movies_hourly": {"totals": {4}},
    "totals_differ": {"likes": {4}, "totals": {4}},
    "weekly_retention": {"likes": {2, 3, 4, 5}},
}
OVER_LIKES = [
    question
    for question in queries.library()
    if re.search(r"FROM likes(_raw|_by_hour)?\b", question.sql)
]


@pytest.mark.parametrize("question", OVER_LIKES, ids=lambda question: question.name)
def test_a_question_reads_only_the_days_it_is_about(
    counted: Counted, question: queries.Question
) -> None:
    day = datetime(2026, 3, 4).date()
    span = {"first_day": day, "last_day": day}
    taken = {one.name: span[one.name] for one in question.parameters or () if one.name in span}
    _, asked = counted.ask(question.name, **taken)
    days: dict[str, set[int]] = {}
    for key in asked["sent"]:
        table, day, *_ = key.removeprefix("bucket/").split("/")
        days.setdefault(table, set()).add(int(day[-2:]))
    assert days == READS.get(question.name, {"likes": {4}})
