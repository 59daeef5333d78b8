"""Questions over files that are replaced while they are read, at each request in turn.

Each state of a day has the same likes under the same ids, but rows in another order, users of
other lengths and the state's name in each row: whatever mixes two of them shows.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import queries
from glue import whole
from queries.engine import files, local
from queries.engine.connection import emulated
from queries.engine.listing import Listing
from queries.engine.steady import steadily
from queries.engine.store import Store
from tests import local_files
from tests.examples import every
from tests.queries.lake import DATABASE, LAKE, Lake, like
from tests.queries.test_pruning import described

FIRST = datetime(2026, 3, 1)
DAYS, LIKES = 2, 300
CHANCE = random.Random(7)

BY_DAY = """
    SELECT day, count(*) AS likes, count(DISTINCT event_id) AS ids, min(extra) AS a, max(extra) AS b
    FROM likes GROUP BY day ORDER BY day"""
WITH_ITSELF = """
    SELECT a.day, count(*) AS likes, count(DISTINCT a.event_id) AS ids, min(a.extra) AS a,
           max(b.extra) AS b
    FROM likes a JOIN likes b ON a.day = b.day AND a.event_id = b.event_id
    WHERE b.day > '2026' GROUP BY a.day ORDER BY a.day"""


def rows(state: str, day: int) -> list[dict[str, Any]]:
    """The likes of a day as they are in a state."""
    at = FIRST + timedelta(days=day)
    made = [
        like(number, at, extra=state, user_id=CHANCE.randbytes(20).hex() * (number % 3))
        for number in range(day * LIKES, (day + 1) * LIKES)
    ]
    CHANCE.shuffle(made)
    return made


class Replaced:
    """A lake on the stub, with states that it can go through."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.connection = emulated(endpoint, "us-east-1", DATABASE)

    def become(self, *states: str, after: int, every: int = 1) -> None:
        """After some requests be in the next state, and so on."""
        query = f"states={','.join(states)}&after={after}&every={every}"
        with urlopen(f"{self.endpoint}/become?{query}"):
            pass

    def requests(self) -> int:
        """How many there were since."""
        with urlopen(f"{self.endpoint}/asked") as answer:
            return int(json.load(answer)["requests"])

    def ask(self, sql: str) -> pd.DataFrame:
        return queries.run(sql, connection=self.connection)

    @property
    def store(self) -> Store:
        return self.connection.store()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replaced]:
    """Days of an object each, as they are in three states, and divided; with a damaged one."""
    root = tmp_path_factory.mktemp("s3")
    for state in ("old", "new", "newest"):
        for day in range(DAYS):
            whole_day(Lake(root / state / "bucket"), day, rows(state, day))
    for state in ("small-old", "small-new"):
        for day in range(DAYS):
            path = f"likes/day={FIRST + timedelta(days=day):%Y-%m-%d}/day-00.parquet"
            Lake(root / state / "bucket").put(path, rows(state, day), LAKE, compression="zstd")
    for state, parts in {
        "1": {"day-00": ""},
        "2": {"day-00": "", "whole": ""},
        "3": {"whole": ""},
        "4": {"whole": "", "hour-00-00": "half"},
        "5": {"whole": "", "hour-00-00": "half", "hour-00-01": "other half"},
        "6": {"hour-00-00": "half", "hour-00-01": "other half"},
        "7": {"hour-00-00": "a third", "hour-00-01": "third", "hour-00-02": "last"},
    }.items():
        divided(Lake(root / state / "bucket"), parts)
    damaged = root / "damaged/bucket/likes/day=2026-03-01/day-00.parquet"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"PAR1 this is not Parquet PAR1")
    unreadable = root / "unreadable" / damaged.relative_to(root / "damaged")
    unreadable.parent.mkdir(parents=True)
    footer = b"\xff" * 40  # no Thrift
    unreadable.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    (root / "tables.json").write_text(json.dumps({"TableList": [described("likes")]}))
    command = [sys.executable, str(Path(__file__).parent / "stub.py"), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stub:
        try:
            assert stub.stdout is not None
            yield Replaced(f"http://127.0.0.1:{int(stub.stdout.readline())}")
        finally:
            stub.terminate()


def whole_day(lake: Lake, day: int, likes: list[dict[str, Any]], name: str = "day-00") -> None:
    at = FIRST + timedelta(days=day)
    path = f"likes/day={at:%Y-%m-%d}/{name}.parquet"
    # Several row groups, larger than what pyarrow reads for the footer: many requests a file.
    lake.put(path, likes, LAKE, row_group_size=100, use_dictionary=False, compression="none")


def divided(lake: Lake, files: dict[str, str]) -> None:
    likes = [like(number, FIRST, extra="same") for number in range(LIKES)]
    parts = {
        "": likes,
        "half": likes[::2], "other half": likes[1::2],
        "a third": likes[::3], "third": likes[1::3], "last": likes[2::3],
    }  # fmt: skip
    for name, part in files.items():
        whole_day(lake, 0, parts[part], name)


def right(frame: pd.DataFrame, days: int = DAYS) -> None:
    """Each day is there, whole, once, and of one state."""
    assert frame["likes"].tolist() == frame["ids"].tolist() == [LIKES] * days
    assert frame["a"].tolist() == frame["b"].tolist()


@pytest.mark.parametrize("sql", [BY_DAY, WITH_ITSELF])
def test_a_file_replaced_at_any_request_spoils_no_answer(lake: Replaced, sql: str) -> None:
    lake.become("old", after=0)
    right(lake.ask(sql))
    usual = lake.requests()
    for after in range(0, usual + 1, every(2)):
        lake.become("old", "new", after=after)
        found = lake.ask(sql)
        right(found)
        assert set(found["a"]) <= {"old", "new"}
        assert lake.requests() <= 5 * usual


@pytest.mark.parametrize("sql", [BY_DAY, WITH_ITSELF])
def test_a_small_file_is_asked_for_once_and_spoils_no_answer_either(
    lake: Replaced, sql: str
) -> None:
    lake.become("small-old", after=0)
    right(lake.ask(sql))
    usual = lake.requests()
    # Of folders and of files one listing; each file; and whether it was replaced meanwhile.
    assert usual == (1 + DAYS + 1 if sql == BY_DAY else 1 + 2 + 2 * DAYS + 2)
    for after in range(usual + 1):
        lake.become("small-old", "small-new", after=after)
        found = lake.ask(sql)
        right(found)
        assert set(found["a"]) <= {"small-old", "small-new"}


LINES = "SELECT day, event_id, extra FROM likes"


def streamed(lake: Replaced, whole: bool) -> tuple[list[dict[str, Any]], bool]:
    """The rows that came, and whether the last of them did."""
    rows: list[dict[str, Any]] = []
    try:
        with queries.stream(LINES, connection=lake.connection, whole=whole) as answer:
            for batch in answer.batches:
                rows += batch.to_pylist()
    except queries.EngineFailed as error:
        assert str(error).startswith(f"A file was replaced while it was read. The {len(rows)} rows")
        return rows, False
    return rows, True


def test_a_whole_answer_in_batches_is_right_whatever_is_replaced(lake: Replaced) -> None:
    lake.become("old", after=0)
    assert len(streamed(lake, whole=True)[0]) == DAYS * LIKES
    for after in range(lake.requests() + 1):
        lake.become("old", "new", after=after)
        rows, ended = streamed(lake, whole=True)
        assert ended
        by_day = pd.DataFrame(rows).groupby("day")
        assert by_day["event_id"].nunique().tolist() == by_day.size().tolist() == [LIKES] * DAYS
        assert by_day["extra"].nunique().tolist() == [1] * DAYS


def test_rows_that_go_on_as_they_come_are_right_and_what_is_missing_is_said(
    lake: Replaced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "HOLD_S", 0)  # each batch is looked at, and goes on
    lake.become("old", after=0)
    rows, ended = streamed(lake, whole=False)
    assert ended and len(rows) == DAYS * LIKES
    came = []
    for after in range(lake.requests() + 1):
        lake.become("old", "new", after=after)
        rows, ended = streamed(lake, whole=False)
        came.append((ended, bool(rows)))
        assert len({row["event_id"] for row in rows}) == len(rows)
        for _, day in pd.DataFrame(rows, columns=["day", "extra"]).groupby("day"):
            assert day["extra"].nunique() == 1
            assert len(day) == LIKES or not ended
        assert len(rows) == DAYS * LIKES or not ended
    assert {(True, True), (False, True)} == set(came)


@pytest.mark.parametrize("every", [3, 7, 12])
def test_nor_do_files_that_are_replaced_without_a_pause(lake: Replaced, every: int) -> None:
    for after in range(5):
        lake.become(*["old", "new", "newest"] * 200, after=after, every=every)
        right(lake.ask(BY_DAY))


def test_what_never_stands_still_is_said_so_in_the_end(lake: Replaced) -> None:
    lake.become(*["old", "new"] * 2000, after=0, every=1)
    with pytest.raises(queries.EngineFailed, match="changes? faster than"):
        lake.ask(BY_DAY)
    assert lake.requests() < 2000


def test_what_a_question_costs_is_told_whatever_is_replaced(lake: Replaced) -> None:
    def estimate() -> Any:
        return queries.estimate("SELECT extra FROM likes", connection=lake.connection)

    told = {}
    for state in ("old", "new"):
        lake.become(state, after=0)
        told[state] = estimate()
    for after in range(lake.requests() + 1):
        lake.become("old", "new", after=after)
        assert estimate() in told.values()


def test_a_damaged_file_is_said_so_at_once(lake: Replaced) -> None:
    lake.become("damaged", after=0)
    for _ in range(2):
        with pytest.raises(queries.EngineFailed, match="^The files cannot be read: "):
            lake.ask(BY_DAY)
    assert lake.requests() < 20


@pytest.mark.parametrize("state", ["damaged", "unreadable"])
def test_a_small_file_that_is_damaged_is_named(lake: Replaced, state: str) -> None:
    lake.become(state, after=0)
    name = "bucket/likes/day=2026-03-01/day-00.parquet"
    with pytest.raises(queries.EngineFailed, match=name):
        lake.ask(BY_DAY)


def test_a_day_that_is_divided_anew_is_read_once(lake: Replaced) -> None:
    states = "1234567"
    for state in states:
        lake.become(state, after=0)
        right(lake.ask(BY_DAY), days=1)
    for number, state in enumerate(states[:-1]):
        for after in range(number % 2, 12, 2):
            lake.become(state, states[number + 1], after=after)
            right(lake.ask(BY_DAY), days=1)
    for often in (1, 2, 3, 5):
        lake.become(*states, after=0, every=often)
        right(lake.ask(WITH_ITSELF), days=1)


@pytest.mark.parametrize(
    ("paths", "counted"),
    [
        ([], []),
        (["a/day-00.parquet", "a/day-01.parquet"], ["a/day-00.parquet", "a/day-01.parquet"]),
        (["a/day-00.parquet", "a/whole.parquet", "b/day-00.parquet", "b/not-whole.parquet"],
         ["a/whole.parquet", "b/day-00.parquet", "b/not-whole.parquet"]),
    ],
)  # fmt: skip
def test_where_a_whole_file_stands_it_alone_counts(paths: list[str], counted: list[str]) -> None:
    assert whole.counted(paths) == counted


FOLDERS = [f"bucket/likes/day={FIRST + timedelta(days=day):%Y-%m-%d}" for day in range(DAYS)]
COLUMNS = ["event_id", "user_id", "extra"]


def by_pyarrow(lake: Replaced, paths: list[str]) -> pa.Table:
    files = [path.removeprefix("s3://") for path in paths]
    filesystem = lake.store.filesystem
    return pa.concat_tables(
        pq.read_table(file, columns=COLUMNS, filesystem=filesystem) for file in files
    )


def by_polars(lake: Replaced, paths: list[str]) -> pa.Table:
    options = {
        "aws_endpoint_url": lake.endpoint, "aws_allow_http": "true", "aws_region": "us-east-1",
        "aws_access_key_id": "test", "aws_secret_access_key": "test",
    }  # fmt: skip
    return pl.scan_parquet(paths, storage_options=options).select(COLUMNS).collect().to_arrow()


def by_duckdb(lake: Replaced, paths: list[str]) -> pa.Table:
    files = [path.removeprefix("s3://") for path in paths]
    with duckdb.connect() as session:
        session.register("likes", ds.dataset(files, filesystem=lake.store.filesystem))
        return session.sql(f"SELECT {', '.join(COLUMNS)} FROM likes").to_arrow_table()


READERS = pytest.mark.parametrize("reader", [by_pyarrow, by_polars, by_duckdb])


@READERS
def test_other_libraries_read_days_of_one_state_each(lake: Replaced, reader: Any) -> None:
    def read() -> list[pa.Table]:
        waits.clear()
        return steadily(lake.store, FOLDERS, lambda paths: reader(lake, paths), waits.append)

    waits: list[float] = []
    lake.become("old", after=0)
    assert len(read()) == DAYS and not waits
    usual = lake.requests()
    for after in range(0, usual + 1, 2):
        lake.become("old", "new", after=after)
        for table in read():
            assert len(set(table["event_id"].to_pylist())) == len(table) == LIKES
            assert len(set(table["extra"].to_pylist())) == 1
    assert lake.requests() <= 3 * usual and len(waits) <= 1


def test_a_whole_file_is_handed_out_alone_and_a_folder_without_files_not_at_all(
    lake: Replaced,
) -> None:
    lake.become("5", after=0)
    assert steadily(lake.store, [*FOLDERS], list) == [[f"s3://{FOLDERS[0]}/whole.parquet"]]
    assert steadily(lake.store, [], list) == []


class Panic(BaseException):
    """What Polars raises where it panics is of no better kind."""


@pytest.mark.parametrize("error", [ZeroDivisionError, Panic, KeyboardInterrupt])
def test_an_error_of_the_reader_itself_is_raised_at_once(
    lake: Replaced, error: type[BaseException]
) -> None:
    lake.become("old", after=0)
    calls = []

    def read(paths: list[str]) -> None:
        calls.append(paths)
        raise error

    with pytest.raises(error):
        steadily(lake.store, FOLDERS, read)
    assert len(calls) == 1


def test_but_what_fails_over_files_that_are_replaced_is_called_again(lake: Replaced) -> None:
    replaced = [("new", ZeroDivisionError), ("newest", Panic)]

    def read(paths: list[str]) -> list[str]:
        if replaced:
            state, error = replaced.pop()
            lake.become(state, after=0)
            raise error
        return paths

    lake.become("old", after=0)
    assert len(steadily(lake.store, FOLDERS[:1], read, lambda _: None)) == 1


def test_what_is_held_in_memory_reads_as_what_is_not(tmp_path: Path) -> None:
    lines = Lake(tmp_path)
    rejected = {"reason": "not_json", "received_at": "2026-03-01 07:59:59.123"}
    for name in ("a.gz", "b.gz"):
        lines.put_rejected("2026-03-01", name, [rejected | {"detail": name}] * 3)
    (tmp_path / "rejected/day=2026-03-01/plain.json").write_text(json.dumps(rejected) + "\n")
    whole_day(lines, 0, rows("old", 0))
    for name in ("rejected", "likes"):
        table = lines.tables[name]
        folder = f"{table.location.rstrip('/')}/day=2026-03-01"
        seen, held = (
            files.find(table, Listing(local_files.store(), holding), set(), lambda *_: ())
            for holding in ((), (folder,))
        )
        assert {file.body is None for file in seen.files} == {True}
        assert {file.body is None for file in held.files} == {False}
        columns = [rows.to_table() if isinstance(rows, ds.Dataset) else rows
                   for rows in (seen.rows(), held.rows())]  # fmt: skip
        assert columns[0].equals(columns[1])
        assert len(columns[0]) == (7 if name == "rejected" else LIKES)


def test_a_folder_that_never_stands_still_is_said_so_after_some_pauses(lake: Replaced) -> None:
    waits: list[float] = []
    lake.become(*["old", "new"] * 200, after=0, every=1)
    with pytest.raises(queries.EngineFailed, match="^bucket/likes/day=2026-03-01 changes faster"):
        steadily(lake.store, FOLDERS[:1], list, waits.append)
    assert len(waits) == 20 and max(waits[:3]) < 0.5 < sum(waits) < 20
