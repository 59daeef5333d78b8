"""The emulator's process: found again, never confused with another, stopped so that it saves."""

import os
import signal
import socket
import subprocess
import sys
import time

import msgspec
import pytest

from infra.local import emulator, ports
from infra.local.emulator import EmulatorError, Process
from infra.local.process import Found

# Stands in for the emulator: answers the health check, says what it sees, saves when asked to end.
STAND_IN = """
import http.server, json, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *_): pass
def end(*_):
    open(os.path.join(os.environ["STATE_DIR"], "saved"), "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
json.dump(dict(os.environ), open("environment.json", "w"))
http.server.HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Handler).serve_forever()
"""
COMMAND = (sys.executable, "-c", STAND_IN)


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    emulator.stop(tmp_path)


def test_a_started_emulator_answers_and_is_found_again(home):
    process = emulator.start(home, ports.any_free(), COMMAND)
    assert emulator.healthy(process)
    assert emulator.find(home) == Found(process, killed=False)
    assert os.getsid(process.pid) == process.pid, "Ctrl-C here must not reach it"


def test_stopping_lets_it_save_and_is_remembered_as_clean(home):
    process = emulator.start(home, ports.any_free(), COMMAND)
    assert emulator.stop(home)
    assert (home / "emulator/state/saved").exists()
    assert emulator.find(home) == Found(None, killed=False)
    assert not emulator.healthy(process)
    assert not emulator.stop(home), "there is nothing to stop any more"


def test_an_emulator_that_was_killed_is_told_from_one_that_was_stopped(home):
    process = emulator.start(home, ports.any_free(), COMMAND)
    os.kill(process.pid, signal.SIGKILL)
    while emulator.find(home).process:
        time.sleep(0.01)
    assert emulator.find(home) == Found(None, killed=True)
    again = emulator.start(home, process.port, COMMAND)
    assert emulator.find(home).process == again


def test_another_process_with_the_same_pid_is_neither_found_nor_stopped(home):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        record = Process(other.pid, "some other time", ports.any_free())
        (home / "emulator.json").write_bytes(msgspec.json.encode(record))
        assert emulator.find(home) == Found(None, killed=True)
        assert not emulator.stop(home)
        assert other.poll() is None
        other.communicate(b"\n")


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', "\ufeff"])
def test_a_record_that_cannot_be_read_counts_as_a_kill(tmp_path, text):
    (tmp_path / "emulator.json").write_text(text)
    assert emulator.find(tmp_path) == Found(None, killed=True)


def test_a_port_in_use_is_refused_in_a_sentence_and_nothing_is_started(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert not ports.free(port)
        with pytest.raises(EmulatorError, match=f"Port {port} is in use .* --port or LAKE_PORT"):
            emulator.start(tmp_path, port, COMMAND)
    assert list(tmp_path.iterdir()) == []


def test_a_port_just_given_up_is_free(home):
    process = emulator.start(home, ports.any_free(), COMMAND)
    emulator.healthy(process)
    emulator.stop(home)
    assert ports.free(process.port)


def test_an_emulator_that_ends_at_once_is_reported_with_its_last_line(tmp_path):
    with pytest.raises(EmulatorError, match="no such luck"):
        emulator.start(tmp_path, ports.any_free(), (sys.executable, "-c", "exit('no such luck')"))
    assert emulator.find(tmp_path).process is None


def test_without_the_package_a_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(emulator, "find_spec", lambda name: None)
    with pytest.raises(EmulatorError, match="not installed"):
        emulator.start(tmp_path, ports.any_free())


def test_nothing_of_the_users_settings_reaches_the_emulator(home, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, "mine")
    for name in ("PYTHONPATH", "http_proxy", "HTTPS_PROXY", "LAKE_HOME", "SERVICES"):
        monkeypatch.setenv(name, "mine")
    emulator.start(home, ports.any_free(), COMMAND)
    seen = msgspec.json.decode((home / "emulator/environment.json").read_bytes())
    assert "mine" not in seen.values()
    assert {name for name in seen if name.startswith("AWS_")} == {
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_EC2_METADATA_DISABLED",
    }
    assert seen["AUTH"] == "true" and seen["BIND_HOST"] == "127.0.0.1"
    assert all(seen[name].startswith(str(home)) for name in ("STATE_DIR", "S3_DATA_DIR", "TMPDIR"))


def test_wiping_leaves_nothing_of_a_stopped_emulator(home):
    emulator.start(home, ports.any_free(), COMMAND)
    emulator.stop(home)
    emulator.wipe(home)
    assert [path.name for path in home.iterdir()] == ["emulator.log"]
