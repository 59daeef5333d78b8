"""Athena's API on the stage, with IAM: what a client asks, where results lie, who may ask."""

import base64
import contextlib
import io
import json
import time
import uuid

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

import queries
from glue import schema, tables
from tests import plan

DAYS = plan.days("athena")
FILM = plan.film("athena")
ROWS = 1_205
PATIENCE_S = 240
ENDLESS = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN "
    "UNNEST(sequence(1, 10000)) b(y) CROSS JOIN UNNEST(sequence(1, 10000)) c(z) "
    "WHERE (x * y * z) % 7 = 1"
)


@pytest.fixture(scope="module", autouse=True)
def likes(stage):
    """A day of likes, gone again afterwards."""
    rows = [
        {
            "event_id": f"{n:05}", "movie_id": FILM, "user_id": None if n % 2 else 'a "b", c\n',
            "action": "like", "liked_at": DAYS.at(0, 1).replace(tzinfo=None),
            "received_at": DAYS.at(0, 2).replace(tzinfo=None), "source": "", "extra": None,
            "backfill": n,
        }
        for n in range(ROWS)
    ]  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema.arrow(tables.read("likes"))), buffer)
    place = {"Bucket": stage.outputs.bucket, "Key": f"likes/day={DAYS.first}/athena.parquet"}
    stage.client("s3").put_object(Body=buffer.getvalue(), **place)
    yield
    stage.client("s3").delete_object(**place)


class Client:
    """Asks as one caller, in one workgroup."""

    def __init__(self, stage, session, workgroup=None):
        self.stage, self.workgroup = stage, workgroup or stage.outputs.athena_workgroup
        self.api = session.client("athena", endpoint_url=stage.endpoint)

    def start(self, sql, **more):
        request = {
            "QueryExecutionContext": {"Database": self.stage.outputs.glue_database},
            "WorkGroup": self.workgroup,
        } | more
        return self.api.start_query_execution(QueryString=sql, **request)["QueryExecutionId"]

    def told(self, query):
        return self.api.get_query_execution(QueryExecutionId=query)["QueryExecution"]

    def state(self, query):
        return self.told(query)["Status"]["State"]

    def ended(self, query):
        deadline = time.monotonic() + PATIENCE_S
        while (told := self.told(query))["Status"]["State"] in ("QUEUED", "RUNNING"):
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        return told

    def run(self, sql, **more):
        return self.ended(self.start(sql, **more))

    def failure(self, sql, **more):
        status = self.run(sql, **more)["Status"]
        assert status["State"] == "FAILED", status
        assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
        return status["StateChangeReason"]

    def page(self, query, **more):
        return self.api.get_query_results(QueryExecutionId=query, **more)

    def rows(self, sql, **more):
        told = self.run(sql, **more)
        assert told["Status"]["State"] == "SUCCEEDED", told
        return texts(self.page(told["QueryExecutionId"]))


def texts(page):
    return [[datum.get("VarCharValue") for datum in row["Data"]]
            for row in page["ResultSet"]["Rows"]]  # fmt: skip


def session(key="test", secret="test"):
    return boto3.Session(key, secret, region_name="us-east-1")


@pytest.fixture(scope="module")
def root(stage):
    """The account's root, in the stage's workgroup."""
    return Client(stage, session())


def read(stage, address):
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return stage.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_query_ends_with_its_result_where_athena_writes_it(stage, root, connection):
    sql = (
        f"SELECT user_id, source, backfill FROM likes WHERE day = '{DAYS.first}' ORDER BY 3 LIMIT 2"
    )
    told = root.run(f"-- what a client adds\n{sql};")
    query = told["QueryExecutionId"]
    assert told["Status"]["State"] == "SUCCEEDED"
    assert (told["StatementType"], told["SubstatementType"]) == ("DML", "SELECT")
    assert told["Statistics"]["DataScannedInBytes"] == queries.estimate(
        sql, connection=connection
    ).bytes > 0  # fmt: skip
    assert (
        told["Statistics"]["TotalExecutionTimeInMillis"]
        >= (told["Statistics"]["EngineExecutionTimeInMillis"])
    )
    address = told["ResultConfiguration"]["OutputLocation"]
    assert address == f"s3://{stage.outputs.results_bucket}/results/{query}.csv"
    assert read(stage, address) == (
        b'"user_id","source","backfill"\n"a ""b"", c\n","","0"\n,"","1"\n'
    )
    assert b"user_id" in read(stage, f"{address}.metadata")
    found = root.page(query)
    assert texts(found) == [
        ["user_id", "source", "backfill"], ['a "b", c\n', "", "0"], [None, "", "1"],
    ]  # fmt: skip
    columns = found["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(one["Name"], one["Type"], one["Precision"]) for one in columns] == [
        ("user_id", "varchar", 2**31 - 1), ("source", "varchar", 2**31 - 1),
        ("backfill", "integer", 10),
    ]  # fmt: skip


