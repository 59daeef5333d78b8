"""The bridge's process: found again, stopped within seconds, and known by what it was made of."""

import os
import signal
import sys
import time

import pytest

from infra.local.bridge import daemon
from infra.local.bridge.daemon import BridgeError
from infra.local.process import Found
from tests.stages import OUTPUTS

# Stands in for the bridge: says how it is, and ends when asked to, or never.
STAND_IN = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0) if "deaf" not in sys.argv else None)
Path(os.environ["LAKE_HOME"], "bridge-status.json").write_text('{"updated_at": 1}')
while True:
    time.sleep(0.01)
"""
COMMAND = (sys.executable, "-c", STAND_IN)


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    daemon.stop(tmp_path)


def test_a_started_bridge_is_found_again_and_stopped(home):
    process = daemon.start(home, "this", COMMAND)
    assert daemon.find(home) == Found(process, killed=False)
    assert process.made_of == "this"
    assert daemon.stop(home)
    assert daemon.find(home) == Found(None, killed=False)
    assert not daemon.stop(home)


def test_a_bridge_that_was_killed_is_told_from_one_that_was_stopped(home):
    process = daemon.start(home, "this", COMMAND)
    os.kill(process.pid, signal.SIGKILL)
    while daemon.find(home).process:
        time.sleep(0.01)
    assert daemon.find(home).killed
    daemon.stop(home)
    assert not daemon.find(home).killed


def test_a_bridge_that_does_not_end_is_killed(home, monkeypatch):
    monkeypatch.setattr(daemon, "STOP_S", 0.2)
    daemon.start(home, "this", (*COMMAND, "deaf"))
    assert daemon.stop(home)
    assert daemon.find(home).process is None


def test_a_bridge_that_ends_as_it_starts_is_told_with_its_last_words(tmp_path):
    with pytest.raises(BridgeError, match="no such luck"):
        daemon.start(tmp_path, "this", (sys.executable, "-c", "exit('no such luck')"))
    assert daemon.find(tmp_path) == Found(None, killed=False)


def test_a_bridge_that_says_nothing_is_told(home, monkeypatch):
    monkeypatch.setattr(daemon, "START_S", 0.2)
    with pytest.raises(BridgeError, match="The fan-out bridge was not ready within 0.2 s"):
        daemon.start(home, "this", (sys.executable, "-c", "import time; time.sleep(60)"))


def test_a_status_of_an_earlier_bridge_is_not_taken_for_this_one(home):
    daemon.status(home).write_text("{}")
    with pytest.raises(BridgeError):
        daemon.start(home, "this", (sys.executable, "-c", "exit('no')"))


def test_it_is_made_of_the_stage_and_of_its_own_sources(tmp_path, monkeypatch):
    made_of = daemon.made_of(OUTPUTS)
    assert daemon.made_of(OUTPUTS) == made_of
    (tmp_path / "bridge.py").write_text("other")
    monkeypatch.setattr(daemon, "__file__", str(tmp_path / "daemon.py"))
    assert daemon.made_of(OUTPUTS) != made_of


def test_forgetting_removes_progress_if_there_is_any(tmp_path):
    daemon.forget(tmp_path)
    daemon.progress(tmp_path).write_text("{}")
    daemon.forget(tmp_path)
    assert not daemon.progress(tmp_path).exists()
