"""The bridge as a process beside the emulator: started, found again, stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from infra.local import process as processes
from infra.local.process import Daemon
from infra.paths import REPOSITORY

COMMAND = (sys.executable, "-m", "infra.local.bridge.program")
START_S = 60
STOP_S = 20


class BridgeError(Exception):
    """The bridge cannot be started or stopped; the message says why in a sentence."""


class Process(processes.Process, frozen=True):
    """A started bridge, and what it was made of."""

    made_of: str


DAEMON = Daemon("bridge", "The fan-out bridge", Process, BridgeError)
find, log = DAEMON.find, DAEMON.log


def made_of(applied: msgspec.Struct) -> str:
    """What a bridge is made of: the stage as it was applied, and the bridge's own sources."""
    return processes.made_of(applied, Path(__file__).parent)


def start(home: Path, made_of: str, command: Sequence[str] = COMMAND) -> Process:
    """Start the bridge in a session of its own and wait until it says how it is.

    Raises `BridgeError` where it ends or stays silent.
    """
    status(home).unlink(missing_ok=True)
    env = processes.environment(os.environ) | {"LAKE_HOME": str(home)}
    return DAEMON.start(
        home,
        command,
        REPOSITORY,
        env,
        lambda process: status(home).exists(),
        START_S,
        made_of=made_of,
    )


def stop(home: Path) -> bool:
    """Stop the bridge when it has handed over what it is at; False where none was running.

    One that takes too long is killed: what it had not acknowledged comes again.
    """
    return DAEMON.stop(home, STOP_S)


def forget(home: Path) -> None:
    """Drop how far a stopped bridge has read: the stream it read is not there any more."""
    progress(home).unlink(missing_ok=True)


def progress(home: Path) -> Path:
    """Where the bridge remembers how far it has read."""
    return home / "bridge-progress.json"


def status(home: Path) -> Path:
    """Where the bridge tells how it is."""
    return home / "bridge-status.json"