def test_a_long_result_comes_in_pages(root):
    told = root.run(f"SELECT event_id FROM likes WHERE day = '{DAYS.first}' ORDER BY 1")
    first = root.page(told["QueryExecutionId"])
    assert len(first["ResultSet"]["Rows"]) == 1_000  # the names are a row of the first
    second = root.page(told["QueryExecutionId"], NextToken=first["NextToken"])
    assert "NextToken" not in second
    events = [f"{n:05}" for n in range(ROWS)]
    assert [row for [row] in texts(first) + texts(second)] == ["event_id", *events]
    few = root.page(told["QueryExecutionId"], MaxResults=2)
    assert texts(few) == [["event_id"], ["00000"]]
    with pytest.raises(ClientError, match="token"):
        root.page(told["QueryExecutionId"], NextToken="none")


def test_values_are_written_as_athena_writes_them(root):
    told = root.run(
        "SELECT ARRAY[1, NULL] AS a, MAP(ARRAY['x'], ARRAY[2]) AS m, 1e10 AS d, "
        "CAST(ROW(1, 'z') AS ROW(n integer, t varchar)) AS r, CAST('1.50' AS decimal(3, 2)) AS e, "
        "TIMESTAMP '2026-01-31 01:02:03.004' AS t, DATE '2026-01-31' AS y, true AS b, "
        "CAST(NULL AS bigint) AS n, X'4142' AS x, "
        "TIMESTAMP '2020-06-10 15:55:23.383 America/New_York' AS z"
    )
    found = root.page(told["QueryExecutionId"])
    assert texts(found)[1] == [
        "[1, null]", "{x=2}", "1.0E10", "{n=1, t=z}", "1.50", "2026-01-31 01:02:03.004",
        "2026-01-31", "true", None, "41 42", "2020-06-10 15:55:23.383 America/New_York",
    ]  # fmt: skip
    columns = found["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [column["Type"] for column in columns] == [
        "array", "map", "double", "row", "decimal", "timestamp", "date", "boolean", "bigint",
        "varbinary", "timestamp with time zone",
    ]  # fmt: skip


def test_what_cannot_run_says_why_and_where(root):
    assert root.failure("SELECT x FROM likes").startswith("COLUMN_NOT_FOUND: line 1:8: ")
    assert root.failure("SELECT 1\nFROM nothing").startswith("TABLE_NOT_FOUND: line 2:6: ")
    assert root.failure("SELECT FROM").startswith("SYNTAX_ERROR: ")
    assert root.failure("SELEC 1") == "SYNTAX_ERROR: line 1:1: No statement begins with SELEC."
    for refused in ("DELETE FROM likes", "CREATE TABLE t (a int)", "VACUUM likes"):
        assert root.failure(refused).startswith("NOT_SUPPORTED: The local stage does not run ")
    for request in ({"QueryString": " "}, {"WorkGroup": "nobody's"}):
        with pytest.raises(ClientError, match="InvalidRequestException"):
            root.api.start_query_execution(
                **{"QueryString": "SELECT 1", "WorkGroup": root.workgroup} | request
            )
    with pytest.raises(ClientError, match="No output location"):
        root.start("SELECT 1", WorkGroup="primary")
    with pytest.raises(ClientError, match="did not finish successfully"):
        root.page(root.run("SELECT FROM")["QueryExecutionId"])
    with pytest.raises(ClientError, match="was not found"):
        root.told(str(uuid.uuid4()))


