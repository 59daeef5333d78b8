"""`lake watch` as people use it: on a terminal, in a pipe, ended in every way there is."""

import errno
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cli.options import INTERRUPTED, UNREAD
from infra.cli.watch import command
from tests.examples import nightly

ROOT = Path(command.__file__).parents[3]
PATIENCE_S = 60
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
ONE = b"The Godfather"


class Terminal:
    """A pseudo-terminal with `lake watch` on it."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.shown = b""
        self._ours, theirs = pty.openpty()
        self.modes = termios.tcgetattr(theirs)
        termios.tcsetwinsize(theirs, (40, 120))
        with os.fdopen(theirs, "wb", buffering=0) as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.infra.cli.watch.program", str(folder), *arguments],
                cwd=ROOT,
                env=os.environ | {"TERM": "xterm-256color"} | environment,
                stdin=file,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            self._theirs = os.dup(theirs)

    def until(self, text: bytes) -> None:
        """Read until a text is shown."""
        while text not in self.shown:
            assert (more := self._read()), self.shown
            self.shown += more

    def type(self, keys: bytes) -> None:
        """Type on it."""
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read the rest and give the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            # It ends only if what it writes is read.
            if select.select([self._ours], [], [], 0.01)[0]:
                self.shown += self._read()
            assert time.monotonic() < deadline, self.shown
        assert termios.tcgetattr(self._theirs) == self.modes, "the terminal's modes are its own"
        os.close(self._theirs)
        while more := self._read():
            self.shown += more
        os.close(self._ours)
        return self.process.returncode

    def _read(self) -> bytes:
        try:
            return os.read(self._ours, 65536)
        except OSError as error:
            if error.errno == errno.EIO:  # nobody has it open any more
                return b""
            raise

    @property
    def calls(self) -> list[str]:
        """What the stream was asked."""
        return (self.folder / "calls").read_text().splitlines()

    def assert_clean(self) -> None:
        """The screen is the shell's again, its cursor is seen, the consumer is gone."""
        assert self.shown.count(ENTER) == self.shown.count(LEAVE) == 1
        assert self.shown.rindex(SHOW) > self.shown.rindex(HIDE)
        assert self.shown.rindex(LEAVE) > self.shown.rindex(ENTER)
        assert b"Traceback" not in self.shown
        assert [call.partition(" ")[0] for call in self.calls] == [
            "summary", "register", "describe", "deregister"
        ]  # fmt: skip
        assert self.calls[1].split()[1] == self.calls[3].split()[1]

    @property
    def afterwards(self) -> str:
        """What is left to read once the live view is gone."""
        text = self.shown.rpartition(LEAVE)[2]
        return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", text).decode()


@pytest.fixture
def terminal(tmp_path) -> Iterator[type[Terminal]]:
    opened = []

    def make(*arguments: str, **environment: str) -> Terminal:
        opened.append(Terminal(tmp_path, "watch", *arguments, **environment))
        return opened[-1]

    yield make
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_ctrl_c_leaves_the_terminal_clean(terminal):
    watch = terminal()
    watch.until(ONE)
    watch.type(b"\x03")
    assert watch.end() == INTERRUPTED
    watch.assert_clean()
    assert "2 likes, 1 of them taken back, 1 invalid line" in watch.afterwards
    assert "Interrupted." in watch.afterwards


@nightly
def test_impatience_changes_nothing(terminal):
    watch = terminal(STUCK="removal")
    watch.until(ONE)
    watch.type(b"\x03")
    watch.until(LEAVE)
    for _ in range(3):
        watch.process.send_signal(signal.SIGINT)
    assert watch.end() == INTERRUPTED
    watch.assert_clean()
    assert watch.afterwards.count("Interrupted.") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_does_so_as_cleanly(terminal, number):
    watch = terminal()
    watch.until(ONE)
    watch.process.send_signal(number)
    assert watch.end() == 128 + number
    watch.assert_clean()


HELD = """
import signal, sys
from threading import Event
from infra.cli.watch import command

stop = Event()
with command._signals(stop) as signals:
    with stop._cond:  # as `stop.wait` holds it for an instant
        signal.raise_signal(signal.SIGTERM)
    stop.wait()
sys.exit(0 if signals == [signal.SIGTERM] else 1)
"""


def test_a_signal_is_heard_at_the_worst_of_times():
    subprocess.run([sys.executable, "-c", HELD], cwd=ROOT, timeout=PATIENCE_S, check=True)


def test_it_ends_by_itself_after_the_seconds_asked_for(terminal):
    watch = terminal("--seconds", "0.5")
    assert watch.end() == 0
    watch.assert_clean()
    assert re.search(r"Watched \d+ s: \d likes?, ", watch.afterwards)
    assert "Interrupted" not in watch.afterwards


def test_what_a_shard_lacks_is_shown_and_the_watch_goes_on(terminal):
    watch = terminal(FAULT="subscription: broken")
    watch.until(b"shardId-0: subscription: broken")
    watch.type(b"\x03")
    assert watch.end() == INTERRUPTED
    watch.assert_clean()


def test_an_api_that_is_away_is_shown_and_the_watch_goes_on(terminal):
    watch = terminal()
    watch.until(b"The API at http://127.0.0.1:9/local cannot be reached")
    watch.type(b"\x03")
    assert watch.end() == INTERRUPTED


