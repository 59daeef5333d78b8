"""Athena's clients on the stage, with nothing but the emulator's address in their environment."""

import io
import uuid
from datetime import datetime

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyathena import connect
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

import queries
from glue import schema, tables
from tests import plan

# awswrangler joins the frames of its files in a way that the pandas after this one will not take.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
    pytest.mark.usefixtures("aws_environment"),
]
DAYS = plan.days("athena clients")
FILM = plan.film("client")
ROWS = 1_100
SQL = f"""SELECT event_id, user_id, liked_at, backfill, backfill / 4e0 AS quarter,
action = 'like' AS liked FROM likes WHERE day = '{DAYS.first}' ORDER BY event_id"""


@pytest.fixture(scope="module", autouse=True)
def likes(stage):
    """A day of likes, gone again afterwards."""
    rows = [
        {
            "event_id": f"{n:05}", "movie_id": FILM, "user_id": None if n % 2 else f'"{n}", ',
            "action": "like", "liked_at": DAYS.at(0, 1).replace(microsecond=1000, tzinfo=None),
            "received_at": DAYS.at(0, 2).replace(tzinfo=None), "source": "", "extra": None,
            "backfill": None if n == 3 else n,
        }
        for n in range(ROWS)
    ]  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema.arrow(tables.read("likes"))), buffer)
    place = {"Bucket": stage.outputs.bucket, "Key": f"likes/day={DAYS.first}/clients.parquet"}
    stage.client("s3").put_object(Body=buffer.getvalue(), **place)
    yield
    stage.client("s3").delete_object(**place)


@pytest.fixture
def there(stage):
    """What awswrangler is told of the stage."""
    return {"database": stage.outputs.glue_database, "workgroup": stage.outputs.athena_workgroup}


@pytest.fixture
def folder(stage):
    """A folder of results that nobody else has."""
    return f"s3://{stage.outputs.results_bucket}/clients/{uuid.uuid4()}"


@pytest.fixture
def expected(connection):
    """What the engine answers itself."""
    return queries.run(SQL, connection=connection)


def same(frame, expected):
    """Whether a frame holds what is expected, whatever the unit of its times."""
    frame = frame.assign(liked_at=frame["liked_at"].dt.as_unit("ms")).reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)


def test_awswrangler_reads_a_query(there, expected):
    frame = wr.athena.read_sql_query(SQL, ctas_approach=False, **there)
    same(frame, expected)
    assert str(frame["backfill"].dtype) == "Int32" and frame["backfill"].isna().sum() == 1
    assert frame["liked_at"][0] == datetime(*DAYS.first.timetuple()[:3], 1, 0, 0, 1000)
    assert frame.query_metadata["Statistics"]["DataScannedInBytes"] > 0


def test_awswrangler_reads_a_query_in_pieces(there, expected):
    pieces = list(wr.athena.read_sql_query(SQL, ctas_approach=False, chunksize=500, **there))
    assert [len(piece) for piece in pieces] == [500, 500, 100]
    same(pd.concat(pieces), expected)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (":first AND backfill < :n", {"params": {"first": str(DAYS.first), "n": 3}}),
        ("? AND backfill < ?", {"params": [f"'{DAYS.first}'", "3"], "paramstyle": "qmark"}),
    ],
)
def test_awswrangler_fills_in_parameters(there, wanted, given):
    sql = f"SELECT count(*) AS n FROM likes WHERE day = {wanted}"
    frame = wr.athena.read_sql_query(sql, ctas_approach=False, **given, **there)
    assert frame["n"].tolist() == [3]


def test_awswrangler_reads_by_unload(there, folder, expected):
    frame = wr.athena.read_sql_query(
        SQL, ctas_approach=False, unload_approach=True, s3_output=f"{folder}/unloaded", **there
    )
    same(frame, expected)


def test_awswrangler_reads_by_a_table_of_its_own(stage, there, expected):
    same(wr.athena.read_sql_query(SQL, ctas_approach=True, **there), expected)
    kept = wr.catalog.tables(database=stage.outputs.glue_database)["Table"].tolist()
    assert not [name for name in kept if name.startswith("temp_table")]


def test_awswrangler_reads_a_whole_table(there):
    frame = wr.athena.read_sql_table("movies", ctas_approach=False, **there)
    assert list(frame.columns) == ["movie_id", "title", "year"] and len(frame)