@pytest.fixture
def workgroup(stage):
    """Makes workgroups with settings of their own, which are gone afterwards."""
    made = []

    def make(**settings):
        name = f"group-{uuid.uuid4().hex[:8]}"
        # botocore refuses limits of less than 10 MB, which take long to fill.
        athena = stage.client("athena", parameter_validation=False)
        athena.create_work_group(Name=name, Configuration=settings)
        made.append(name)
        return name

    yield make
    for name in made:
        stage.client("athena").delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_a_workgroup_says_where_results_go_and_what_may_be_scanned(stage, workgroup):
    bucket = f"s3://{stage.outputs.results_bucket}"
    ours = {"OutputLocation": f"{bucket}/ours"}
    theirs = {"OutputLocation": f"{bucket}/theirs/"}
    for enforced, folder in ((True, "ours"), (False, "theirs")):
        name = workgroup(ResultConfiguration=ours, EnforceWorkGroupConfiguration=enforced)
        told = Client(stage, session(), name).run("SELECT 1", ResultConfiguration=theirs)
        address = told["ResultConfiguration"]["OutputLocation"]
        assert address == f"{bucket}/{folder}/{told['QueryExecutionId']}.csv"
        assert read(stage, address) == b'"_col0"\n"1"\n'
    name = workgroup(ResultConfiguration=ours, BytesScannedCutoffPerQuery=1_000)
    client = Client(stage, session(), name)
    told = client.run(f"SELECT * FROM likes WHERE day = '{DAYS.first}'")
    assert told["Status"]["State"] == "CANCELLED"  # as on AWS, where it is not called failed
    assert told["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert client.rows("SELECT 1") == [["_col0"], ["1"]]
    stage.client("athena").update_work_group(WorkGroup=name, State="DISABLED")
    with pytest.raises(ClientError, match="disabled"):
        client.start("SELECT 1")


def test_queries_wait_their_turn_and_can_be_stopped(root, eventually):
    running = [root.start(ENDLESS) for _ in range(2)]
    for query in running:
        eventually(lambda query=query: root.state(query), "RUNNING")
    waiting = root.start("SELECT 1")
    assert root.state(waiting) == "QUEUED"
    for query in running:
        root.api.stop_query_execution(QueryExecutionId=query)
        status = root.told(query)["Status"]
        assert (status["State"], status["StateChangeReason"]) == (
            "CANCELLED", "Query cancelled by user",
        )  # fmt: skip
        assert status["CompletionDateTime"]
    assert root.ended(waiting)["Status"]["State"] == "SUCCEEDED"
    assert [root.state(query) for query in running] == ["CANCELLED", "CANCELLED"]
    root.api.stop_query_execution(QueryExecutionId=waiting)
    assert root.state(waiting) == "SUCCEEDED"


def test_the_same_request_twice_is_one_query(root):
    token = uuid.uuid4().hex
    first = root.start("SELECT 1", ClientRequestToken=token)
    assert root.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        root.start("SELECT 2", ClientRequestToken=token)


def test_parameters_and_prepared_statements(root):
    sql = "SELECT ? AS n, '?' AS mark, ? AS t -- ?"
    assert root.rows(sql, ExecutionParameters=["2.5", "'it''s'"])[1] == ["2.5", "?", "it's"]
    for wrong in (["1"], ["1", "2; DROP TABLE likes"]):
        with pytest.raises(ClientError, match="InvalidRequestException"):
            root.start(sql, ExecutionParameters=wrong)

    name = f"p{uuid.uuid4().hex[:8]}"
    of = {"StatementName": name, "WorkGroup": root.workgroup}
    root.api.create_prepared_statement(QueryStatement="SELECT ? + 1 AS n", **of)
    assert root.rows(f"EXECUTE {name} USING 4") == [["n"], ["5"]]
    assert root.rows(f"EXECUTE {name}", ExecutionParameters=["5"]) == [["n"], ["6"]]
    root.api.update_prepared_statement(QueryStatement="SELECT ? + 2 AS n", **of)
    assert root.rows(f"EXECUTE {name} USING 4") == [["n"], ["6"]]
    found = root.api.batch_get_prepared_statement(
        PreparedStatementNames=[name, "none"], WorkGroup=root.workgroup
    )
    assert [one["StatementName"] for one in found["PreparedStatements"]] == [name]
    assert [one["StatementName"] for one in found["UnprocessedPreparedStatementNames"]] == ["none"]
    assert root.rows(f"DEALLOCATE PREPARE {name}") == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        root.start(f"EXECUTE {name} USING 4")
    assert root.rows(f"PREPARE {name} FROM SELECT ? AS n") == []
    assert root.rows(f"EXECUTE {name} USING 'x'") == [["n"], ["x"]]
    root.api.delete_prepared_statement(**of)


def test_the_catalog_by_statements(stage, root):
    database = stage.outputs.glue_database
    names = sorted(tables.names())
    assert [database] in root.rows("SHOW DATABASES")
    assert [name for [name] in root.rows("SHOW TABLES") if name in names] == names
    assert root.rows(f"SHOW TABLES IN {database} 'likes_*'") == [["likes_by_hour"], ["likes_raw"]]
    fields = [name.strip() for [name] in root.rows("SHOW COLUMNS IN likes")]
    assert fields == list(tables.read("likes").names)
    described = [line.split("\t")[0].strip() for [line] in root.rows("DESCRIBE `likes`;")]
    assert described[: len(fields)] == fields and "# Partition Information" in described
    assert [f"day={DAYS.first}"] in root.rows("SHOW PARTITIONS likes")
    assert root.failure("SHOW PARTITIONS movies").endswith("is not a partitioned table.")
    created = "\n".join(line for [line] in root.rows("SHOW CREATE TABLE likes"))
    assert created.startswith("CREATE EXTERNAL TABLE `likes`(") and "`day` string" in created
    assert any(
        "projection.enabled\ttrue" in line for [line] in root.rows("SHOW TBLPROPERTIES likes")
    )
    assert root.failure("DESCRIBE nothing").endswith(f"Table {database}.nothing does not exist.")
    told = root.run("SHOW TABLES")
    assert told["StatementType"] == "UTILITY"
    assert told["ResultConfiguration"]["OutputLocation"].endswith(".txt")


def test_the_catalog_as_information_schema(stage, root):
    database = stage.outputs.glue_database
    found = root.rows(
        "SELECT column_name, data_type, extra_info FROM information_schema.columns "
        f"WHERE table_schema = '{database}' AND table_name = 'likes' ORDER BY ordinal_position"
    )
    assert found[1] == ["event_id", "varchar", None]
    assert ["liked_at", "timestamp(3)", None] in found and found[-1][2] == "partition key"
    assert root.rows(
        f"SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{database}'"
    ) == [["_col0"], ["1"]]  # fmt: skip


def test_the_catalog_by_the_api(stage, root):
    database = stage.outputs.glue_database
    of = {"CatalogName": "AwsDataCatalog", "DatabaseName": database}
    found = root.api.get_table_metadata(TableName="likes", **of)["TableMetadata"]
    assert [one["Name"] for one in found["PartitionKeys"]] == ["day"]
    assert found["Parameters"]["location"].endswith("/likes/")
    listed = root.api.list_table_metadata(**of)["TableMetadataList"]
    assert set(tables.names()) <= {one["Name"] for one in listed}
    assert root.api.get_database(**of)["Database"]["Name"] == database
    databases = root.api.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert database in [one["Name"] for one in databases]
    with pytest.raises(ClientError, match="MetadataException"):
        root.api.get_table_metadata(TableName="nothing", **of)


def test_a_plan_is_explained_and_not_run(root):
    told = root.run("EXPLAIN SELECT count(*) FROM likes")
    assert (told["StatementType"], told["Statistics"]["DataScannedInBytes"]) == ("UTILITY", 0)
    assert root.page(told["QueryExecutionId"])["ResultSet"]["Rows"]
    assert root.rows("EXPLAIN (TYPE VALIDATE) SELECT 1") == [["true"]]
    assert root.failure("EXPLAIN SELECT x FROM likes").startswith("COLUMN_NOT_FOUND")
    assert "EXPLAIN ANALYZE" in root.failure("EXPLAIN ANALYZE SELECT 1")


def test_rows_are_unloaded_and_made_a_table(stage, root):
    sql = f"SELECT backfill, count(*) AS rows FROM likes WHERE day = '{DAYS.first}' GROUP BY 1"
    to = f"s3://{stage.outputs.results_bucket}/unloaded/{uuid.uuid4()}"
    told = root.run(f"UNLOAD ({sql}) TO '{to}' WITH (format = 'PARQUET', compression = 'zstd')")
    manifest = told["Statistics"]["DataManifestLocation"]
    [file] = read(stage, manifest).decode().split()
    assert file.startswith(f"{to}/") and manifest.endswith("-manifest.csv")
    unloaded = pq.read_table(io.BytesIO(read(stage, file)))
    assert unloaded.num_rows == ROWS and unloaded.schema.names == ["backfill", "rows"]
    assert root.page(told["QueryExecutionId"])["UpdateCount"] == ROWS
    again = root.failure(f"UNLOAD ({sql}) TO '{to}' WITH (format = 'PARQUET')")
    assert again.startswith("HIVE_PATH_ALREADY_EXISTS")
    for wrong, why in (
        ("SELECT count(*)", "Column name not specified at position 1"),
        ("SELECT 1 AS a, 2 AS a", "Column name 'a' specified more than once"),
        ("SELECT NULL AS a", "Column type is unknown at position 1"),
    ):
        unload = f"UNLOAD ({wrong}) TO '{to}/x' WITH (format = 'PARQUET')"
        assert why in root.failure(unload)
    other = f"UNLOAD (SELECT 1 AS a) TO '{to}/x' WITH (format = 'ORC')"
    assert root.failure(other) == "NOT_SUPPORTED: The local stage writes PARQUET, and not ORC."

    name = f"made_{uuid.uuid4().hex[:8]}"
    create = f"CREATE TABLE {name} WITH (format = 'PARQUET') AS {sql}"
    told = root.run(create)
    assert (told["Status"]["State"], told["SubstatementType"]) == (
        "SUCCEEDED", "CREATE_TABLE_AS_SELECT",
    )  # fmt: skip
    assert root.rows(f"SELECT sum(rows), max(backfill) FROM {name}")[1] == [
        str(ROWS), str(ROWS - 1),
    ]  # fmt: skip
    assert root.failure(create).startswith("TABLE_ALREADY_EXISTS")
    more = f"INSERT INTO {name} (rows, backfill) VALUES (7, 1), (SMALLINT '8', NULL)"
    told = root.run(more)
    assert (told["StatementType"], told["SubstatementType"]) == ("DML", "INSERT")
    assert root.page(told["QueryExecutionId"])["UpdateCount"] == 2
    told = root.run(f"INSERT INTO {name} SELECT * FROM {name} WHERE backfill IS NULL")
    assert told["Status"]["State"] == "SUCCEEDED"
    assert root.rows(f"SELECT sum(rows), count(*) FROM {name}")[1] == [
        str(ROWS + 7 + 8 + 8), str(ROWS + 3),
    ]  # fmt: skip
    for wrong, why in (
        (f"{name} SELECT 1", "TYPE_MISMATCH"),
        (f"{name} SELECT 'a', 1", "Table: [integer, bigint], Query: [varchar(1), integer]"),
        (f"{name} (nothing) SELECT 1", "COLUMN_NOT_FOUND"),
        ("nobodys SELECT 1", "TABLE_NOT_FOUND"),
        ("likes SELECT * FROM likes", "NOT_SUPPORTED: The local stage inserts into"),
    ):
        assert why in root.failure(f"INSERT INTO {wrong}")
    outside = f"CREATE TABLE other WITH (external_location = '{to}/y') AS {sql}"
    assert "enforces a centralized output location" in root.failure(outside)
    assert root.rows(f"DROP TABLE {name}") == []
    assert root.failure(f"SELECT * FROM {name}").startswith("TABLE_NOT_FOUND")


@pytest.fixture
def view(stage):
    """A name for a view, which is gone afterwards."""
    name = f"view_{uuid.uuid4().hex[:8]}"
    yield name
    glue = stage.client("glue")
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_table(DatabaseName=stage.outputs.glue_database, Name=name)


def test_a_view_is_made_read_shown_and_dropped(stage, root, connection, view):
    database = stage.outputs.glue_database
    query = f"SELECT day, count(*) AS n FROM likes WHERE day = '{DAYS.first}' GROUP BY day"
    told = root.run(f"CREATE VIEW {view} AS\n{query};")
    assert (told["Status"]["State"], told["StatementType"]) == ("SUCCEEDED", "DDL")
    assert root.failure(f"CREATE VIEW {view} AS SELECT 1 AS n").startswith("TABLE_ALREADY_EXISTS")
    kept = stage.client("glue").get_table(DatabaseName=database, Name=view)["Table"]
    assert kept["TableType"] == "VIRTUAL_VIEW" and kept["ViewExpandedText"] == "/* Presto View */"
    columns = kept["StorageDescriptor"]["Columns"]
    assert [(each["Name"], each["Type"]) for each in columns] == [
        ("day", "string"),
        ("n", "bigint"),
    ]
    definition = json.loads(base64.b64decode(kept["ViewOriginalText"].split()[3]))
    assert definition["originalSql"] == query and definition["schema"] == database
    told = root.run(f"SELECT v.n FROM {database}.{view} v")
    assert texts(root.page(told["QueryExecutionId"])) == [["n"], [str(ROWS)]]
    assert told["Statistics"]["DataScannedInBytes"] > 0
    assert queries.run(f"SELECT n FROM {view}", connection=connection)["n"].tolist() == [ROWS]
    assert [view] in root.rows("SHOW VIEWS")
    assert root.rows(f"SHOW CREATE VIEW {view}")[0] == [f"CREATE VIEW {database}.{view} AS"]
    asked = f"SELECT view_definition FROM information_schema.views WHERE table_name = '{view}'"
    assert root.rows(asked)[1:] == [[query]]
    replaced = f"CREATE OR REPLACE VIEW {view} AS SELECT 'now' AS word"
    assert root.run(replaced)["Status"]["State"] == "SUCCEEDED"
    assert root.rows(f"SELECT * FROM {view}") == [["word"], ["now"]]
    for wrong, why in (
        (f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {view}", "names itself"),
        (f"CREATE OR REPLACE VIEW {view} AS SELECT 1", "COLUMN_NAME_NOT_SPECIFIED"),
        ("CREATE OR REPLACE VIEW likes AS SELECT 1 AS n", "TABLE_ALREADY_EXISTS"),
        ("DROP VIEW likes", "TABLE_NOT_FOUND"),
        (f"DROP TABLE {view}", "Cannot drop a view with DROP TABLE"),
        ("SHOW CREATE VIEW likes", "is not a view"),
    ):
        assert why in root.failure(wrong)
    assert root.run(f"DROP VIEW {view}")["Status"]["State"] == "SUCCEEDED"
    assert root.failure(f"DROP VIEW {view}").startswith("TABLE_NOT_FOUND")
    assert root.run(f"DROP VIEW IF EXISTS {view}")["Status"]["State"] == "SUCCEEDED"


def test_executions_are_listed_newest_first(root):
    first, second = (root.run(f"SELECT {n}")["QueryExecutionId"] for n in range(2))
    listed = root.api.list_query_executions(WorkGroup=root.workgroup, MaxResults=1)
    assert listed["QueryExecutionIds"] == [second]
    more = root.api.list_query_executions(
        WorkGroup=root.workgroup, MaxResults=1, NextToken=listed["NextToken"]
    )
    assert more["QueryExecutionIds"] == [first]
    found = root.api.batch_get_query_execution(QueryExecutionIds=[first, "none"])
    assert [one["QueryExecutionId"] for one in found["QueryExecutions"]] == [first]
    assert [one["QueryExecutionId"] for one in found["UnprocessedQueryExecutionIds"]] == ["none"]


@pytest.fixture
def caller(stage):
    """Makes users who may do what they are told, and nothing else."""
    iam = stage.client("iam")
    made = []

    def make(*statements, workgroup=None):
        name = f"analyst-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        made.append(name)
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resources}
            for actions, resources in statements
        ]}  # fmt: skip
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Client(stage, session(key["AccessKeyId"], key["SecretAccessKey"]), workgroup)

    yield make
    for name in made:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        iam.delete_user(UserName=name)


