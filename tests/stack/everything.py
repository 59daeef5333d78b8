"""All that a stage keeps, byte for byte, and what is packed in it, for a search of it."""

import base64
import gzip
import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infra.stage import Stage

STREAM = "kinesis"
"""What the emulator keeps of the stream is named so; nothing can be taken out of a stream."""

_read: dict[tuple[str, str, str, str], bytes] = {}
"""What a version of an object with an ETag holds, which is looked for again and again."""


def kept(stage: Stage, home: Path) -> Iterator[tuple[str, bytes]]:
    """Give where something is, and its bytes: every version of every object of every bucket, every
    item of every table, every line of every log, what waits in queues, every file of the stage."""
    s3 = stage.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for one in page.get("Versions", ()):
                place = (bucket["Name"], one["Key"], one["VersionId"])
                if (read := _read.get((*place, one["ETag"]))) is None:
                    told = dict(zip(("Bucket", "Key", "VersionId"), place, strict=True))
                    read = _read[*place, one["ETag"]] = s3.get_object(**told)["Body"].read()
                yield f"s3 {one['Key']} {one['VersionId']}", read
    tables = stage.client("dynamodb")
    for table in tables.list_tables()["TableNames"]:
        for page in tables.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield f"dynamodb {table}", repr(item).encode()
    logs = stage.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        ):
            for event in page["events"]:
                yield f"log {group['logGroupName']}", event["message"].encode()
    sqs = stage.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", ()):
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for one in told.get("Messages", ()):
            yield f"sqs {url.rpartition('/')[2]}", one["Body"].encode()
    for path in home.rglob("*"):
        if path.is_file() and STREAM not in path.name and "providers" not in path.parts:
            yield f"file {path.relative_to(home)}", path.read_bytes()


def unpacked(data: bytes) -> Iterator[bytes]:
    """Give bytes as they are, and all that is in them if they are gzip, Parquet or have Base64."""
    yield data
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
        yield data
    if data.startswith(b"PAR1"):
        yield _values(data)
        return
    if b"rawData" in data or b"base64" in data:
        for line in data.splitlines():
            yield from _base64(line)


@cache
def _values(parquet: bytes) -> bytes:
    """Give each value of each column, a line each."""
    columns = pq.read_table(io.BytesIO(parquet)).columns
    values = [one if pa.types.is_nested(one.type) else one.unique() for one in columns]
    return "\n".join(str(value) for each in values for value in each.to_pylist()).encode()


def _base64(line: bytes) -> Iterator[bytes]:
    try:
        told: Any = json.loads(line)
    except ValueError:
        return
    for name in ("rawData", "payload"):
        text = told.get(name) if isinstance(told, dict) else None
        if isinstance(text, str):
            try:
                yield base64.b64decode(text, validate=True)
            except ValueError:
                yield text.encode()


def places(stage: Stage, home: Path, text: str) -> list[str]:
    """Give where a text stands."""
    wanted = text.encode()
    return [
        where for where, data in kept(stage, home) if any(wanted in each for each in unpacked(data))
    ]
