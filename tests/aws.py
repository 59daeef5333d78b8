"""Events as AWS sends them, made from the payloads in `tests/events`, and the Lambda context."""

import base64
import copy
import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from transform.event.stream_records import Record

EVENTS = Path(__file__).parent / "events"
CONTEXT = SimpleNamespace(
    function_name="Function-test",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:Function-test",
    aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
)


def event(name: str) -> Any:
    """Give a payload by the name of its file."""
    return json.loads((EVENTS / f"{name}.json").read_bytes())


def post(body: str | bytes | None, **changes: Any) -> dict[str, Any]:
    """Give a proxy event for POST /likes; bytes go as API Gateway sends binary bodies."""
    if isinstance(body, bytes):
        changes = {"isBase64Encoded": True} | changes
        body = base64.b64encode(body).decode()
    return event("api_post") | {"body": body} | changes


def get(path: dict[str, str] | None = None, query: dict[str, str] | None = None) -> dict[str, Any]:
    """Give a proxy event for one of the GETs."""
    changes = {"httpMethod": "GET", "body": None}
    return event("api_post") | changes | {"pathParameters": path, "queryStringParameters": query}


def kinesis(records: Iterable[Record]) -> dict[str, Any]:
    """Give the event of an event source mapping that holds these records."""
    template = event("kinesis")["Records"][0]
    told = []
    for record in records:
        entry = copy.deepcopy(template)
        entry["eventID"] = f"{record.shard_id}:{record.sequence_number}"
        entry["kinesis"] |= {
            "sequenceNumber": record.sequence_number,
            "partitionKey": record.partition_key or "key",
            "data": base64.b64encode(record.data).decode(),
            "approximateArrivalTimestamp": record.arrived_at / 1000,
        }
        told.append(entry)
    return {"Records": told}


def firehose(payloads: Iterable[bytes], arrived_at: int, told: bool = True) -> dict[str, Any]:
    """Give a transformation event; `told` says whether it tells of the stream, as on AWS."""
    whole = event("firehose")
    template = whole["records"][0]
    whole["records"] = []
    for number, payload in enumerate(payloads):
        entry = copy.deepcopy(template)
        entry |= {
            "recordId": f"{number:056d}000000",
            "data": base64.b64encode(payload).decode(),
            "approximateArrivalTimestamp": arrived_at,
        }
        entry["kinesisRecordMetadata"] |= {
            "sequenceNumber": f"{number:056d}",
            "approximateArrivalTimestamp": arrived_at,
        }
        if not told:
            del entry["kinesisRecordMetadata"]
        whole["records"].append(entry)
    return whole
