"""Hands the local stage's stream to TrackTrends as Lambda does on AWS; the emulator cannot.

Run as a process: `python -m infra.fanout.bridge`.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import TYPE_CHECKING, Any

import msgspec

from infra.fanout.progress import Saved
from infra.fanout.reader import Delivery, Reader
from infra.local.bridge import daemon, events
from infra.local.bridge.events import Source
from infra.local.bridge.status import Board
from infra.paths import home
from infra.stage import LIVE, Outputs, open_stage

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_lambda.client import LambdaClient

FUNCTION = "track"
_WRITE_S = 1.0
_ASK_AGAIN_S = 1.0
_HEARTBEAT_S = 30  # several times the 5 seconds in which a live subscription says something
_CALL_S = 15 * 60 + 10  # the longest that a function may take (Lambda quotas), and the way
_LOG_BYTES = 1_000_000
_SHOWN = 500

logger = logging.getLogger("infra.local.bridge.program")


class FunctionFailed(Exception):
    """The function raised; the records are handed over again."""


class Bridge:
    """Reads the stream, invokes the function, and tells how it is in the stage's home."""

    def __init__(
        self, outputs: Outputs, home: Path, kinesis: KinesisClient, functions: LambdaClient
    ) -> None:
        self._outputs = outputs
        self._home = home
        self._kinesis = kinesis
        self._functions = functions
        self._function = outputs.function_names[FUNCTION]
        self._source = Source(outputs.consumer_arn, "")
        self._board = Board(daemon.status(home))
        self._reading: Callable[[], frozenset[str]] = frozenset
        self._changed = Event()

    def run(self, stop: Event) -> None:
        """Bridge until told to stop, and then finish what is under way."""
        over = Event()
        writer = Thread(target=self._keep_status, args=(over,), name="status")
        writer.start()
        try:
            while not stop.is_set():
                try:
                    reader = self._reader()
                    break
                except Exception as error:  # the emulator does not answer, yet
                    self._tell(None, f"stage: {error}")
                    stop.wait(_ASK_AGAIN_S)
            else:
                return
            self._reading = reader.reading
            reader.run(stop)
        finally:
            over.set()
            self._changed.set()
            writer.join()

    def _reader(self) -> Reader:
        """A reader that goes on where the last one of the same stream ended."""
        name = self._outputs.stream_name
        told = self._kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        role = self._functions.get_function_configuration(FunctionName=self._function)["Role"]
        self._source = Source(self._outputs.consumer_arn, role)
        stream = f"{self._outputs.consumer_arn} {told['StreamCreationTimestamp'].isoformat()}"
        return Reader(
            self._kinesis,
            name,
            self._outputs.consumer_arn,
            self._handle,
            start="TRIM_HORIZON",
            progress=Saved(daemon.progress(self._home), stream),
            cut=events.cut,
            tell=self._tell,
        )

    def _handle(self, delivery: Delivery) -> None:
        records = delivery.records
        if records:
            self._invoke(msgspec.json.encode(events.event(records, self._source)))
        last = records[-1].sequence_number if records else None
        self._board.heard(delivery.shard_id, delivery.behind_ms, last)

    def _invoke(self, payload: bytes) -> None:
        told = self._functions.invoke(
            FunctionName=self._function,
            Qualifier=LIVE,
            InvocationType="RequestResponse",
            Payload=payload,
        )
        answer = told["Payload"].read()
        if told.get("FunctionError"):
            raise FunctionFailed(
                f"{self._function} failed: {answer[:_SHOWN].decode(errors='replace')}"
            )

    def _tell(self, shard_id: str | None, fault: str | None) -> None:
        if self._board.fault(shard_id, fault):
            logger.log(
                logging.WARNING if fault else logging.INFO,
                "%s shard=%s fault=%s",
                "Fault" if fault else "Fault is over",
                shard_id,
                fault,
            )
            self._changed.set()

    def _keep_status(self, over: Event) -> None:
        while True:
            last = over.is_set()
            try:
                self._board.write(time(), self._reading())
            except OSError as error:
                logger.warning("Status not written error=%s", error)
            if last:
                return
            self._changed.wait(_WRITE_S)
            self._changed.clear()


def main() -> None:
    """Bridge until SIGTERM."""
    # Blocked here and in every thread, so that nothing but `sigwait` ever sees them.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    directory = home()
    log = RotatingFileHandler(daemon.log(directory), maxBytes=_LOG_BYTES, backupCount=1)
    logging.basicConfig(
        handlers=[log], level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    stage = open_stage("local")
    settings: dict[str, Any] = {"max_pool_connections": 100, "connect_timeout": 5}
    bridge = Bridge(
        stage.outputs,
        directory,
        stage.client("kinesis", read_timeout=_HEARTBEAT_S, **settings),
        # A second call while the first may still be at work is for the reader to decide.
        stage.client("lambda", read_timeout=_CALL_S, retries={"total_max_attempts": 1}, **settings),
    )
    stop = Event()

    def work() -> None:
        try:
            bridge.run(stop)
        except Exception:
            logger.exception("The bridge ends")
            raise
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    worker = Thread(target=work, name="bridge")
    worker.start()
    logger.info("Bridging stream=%s pid=%s", stage.outputs.stream_name, os.getpid())
    signal.sigwait(ends)
    stop.set()
    worker.join()
    logger.info("Ended")


if __name__ == "__main__":
    main()
