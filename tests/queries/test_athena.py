"""The engine on AWS, with a stand-in for awswrangler."""

import inspect
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import awswrangler
import pandas as pd
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

import queries
from queries.engine.athena import Athena
from queries.engine.athena_results import Written


def written(records: str, *columns: tuple[str, str]) -> Written:
    """What Athena wrote: CSV, and the types that it tells."""
    told = [{"Name": name, "Type": kind, "Precision": 9, "Scale": 2} for name, kind in columns]
    header = ",".join(f'"{name}"' for name, _ in columns)
    file = io.BytesIO(f"{header}\n{records}".encode())
    return Written(told, file, {"DataScannedInBytes": 1234, "TotalExecutionTimeInMillis": 1500})


def streamed(answer: Any) -> Any:
    """The rows of an answer that Athena wrote, or what is raised where it raises."""

    def fetch(**request: Any) -> Written:
        assert request == {"sql": "SELECT 1", "database": "d", "workgroup": "w"}
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Written)
        return answer

    connection = Athena("d", "w", fetch=fetch, wait=lambda _: None)
    with queries.stream("SELECT 1", connection=connection) as found:
        assert found.told == {"engine": "athena", "bytes": 1234, "seconds": 1.5}
        rows = [row for batch in found.batches for row in batch.to_pylist()]
    assert answer.file.closed
    return rows


def test_an_answer_is_streamed_with_the_types_that_athena_tells() -> None:
    values = {
        "boolean": ("true", True),
        "tinyint": ("-1", -1),
        "bigint": ("1234567890123456789", 1234567890123456789),
        "double": ("0.30000000000000004", 0.30000000000000004),
        "decimal": ("1234567.89", Decimal("1234567.89")),
        "varchar": ('say ""a, b""\nç', 'say "a, b"\nç'),
        "date": ("2026-01-31", date(2026, 1, 31)),
        "timestamp": ("2026-01-31 12:00:00.123", datetime(2026, 1, 31, 12, 0, 0, 123000)),
        "timestamp with time zone": (
            "2026-01-31 12:00:00.123 America/New_York",
            datetime(2026, 1, 31, 17, 0, 0, 123000, UTC),
        ),
        "array": ("[1, null]", "[1, null]"),
        "varbinary": ("00 ff", "00 ff"),
        "interval day to second": ("2 03:04:05.678", "2 03:04:05.678"),
    }
    record = ",".join(f'"{text}"' for text, _ in values.values())
    nulls = "," * (len(values) - 1)
    columns = [(kind.replace(" ", "_"), kind) for kind in values]
    first, second = streamed(written(f"{record}\n{nulls}\n", *columns))
    assert list(first.values()) == [value for _, value in values.values()]
    assert set(second.values()) == {None} and list(second) == list(first)


def test_an_empty_text_is_no_null_and_infinities_are_doubles() -> None:
    rows = streamed(written('"","Infinity"\n,"-Infinity"\n', ("a", "varchar"), ("b", "double")))
    assert rows == [{"a": "", "b": float("inf")}, {"a": None, "b": float("-inf")}]
    zones = [("z", "timestamp with time zone")]
    assert streamed(written('"2026-01-31 12:00:00.000 +01:00"\n', *zones)) == [
        {"z": datetime(2026, 1, 31, 11, tzinfo=UTC)}
    ]


def test_an_answer_without_rows_has_its_columns() -> None:
    assert streamed(written("", ("a", "varchar"), ("b", "bigint"))) == []


def test_what_fails_before_it_is_streamed_is_one_sentence() -> None:
    error = awswrangler.exceptions.QueryFailed("SYNTAX_ERROR: line 1:8: Column 'x' is unknown")
    with pytest.raises(queries.BadSQL, match="^Column 'x' is unknown[.]"):
        streamed(error)


def test_a_region_that_is_missing_is_named() -> None:
    with pytest.raises(queries.EngineFailed, match="no AWS region is set; set AWS_REGION, "):
        ask(NoRegionError())


