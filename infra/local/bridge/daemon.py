"""The bridge as a process beside the emulator: started, found again, stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

import msgspec

from infra.local import process as processes
from infra.local.process import Found
from infra.paths import REPOSITORY

COMMAND = (sys.executable, "-m", "infra.local.bridge.program")
START_S = 60
STOP_S = 20


class BridgeError(Exception):
    """The bridge cannot be started or stopped; the message says why in a sentence."""


class Process(processes.Process, frozen=True):
    """A started bridge, and what it was made of."""

    made_of: str


def made_of(applied: msgspec.Struct) -> str:
    """What a bridge is made of: the stage as it was applied, and the bridge's own sources."""
    return processes.made_of(applied, Path(__file__).parent)


def find(home: Path) -> Found[Process]:
    """Tell whether the bridge of `home` is running, or ended by itself."""
    return processes.find(_record(home), Process)


def start(home: Path, made_of: str, command: Sequence[str] = COMMAND) -> Process:
    """Start the bridge in a session of its own and wait until it says how it is.

    Raises `BridgeError` where it ends or stays silent.
    """
    status(home).unlink(missing_ok=True)
    env = processes.environment(os.environ) | {"LAKE_HOME": str(home)}
    child = processes.start(command, REPOSITORY, env, log(home))
    process = Process(child.pid, child.started, made_of)
    processes.write(_record(home), process)
    deadline = monotonic() + START_S
    while not status(home).exists():
        if not processes.alive(process):
            _record(home).unlink(missing_ok=True)
            raise BridgeError(
                f"The fan-out bridge ended as it started: {processes.last_line(log(home))} "
                f"(all in {log(home)})"
            )
        if monotonic() > deadline:
            raise BridgeError(
                f"The fan-out bridge said nothing within {START_S} seconds; see {log(home)}."
            )
        sleep(0.05)
    return process


def stop(home: Path) -> bool:
    """Stop the bridge when it has handed over what it is at; False where none was running.

    One that takes too long is killed: what it had not acknowledged comes again.
    """
    process = find(home).process
    if process and not (processes.stop(process, STOP_S) or processes.kill(process, STOP_S)):
        raise BridgeError(f"The fan-out bridge (pid {process.pid}) does not end.")
    _record(home).unlink(missing_ok=True)
    return process is not None


def forget(home: Path) -> None:
    """Drop how far a stopped bridge has read: the stream it read is not there any more."""
    progress(home).unlink(missing_ok=True)


def progress(home: Path) -> Path:
    """Where the bridge remembers how far it has read."""
    return home / "bridge-progress.json"


def status(home: Path) -> Path:
    """Where the bridge tells how it is."""
    return home / "bridge-status.json"


def log(home: Path) -> Path:
    """Where the bridge tells what happened."""
    return home / "bridge.log"


def _record(home: Path) -> Path:
    return home / "bridge.json"
