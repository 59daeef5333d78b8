"""Calls that roles may make and may not, for the tests of IAM.

A call is a service, an operation and parameters, in which {names} stand for the stage's own. What
others read is not written to: a write there is made on a condition that does not hold.
"""

from transform.lake import tombstones

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
DONE = {"done", "NoSuchKey", "NoSuchVersion", "PreconditionFailed"}
"""What an allowed call gives: nobody else is told what is there, or that it is not."""

GET_DAY, GET_REPLAY, GET_AUDIT, GET_BACKFILL = (
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": key})
    for key in ("likes/day=2000-01-01/none", "state/replays/none", "audit/none",
                "state/backfills/none")
)  # fmt: skip
LIST_VERSIONS, LIST_RAW_VERSIONS = (
    ("s3", "list_object_versions", {"Bucket": "{bucket}", "Prefix": prefix})
    for prefix in ("likes/", "raw/")
)
NOWHERE = "00000000-0000-0000-0000-000000000000"
GET_VERSION, GET_RAW_VERSION = (
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": f"{key}/none", "VersionId": NOWHERE})
    for key in ("likes", "raw")
)
DELETE_VERSION = (
    "s3", "delete_object", {"Bucket": "{bucket}", "Key": "likes/none", "VersionId": NOWHERE},
)  # fmt: skip
MAY["audit"] += [LIST_VERSIONS, GET_VERSION]
MAY_NOT["audit"] += [LIST_RAW_VERSIONS, GET_RAW_VERSION, DELETE_VERSION]
GET_RECORDS = ("kinesis", "get_records", {"ShardIterator": "none"})
SEE_FUNCTION = ("lambda", "get_function_configuration",
                {"FunctionName": "{read}", "Qualifier": "live"})  # fmt: skip
SEE_MAPPINGS = ("lambda", "list_event_source_mappings", {"FunctionName": "{count}:live"})
LIST_FUNCTION_VERSIONS = ("lambda", "list_versions_by_function", {"FunctionName": "{read}"})
SET_ALIAS = ("lambda", "update_alias", {"FunctionName": "{read}", "Name": "live"})
SET_FUNCTION = ("lambda", "update_function_configuration",
                {"FunctionName": "{read}", "Description": "probed"})  # fmt: skip
RUN_RANK, RUN_COMPACT, RUN_INGEST = (
    ("lambda", "invoke", {"FunctionName": f"{{{name}}}:live", "InvocationType": "DryRun"})
    for name in ("rank", "compact", "ingest")
)
LIST_QUEUES = ("sqs", "list_queues", {})
ASKED_BEFORE = ("athena", "list_query_executions", {"WorkGroup": "{workgroup}"})
ASK = ("athena", "start_query_execution",
       {"WorkGroup": "{workgroup}", "QueryString": "SELECT 1"})  # fmt: skip
SEND_EVENT = ("events", "put_events",
              {"Entries": [{"Source": "probe", "DetailType": "none", "Detail": "{}",
                            "EventBusName": "{bus}"}]})  # fmt: skip
SEE_STREAM = ("kinesis", "describe_stream_summary", {"StreamName": "{stream}"})
SEE_TABLE = ("dynamodb", "describe_table", {"TableName": "{table}"})
SEE_DELIVERY = ("firehose", "describe_delivery_stream", {"DeliveryStreamName": "{delivery}"})
NO_LIKE = [GET_RAW, GET_LIKES, GET_DAY, GET_TOTALS, GET_REPEATS, GET_IDS, GET_REJECTED, GET_ERROR,
           GET_ROLLUP, GET_RANKED, GET_REPLAY, GET_REPORT, GET_TOMBSTONES, GET_KEY, GET_COUNT,
           SCAN_COUNTS, GET_SUMS, QUERY_SUMS, SCAN_SUMS, GET_RECORDS]  # fmt: skip
