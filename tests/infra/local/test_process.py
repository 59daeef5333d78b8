"""A process in the background: detached, told from any other, ended with patience or without."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from infra.local import process as processes
from infra.local.process import Daemon, Found, Process

SLEEPER = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)")
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    made = []

    def begin(*command, log="log"):
        made.append(processes.start(command, tmp_path, os.environ, tmp_path / log))
        return made[-1]

    yield begin
    for process in made:
        processes.kill(process, 10)


def said(log):
    while not log.read_text():
        time.sleep(0.005)
    return log.read_text()


def test_a_started_process_runs_apart_and_what_it_says_replaces_the_log(start, tmp_path):
    (tmp_path / "log").write_text("from long ago")
    process = start(*SLEEPER)
    assert processes.alive(process)
    assert os.getsid(process.pid) == process.pid
    assert said(tmp_path / "log") == "here\n"


def test_it_ends_when_asked_and_is_then_not_alive(start):
    process = start(*SLEEPER)
    assert processes.stop(process, 10)
    assert not processes.alive(process)
    assert processes.stop(process, 10), "which is nothing new"


def test_one_that_does_not_listen_is_not_ended_but_killed(start, tmp_path):
    process = start(sys.executable, "-c", DEAF)
    said(tmp_path / "log")
    assert not processes.stop(process, 0.2)
    assert processes.kill(process, 10)
    assert not processes.alive(process)


def test_another_process_with_the_same_pid_is_neither_alive_nor_ended():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        mistaken = Process(other.pid, "some other time")
        assert not processes.alive(mistaken)
        assert processes.kill(mistaken, 10)
        assert other.poll() is None
        other.communicate(b"\n")


DAEMON = Daemon("it", "It", Process, OSError)


def test_a_process_is_found_by_its_record(start, tmp_path):
    assert DAEMON.find(tmp_path) == Found(None, killed=False)
    process = start(*SLEEPER)
    processes.write(DAEMON.record(tmp_path), process)
    assert DAEMON.find(tmp_path) == Found(process, killed=False)
    processes.kill(process, 10)
    assert DAEMON.find(tmp_path) == Found(None, killed=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the record of an earlier version is Linux's")
def test_a_record_of_an_earlier_version_still_finds_its_process(start, tmp_path):
    process = start(*SLEEPER)
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    processes.write(DAEMON.record(tmp_path), {"pid": process.pid, "started": fields[19]})
    assert DAEMON.find(tmp_path) == Found(process, killed=False)


def test_a_clock_that_is_set_anew_does_not_lose_a_process(start, monkeypatch):
    process = start(*SLEEPER)
    boot = psutil.boot_time()
    for module in (psutil, psutil._psplatform):
        monkeypatch.setattr(module, "boot_time", lambda: boot + 3_600)
    assert psutil.Process(process.pid).create_time() > time.time() + 3_000, "as psutil sees it"
    assert processes.alive(process)


def test_one_that_must_not_be_killed_is_not_and_its_record_stays(tmp_path):
    gentle = Daemon("it", "It", Process, OSError, killable=False)
    ready = (tmp_path / "it.log").read_text
    process = gentle.start(
        tmp_path, (sys.executable, "-c", DEAF), tmp_path, os.environ, lambda _: bool(ready()), 10
    )
    try:
        with pytest.raises(OSError, match=rf"It \(pid {process.pid}\) did not end within 0.2 s"):
            gentle.stop(tmp_path, 0.2)
        assert gentle.find(tmp_path).process == process
    finally:
        processes.kill(process, 10)
    assert not gentle.stop(tmp_path, 0.2)
    assert gentle.find(tmp_path).killed, "what was lost is not forgotten"


def test_the_environment_keeps_the_user_s_aws_settings_out():
    told = processes.environment({"PATH": "p", "AWS_PROFILE": "mine", "PYTHONPATH": "mine"})
    assert told["PATH"] == "p"
    assert "mine" not in told.values()
    assert told["AWS_CONFIG_FILE"] == told["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


@pytest.mark.parametrize(("text", "line"), [("", "it said nothing"), ("a\nb\n\n", "b")])
def test_the_last_line_is_what_was_said_last(tmp_path, text, line):
    (tmp_path / "log").write_text(text)
    assert processes.last_line(tmp_path / "log") == line


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "value.json"
    path.write_text("old")
    processes.write(path, {"a": 1})
    assert msgspec.json.decode(path.read_bytes()) == {"a": 1}
    with pytest.raises(TypeError):
        processes.write(path, object())
    assert msgspec.json.decode(path.read_bytes()) == {"a": 1}
