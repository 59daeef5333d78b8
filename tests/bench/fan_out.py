"""Fan-out: milliseconds from PutRecord to TrackTrends' return, beside the emulator's own floor.

The floor is when a bare SubscribeToShard has the record, in the same run: the emulator looks for
new records five times a second.
"""

import os
import random
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from infra.cli.steps import Steps
from infra.fanout.reader import Delivery, Reader
from infra.local import lifecycle
from infra.local.bridge import daemon
from infra.local.bridge.program import Bridge
from infra.stage import Stage
from tests.bench.measure import Comparison

RECORDS = 60
LIMIT_MS = 300


def run() -> list[Comparison]:
    """Bring a stage up, bridge it from here, and put records one at a time."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        home = Path(folder) / "lake"
        os.environ["LAKE_HOME"] = str(home)
        steps = Steps(Console(quiet=True))
        try:
            stage = lifecycle.up(home, port, steps)
            daemon.stop(home)
            ours, floor = _measured(stage, home)
        finally:
            lifecycle.down(home, steps, wipe=True)
            del os.environ["LAKE_HOME"]
    return [
        Comparison(
            "fan-out, PutRecord to the function's return, median",
            f"{ours:.0f} ms",
            "floor: a bare SubscribeToShard has it",
            f"{floor:.0f} ms",
            f"+ {ours - floor:.0f} ms",
            f"<= {LIMIT_MS} ms",
            ours <= LIMIT_MS,
        )
    ]


def _measured(stage: Stage, home: Path) -> tuple[float, float]:
    kinesis = stage.client("kinesis", max_pool_connections=50)
    consumer = kinesis.register_stream_consumer(
        StreamARN=stage.outputs.consumer_arn.partition("/consumer/")[0], ConsumerName="bench"
    )["Consumer"]["ConsumerARN"]
    returned, arrived = _Times(), _Times()
    bridge = _Timed(stage, home, returned)
    floor = Reader(kinesis, stage.outputs.stream_name, consumer, arrived.note, start="LATEST")
    stop = threading.Event()
    threads = [threading.Thread(target=run, args=(stop,)) for run in (bridge.run, floor.run)]
    for thread in threads:
        thread.start()
    put: dict[str, float] = {}
    chance = random.Random(1)
    try:
        time.sleep(3)
        for number in range(RECORDS):
            began = time.perf_counter()
            told = kinesis.put_record(
                StreamName=stage.outputs.stream_name,
                Data=b'{"movie_id":"bench"}',
                PartitionKey=f"bench-{number}",
            )
            put[told["SequenceNumber"]] = began
            time.sleep(chance.uniform(0.3, 0.7))
        deadline = time.monotonic() + 30
        while not put.keys() <= returned.at.keys() & arrived.at.keys():
            assert time.monotonic() < deadline, "some records did not come"
            time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return tuple(  # type: ignore[return-value]
        statistics.median(1000 * (times.at[number] - began) for number, began in put.items())
        for times in (returned, arrived)
    )


class _Times:
    """When each record was done with, by its sequence number."""

    def __init__(self) -> None:
        self.at: dict[str | None, float] = {}

    def note(self, delivery: Delivery) -> None:
        """Note the time for the records of a delivery."""
        now = time.perf_counter()
        self.at.update((record.sequence_number, now) for record in delivery.records)


class _Timed(Bridge):
    """The bridge, with the time of each of the function's returns."""

    def __init__(self, stage: Stage, home: Path, times: _Times) -> None:
        many: dict[str, Any] = {"max_pool_connections": 50}
        super().__init__(
            stage.outputs, home, stage.client("kinesis", **many), stage.client("lambda", **many)
        )
        self._times = times

    def _handle(self, delivery: Delivery) -> None:
        super()._handle(delivery)
        self._times.note(delivery)
