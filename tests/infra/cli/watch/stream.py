"""A stream that nobody made, as far as a watch asks for it, and a reader that delivers at once."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import time
from types import SimpleNamespace

from botocore.exceptions import ClientError

from infra.fanout.reader import Delivery
from transform.event.stream_records import Record

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/stream"
LIMIT = 20


class _ResourceNotFoundException(ClientError):
    pass


class _LimitExceededException(ClientError):
    pass


def _error(kind: type[ClientError], code: str) -> ClientError:
    return kind({"Error": {"Code": code, "Message": f"{code}."}}, "Operation")


class Kinesis:
    """Consumers of a stream as the boto3 client shows them; a new one is active when asked about
    `slow` times. What was called is told to `log`, a line each, if there is one."""

    exceptions = SimpleNamespace(
        ResourceNotFoundException=_ResourceNotFoundException,
        LimitExceededException=_LimitExceededException,
    )

    def __init__(self, slow: int = 0, log: Path | None = None) -> None:
        self.consumers: dict[str, dict] = {}
        self.calls: list[str] = []
        self.slow = slow
        self.log = log
        self.fault: Exception | None = None

    def add(self, name: str, created: datetime | None = None, status: str = "ACTIVE") -> None:
        """Have a consumer that is there already."""
        self.consumers[name] = {
            "ConsumerName": name,
            "ConsumerARN": f"{ARN}/consumer/{name}:1",
            "ConsumerStatus": status,
            "ConsumerCreationTimestamp": created or datetime.now(UTC),
        }

    def describe_stream_summary(self, StreamName: str) -> dict:
        """Tell the stream's ARN."""
        self._called("summary")
        if self.fault:
            raise self.fault
        return {"StreamDescriptionSummary": {"StreamARN": ARN}}

    def register_stream_consumer(self, StreamARN: str, ConsumerName: str) -> dict:
        """Begin to make a consumer, or refuse."""
        self._called(f"register {ConsumerName}")
        if len(self.consumers) >= LIMIT:
            raise _error(_LimitExceededException, "LimitExceededException")
        self.add(ConsumerName, status="CREATING")
        return {"Consumer": dict(self.consumers[ConsumerName])}

    def describe_stream_consumer(self, ConsumerARN: str) -> dict:
        """Tell of a consumer, which is being made for a while."""
        self._called("describe")
        [found] = [one for one in self.consumers.values() if one["ConsumerARN"] == ConsumerARN]
        if self.slow:
            self.slow -= 1
        else:
            found["ConsumerStatus"] = "ACTIVE"
        return {"ConsumerDescription": dict(found)}

    def deregister_stream_consumer(self, StreamARN: str, ConsumerName: str) -> dict:
        """Remove a consumer."""
        self._called(f"deregister {ConsumerName}")
        if os.environ.get("STUCK") == "removal":
            Event().wait()
        if ConsumerName not in self.consumers:
            raise _error(_ResourceNotFoundException, "ResourceNotFoundException")
        del self.consumers[ConsumerName]
        return {}

    def get_paginator(self, operation: str) -> SimpleNamespace:
        """List consumers, two a page."""
        assert operation == "list_stream_consumers"
        listed = [dict(one) for one in self.consumers.values()]
        pages = [{"Consumers": listed[i : i + 2]} for i in range(0, len(listed) or 1, 2)]
        return SimpleNamespace(paginate=lambda StreamARN: pages)

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.log:
            with self.log.open("a") as file:
                file.write(what + "\n")


class Reader:
    """Delivers a record of three lines at once, and then whatever comes: nothing."""

    def __init__(self, kinesis, stream_name, consumer_arn, handle, *, start, tell) -> None:
        assert (stream_name, start) == ("stream", "LATEST")
        assert kinesis.consumers[consumer_arn.split("/")[-1].partition(":")[0]]
        self._handle = handle
        self._tell = tell

    def run(self, stop: Event) -> None:
        """Deliver, and wait to be stopped."""
        now = int(time() * 1000)
        lines = [
            {"movie_id": "tt0068646"},
            {"movie_id": "tt0068646", "action": "unlike"},
            {"nothing": 1},
        ]
        data = "\n".join(map(json.dumps, lines)).encode()
        self._handle(Delivery("shardId-0", [Record(data, now, "shardId-0", "1")], 0))
        if fault := os.environ.get("FAULT"):
            self._tell("shardId-0", fault)
        (Event() if os.environ.get("STUCK") == "reader" else stop).wait()
