"""The site's server as a process beside the emulator: started, found again, stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import urllib3

from infra.local import ports
from infra.local import process as processes
from infra.local.process import Daemon
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


DAEMON = Daemon("site", "The site's server", Process, SiteError)
find, record, log = DAEMON.find, DAEMON.record, DAEMON.log


def made_of(applied: msgspec.Struct) -> str:
    """What a server is made of: the stage as it was applied, and the server's own sources."""
    return processes.made_of(applied, Path(__file__).parent)


def start(
    home: Path, port: int | None, beside: int, made_of: str, command: Sequence[str] = COMMAND
) -> Process:
    """Start the server in a session of its own and wait until it answers.

    `port` None is the one it had last, for a browser keeps what it remembers by port; else the next
    after `beside`, else any that is free. Raises `SiteError` where it ends or stays silent.
    """
    try:
        return _started(home, _port(home, port, beside), made_of, command)
    except SiteError as error:
        # Somebody took it between our look and the server's start; one that was asked for is told.
        if port is not None or "already in use" not in str(error):
            raise
    return _started(home, ports.any_free(), made_of, command)


def _started(home: Path, port: int, made_of: str, command: Sequence[str]) -> Process:
    env = processes.environment(os.environ) | {"LAKE_HOME": str(home)}
    process = DAEMON.start(
        home,
        [*command, str(port)],
        REPOSITORY,
        env,
        lambda process: answers(process.url),
        START_S,
        made_of=made_of,
        port=port,
        url=f"http://{ports.HOST}:{port}",
    )
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
    return DAEMON.stop(home, STOP_S)


def _port(home: Path, port: int | None, beside: int) -> int:
    if port is not None:
        if not ports.free(port):
            raise SiteError(f"Port {port} is taken; name another one with --site-port.")
        return port
    try:
        last = msgspec.json.decode((home / "site-port.json").read_bytes(), type=int)
    except (FileNotFoundError, msgspec.MsgspecError):
        last = beside + 1
    return next(one for one in (last, beside + 1, ports.any_free()) if ports.free(one))