def rights(stage):
    """What an analyst needs of Athena, the catalog, the lake, and the bucket of results."""
    of = "us-east-1:000000000000"
    lake, answers = stage.outputs.bucket, stage.outputs.results_bucket
    database = stage.outputs.glue_database
    return {
        "workgroup": (
            ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults",
             "athena:StopQueryExecution"],
            [f"arn:aws:athena:{of}:workgroup/{stage.outputs.athena_workgroup}"],
        ),
        "catalog": (
            ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
            [f"arn:aws:glue:{of}:{what}"
             for what in ("catalog", f"database/{database}", f"table/{database}/likes")],
        ),
        "lake": (
            ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"],
            [f"arn:aws:s3:::{lake}", f"arn:aws:s3:::{lake}/likes/*"],
        ),
        "results": (
            ["s3:GetObject", "s3:PutObject", "s3:GetBucketLocation", "s3:ListBucket"],
            [f"arn:aws:s3:::{answers}", f"arn:aws:s3:::{answers}/results/*"],
        ),
    }  # fmt: skip


COUNT = f"SELECT count(*) FROM likes WHERE day = '{DAYS.first}'"


def test_who_has_the_rights_of_an_analyst_is_answered(stage, caller):
    analyst = caller(*rights(stage).values())
    assert analyst.rows(COUNT) == [["_col0"], [str(ROWS)]]
    running = analyst.start(ENDLESS)
    analyst.api.stop_query_execution(QueryExecutionId=running)
    assert analyst.state(running) == "CANCELLED"
    # Another table of the same database is none of theirs.
    refused = analyst.failure("SELECT count(*) FROM movies")
    assert "no identity-based policy allows" in refused


