"""What a question is said to cost is what reading just that much of the files takes."""

import io
import operator
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import queries
from queries.engine import prices, sizes
from queries.engine.athena import Athena
from queries.engine.cost import Estimate, Reading
from tests import local_files
from tests.examples import nightly
from tests.queries.lake import DATABASE, LIKES, TRENDS, Lake, like

START = datetime(2026, 3, 1)
DAYS, HOURS, ROWS, GROUP = 3, (0, 13), 240, 50
MEGABYTE = 10**6
FOOTER = 8  # what ends a file behind the metadata


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Days of two hours, a file an hour sorted by film and time, of five row groups; sources that
    are null in every other file, films and actions in dictionaries; trends beside them."""
    chance = random.Random(4)
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for day in range(DAYS):
        for hour in HOURS:
            at = START + timedelta(days=day, hours=hour)
            source = None if hour else "web"
            rows = [
                like(
                    number,
                    at + timedelta(seconds=chance.randrange(3600)),
                    event_id=f"{chance.getrandbits(128):032x}",
                    movie_id=f"tt{min(99, int(chance.expovariate(0.05))):02}",
                    user_id=chance.choice([None, "a", "b"]) if number < 200 else None,
                    source=source,
                    extra=chance.randbytes(99).hex(),
                )
                for number in range(ROWS)
            ]
            rows.sort(key=lambda row: (row["movie_id"], row["liked_at"]))
            for table in (
                f"raw/arrival_day={at:%Y-%m-%d}/arrival_hour={at:%H}",
                f"likes/day={at:%Y-%m-%d}",
            ):
                path = f"{table}/hour-{at:%H}-00.parquet"
                lake.put(path, rows, row_group_size=GROUP, compression="zstd")
            ranked = [
                {"hour": at, "movie_id": f"tt{film:02}", "likes": film, "unlikes": 0,
                 "score": film / 10, "rank": 101 - film}
                for film in range(100)
            ]  # fmt: skip
            lake.put(f"trends/day={at:%Y-%m-%d}/hour-{at:%H}.parquet", ranked, TRENDS,
                     row_group_size=20)  # fmt: skip
    return lake


def estimate(lake: Lake, sql: str, **values: object) -> Estimate:
    return queries.estimate(sql, connection=lake.connection, **values)


class Counting(io.FileIO):
    """A file that counts the bytes read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(-1 if size is None else size)
        self.count += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        found = super().readinto(buffer)
        self.count += found
        return found


@cache
def row_groups(file: Path) -> list[pd.DataFrame]:
    """The rows of a file, group by group."""
    reader = pq.ParquetFile(file)
    return [reader.read_row_group(group).to_pandas() for group in range(reader.num_row_groups)]


def counted(
    file: Path, columns: list[str], wanted: Callable[[pd.DataFrame], "pd.Series[bool]"] | None
) -> int:
    """The bytes read of a file for some columns in the row groups that hold a wanted row; of its
    end no more than the footer."""
    footer = pq.read_metadata(file)
    with Counting(file) as counting:
        reader = pq.ParquetFile(counting, metadata=footer, pre_buffer=False)
        before = counting.count
        for group, rows in enumerate(row_groups(file)):
            if columns and (wanted is None or wanted(rows).any()):
                reader.read_row_group(group, columns, use_threads=False)
        return counting.count - before + footer.serialized_size + FOOTER


def read(
    lake: Lake,
    pattern: str,
    columns: str,
    wanted: Callable[[pd.DataFrame], "pd.Series[bool]"] | None = None,
) -> int:
    """The bytes read of all files that a pattern names."""
    found = sorted(lake.root.glob(pattern))
    assert found
    return sum(counted(file, columns.split(), wanted) for file in found)


