"""A fan-out consumer of one's own on the stream: registered, removed, and cleaned up after."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

PREFIX = "lake-watch"
OLDEST = timedelta(days=1)
ACTIVE_S = 60
_POLL_S = 1.0  # AWS allows 20 DescribeStreamConsumer a second for each stream
_HOST = 100  # characters of it; a name has 1 to 128 of [a-zA-Z0-9_.-] (Kinesis API Reference)


class WatchError(Exception):
    """A stream that cannot be watched; the message says why in a sentence."""


def name(host: str | None = None, pid: int | None = None) -> str:
    """Give the name of the consumer of a process, by default of this one."""
    host = re.sub(r"[^a-zA-Z0-9_.-]", "-", host or socket.gethostname())[:_HOST]
    return f"{PREFIX}-{host}-{pid or os.getpid()}"


def runs(pid: int) -> bool:
    """Tell whether a process of this machine runs, whoever owns it."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def registered(kinesis: KinesisClient, stream_arn: str, stop: Event) -> Iterator[str]:
    """Give the ARN of a consumer of this process, active unless `stop` was set while it was made;
    it is removed at the end. Raises `WatchError` where the stream takes no more."""
    mine = name()
    try:
        yield _register(kinesis, stream_arn, mine, stop)
    finally:
        _remove(kinesis, stream_arn, mine)


def sweep(
    kinesis: KinesisClient,
    stream_arn: str,
    now: datetime | None = None,
    running: Callable[[int], bool] = runs,
) -> list[str]:
    """Remove what killed watches of this machine left, and give the names.

    Left is what has the pid of no process, or of this one, or is older than a day.
    """
    now = now or datetime.now(UTC)
    ours = re.compile(re.escape(name(pid=1)[:-1]) + r"(\d+)")
    left = []
    for page in kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=stream_arn):
        for consumer in page["Consumers"]:
            found = ours.fullmatch(consumer["ConsumerName"])
            if not found or consumer["ConsumerStatus"] == "DELETING":
                continue
            pid = int(found[1])
            old = now - consumer["ConsumerCreationTimestamp"] > OLDEST
            if old or pid == os.getpid() or not running(pid):
                left.append(consumer["ConsumerName"])
    for leftover in left:
        _remove(kinesis, stream_arn, leftover)
    return left


def _register(kinesis: KinesisClient, stream_arn: str, mine: str, stop: Event) -> str:
    try:
        told = kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName=mine)
    except kinesis.exceptions.LimitExceededException:
        raise WatchError(
            "The stream takes no more consumers: AWS allows 20, and 5 being made at once; end "
            "another `lake watch` or try again in a minute."
        ) from None
    arn = told["Consumer"]["ConsumerARN"]
    for _ in range(round(ACTIVE_S / _POLL_S)):
        seen = kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
        if seen["ConsumerStatus"] == "ACTIVE" or stop.wait(_POLL_S):
            return arn
    raise WatchError(f"The consumer {mine} was not active within {ACTIVE_S} seconds.")


def _remove(kinesis: KinesisClient, stream_arn: str, consumer: str) -> None:
    # Where it is not found it was never made, or another removed it.
    with suppress(kinesis.exceptions.ResourceNotFoundException):
        kinesis.deregister_stream_consumer(StreamARN=stream_arn, ConsumerName=consumer)
