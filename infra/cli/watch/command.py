"""`lake watch`: a live view on a terminal, or a line a second in a pipe, until it is ended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic, time
from types import FrameType
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live

from infra.cli.movies import table
from infra.cli.output import tables
from infra.cli.output.formats import Format
from infra.cli.trending import Board, Source, TrendingError
from infra.cli.watch import consumers, view
from infra.cli.watch.meter import Meter
from infra.cli.watch.view import Shown, View
from infra.fanout.reader import Delivery, Reader
from infra.stage import Stage

WINDOW = "15m"
TRENDS = "trends"
FRAME_S = 0.25
LINE_S = 1.0
POLL_S = 5.0
SHARDS = 256
"""Shards to read without a connection being thrown away: each holds one."""
PEACE_S = 1.0
"""How long the reader has to end before the consumer is taken from it."""
REMOVAL_S = 10.0
"""How long the consumer's removal may keep somebody who wants to leave."""

LEFT = "The consumer may be left on the stream; the next `lake watch` here removes it."


class Watching:
    """One watch: threads that feed it what is delivered and ranked, and what is known so far."""

    def __init__(self, stage: Stage) -> None:
        self.stop = Event()
        self.failure: Exception | None = None
        self._stage = stage
        self._board: Board | None = None
        self._faults: dict[str, str] = {}
        self._lock = Lock()
        self._meter = Meter(monotonic())
        self._consumer = self._thread(self._consume)
        self._polling = self._thread(self._poll)

    def start(self) -> None:
        """Begin to read and to ask."""
        self._consumer.start()
        self._polling.start()

    def end(self) -> bool:
        """End it and wait until the consumer is removed; False where that takes too long."""
        self.stop.set()
        self._consumer.join(REMOVAL_S)
        return not self._consumer.is_alive()

    def shown(self) -> Shown:
        """Give what is to be seen now."""
        with self._lock:
            reading = self._meter.read(monotonic())
            trouble = next(iter(self._faults.values()), "")
        return Shown(
            self._stage.name,
            self._stage.outputs.stream_name,
            reading,
            self._board,
            trouble,
            datetime.now(UTC),
        )

    def _thread(self, work: Callable[[], None]) -> Thread:
        """A thread that nobody has to wait for; when its work ends or fails, so does the watch."""

        def run() -> None:
            try:
                work()
            except Exception as error:
                self.failure = error
            finally:
                self.stop.set()

        return Thread(target=run, daemon=True)

    def _consume(self) -> None:
        kinesis = self._stage.client("kinesis", connect_timeout=5, max_pool_connections=SHARDS)
        name = self._stage.outputs.stream_name
        told = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        consumers.sweep(kinesis, told["StreamARN"])
        with consumers.registered(kinesis, told["StreamARN"], self.stop) as arn:
            reader = Reader(kinesis, name, arn, self._seen, start="LATEST", tell=self._tell)
            reading = self._thread(lambda: reader.run(self.stop))
            reading.start()
            self.stop.wait()
            reading.join(PEACE_S)

    def _seen(self, delivery: Delivery) -> None:
        with self._lock:
            self._meter.add(delivery, monotonic(), int(time() * 1000))

    def _tell(self, part: str | None, fault: str | None) -> None:
        """Hear of a fault of a shard, or of the stream, or of its end."""
        with self._lock:
            self._faults.pop(part or "", None)
            if fault:
                self._faults[part or ""] = f"{part}: {fault}" if part else fault

    def _poll(self) -> None:
        source = Source(self._stage.outputs.api_url, WINDOW, 10)
        while not self.stop.is_set():
            try:
                self._board = source.ask()
                self._tell(TRENDS, None)
            except TrendingError as error:
                self._tell(TRENDS, str(error))
            self.stop.wait(POLL_S)


def watch(stage: Stage, seconds: float | None, out: TextIO, form: Format = "table") -> None:
    """Watch a stage for so many seconds, or until Ctrl-C, which is raised at the end.

    A signal only asks it to end: however it ends, the terminal is left as it was, and the consumer
    is removed. Raises what ended the reading.
    """
    console = Console(file=out, highlight=False)
    titles = table.titles(stage) if form == "table" else {}
    watching = Watching(stage)
    with _signals(watching.stop) as signals:
        try:
            watching.start()
            if form != "table":
                _rows(watching, seconds, out, form)
            elif console.is_terminal and not console.is_dumb_terminal:
                _live(watching, seconds, console, titles)
            else:
                _lines(watching, seconds, out, titles)
        finally:
            if not watching.end():
                Console(stderr=True).print(LEFT, highlight=False, soft_wrap=True)
        last = watching.shown().reading
    if watching.failure and not signals:
        raise watching.failure
    if console.is_terminal and form == "table":
        console.print(f"Watched {int(last.seconds)} s: {view.totals(last)}.")
    _end_as(signals)


def _live(
    watching: Watching, seconds: float | None, console: Console, titles: dict[str, str]
) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for _ in _ticks(watching.stop, FRAME_S, seconds):
            live.update(View(watching.shown(), titles), refresh=True)


def _lines(watching: Watching, seconds: float | None, out: TextIO, titles: dict[str, str]) -> None:
    for tick in _ticks(watching.stop, LINE_S, seconds):
        if tick:
            out.write(view.line(watching.shown(), titles) + "\n")
            out.flush()


def _rows(watching: Watching, seconds: float | None, out: TextIO, form: Format) -> None:
    for tick in _ticks(watching.stop, LINE_S, seconds):
        if tick:
            tables.write_next(view.fields(watching.shown()), form, out, first=tick == 1)


def _ticks(stop: Event, every: float, seconds: float | None) -> Iterator[int]:
    """Count ticks from 0 until it is to stop or the seconds, which are a tick too, have passed."""
    began = monotonic()
    tick = 0
    while True:
        yield tick
        tick += 1
        due = tick * every if seconds is None else min(tick * every, seconds)
        if stop.wait(max(0.0, began + due - monotonic())):
            return
        if seconds is not None and monotonic() - began >= seconds:
            yield tick
            return


Handler = Callable[[int, FrameType | None], Any] | int | None


@contextmanager
def _signals(stop: Event) -> Iterator[list[int]]:
    """Let signals that end a program set `stop`; yields those that came.

    A thread sets it, not the handler: a handler runs between any two instructions of the main
    thread, also where that holds the event's own lock, and would wait for itself for ever. A
    `SimpleQueue` takes an entry from a handler at any time.
    """
    came: list[int] = []
    told: SimpleQueue[int | None] = SimpleQueue()

    def hear() -> None:
        while (number := told.get()) is not None:
            came.append(number)
            stop.set()

    def tell(number: int, frame: FrameType | None) -> None:
        told.put(number)

    hearing = Thread(target=hear, daemon=True)
    hearing.start()
    former: dict[int, Handler] = {
        number: signal.signal(number, tell)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield came
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        told.put(None)
        hearing.join()


def _end_as(signals: list[int]) -> None:
    """End as the first signal would have it: Ctrl-C as everywhere, others by 128 and their
    number, as shells say it."""
    if signals:
        if signals[0] == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + signals[0])