EVERY = " ".join(LIKES.names)
ANY_DAY, ONE_DAY = "likes/*/*", "likes/day=2026-03-02/*"
# A question, and all the reads it takes: files, columns, and what a row group that is read holds.
READS: dict[str, list[tuple[Any, ...]]] = {
    # Columns.
    "SELECT count(*) FROM likes": [(ANY_DAY, "")],
    "SELECT count(*), max(day) FROM likes": [(ANY_DAY, "")],
    "SELECT * FROM likes": [(ANY_DAY, EVERY)],
    "SELECT l.* FROM likes l": [(ANY_DAY, EVERY)],
    "SELECT movie_id FROM likes": [(ANY_DAY, "movie_id")],
    "SELECT count(user_id) FROM likes": [(ANY_DAY, "user_id")],
    "SELECT MOVIE_ID AS extra FROM movie_likes_local.LIKES": [(ANY_DAY, "movie_id")],
    "SELECT movie_id FROM likes LIMIT 1": [(ANY_DAY, "movie_id")],
    "SELECT count(*) FROM likes WHERE extra LIKE '%x'": [(ANY_DAY, "extra")],
    "SELECT movie_id FROM likes ORDER BY liked_at": [(ANY_DAY, "movie_id liked_at")],
    "SELECT movie_id m FROM likes GROUP BY 1 HAVING max(source) > 'a'": [
        (ANY_DAY, "movie_id source")
    ],
    "SELECT count(*) FILTER (WHERE action = 'like') FROM likes": [(ANY_DAY, "action")],
    "SELECT a FROM likes AS l (a, b, c, d, e, f, g, h, i, j)": [(ANY_DAY, EVERY)],
    # What is selected and not used is not read.
    "SELECT count(*) FROM (SELECT * FROM likes)": [(ANY_DAY, "")],
    "WITH x AS (SELECT * FROM likes) SELECT movie_id FROM x": [(ANY_DAY, "movie_id")],
    "WITH x AS (SELECT extra e, movie_id m FROM likes) SELECT count(DISTINCT m) FROM x": [
        (ANY_DAY, "movie_id")
    ],
    "SELECT count(*) FROM (SELECT DISTINCT source, action FROM likes)": [
        (ANY_DAY, "source action")
    ],
    "WITH x AS (SELECT movie_id, row_number() OVER (PARTITION BY event_id ORDER BY liked_at) n "
    "FROM likes) SELECT movie_id FROM x WHERE n = 1": [(ANY_DAY, "movie_id event_id liked_at")],
    # Partitions.
    "SELECT movie_id FROM likes WHERE day = '2026-03-02'": [(ONE_DAY, "movie_id")],
    "SELECT movie_id FROM likes_raw WHERE arrival_hour > '12'": [
        ("raw/*/arrival_hour=13/*", "movie_id")
    ],
    "SELECT movie_id FROM likes WHERE day > '2027'": [],
    # Several scans.
    "SELECT l.user_id FROM likes l JOIN trends t ON l.movie_id = t.movie_id AND t.rank < 3": [
        (ANY_DAY, "user_id movie_id"),
        ("trends/*/*", "movie_id rank"),
    ],
    "SELECT max(likes) FROM likes JOIN trends USING (movie_id, day)": [
        (ANY_DAY, "movie_id"),
        ("trends/*/*", "movie_id likes"),
    ],
    "SELECT movie_id FROM likes UNION ALL SELECT source FROM likes": [
        (ANY_DAY, "movie_id"),
        (ANY_DAY, "source"),
    ],
    "SELECT movie_id FROM likes l WHERE EXISTS (SELECT 1 FROM trends t WHERE t.day = l.source)": [
        (ANY_DAY, "movie_id source"),
        ("trends/*/*", ""),
    ],
    "SELECT movie_id, (SELECT max(score) FROM trends t WHERE t.movie_id = l.user_id) FROM likes l":
        [(ANY_DAY, "movie_id user_id"), ("trends/*/*", "movie_id score")],
    # Trino runs a CTE once for each that names it.
    "WITH x AS (SELECT movie_id FROM likes) SELECT count(*) FROM x a JOIN x b USING (movie_id)": [
        (ANY_DAY, "movie_id"),
        (ANY_DAY, "movie_id"),
    ],
    "WITH x AS (SELECT user_id u FROM likes), y AS (SELECT u FROM x UNION ALL SELECT u FROM x) "
    "SELECT max(u) FROM y WHERE u NOT IN (SELECT u FROM x WHERE u > 'a')": 3
    * [(ANY_DAY, "user_id")],
    "WITH x AS (SELECT extra FROM likes) SELECT 1": [],
    "WITH x AS (SELECT m FROM (SELECT movie_id m FROM likes)) SELECT 1 FROM x JOIN x y USING (m)": 2
    * [(ANY_DAY, "movie_id")],
    # Row groups.
    "SELECT user_id FROM likes WHERE movie_id = 'tt40'": [
        (ANY_DAY, "user_id movie_id", lambda rows: between(rows, "tt40", "tt40"))
    ],
    "SELECT user_id FROM likes WHERE 'tt40' <= movie_id AND day = '2026-03-02'": [
        (ONE_DAY, "user_id movie_id", lambda rows: rows.movie_id >= "tt40")
    ],
    "SELECT user_id FROM likes WHERE movie_id BETWEEN 'tt10' AND 'tt12'": [
        (ANY_DAY, "user_id movie_id", lambda rows: between(rows, "tt10", "tt12"))
    ],
    "SELECT max(event_id) FROM likes WHERE (movie_id < 'tt02' OR movie_id IN ('tt60', 'tt70'))": [
        (
            ANY_DAY,
            "event_id movie_id",
            lambda rows: (
                (rows.movie_id < "tt02") | between(rows, "tt60", "tt60")
                | between(rows, "tt70", "tt70")
            ),
        )
    ],
    "SELECT rank FROM trends WHERE score > 7.9 AND likes <= 85": [
        ("trends/*/*", "rank score likes", lambda rows: (rows.score > 7.9) & (rows.likes <= 85))
    ],
    "SELECT rank FROM trends WHERE 60 > likes AND rank <> 3": [
        ("trends/*/*", "rank likes", lambda rows: rows.likes < 60)
    ],
    "SELECT 1 FROM trends WHERE hour >= date_add('day', 1, TIMESTAMP '2026-03-01 13:00:00')": [
        ("trends/*/*", "hour", lambda rows: rows.hour >= START + timedelta(days=1, hours=13))
    ],
    "SELECT count(*) FROM likes WHERE source = 'web'": [
        (ANY_DAY, "source", lambda rows: rows.source == "web")
    ],
    "SELECT count(*) FROM likes WHERE source IS NULL": [
        (ANY_DAY, "source", lambda rows: rows.source.isna())
    ],
    "SELECT count(*) FROM likes WHERE source IS NOT NULL": [
        (ANY_DAY, "source", lambda rows: rows.source.notna())
    ],
    "SELECT 1 FROM likes WHERE ('tt40' IS NULL OR movie_id = 'tt40')": [
        (ANY_DAY, "movie_id", lambda rows: between(rows, "tt40", "tt40"))
    ],
    "WITH x AS (SELECT * FROM trends WHERE likes < 20) SELECT count(*) FROM x, x AS y": 2
    * [("trends/*/*", "likes", lambda rows: rows.likes < 20)],
    # What statistics cannot decide, or Trino does not let them.
    "SELECT user_id FROM likes WHERE upper(movie_id) = 'TT40'": [(ANY_DAY, "user_id movie_id")],
    "SELECT user_id FROM likes WHERE movie_id = 'tt40' OR user_id = 'x'": [
        (ANY_DAY, "user_id movie_id")
    ],
    "SELECT user_id FROM likes WHERE NOT movie_id = 'tt40'": [(ANY_DAY, "user_id movie_id")],
    "SELECT 1 FROM likes WHERE CAST(liked_at AS date) = DATE '2026-03-02'": [
        (ANY_DAY, "liked_at")
    ],
    "SELECT 1 FROM trends WHERE hour > TIMESTAMP '2026-03-09 00:00:00.0001'": [
        ("trends/*/*", "hour")
    ],
    "SELECT 1 FROM trends WHERE likes > 98.5": [("trends/*/*", "likes")],
    "SELECT 1 FROM trends WHERE movie_id = (SELECT 'tt01')": [("trends/*/*", "movie_id")],
    "SELECT user_id FROM likes l JOIN trends t ON l.day = t.day WHERE t.movie_id = 'tt40'": [
        (ANY_DAY, "user_id"),
        ("trends/*/*", "movie_id", lambda rows: between(rows, "tt40", "tt40")),
    ],
    "SELECT 1 FROM likes JOIN trends t USING (day) WHERE t.movie_id = 'tt40' AND action = 'no'": [
        (ANY_DAY, "action", lambda rows: rows.action == "no"),
        ("trends/*/*", "movie_id", lambda rows: between(rows, "tt40", "tt40")),
    ],
    "SELECT 1 FROM likes l LEFT JOIN trends t ON l.day = t.day WHERE t.score IS NULL": [
        (ANY_DAY, ""),
        ("trends/*/*", "score"),
    ],
}  # fmt: skip