def test_a_stream_that_takes_no_more_consumers_ends_it_with_one_sentence(terminal):
    watch = terminal(OTHERS="20")
    assert watch.end() == 1
    assert watch.afterwards.strip().startswith("lake: The stream takes no more consumers")
    assert watch.afterwards.strip().count("\n") == 0
    assert watch.shown.rindex(SHOW) > watch.shown.rindex(HIDE) and b"Traceback" not in watch.shown


def test_a_reader_that_does_not_end_loses_its_consumer_all_the_same(terminal):
    watch = terminal(STUCK="reader")
    watch.until(ONE)
    watch.type(b"\x03")
    assert watch.end() == INTERRUPTED
    watch.assert_clean()
    assert command.LEFT not in watch.afterwards


def test_a_consumer_that_cannot_be_removed_keeps_nobody(terminal):
    watch = terminal(STUCK="removal")
    watch.until(ONE)
    watch.type(b"\x03")
    assert watch.end() == INTERRUPTED
    watch.assert_clean()
    assert command.LEFT in watch.afterwards


def test_a_terminal_that_can_do_nothing_gets_lines(terminal):
    watch = terminal("--seconds", "1.5", TERM="dumb")
    assert watch.end() == 0
    assert ENTER not in watch.shown and HIDE not in watch.shown
    assert b"most liked The Godfather (1)" in watch.shown


# --- in a pipe ---


def piped(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.infra.cli.watch.program", str(folder), "watch", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


LINE = re.compile(r"\d\d:\d\d:\d\d  [\d.]+ likes/s  lag .+  \d likes?, \d of them taken back, .+")


def test_in_a_pipe_it_writes_a_line_a_second(tmp_path):
    with piped(tmp_path, "--seconds", "2.2") as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, b"")
    lines = out.decode().splitlines()
    assert lines and all(map(LINE.fullmatch, lines)), lines
    assert "2 likes, 1 of them taken back, 1 invalid line" in lines[-1]
    assert b"\x1b" not in out
    assert (tmp_path / "calls").read_text().splitlines()[-1].startswith("deregister lake-watch-")


@nightly
def test_in_json_it_writes_an_object_a_line_even_to_a_terminal(tmp_path, terminal):
    with piped(tmp_path, "--seconds", "2.2", "--format", "json") as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, b"")
    told = [json.loads(line) for line in out.splitlines()]
    assert len(told) >= 2 and told[0]["at"] < told[-1]["at"]
    assert (told[-1]["likes"], told[-1]["unlikes"], told[-1]["invalid"]) == (2, 1, 1)
    assert list(told[-1]["rising"].values()) == [1]
    watch = terminal("--seconds", "1.5", "--format", "json")
    assert watch.end() == 0
    assert ENTER not in watch.shown and b"Watched" not in watch.shown
    assert watch.shown.startswith(b'{"at": ')


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [(signal.SIGINT, INTERRUPTED, b"\nInterrupted.\n"), (signal.SIGTERM, 143, b"")],
)
def test_in_a_pipe_a_signal_ends_it_as_well(tmp_path, number, code, says):
    with piped(tmp_path) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait(PATIENCE_S) == code
    assert said == says
    assert (tmp_path / "calls").read_text().splitlines()[-1].startswith("deregister lake-watch-")


def test_a_pipe_that_closes_ends_it_and_removes_the_consumer(tmp_path):
    with piped(tmp_path) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(PATIENCE_S), said) == (UNREAD, b"")
    assert (tmp_path / "calls").read_text().splitlines()[-1].startswith("deregister lake-watch-")


# --- its clock ---


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self, ends_at: float = float("inf")) -> None:
        self.now = 100.0
        self.ends_at = 100.0 + ends_at

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now >= self.ends_at


@pytest.mark.parametrize(
    ("every", "seconds", "ends_at", "moments"),
    [
        (1.0, 3.0, 99.0, [0.0, 1.0, 2.0, 3.0]),
        (1.0, 2.5, 99.0, [0.0, 1.0, 2.0, 2.5]),
        (1.0, 0.25, 99.0, [0.0, 0.25]),
        (0.25, None, 1.0, [0.0, 0.25, 0.5, 0.75]),
        (0.25, 9.0, 0.5, [0.0, 0.25]),
    ],
)
def test_ticks_come_at_their_time_until_the_end(monkeypatch, every, seconds, ends_at, moments):
    clock = Clock(ends_at)
    monkeypatch.setattr(command, "monotonic", clock.monotonic)
    assert [clock.now - 100.0 for _ in command._ticks(clock, every, seconds)] == moments


def test_a_slow_drawing_does_not_make_the_ticks_late(monkeypatch):
    clock = Clock(10.0)
    monkeypatch.setattr(command, "monotonic", clock.monotonic)
    moments = []
    for tick in command._ticks(clock, 1.0, 4.0):
        moments.append(clock.now - 100.0)
        clock.now += 0.75 if tick else 0.0
    assert moments == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_signals_are_given_back(monkeypatch):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with command._signals(command.Event()) as came:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert came == [signal.SIGTERM, signal.SIGINT]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