def test_who_has_no_right_on_the_workgroup_is_refused(stage, root, caller, workgroup):
    stranger = caller()
    other = workgroup(
        ResultConfiguration={"OutputLocation": f"s3://{stage.outputs.results_bucket}/other/"}
    )
    elsewhere = caller(*rights(stage).values(), workgroup=other)
    for client in (stranger, elsewhere):
        with pytest.raises(ClientError, match="AccessDenied.*athena:StartQueryExecution"):
            client.start(COUNT)
    theirs = root.run(COUNT)["QueryExecutionId"]
    others = Client(stage, session(), other).run("SELECT 1")["QueryExecutionId"]
    for client, query in ((stranger, theirs), (elsewhere, others)):
        with pytest.raises(ClientError, match="AccessDenied.*athena:GetQueryExecution"):
            client.told(query)
        with pytest.raises(ClientError, match="AccessDenied.*athena:GetQueryResults"):
            client.page(query)
        with pytest.raises(ClientError, match="AccessDenied.*athena:StopQueryExecution"):
            client.api.stop_query_execution(QueryExecutionId=query)
    assert elsewhere.told(theirs)["Status"]["State"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.api.list_query_executions(WorkGroup=root.workgroup)


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ("catalog", "not authorized to perform: glue:GetTable"),
        ("lake", "PERMISSION_DENIED: "),
        ("results", "Unable to verify/create output bucket"),
    ],
)
def test_what_the_caller_may_not_read_or_write_athena_may_not(stage, caller, missing, why):
    given = rights(stage)
    del given[missing]
    assert why in caller(*given.values()).failure(COUNT)


def test_results_are_written_and_read_by_the_caller(stage, root, caller):
    given = rights(stage)
    actions, resources = given["results"]
    reader = caller(
        *(given | {"results": (sorted({*actions} - {"s3:PutObject"}), resources)}).values()
    )
    assert reader.failure(COUNT).startswith("Access denied when writing output to url: s3://")
    theirs = root.run(COUNT)["QueryExecutionId"]
    assert texts(reader.page(theirs))[1] == [str(ROWS)]
    writer = caller(
        *(given | {"results": (sorted({*actions} - {"s3:GetObject"}), resources)}).values()
    )
    query = writer.run(COUNT)
    assert query["Status"]["State"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="(?i)access denied|not authorized"):
        writer.page(query["QueryExecutionId"])
