"""IAM is enforced on the emulator, and every role is enough for its function and no more."""

import contextlib
import io
import json
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from transform.lake import tombstones

# What a function's role may do and may not, as boto3 calls: the function, service, operation, and
# parameters, in which {names} stand for the stage's own. What others read is not written to: a
# write there is made on a condition that does not hold.
PROBE_KEY = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}
NOT_THERE = {"Body": "", "IfMatch": '"never"'}
PUT_SUMS = ("dynamodb", "put_item", {"TableName": "{trends}", "Item": PROBE_KEY})
GET_SUMS = ("dynamodb", "get_item", {"TableName": "{trends}", "Key": PROBE_KEY})
QUERY_SUMS = ("dynamodb", "query",
              {"TableName": "{trends}", "KeyConditionExpression": "pk = :pk",
               "ExpressionAttributeValues": {":pk": {"S": "probe"}}})  # fmt: skip
TRANSACT_SUMS = ("dynamodb", "transact_write_items",
                 {"TransactItems": [{"Put": PUT_SUMS[2]}]})  # fmt: skip
LIST_ROLLUPS = ("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": "rollups/"})
GET_ROLLUP = ("s3", "get_object", {"Bucket": "{bucket}", "Key": "rollups/none"})
PUT_ROLLUP = ("s3", "put_object", {"Bucket": "{bucket}", "Key": "rollups/none", **NOT_THERE})
PUT_TRENDS = ("s3", "put_object", {"Bucket": "{bucket}", "Key": "trends/none", **NOT_THERE})
LIST_RAW, LIST_LIKES, LIST_TOTALS, LIST_IDS, LIST_STATE, LIST_TRENDS, LIST_REJECTED, LIST_MOVIES = (
    ("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": prefix})
    for prefix in ("raw/", "likes/", "totals/", "ids/", "state/", "trends/", "rejected/", "movies/")
)
GET_RAW, GET_LIKES, GET_TOTALS, GET_IDS, GET_STATE = (
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": key})
    for key in ("raw/none", "likes/none", "totals/none", "ids/none", "state/compaction.json")
)
PUT_LIKES, PUT_TOTALS, PUT_IDS, PUT_STATE = (
    ("s3", "put_object", {"Bucket": "{bucket}", "Key": key, **NOT_THERE})
    for key in ("likes/none", "totals/none", "ids/none", "state/compaction.json")
)
GET_TOMBSTONES, GET_KEY = (
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": key})
    for key in (tombstones.PEOPLE, tombstones.KEY)
)
PUT_TOMBSTONES, PUT_KEY = (
    ("s3", "put_object", {"Bucket": "{bucket}", "Key": key, **NOT_THERE})
    for key in (tombstones.PEOPLE, tombstones.KEY)
)
LIST_REPORTS, LIST_REPORT_STATE = (
    ("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": prefix})
    for prefix in ("reports/", "state/reports/")
)
GET_REPORT, GET_REPORT_STATE, GET_RANKED, GET_REJECT, GET_MOVIES = (
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": f"{key}/none"})
    for key in ("reports", "state/reports", "trends/day=2000-01-01", "rejected/day=2000-01-01",
                "movies")
)  # fmt: skip
PUT_REPORT, PUT_REPORT_STATE, PUT_MOVIES = (
    ("s3", "put_object", {"Bucket": "{bucket}", "Key": f"{key}/none", **NOT_THERE})
    for key in ("reports", "state/reports", "movies")
)
GET_FILMS = ("s3", "get_object", {"Bucket": "{site}", "Key": "films.json"})
GET_TABLES = ("glue", "get_tables", {"DatabaseName": "{database}"})
ANNOUNCE = ("sns", "publish", {"TopicArn": "{topic}", "Message": "probe"})
ALARM = ("sns", "publish", {"TopicArn": "{topic}-other", "Message": "probe"})
DELETE_LIKES, DELETE_TOTALS, DELETE_STATE = (
    ("s3", "delete_object", {"Bucket": "{bucket}", "Key": key})
    for key in ("likes/none", "totals/none", "state/none")
)
DELETE_TRENDS = ("s3", "delete_object", {"Bucket": "{bucket}", "Key": "trends/none"})
MAY = {
    "ingest": [("kinesis", "put_record",
                {"StreamName": "{stream}", "Data": "{}", "PartitionKey": "probe"})],
    "count": [("dynamodb", "update_item",
               {"TableName": "{table}", "Key": {"movie_id": {"S": "probe"}},
                "UpdateExpression": "SET probed = :yes",
                "ExpressionAttributeValues": {":yes": {"BOOL": True}}})],
    "archive": [("s3", "put_object",
                 {"Bucket": "{bucket}", "Key": "rejected/day=2000-01-01/probe", "Body": ""})],
    "read": [("dynamodb", "batch_get_item",
              {"RequestItems": {"{table}": {"Keys": [{"movie_id": {"S": "probe"}}]}}}),
             GET_SUMS],
    "track": [TRANSACT_SUMS],
    "rank": [GET_SUMS, PUT_SUMS, QUERY_SUMS, LIST_ROLLUPS, GET_ROLLUP, PUT_ROLLUP, PUT_TRENDS,
             LIST_TOTALS, GET_TOTALS, LIST_TRENDS, DELETE_TRENDS],
    "compact": [LIST_RAW, LIST_LIKES, LIST_TOTALS, LIST_IDS, LIST_STATE, GET_RAW, GET_LIKES,
                GET_TOTALS, GET_IDS, GET_STATE, PUT_LIKES, PUT_TOTALS, PUT_IDS, PUT_STATE,
                DELETE_LIKES, DELETE_TOTALS, GET_TOMBSTONES, GET_KEY],
    "report": [LIST_LIKES, LIST_TOTALS, GET_TOTALS, LIST_TRENDS, LIST_REJECTED, LIST_MOVIES,
               LIST_REPORTS, LIST_REPORT_STATE, GET_LIKES, GET_RANKED, GET_REJECT, GET_MOVIES,
               GET_REPORT, GET_REPORT_STATE, PUT_REPORT, PUT_REPORT_STATE,
               GET_TABLES, ANNOUNCE],
}  # fmt: skip
LIST_REPEATS, LIST_ERRORS, LIST_AUDIT = (
    ("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": prefix})
    for prefix in ("repeats/", "errors/", "audit/")
)
GET_REPEATS, GET_ERROR = (
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": f"{key}/none"})
    for key in ("repeats", "errors")
)
MAY["rank"] += [LIST_REPEATS, GET_REPEATS]
PUT_AUDIT = ("s3", "put_object", {"Bucket": "{bucket}", "Key": "audit/none", **NOT_THERE})
LIST_SHARDS = ("kinesis", "list_shards", {"StreamName": "{stream}"})
SCAN_ITEMS = ("dynamodb", "scan", {"TableName": "{table}"})
MAY["audit"] = [LIST_RAW, LIST_LIKES, LIST_TOTALS, LIST_REPEATS, LIST_ROLLUPS, LIST_TRENDS,
                LIST_REJECTED, LIST_ERRORS, LIST_STATE, GET_RAW, GET_LIKES, GET_TOTALS, GET_REPEATS,
                GET_ROLLUP, GET_RANKED, GET_REJECT, GET_ERROR, GET_STATE, PUT_AUDIT, LIST_SHARDS,
                SCAN_ITEMS]  # fmt: skip