class Asked:
    """Stands in for what asks Athena: remembers, then answers or raises."""

    def __init__(self, answer: pd.DataFrame | Exception) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []

    def __call__(self, **request: Any) -> pd.DataFrame:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def ask(answer: pd.DataFrame | Exception, sql: str = "SELECT 1", **values: object) -> pd.DataFrame:
    connection = Athena("movie_likes_test", "movie-likes-test", Asked(answer))
    return queries.run(sql, connection=connection, **values)


def test_the_sql_runs_as_it_is_written_with_its_parameters_in_place() -> None:
    asked = Asked(pd.DataFrame({"x": [1]}))
    connection = Athena("movie_likes_test", "movie-likes-test", asked)
    sql = "SELECT x -- a :comment\nFROM likes WHERE movie_id = :movie LIMIT :n"
    queries.run(sql, connection=connection, movie="it's", n=3)
    assert asked.requests == [
        {
            "sql": "SELECT x -- a :comment\nFROM likes WHERE movie_id = 'it''s' LIMIT 3",
            "database": "movie_likes_test",
            "workgroup": "movie-likes-test",
        }
    ]


class Service:
    """Stands in for awswrangler's functions that start, wait for and stop a query."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, interrupted: bool = False) -> None:
        self.interrupted = interrupted
        self.done: list[str] = []
        for name in ("start_query_execution", "get_query_results", "stop_query_execution"):
            real = getattr(awswrangler.athena, name)
            signature = inspect.signature(real)

            def stand_in(*given: Any, _name: str = name, _as: Any = signature, **more: Any) -> Any:
                _as.bind(*given, **more)  # awswrangler takes what it is given
                self.done.append(_name)
                return getattr(self, _name)(*given, **more)

            monkeypatch.setattr(awswrangler.athena, name, stand_in)

    def start_query_execution(self, **request: Any) -> str:
        assert request["workgroup"] == "w"
        return "id"

    def get_query_results(self, query: str) -> pd.DataFrame:
        assert query == "id"
        if self.interrupted:
            raise KeyboardInterrupt
        return pd.DataFrame({"x": [1]})

    def stop_query_execution(self, query: str) -> None:
        assert query == "id"


def test_a_query_is_started_and_its_rows_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(monkeypatch)
    assert queries.run("SELECT 1 AS x", connection=Athena("d", "w"))["x"].tolist() == [1]
    assert service.done == ["start_query_execution", "get_query_results"]


def test_a_query_that_is_interrupted_is_stopped_for_it_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service(monkeypatch, interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        queries.run("SELECT 1 AS x", connection=Athena("d", "w"))
    assert service.done[-1] == "stop_query_execution"


def test_times_come_to_the_millisecond_as_they_do_locally() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 123000)
    frame = pd.DataFrame({"at": [at], "zoned": [at.replace(tzinfo=UTC)], "n": [1]})
    found = ask(frame.astype({"at": "datetime64[ns]"}))
    assert found["at"].dtype == "datetime64[ms]"
    assert str(found["zoned"].dtype) == "datetime64[ms, UTC]"
    assert found["at"][0] == at


def test_what_athena_scanned_is_told() -> None:
    frame = pd.DataFrame({"x": [1]})
    metadata = {"Statistics": {"DataScannedInBytes": 1234, "TotalExecutionTimeInMillis": 1500}}
    object.__setattr__(frame, "query_metadata", metadata)
    assert ask(frame).attrs == {"engine": "athena", "bytes": 1234, "seconds": 1.5}


TORN = [
    "HIVE_CURSOR_ERROR: com.amazonaws.services.s3.model.AmazonS3Exception: The specified key does"
    " not exist",
    "HIVE_CURSOR_ERROR: Failed to read Parquet file: s3://b/likes/day=2026-03-01/day-00.parquet",
    "HIVE_FILESYSTEM_ERROR: Incorrect fileSize 1234567 for file",
    "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://b/a.parquet (offset=0, length=9): Read"
    " 9 tail bytes of the file failed",
    "HIVE_BAD_DATA: Malformed Parquet file. Expected magic number: PAR1 got: x",
]
LASTING = [
    "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://b/a (offset=0, length=9): Access Denied"
    " (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)",
    "HIVE_BAD_DATA: Field likes's type BINARY in parquet file s3://b/a is incompatible with type"
    " bigint defined in table schema",
    "HIVE_BAD_DATA: Error parsing field value for field 1: For input string",
    "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: Duplicate key",
    "DIVISION_BY_ZERO: Division by zero",
]


class Failing:
    """Stands in for what asks Athena: fails some times, then answers; notes the pauses."""

    def __init__(self, told: str, times: int) -> None:
        self.left = [awswrangler.exceptions.QueryFailed(told)] * times
        self.asked = 0
        self.waits: list[float] = []

    def __call__(self, **_: Any) -> pd.DataFrame:
        self.asked += 1
        if self.left:
            raise self.left.pop()
        return pd.DataFrame({"x": [1]})

    def ask(self) -> pd.DataFrame:
        connection = Athena("d", "w", self, wait=self.waits.append)
        return queries.run("SELECT 1 AS x", connection=connection)


@pytest.mark.parametrize("told", TORN)
def test_where_a_file_was_replaced_it_is_asked_again(told: str) -> None:
    failing = Failing(told, times=2)
    assert failing.ask()["x"].tolist() == [1]
    assert failing.asked == 3 and failing.waits == [1, 2]


def test_it_is_asked_five_times_at_most_and_then_said_so() -> None:
    failing = Failing(TORN[0], times=9)
    with pytest.raises(queries.EngineFailed) as failed:
        failing.ask()
    assert failing.asked == 5 and failing.waits == [1, 2, 4, 8]
    assert str(failed.value).startswith("Each time Athena read it, a file was being")
    assert type(failed.value) is queries.EngineFailed and failed.value.__cause__ is None


@pytest.mark.parametrize("told", LASTING)
def test_what_is_the_same_the_next_time_is_not_asked_again(told: str) -> None:
    failing = Failing(told, times=1)
    with pytest.raises(queries.EngineFailed):
        failing.ask()
    assert failing.asked == 1 and failing.waits == []


SQL = "SELECT :x,\n  :x, nope FROM t"
FAILURES = {
    "COLUMN_NOT_FOUND: line 2:19: Column 'nope' cannot be resolved or requester is not authorized"
    " to access requested resources": (
        queries.BadSQL,
        "Column 'nope' cannot be resolved or requester is not authorized to access requested"
        " resources.",
        (2, 7),
    ),
    "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'. You may need to manually clean the data at"
    " location 's3://x' before retrying.": (
        queries.BadSQL,
        "mismatched input 'SELEC'.",
        (1, 1),
    ),
    "FUNCTION_NOT_FOUND: line 2:19: Function 'nope' not registered": (
        queries.BadSQL,
        "Function 'nope' not registered.",
        (2, 7),
    ),
    "DIVISION_BY_ZERO: Division by zero": (
        queries.EngineFailed,
        "Division by zero.",
        (None, None),
    ),
    "Query exhausted resources at this scale factor": (
        queries.EngineFailed,
        "Athena could not run this: Query exhausted resources at this scale factor.",
        (None, None),
    ),
}


@pytest.mark.parametrize("told", FAILURES)
def test_what_athena_refuses_is_one_sentence_at_the_place(told: str) -> None:
    kind, sentence, place = FAILURES[told]
    with pytest.raises(queries.QueryError) as refused:
        ask(awswrangler.exceptions.QueryFailed(told), SQL, x="a long value")
    assert type(refused.value) is kind
    assert refused.value.sentence == sentence
    assert (refused.value.line, refused.value.column) == place
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "StartQueryExecution"),
    ],
)
def test_a_service_that_refuses_is_one_sentence(error: Exception) -> None:
    with pytest.raises(queries.EngineFailed, match="Athena could not run this: .*[.]$"):
        ask(error)


def test_a_fault_of_our_own_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        ask(ZeroDivisionError())
