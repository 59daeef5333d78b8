"""The event that Lambda makes of a fan-out consumer's records, and how many fit in one."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from transform.event.stream_records import Record

MOST_RECORDS = 1_000
MOST_BYTES = 6 * 1024 * 1024
"""Payload of a synchronous invocation (Lambda quotas, AWS Lambda Developer Guide)."""
_ROOM = 4_096  # what stands around a record's data, the longest partition key escaped included


class Source(msgspec.Struct, frozen=True):
    """What is the same in all events of one consumer and function."""

    consumer_arn: str
    role_arn: str

    @property
    def region(self) -> str:
        """The consumer's region."""
        return self.consumer_arn.split(":")[3]


def event(records: list[Record], source: Source) -> dict[str, Any]:
    """Give the event; `eventSourceARN` is the consumer's, as the mapping is on it."""
    return {"Records": [_entry(record, source) for record in records]}


def cut(records: list[Record]) -> list[list[Record]]:
    """Divide records so that each part makes one event, in order; none make one empty part."""
    parts: list[list[Record]] = [[]]
    size = 0
    for record in records:
        adds = _ROOM + 4 * len(record.data) // 3
        if parts[-1] and (len(parts[-1]) == MOST_RECORDS or size + adds > MOST_BYTES - _ROOM):
            parts.append([])
            size = 0
        parts[-1].append(record)
        size += adds
    return parts


def _entry(record: Record, source: Source) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.data).decode(),
            "approximateArrivalTimestamp": record.arrived_at / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{record.shard_id}:{record.sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": source.role_arn,
        "awsRegion": source.region,
        "eventSourceARN": source.consumer_arn,
    }
