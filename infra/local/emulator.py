"""The AWS emulator of the local stage as a process: started, found again, stopped gracefully."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import urllib3

from infra.local import ports
from infra.local import process as processes
from infra.local.process import Daemon

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("ministack_patched.py")))
START_S = 90
STOP_S = 90


class EmulatorError(Exception):
    """The emulator cannot be started or stopped; the message says why in a sentence."""


class Process(processes.Process, frozen=True):
    """A started emulator."""

    port: int

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{ports.HOST}:{self.port}"


DAEMON = Daemon("emulator", "The emulator", Process, EmulatorError, killable=False)
find = DAEMON.find


def start(home: Path, port: int, command: Sequence[str] = COMMAND) -> Process:
    """Start the emulator in a session of its own and wait until it answers.

    What it holds stands below `home` and comes back at the next start. Raises `EmulatorError`
    where the package is missing, the port is taken, or the process ends or stays silent.
    """
    if command == COMMAND and find_spec("ministack") is None:
        raise EmulatorError(
            "The AWS emulator is not installed here; run `make setup`, or `pip install ministack`."
        )
    if not ports.free(port):
        raise EmulatorError(
            f"Port {port} is in use by another program; choose a free one with --port or LAKE_PORT."
        )
    directory = home / "emulator"
    for name in ("state", "objects", "tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    return DAEMON.start(
        home,
        command,
        directory,
        environment(directory, port, os.environ),
        healthy,
        START_S,
        port=port,
    )


def stop(home: Path) -> bool:
    """Stop the emulator so that it saves what it holds; False where none was running.

    Raises `EmulatorError` where it does not end; it is never killed, which would lose its state.
    """
    stopped = DAEMON.stop(home, STOP_S)
    if stopped:
        shutil.rmtree(home / "emulator" / "tmp", ignore_errors=True)
    return stopped


def wipe(home: Path) -> None:
    """Remove what a stopped emulator left."""
    shutil.rmtree(home / "emulator", ignore_errors=True)
    DAEMON.record(home).unlink(missing_ok=True)


def healthy(process: Process) -> bool:
    """Tell whether the emulator answers within two seconds."""
    try:
        response = urllib3.request(
            "GET", f"{process.endpoint}/_ministack/health", timeout=2, retries=False
        )
    except urllib3.exceptions.HTTPError:
        return False
    return response.status == 200


def environment(directory: Path, port: int, user: Mapping[str, str]) -> dict[str, str]:
    """The environment of the emulator and of the functions in it.

    Nothing of the user's AWS settings gets in. IAM is enforced, and state is kept below
    `directory`.
    """
    return processes.environment(user) | {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": ports.HOST,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(directory / "objects"),
        "TMPDIR": str(directory / "tmp"),
        "IOT_MTLS_ENABLED": "0",  # listeners that are not needed, on ports of their own
        "SFTP_ENABLED": "0",
    }