UPDATE_SUMS = ("dynamodb", "update_item", {"TableName": "{trends}", "Key": PROBE_KEY})
DELETE_SUMS = ("dynamodb", "delete_item", {"TableName": "{trends}", "Key": PROBE_KEY})
SCAN_SUMS = ("dynamodb", "scan", {"TableName": "{trends}"})
GET_COUNT = ("dynamodb", "get_item", {"TableName": "{table}", "Key": {"movie_id": {"S": "x"}}})
WRITE_COUNT = ("dynamodb", "put_item", {"TableName": "{table}", "Item": {"movie_id": {"S": "x"}}})
UPDATE_COUNT = MAY["count"][0]
MAY["compact"] += [UPDATE_COUNT, LIST_REPEATS, GET_REPEATS]
WRITE_RAW = ("s3", "put_object", {"Bucket": "{bucket}", "Key": "raw/forged", "Body": "x"})
LIST_ALL = ("s3", "list_objects_v2", {"Bucket": "{bucket}"})
WRITE_REJECTED = ("s3", "put_object",
                  {"Bucket": "{bucket}", "Key": "rejected/forged", "Body": "x"})  # fmt: skip
GET_REJECTED = ("s3", "get_object", {"Bucket": "{bucket}", "Key": "rejected/any"})
WRITE_STATE = ("s3", "put_object", {"Bucket": "{bucket}", "Key": "state/forged", "Body": "x"})
GET_TRENDS = ("s3", "get_object", {"Bucket": "{bucket}", "Key": "trends/any"})
DELETE_ROLLUP = ("s3", "delete_object", {"Bucket": "{bucket}", "Key": "rollups/any"})
DELETE_RAW = ("s3", "delete_object", {"Bucket": "{bucket}", "Key": "raw/any"})
PUT_RECORD = MAY["ingest"][0]
RECORDS = [{"Data": "{}", "PartitionKey": "x"}]
PUT_RECORDS = ("kinesis", "put_records", {"StreamName": "{stream}", "Records": RECORDS})
DELETE_STREAM = ("kinesis", "delete_stream", {"StreamName": "{stream}"})
SCAN_COUNTS = ("dynamodb", "scan", {"TableName": "{table}"})
DELETE_COUNT = ("dynamodb", "delete_item",
                {"TableName": "{table}", "Key": {"movie_id": {"S": "x"}}})  # fmt: skip
