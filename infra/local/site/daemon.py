"""The site's server as a process beside the emulator: started, found again, stopped."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

import msgspec
import urllib3

from infra.local import process as processes
from infra.local.process import Found
from infra.local.site.server import HOST
from infra.paths import REPOSITORY

COMMAND = (sys.executable, "-m", "infra.local.site.server")
START_S = 30
STOP_S = 10


class SiteError(Exception):
    """The site cannot be served or stopped; the message says why in a sentence."""


class Process(processes.Process, frozen=True):
    """A started server, what it was made of, and where it answers."""

    made_of: str
    port: int
    url: str


def made_of(applied: msgspec.Struct) -> str:
    """What a server is made of: the stage as it was applied, and the server's own sources."""
    return processes.made_of(applied, Path(__file__).parent)


def find(home: Path) -> Found[Process]:
    """Tell whether the server of `home` is running, or ended by itself."""
    return processes.find(record(home), Process)


def start(
    home: Path, port: int | None, beside: int, made_of: str, command: Sequence[str] = COMMAND
) -> Process:
    """Start the server in a session of its own and wait until it answers.

    `port` None is the one it had last, for a browser keeps what it remembers by port; else the next
    after `beside`, else any that is free. Raises `SiteError` where it ends or stays silent.
    """
    port = _port(home, port, beside)
    env = processes.environment(os.environ) | {"LAKE_HOME": str(home)}
    child = processes.start([*command, str(port)], REPOSITORY, env, log(home))
    process = Process(child.pid, child.started, made_of, port, f"http://{HOST}:{port}")
    processes.write(record(home), process)
    deadline = monotonic() + START_S
    while not answers(process.url):
        if not processes.alive(process):
            record(home).unlink(missing_ok=True)
            raise SiteError(
                f"The site's server ended as it started: {processes.last_line(log(home))} "
                f"(all in {log(home)})"
            )
        if monotonic() > deadline:
            raise SiteError(f"The site did not answer within {START_S} seconds; see {log(home)}.")
        sleep(0.05)
    processes.write(home / "site-port.json", port)
    return process


def answers(url: str) -> bool:
    """Tell whether the page's settings are there for whoever opens it."""
    try:
        answer = urllib3.request("GET", f"{url}/config.json", timeout=5, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status == 200


def stop(home: Path) -> bool:
    """Stop the server; False where none was running."""
    process = find(home).process
    if process and not (processes.stop(process, STOP_S) or processes.kill(process, STOP_S)):
        raise SiteError(f"The site's server (pid {process.pid}) does not end.")
    record(home).unlink(missing_ok=True)
    return process is not None


def record(home: Path) -> Path:
    """Where it stands which server runs, and at what address."""
    return home / "site.json"


def log(home: Path) -> Path:
    """Where the server tells what went wrong."""
    return home / "site.log"


def _port(home: Path, port: int | None, beside: int) -> int:
    if port is not None:
        if not _free(port):
            raise SiteError(f"Port {port} is taken; name another one with --site-port.")
        return port
    try:
        last = msgspec.json.decode((home / "site-port.json").read_bytes(), type=int)
    except (FileNotFoundError, msgspec.MsgspecError):
        last = beside + 1
    return next(one for one in (last, beside + 1, _any()) if _free(one))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def _any() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
