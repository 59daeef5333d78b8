"""The site's process: started where it was before, found again, stopped, and why it was not."""

import os
import signal
import socket
import sys
import time

import pytest

from infra.local import ports
from infra.local.process import Found
from infra.local.site import daemon
from infra.local.site.daemon import SiteError
from tests.stages import OUTPUTS

# Stands in for the server: answers everything with 200 on the port it is given.
STAND_IN = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
COMMAND = (sys.executable, "-c", STAND_IN)


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    daemon.stop(tmp_path)


@pytest.fixture
def taken():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_a_started_site_is_found_again_at_its_address_and_stopped(home):
    process = daemon.start(home, None, 49_000, "this", COMMAND)
    assert daemon.find(home) == Found(process, killed=False)
    assert process.url == f"http://127.0.0.1:{process.port}" and daemon.answers(process.url)
    assert daemon.stop(home)
    assert daemon.find(home) == Found(None, killed=False) and not daemon.answers(process.url)
    assert not daemon.stop(home)


def test_it_is_beside_the_emulator_or_where_there_is_room_and_there_again(home, taken):
    first = daemon.start(home, None, taken - 1, "this", COMMAND)
    assert first.port != taken
    daemon.stop(home)
    assert daemon.start(home, None, 49_000, "this", COMMAND).port == first.port


def test_a_port_that_is_asked_for_is_taken_or_said_to_be_taken(home, taken):
    with pytest.raises(SiteError, match=f"Port {taken} is taken; name another one"):
        daemon.start(home, taken, 49_000, "this", COMMAND)
    free = ports.any_free()
    assert daemon.start(home, free, 49_000, "this", COMMAND).port == free


def test_a_site_that_ends_as_it_starts_is_told_with_its_last_words(home):
    with pytest.raises(SiteError, match="no such luck"):
        daemon.start(home, None, 49_000, "this", (sys.executable, "-c", "exit('no such luck')"))
    assert daemon.find(home) == Found(None, killed=False)


def test_a_site_that_does_not_answer_is_told(home, monkeypatch):
    monkeypatch.setattr(daemon, "START_S", 0.2)
    with pytest.raises(SiteError, match="The site's server was not ready within 0.2 s"):
        daemon.start(
            home, None, 49_000, "this", (sys.executable, "-c", "import time; time.sleep(60)")
        )


def test_a_site_that_was_killed_is_told_from_one_that_was_stopped(home):
    process = daemon.start(home, None, 49_000, "this", COMMAND)
    os.kill(process.pid, signal.SIGKILL)
    while daemon.find(home).process:
        time.sleep(0.01)
    assert daemon.find(home).killed


def test_it_is_made_of_the_stage_and_of_its_own_sources(tmp_path, monkeypatch):
    made_of = daemon.made_of(OUTPUTS)
    assert daemon.made_of(OUTPUTS) == made_of
    (tmp_path / "server.py").write_text("other")
    monkeypatch.setattr(daemon, "__file__", str(tmp_path / "daemon.py"))
    assert daemon.made_of(OUTPUTS) != made_of


def test_a_port_that_is_taken_as_it_starts_is_not_the_end(home, taken, monkeypatch):
    """Somebody took it between the look at it and the server's start."""
    monkeypatch.setattr(daemon, "_port", lambda home, port, beside: taken)
    with pytest.raises(SiteError, match="already in use"):
        daemon.start(home, taken, 49_000, "this", COMMAND)
    started = daemon.start(home, None, 49_000, "this", COMMAND)
    assert started.port != taken and daemon.answers(started.url)