DELETE_REPORT = ("s3", "delete_object", {"Bucket": "{bucket}", "Key": "reports/any"})
DELETE_TABLE = ("glue", "delete_table", {"DatabaseName": "{database}", "Name": "none"})
LIST_BUCKETS = ("s3", "list_buckets", {})
LIST_ROLES = ("iam", "list_roles", {})
MAY_NOT = {
    "ingest": [UPDATE_COUNT, WRITE_COUNT, SCAN_COUNTS, LIST_RAW, WRITE_RAW, PUT_RECORDS,
               DELETE_STREAM, LIST_ROLES, PUT_SUMS],
    "count": [LIST_RAW, GET_RAW, WRITE_RAW, PUT_RECORD, WRITE_COUNT, SCAN_COUNTS, DELETE_COUNT,
              DELETE_STREAM, LIST_ROLES, GET_SUMS, PUT_SUMS, UPDATE_SUMS, TRANSACT_SUMS],
    "archive": [WRITE_RAW, GET_RAW, LIST_RAW, DELETE_RAW, PUT_RECORD, UPDATE_COUNT, LIST_BUCKETS,
                PUT_SUMS, PUT_ROLLUP, PUT_TRENDS, PUT_LIKES, DELETE_LIKES, PUT_STATE],
    "read": [UPDATE_COUNT, WRITE_COUNT, SCAN_COUNTS, DELETE_COUNT, LIST_RAW, PUT_RECORD, PUT_SUMS,
             UPDATE_SUMS, DELETE_SUMS, QUERY_SUMS, SCAN_SUMS, GET_ROLLUP],
    "track": [GET_SUMS, QUERY_SUMS, SCAN_SUMS, UPDATE_SUMS, DELETE_SUMS, GET_COUNT, WRITE_COUNT,
              UPDATE_COUNT, LIST_RAW, GET_RAW, WRITE_RAW, LIST_ROLLUPS, GET_ROLLUP, PUT_ROLLUP,
              PUT_TRENDS, PUT_RECORD, PUT_RECORDS, DELETE_STREAM],
    "rank": [UPDATE_SUMS, DELETE_SUMS, SCAN_SUMS, GET_COUNT, WRITE_COUNT, UPDATE_COUNT, SCAN_COUNTS,
             LIST_RAW, LIST_ALL, GET_RAW, WRITE_RAW, PUT_LIKES, WRITE_REJECTED, GET_TRENDS,
             DELETE_ROLLUP, DELETE_RAW, PUT_RECORD, LIST_ROLES, PUT_TOTALS, DELETE_TOTALS,
             GET_LIKES, LIST_LIKES, DELETE_LIKES, GET_STATE, LIST_STATE, LIST_REJECTED,
             GET_MOVIES],
    "compact": [GET_COUNT, DELETE_COUNT, WRITE_COUNT, SCAN_COUNTS, GET_SUMS, PUT_SUMS, QUERY_SUMS,
                PUT_RECORD, PUT_RECORDS, LIST_ALL, LIST_ROLLUPS, LIST_TRENDS, WRITE_RAW, DELETE_RAW,
                GET_REJECTED, WRITE_REJECTED, GET_TRENDS, PUT_TRENDS, GET_ROLLUP, PUT_ROLLUP,
                DELETE_ROLLUP, WRITE_STATE, DELETE_STATE, LIST_BUCKETS, LIST_ROLES,
                GET_REPORT, PUT_REPORT, PUT_REPORT_STATE, ANNOUNCE, GET_MOVIES, PUT_MOVIES,
                PUT_TOMBSTONES, PUT_KEY],
    "report": [PUT_LIKES, DELETE_LIKES, PUT_TRENDS, DELETE_TRENDS, WRITE_REJECTED, WRITE_RAW,
               LIST_RAW, GET_RAW, LIST_ROLLUPS, GET_ROLLUP, LIST_ALL,
               GET_STATE, PUT_STATE, WRITE_STATE, DELETE_REPORT, GET_COUNT, UPDATE_COUNT,
               SCAN_COUNTS, GET_SUMS, PUT_SUMS, PUT_RECORD, DELETE_TABLE, ALARM, LIST_BUCKETS,
               LIST_ROLES, PUT_MOVIES, GET_FILMS, GET_TOMBSTONES, GET_KEY],
}  # fmt: skip
MAY_NOT["audit"] = [GET_COUNT, UPDATE_COUNT, WRITE_COUNT, DELETE_COUNT, GET_SUMS, PUT_SUMS,
                    QUERY_SUMS, PUT_RECORD, PUT_RECORDS, DELETE_STREAM, LIST_ALL, WRITE_RAW,
                    DELETE_RAW, PUT_LIKES, DELETE_LIKES, PUT_TOTALS, DELETE_TOTALS, PUT_ROLLUP,
                    PUT_TRENDS, DELETE_TRENDS, WRITE_REJECTED, PUT_STATE, WRITE_STATE, PUT_IDS,
                    GET_TOMBSTONES, GET_KEY, LIST_BUCKETS, LIST_ROLES, LIST_AUDIT]  # fmt: skip
REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
DONE = {"done", "NoSuchKey", "PreconditionFailed"}
"""What an allowed call gives: nobody else is told what is there, or that it is not."""

PROBE = """
import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

def handler(event, context):
    service, operation, parameters = event
    if operation == "signed":
        client = boto3.client(service, config=Config(signature_version="s3v4"))
        address = client.generate_presigned_url("get_object", parameters)
        return urllib3.PoolManager().request("GET", address).status
    try:
        getattr(boto3.client(service), operation)(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""


@pytest.fixture(scope="module", params=MAY)
def probe(request, stage):
    """A function that makes any call it is told, with the role of one of the stage's functions."""
    step = request.param
    functions = stage.client("lambda")
    role = functions.get_function_configuration(FunctionName=stage.outputs.function_names[step])
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("probe.py", PROBE)
    name = f"Probe-{step}-{uuid.uuid4()}"
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="probe.handler", Timeout=30,
        Role=role["Role"], Code={"ZipFile": package.getvalue()},
    )  # fmt: skip
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    names = {"stream": stage.outputs.stream_name, "table": stage.outputs.counts_table,
             "trends": stage.outputs.trends_table,
             "bucket": stage.outputs.bucket, "site": stage.outputs.site_bucket,
             "database": stage.outputs.glue_database,
             "topic": "arn:aws:sns:us-east-1:000000000000:movie-likes-local-reports"}  # fmt: skip

    def call(service, operation, parameters):
        told = json.dumps([service, operation, parameters])
        for placeholder, value in names.items():
            told = told.replace(f"{{{placeholder}}}", value)
        answer = functions.invoke(FunctionName=name, Payload=told.encode())
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result

    yield step, call
    functions.delete_function(FunctionName=name)


def test_a_role_is_enough_for_its_function(probe):
    step, call = probe
    refused = [(one[:2], answer) for one in MAY[step] if (answer := call(*one)) not in DONE]
    assert refused == []


def test_a_role_is_no_more_than_its_function_needs(probe):
    step, call = probe
    allowed = [one[:2] for one in MAY_NOT[step] if call(*one) not in REFUSALS]
    assert allowed == []


@pytest.mark.parametrize(
    ("probe", "status"), [("compact", 404), ("ingest", 403)], indirect=["probe"]
)
def test_a_signed_address_is_as_good_as_the_role_that_signed_it(probe, status):
    """Here that of an object that is not there."""
    _, call = probe
    assert call("s3", "signed", {"Bucket": "{bucket}", "Key": "totals/none"}) == status


def test_without_its_permission_ingest_accepts_nothing_and_with_it_again_it_does(stage, api):
    """Would fail where IAM is not enforced: the like would be accepted all the same."""
    iam = stage.client("iam")
    functions = stage.client("lambda")
    name = stage.outputs.function_names["ingest"]
    role = functions.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    policy = "step"
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    assert "kinesis:PutRecord" in json.dumps(document)
    film = f"denied-{uuid.uuid4()}"
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        refused = api.post({"movie_id": film})
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "1"
    told = refused.json()
    assert (told["error"], len(told["event_ids"])) == ("unavailable", 1)
    again = api.post({"movie_id": film, "event_id": told["event_ids"][0]})
    assert (again.status, again.json()["event_ids"]) == (202, told["event_ids"])


@pytest.mark.parametrize("key", ["nobody", "AKIAIOSFODNN7EXAMPLE"])
def test_who_has_no_key_of_the_account_gets_nothing(key, stage):
    stranger = boto3.client(
        "dynamodb", endpoint_url=stage.endpoint, region_name="us-east-1",
        aws_access_key_id=key, aws_secret_access_key="wrong",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    with contextlib.closing(stranger), pytest.raises(ClientError) as raised:
        stranger.scan(TableName=stage.outputs.counts_table)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
