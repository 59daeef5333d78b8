"""The emulator's Firehose, which treats the records of a stream as AWS's does.

MiniStack 1.5.33 tells its function nothing of where a record stood; passes the record on as it came
where the function fails; and drops what the function could not process. AWS tells shard, sequence
number and part of a record (https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html),
takes apart what the Kinesis Producer Library put together, calls the function again three times,
and then writes the records below `errors/processing-failed/`
(https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html). Codes
and attempts are as objects that people found there have them, the names of codes as in
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html.

MiniStack calls a delivery's function from within Kinesis' PutRecord, on the one event loop that
answers every request. A function that then asks the emulator for anything, as ArchiveLikes does to
keep a rejected line, waits for an answer that cannot come. Here a thread delivers, one record after
another, and what is under way is finished before the emulator stops and saves.
"""

from __future__ import annotations

import base64
import binascii
import heapq
import json
import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import chain
from threading import Event
from typing import Any, NamedTuple

from transform.event import aggregated

RETRIES = 3
"""How often Firehose calls a function again, where `NumberOfRetries` does not say."""
PAUSES_S = (0.25, 0.5, 1.0)
"""Before it does: short, for one thread delivers all there is."""

logger = logging.getLogger("firehose")


class Part(NamedTuple):
    """A record as its user put it: its id, its bytes, when it arrived, and what is told of it."""

    record_id: str
    data: bytes
    arrived_at: int
    metadata: dict[str, Any]


class Failure(NamedTuple):
    """Why a function did not process a record, and after how many calls."""

    attempts: int
    code: str
    message: str


def parts(shard_id: str, told: dict[str, Any], data: bytes) -> list[Part]:
    """Give the records in one that Kinesis keeps, as it tells of it."""
    arrived_at = round(told["ApproximateArrivalTimestamp"] * 1000)
    return [
        Part(
            f"{told['SequenceNumber']}{number:06}",
            part,
            arrived_at,
            {
                "shardId": shard_id,
                "sequenceNumber": told["SequenceNumber"],
                "subsequenceNumber": number,
                "partitionKey": told["PartitionKey"],
                "approximateArrivalTimestamp": arrived_at,
            },
        )
        for number, part in enumerate(aggregated.split(data) or [data])
    ]


def event(batch: Sequence[Part], delivery_arn: str, stream_arn: str, region: str) -> dict[str, Any]:
    """Give the event that a transformation function is called with."""
    return {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": delivery_arn,
        "sourceKinesisStreamArn": stream_arn,
        "region": region,
        "records": [
            {
                "recordId": part.record_id,
                "approximateArrivalTimestamp": part.arrived_at,
                "data": base64.b64encode(part.data).decode(),
                "kinesisRecordMetadata": part.metadata,
            }
            for part in batch
        ],
    }


def outcomes(batch: Sequence[Part], result: dict[str, Any]) -> list[bytes | Failure | None]:
    """Give what a call made of each record: bytes to deliver, None for one that is dropped."""
    if result.get("error"):
        why = _failure(result)
        return [why] * len(batch)
    body: Any = result.get("body")
    try:
        answered: Any = json.loads(body) if isinstance(body, str | bytes) else body
        by_id = {record["recordId"]: record for record in answered["records"]}
    except (ValueError, TypeError, KeyError):
        why = Failure(1, "Lambda.JsonProcessingException", "The response is no JSON of records.")
        return [why] * len(batch)
    return [_outcome(by_id.get(part.record_id)) for part in batch]


def _failure(result: dict[str, Any]) -> Failure:
    if result.get("throttle"):
        message = "The Lambda function invocation limit was exceeded."
        return Failure(1, "Lambda.InvokeLimitExceeded", message)
    if "timed out" in str(result.get("body")):
        return Failure(1, "Lambda.FunctionTimedOut", "The Lambda function invocation timed out.")
    message = "The Lambda function was successfully invoked but it returned an error result."
    return Failure(1, "Lambda.FunctionError", message)