def between(rows: pd.DataFrame, low: str, high: str) -> "pd.Series[bool]":
    """All rows of a row group, where its films span what was asked for."""
    spans = rows.movie_id.min() <= high and rows.movie_id.max() >= low
    return pd.Series([spans])


@pytest.mark.parametrize("sql", READS)
def test_the_bytes_told_are_the_bytes_read(full: Lake, sql: str) -> None:
    told = estimate(full, sql)
    assert told.bytes == sum(read(full, *each) for each in READS[sql])
    found = queries.run(sql, connection=full.connection)
    assert found.attrs["bytes"] == told.bytes


def test_what_is_told_of_a_scan(full: Lake) -> None:
    sql = "SELECT user_id FROM likes WHERE day = '2026-03-02' AND movie_id >= 'tt99'"
    (reading,) = estimate(full, sql).readings
    assert (reading.table, reading.times, reading.files) == ("likes", 1, 2)
    groups = 2 * -(-ROWS // GROUP)
    assert reading.row_groups + reading.row_groups_skipped == groups
    assert 0 < reading.row_groups < groups / 2
    assert {column for column, _ in reading.columns} == {"user_id", "movie_id"}
    files = (full.root / "likes/day=2026-03-02").iterdir()
    assert reading.most == sum(file.stat().st_size for file in files) > reading.bytes


@pytest.mark.parametrize("question", [each.name for each in queries.library()])
def test_each_shipped_question_can_be_told_and_is_refused(full: Lake, question: str) -> None:
    given = {"movie_id": "tt01"} if question == "movie_history" else {}
    told = estimate(full, question, **given)
    assert told.readings and told.billed_bytes == 10 * MEGABYTE
    by_end = question in ("movers", "period_totals", "rising")
    day = {} if by_end else {"first_day": "2026-03-01"}
    window = {"last_day": "2026-03-03"} | day | given
    if question == "rejected_by_reason":
        return
    spent = estimate(full, question, **window)
    with pytest.raises(queries.TooExpensive, match="more than the"):
        queries.run(question, connection=full.connection, max_bytes=spent.bytes - 1, **window)
    frame = queries.run(question, connection=full.connection, max_bytes=spent.bytes, **window)
    assert frame.attrs["bytes"] == spent.bytes


# --- never too little ---

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
films = st.integers(0, 99).map(lambda film: f"tt{film:02}")
times = st.integers(0, DAYS * 86_400).map(lambda second: START + timedelta(seconds=second))
comparisons = st.one_of(
    st.tuples(st.just("movie_id"), st.sampled_from(list(OPERATORS)), films),
    st.tuples(st.just("liked_at"), st.sampled_from(list(OPERATORS)), times),
    st.tuples(st.just("source"), st.sampled_from(list(OPERATORS)), st.sampled_from(["web", "a"])),
    st.tuples(st.just("user_id"), st.just("IS NULL"), st.none()),
    st.tuples(st.just("user_id"), st.just("IS NOT NULL"), st.none()),
)
SHAPES = [
    "SELECT {columns} FROM likes WHERE {where}",
    "SELECT {columns} FROM likes l WHERE {where} ORDER BY 1 LIMIT 1",
    "WITH x AS (SELECT * FROM likes WHERE {where}) SELECT {columns} FROM x",
    "SELECT count(*) FROM (SELECT DISTINCT {columns} FROM likes WHERE {where})",
    "SELECT {columns} FROM (VALUES (1)) AS v (n) CROSS JOIN likes WHERE {where}",
]


@given(
    shape=st.sampled_from(SHAPES),
    columns=st.lists(st.sampled_from(LIKES.names), min_size=1, max_size=4, unique=True),
    where=st.lists(st.lists(comparisons, min_size=1, max_size=2), min_size=1, max_size=3),
)
@nightly
def test_it_is_never_less_than_what_holds_an_answer(
    full: Lake, shape: str, columns: list[str], where: list[list[tuple[str, str, Any]]]
) -> None:
    parts = [" OR ".join(map(written, several)) for several in where]
    sql = shape.format(columns=", ".join(columns), where=" AND ".join(f"({p})" for p in parts))
    named = list(dict.fromkeys(columns + [column for each in where for column, *_ in each]))

    def wanted(rows: pd.DataFrame) -> "pd.Series[bool]":
        met = pd.Series(True, rows.index)
        for several in where:
            any_of = pd.Series(False, rows.index)
            for one in several:
                any_of |= holds(rows, *one)
            met &= any_of
        return met

    told = estimate(full, sql)
    assert told.bytes >= read(full, ANY_DAY, " ".join(named), wanted)
    assert told.bytes <= read(full, ANY_DAY, " ".join(named))


def written(comparison: tuple[str, str, Any]) -> str:
    column, how, value = comparison
    if isinstance(value, datetime):
        return f"{column} {how} TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"
    return f"{column} {how}" if value is None else f"{column} {how} '{value}'"


def holds(rows: pd.DataFrame, column: str, how: str, value: Any) -> "pd.Series[bool]":
    if how.startswith("IS"):
        return rows[column].isna() if how == "IS NULL" else rows[column].notna()
    return rows[column].notna() & OPERATORS[how](rows[column].fillna(value), value)


# --- files of other makers ---


def groups(lake: Lake, where: str) -> tuple[int, int]:
    (reading,) = estimate(lake, f"SELECT count(*) FROM likes_raw WHERE {where}").readings
    return reading.row_groups, reading.row_groups_skipped


RAW = "raw/arrival_day=2026-03-01/arrival_hour=00/a"


def test_what_has_no_statistics_is_read(lake: Lake) -> None:
    lake.put(RAW, [like(1, START)], write_statistics=False)
    assert groups(lake, "movie_id = 'x'") == (1, 0)


def test_times_as_firehose_writes_them_have_no_order_to_go_by(lake: Lake) -> None:
    lake.put(RAW, [like(1, START)], use_deprecated_int96_timestamps=True)
    assert groups(lake, "liked_at > TIMESTAMP '2030-01-01 00:00:00'") == (1, 0)


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ms", "UTC")])
def test_times_that_the_lake_has_not_decide_nothing(lake: Lake, kind: pa.DataType) -> None:
    at = START + timedelta(microseconds=123_500)
    lake.put(RAW, [like(1, at)], LIKES.set(4, LIKES.field(4).with_type(kind)))
    assert groups(lake, "liked_at > TIMESTAMP '2026-03-02 00:00:00'") == (1, 0)


def test_a_file_older_than_a_column_has_only_nulls_there(lake: Lake) -> None:
    lake.put(RAW, [{"event_id": "e"}], LIKES.empty_table().select(["event_id"]).schema)
    assert groups(lake, "movie_id = 'x'") == (0, 1)
    assert groups(lake, "movie_id IS NULL") == (1, 0)


def test_a_column_of_another_type_decides_nothing(lake: Lake) -> None:
    schema = LIKES.set(1, LIKES.field(1).with_type(pa.int64()))
    lake.put(RAW, [like(1, START, movie_id=5)], schema)
    assert groups(lake, "movie_id = 'x'") == (1, 0)


def test_json_is_read_whole_whatever_is_asked(lake: Lake) -> None:
    lake.put_rejected("2026-03-01", "a.gz", [{"reason": "not_json", "line": 1}] * 50)
    lake.put_rejected("2026-03-02", "b.gz", [{"reason": "not_json", "line": 1}] * 99)
    size = (lake.root / "rejected/day=2026-03-01/a.gz").stat().st_size
    sql = "SELECT count(*) FROM rejected WHERE day = '2026-03-01' AND line > 5"
    told = estimate(lake, sql)
    assert (told.bytes, told.most, told.parts) == (size, size, [("rejected", None, size)])
    twice = "SELECT count(*) FROM rejected a, rejected b WHERE a.day = '2026-03-01'"
    assert estimate(lake, twice).files == 3


# --- money ---


@pytest.mark.parametrize(
    ("scanned", "billed"),
    [(0, 10), (1, 10), (10_000_000, 10), (10_000_001, 11), (11_000_000, 11), (10**12, 10**6)],
)
def test_bytes_are_billed_by_whole_megabytes_from_ten_on(scanned: int, billed: int) -> None:
    told = Estimate((Reading("likes", 2, 1, 1, 0, (), scanned // 2, scanned),))
    if scanned % 2 == 0:
        assert told.billed_bytes == billed * MEGABYTE
    assert prices.billed(scanned) == billed * MEGABYTE
    assert prices.dollars(scanned) == pytest.approx(billed * 5 / 10**6)


def test_a_terabyte_is_five_dollars_whatever_a_terabyte_is() -> None:
    assert prices.dollars(10**12) == 5
    assert prices.dollars(2**40) >= 5


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("5000", 5000), ("100MB", 10**8), (" 1.5 gb", 15 * 10**8), ("64 MiB", 2**26)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert sizes.parse(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1 MBit", "1e9", "1,000"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(queries.BadParameter, match="100MB"):
        sizes.parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (99_900, "99.9 kB"),
        (123_400, "123 kB"), (999_960, "1.0 MB"), (5 * 10**12, "5.0 TB"), (10**16, "10,000 TB"),
    ],
)  # fmt: skip
def test_sizes_are_shown_with_their_unit(size: int, text: str) -> None:
    assert sizes.shown(size) == text


# --- refusals ---


def test_a_refusal_names_the_estimate_and_what_is_largest(full: Lake) -> None:
    with pytest.raises(queries.TooExpensive) as refused:
        queries.run("SELECT * FROM likes", connection=full.connection, max_bytes=1000)
    assert "scan " in str(refused.value) and "the 1.0 kB that are allowed" in str(refused.value)
    assert "most of it: likes.extra " in str(refused.value)
    assert "likes.event_id " in str(refused.value) and "likes.action" not in str(refused.value)


def test_a_refusal_where_no_column_is_read_names_the_footers(full: Lake) -> None:
    with pytest.raises(queries.TooExpensive, match="most of it: footers[.]$"):
        queries.run("SELECT count(*) FROM likes", connection=full.connection, max_bytes=0)


def test_nothing_is_run_that_is_refused(full: Lake) -> None:
    class Deaf(Athena):
        def run(self, bound: object) -> pd.DataFrame:
            raise AssertionError("it was run")

    lake = Deaf(DATABASE, "w", tables=lambda: full.tables, store=local_files.store)
    with pytest.raises(queries.TooExpensive):
        queries.run("SELECT * FROM likes", connection=lake, max_bytes=1000)


def test_what_cannot_be_told_is_not_guessed(full: Lake) -> None:
    sql = """
        WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 3)
        SELECT n FROM x"""
    with pytest.raises(queries.NotEstimated, match="recursive"):
        estimate(full, sql)
    with pytest.raises(queries.NotEstimated):
        queries.run(sql, connection=full.connection, max_bytes=10**9)
    found = queries.run(sql, connection=full.connection)
    assert (found.attrs["bytes"], len(found)) == (None, 3)


# --- Athena ---


@pytest.fixture
def athena(full: Lake) -> Iterator[Athena]:
    """Athena over the files of the lake, with nobody to run a question."""
    yield Athena(
        DATABASE, "w", read=lambda **_: pd.DataFrame(), tables=lambda: full.tables,
        store=local_files.store,
    )  # fmt: skip


def test_on_athena_it_costs_what_it_costs_here(full: Lake, athena: Athena) -> None:
    sql = "SELECT user_id FROM likes WHERE movie_id = :film"
    told = queries.estimate(sql, connection=athena, film="tt40")
    assert told == estimate(full, sql, film="tt40")


def test_the_cost_of_what_is_not_understood_here_is_not_told(athena: Athena) -> None:
    for sql in ("SELECT * FROM a_view", "SELECT * FROM other.likes", "SELECT 1 FROM (SELECT"):
        with pytest.raises(queries.NotEstimated, match="^What this costs cannot be told before"):
            queries.estimate(sql, connection=athena)


def test_without_the_catalog_nothing_is_told() -> None:
    with pytest.raises(queries.NotEstimated, match="without the tables"):
        queries.estimate("SELECT 1", connection=Athena("d", "w"))