def test_awswrangler_starts_waits_and_reads(there, expected):
    query = wr.athena.start_query_execution(SQL, **there)
    assert wr.athena.wait_query(query)["Status"]["State"] == "SUCCEEDED"
    same(wr.athena.get_query_results(query), expected)
    assert wr.athena.get_query_columns_types(query)["liked_at"] == "timestamp"


def test_awswrangler_describes_and_shows(there):
    described = wr.athena.describe_table("likes", **there)
    assert described["Column Name"].tolist() == list(tables.read("likes").names)
    assert described.set_index("Column Name")["Partition"].to_dict()["day"]
    assert wr.athena.show_create_table("likes", **there).startswith("CREATE EXTERNAL TABLE")


def test_awswrangler_makes_and_reads_a_view(there):
    name, database = f"view_{uuid.uuid4().hex[:8]}", there["database"]
    sql = f"CREATE VIEW {name} AS SELECT event_id, backfill FROM likes WHERE day = '{DAYS.first}'"
    wr.athena.wait_query(wr.athena.start_query_execution(sql, **there))
    try:
        kinds = wr.catalog.get_table_types(database=database, table=name)
        assert kinds == {"event_id": "string", "backfill": "int"}
        [told] = [each for each in wr.catalog.get_tables(database=database, name_prefix=name)]
        assert told["TableType"] == "VIRTUAL_VIEW"
        frame = wr.athena.read_sql_table(name, ctas_approach=False, **there)
        assert len(frame) == ROWS and list(frame.columns) == ["event_id", "backfill"]
    finally:
        assert wr.catalog.delete_table_if_exists(database=database, table=name)


def test_awswrangler_is_told_what_is_refused(there, folder):
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(wr.exceptions.QueryFailed, match="The local stage does not "):
        wr.athena.to_iceberg(
            frame, table="iceberg", temp_path=f"{folder}/temp", table_location=f"{folder}/table",
            **there,
        )  # fmt: skip
    with pytest.raises(wr.exceptions.QueryFailed, match="COLUMN_NOT_FOUND: line 1:8"):
        wr.athena.read_sql_query("SELECT x FROM likes", ctas_approach=False, **there)


@pytest.fixture
def pyathena(stage):
    """Makes a cursor of PyAthena."""
    connections = []

    def make(kind=None, **more):
        made = connect(
            schema_name=stage.outputs.glue_database, work_group=stage.outputs.athena_workgroup,
            poll_interval=0.05, **more,
        )  # fmt: skip
        connections.append(made)
        return made.cursor(kind) if kind else made.cursor()

    yield make
    for made in connections:
        made.close()


def test_pyathena_reads_rows(pyathena, expected):
    cursor = pyathena()
    rows = cursor.execute(SQL).fetchall()
    assert len(rows) == ROWS
    assert rows[3] == ("00003", None, expected["liked_at"][3].to_pydatetime(), None, None, True)
    assert [column[:2] for column in cursor.description] == [
        ("event_id", "varchar"), ("user_id", "varchar"), ("liked_at", "timestamp"),
        ("backfill", "integer"), ("quarter", "double"), ("liked", "boolean"),
    ]  # fmt: skip
    found = cursor.execute(
        "SELECT count(*) FROM likes WHERE day = %(day)s AND backfill < %(n)d",
        {"day": str(DAYS.first), "n": 3},
    )
    assert found.fetchall() == [(3,)]
    with pytest.raises(OperationalError, match="COLUMN_NOT_FOUND"):
        cursor.execute("SELECT x FROM likes")


def test_pyathena_reads_frames(pyathena, expected):
    same(pyathena(PandasCursor).execute(SQL).as_pandas(), expected)
    pieces = pyathena(PandasCursor).execute(SQL, chunksize=500).as_pandas()
    same(pd.concat(pieces), expected)


def test_pyathena_reads_by_unload(pyathena, folder, expected):
    cursor = pyathena(PandasCursor, cursor_kwargs={"unload": True}, s3_staging_dir=f"{folder}/")
    same(cursor.execute(SQL).as_pandas(), expected)


def test_pyathena_lists_tables(stage, pyathena):
    cursor = pyathena()
    database = stage.outputs.glue_database
    listed = {table.name for table in cursor.list_table_metadata(schema_name=database)}
    assert set(tables.names()) <= listed
    assert cursor.get_table_metadata("likes").partition_keys[0].name == "day"