"""What reads likes, or tells who gave them."""
NO_WRITE = [WRITE_RAW, PUT_LIKES, PUT_TOTALS, PUT_STATE, WRITE_STATE, PUT_TRENDS, PUT_IDS,
            PUT_ROLLUP, PUT_TOMBSTONES, PUT_KEY, WRITE_REJECTED, DELETE_RAW, DELETE_LIKES,
            DELETE_VERSION, WRITE_COUNT, UPDATE_COUNT, DELETE_COUNT, PUT_SUMS, DELETE_SUMS,
            DELETE_STREAM, DELETE_TABLE, LIST_ROLES, LIST_BUCKETS, SET_FUNCTION]  # fmt: skip
PEOPLE_MAY = {
    "analyst": [LIST_LIKES, LIST_TOTALS, LIST_TRENDS, LIST_MOVIES, LIST_REPORTS, LIST_REPEATS,
                LIST_AUDIT, GET_LIKES, GET_TOTALS, GET_REPEATS, GET_RANKED, GET_MOVIES, GET_AUDIT,
                GET_REPORT, GET_TABLES, ASKED_BEFORE],
    "operator": [LIST_ALL, LIST_RAW, LIST_ERRORS, GET_STATE, GET_BACKFILL, GET_AUDIT, SEE_STREAM,
                 LIST_SHARDS, SEE_TABLE, SEE_DELIVERY, SEE_FUNCTION, SEE_MAPPINGS, RUN_RANK,
                 RUN_COMPACT],
    "mender": [LIST_ALL, LIST_VERSIONS, LIST_RAW_VERSIONS, GET_VERSION, GET_RAW, GET_LIKES, GET_IDS,
               GET_REJECTED, GET_ERROR, GET_STATE, GET_TOMBSTONES, GET_KEY, PUT_LIKES, PUT_TOTALS,
               PUT_STATE, PUT_IDS, PUT_TRENDS, PUT_TOMBSTONES, DELETE_LIKES, DELETE_VERSION,
               SCAN_COUNTS, UPDATE_COUNT, SCAN_SUMS, SEE_STREAM, LIST_SHARDS, SEE_TABLE, RUN_RANK,
               LIST_FUNCTION_VERSIONS, SET_ALIAS, LIST_QUEUES, ASKED_BEFORE],
    "producer": [SEND_EVENT],
}  # fmt: skip
PEOPLE_MAY_NOT = {
    "analyst": [*NO_WRITE, GET_RAW, GET_REJECTED, GET_ERROR, GET_IDS, GET_STATE, GET_TOMBSTONES,
                GET_KEY, LIST_ALL, LIST_RAW, LIST_REJECTED, LIST_STATE, LIST_VERSIONS, SCAN_COUNTS,
                GET_SUMS, PUT_RECORD, SEND_EVENT, RUN_RANK, ANNOUNCE],
    "operator": [*NO_LIKE, *NO_WRITE, LIST_VERSIONS, GET_VERSION, PUT_RECORD, PUT_RECORDS,
                 SEND_EVENT, RUN_INGEST, SET_ALIAS, ASK, ANNOUNCE],
    "mender": [WRITE_COUNT, DELETE_COUNT, PUT_SUMS, UPDATE_SUMS, DELETE_SUMS, GET_SUMS, PUT_RECORD,
               PUT_RECORDS, DELETE_STREAM, DELETE_TABLE, LIST_ROLES, LIST_BUCKETS, SET_FUNCTION,
               RUN_INGEST, RUN_COMPACT, SEND_EVENT, ASK, ANNOUNCE, ALARM],
    "producer": [*NO_LIKE, *NO_WRITE, LIST_ALL, LIST_LIKES, GET_MOVIES, GET_AUDIT, PUT_RECORD,
                 PUT_RECORDS, RUN_RANK, RUN_INGEST, ASK, SEE_STREAM, SEE_TABLE],
}  # fmt: skip