def _outcome(record: dict[str, Any] | None) -> bytes | Failure | None:
    if record is None:
        return Failure(1, "Lambda.MissingRecordId", "One or more record Ids were not returned.")
    if record.get("result") == "Dropped":
        return None
    try:
        if record.get("result") == "Ok":
            return base64.b64decode(record["data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        pass
    message = "ProcessingFailed status set for record"
    return Failure(1, "Lambda.ProcessingFailedStatus", message)


def failed(part: Part, why: Failure, function_arn: str, taken_at: int, now: int) -> bytes:
    """Give the line that stands below `errors/` for a record; times are epoch milliseconds.

    It tells neither shard nor sequence number, as AWS's tells neither.
    """
    told = {
        "attemptsMade": why.attempts,
        "arrivalTimestamp": taken_at,
        "errorCode": why.code,
        "errorMessage": why.message,
        "attemptEndingTimestamp": now,
        "rawData": base64.b64encode(part.data).decode(),
        "lambdaArn": function_arn,
    }
    return json.dumps(told).encode() + b"\n"


class Deliveries:
    """Delivers what Kinesis takes, record by record, on a thread of its own."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="firehose")
        self._ending = Event()

    def install(self) -> None:
        """Stand for MiniStack's own."""
        from ministack.services import firehose

        firehose.ingest_from_kinesis_source = self.take

    def close(self) -> None:
        """Finish what is under way, with no more pauses."""
        self._ending.set()
        self._pool.shutdown()

    def take(self, stream_arn: str, records: list[tuple[str, bytes]]) -> None:
        """Deliver records, by partition key, that a stream has just taken, in a while."""
        batch = _stored(stream_arn, records)
        # Account and region of the request are context variables.
        self._pool.submit(copy_context().run, self._deliver, stream_arn, batch)

    def _deliver(self, stream_arn: str, batch: list[list[Part]]) -> None:
        from ministack.services import firehose

        for stream in list(firehose._streams.values()):
            source = (stream.get("kinesis_source") or {}).get("KinesisStreamARN")
            if stream.get("status") != "ACTIVE" or source != stream_arn:
                continue
            for destination in stream.get("destinations", []):
                for record in batch:
                    try:
                        self._record(stream, destination, stream_arn, record)
                    except Exception:
                        logger.exception("A record was not delivered")

    def _record(
        self, stream: dict[str, Any], destination: dict[str, Any], source: str, batch: list[Part]
    ) -> None:
        from ministack.services import firehose

        taken_at = time.time_ns() // 1_000_000
        function_arn, retries = _processor(destination)
        found: list[bytes | Failure | None] = [part.data for part in batch]
        if function_arn:
            found = self._transform(stream, source, function_arn, retries, batch)
        lost = b""
        for part, outcome in zip(batch, found, strict=True):
            if isinstance(outcome, bytes):
                firehose._deliver_to_s3(stream, destination, outcome)
            elif outcome is not None:
                now = time.time_ns() // 1_000_000
                lost += failed(part, outcome, function_arn or "", taken_at, now)
        if lost:
            _put_failed(stream, destination, lost)

    def _transform(
        self, stream: dict[str, Any], source: str, arn: str, retries: int, batch: list[Part]
    ) -> list[bytes | Failure | None]:
        from ministack.core.responses import get_region
        from ministack.services import lambda_svc

        function, _ = lambda_svc._get_func_record_for_qualifier(
            *lambda_svc._resolve_name_and_qualifier(arn)
        )
        if function is None:
            gone = Failure(1, "Lambda.ResourceNotFound", "There is no such function.")
            return [gone] * len(batch)
        # A version shares what is reserved for its function; MiniStack looks for it at the version.
        whole, _, _ = lambda_svc._get_base_func_record_for_ref(arn)
        function = function | {"concurrency": whole["concurrency"]}
        for attempt in range(retries + 1):
            if attempt:
                self._ending.wait(PAUSES_S[min(attempt, len(PAUSES_S)) - 1])
            result = lambda_svc._execute_function(
                function, event(batch, stream["arn"], source, get_region())
            )
            if not result.get("error"):
                return outcomes(batch, result)
        why = _failure(result)._replace(attempts=retries + 1)
        return [why] * len(batch)


def _processor(destination: dict[str, Any]) -> tuple[str | None, int]:
    """Give the function of a destination, and how often it is called again."""
    settings = destination["config"].get("ProcessingConfiguration") or {}
    for processor in (settings.get("Processors") or []) if settings.get("Enabled") else []:
        if processor.get("Type") == "Lambda":
            given = {
                one["ParameterName"]: one.get("ParameterValue", "")
                for one in processor.get("Parameters") or []
            }
            return given.get("LambdaArn"), int(given.get("NumberOfRetries") or RETRIES)
    return None, 0


def _put_failed(stream: dict[str, Any], destination: dict[str, Any], body: bytes) -> None:
    from ministack.services import firehose

    settings = destination["config"]
    bucket = firehose._s3_bucket_from_arn(settings.get("BucketARN", ""))
    at = time.gmtime()
    kind = "processing-failed"
    prefix = firehose._evaluate_prefix(
        settings.get("ErrorOutputPrefix") or f"{kind}/", at, error_type=kind
    )
    version, when = stream.get("version", 1), time.strftime("%Y-%m-%d-%H-%M-%S", at)
    name = f"{stream['name']}-{version}-{when}-{uuid.uuid4()}"
    firehose._put_s3_object(bucket, f"{prefix}{name}", body)


def _stored(stream_arn: str, records: Sequence[tuple[str, bytes]]) -> list[list[Part]]:
    """Give records that were just put as Kinesis keeps them: they are the last of all shards."""
    from ministack.services import kinesis

    [stream] = [s for s in kinesis._streams.values() if s["StreamARN"] == stream_arn]
    latest = chain.from_iterable(
        ((shard_id, told) for told in shard["records"][-len(records) :])
        for shard_id, shard in stream["shards"].items()
    )
    newest = heapq.nlargest(len(records), latest, key=lambda one: int(one[1]["SequenceNumber"]))
    stored = []
    for (shard_id, told), (key, data) in zip(reversed(newest), records, strict=True):
        if told["PartitionKey"] != key or base64.b64decode(told["Data"]) != data:
            raise RuntimeError("The stream took other records meanwhile.")
        stored.append(parts(shard_id, told, data))
    return stored
