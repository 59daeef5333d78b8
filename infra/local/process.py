"""A process in the background: started detached, found again by its record, told to end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Generic, TypeVar

import msgspec

# All that a process of ours, and what it runs, get to see of the user's environment.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")
# And what shifts the clock of all (libfaketime), which has to be one.
_CLOCK = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC")


class Process(msgspec.Struct, frozen=True):
    """A started process. `started` tells it from a later one that got the same pid."""

    pid: int
    started: str


P = TypeVar("P", bound=Process)


@dataclass(frozen=True, slots=True)
class Found(Generic[P]):
    """What a record tells: the process if it runs, and whether it ended without being stopped."""

    process: P | None
    killed: bool


def start(command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path) -> Process:
    """Start a command in a session of its own; what it says replaces the log."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # The child stays after this program, so nobody here waits for it as a parent would.
    child.returncode = 0
    return Process(child.pid, _started(child.pid) or "")


def find(record: Path, kind: type[P]) -> Found[P]:
    """Tell whether the process of a record is running; nothing is changed."""
    try:
        process = msgspec.json.decode(record.read_bytes(), type=kind)
    except FileNotFoundError:
        return Found(None, killed=False)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Found(None, killed=True)
    return Found(process, killed=False) if alive(process) else Found(None, killed=True)


def alive(process: Process) -> bool:
    """Tell whether this very process runs."""
    return _started(process.pid) == process.started


def stop(process: Process, patience_s: float) -> bool:
    """Ask a process to end, and wait; False where it has not ended in time."""
    return _signalled(process, signal.SIGTERM, patience_s)


def kill(process: Process, patience_s: float) -> bool:
    """End a process that loses nothing by it; False where the system does not."""
    return _signalled(process, signal.SIGKILL, patience_s)


def environment(user: Mapping[str, str]) -> dict[str, str]:
    """What a process of ours gets of the user's environment.

    Nothing of the user's AWS settings gets in: no credentials, profile, endpoint or proxy.
    """
    return {name: user[name] for name in (*_KEPT, *_CLOCK) if name in user} | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def made_of(applied: msgspec.Struct, sources: Path) -> str:
    """What a process is made of: the stage as it was applied, and the sources in a folder."""
    digest = hashlib.sha256(msgspec.json.encode(applied))
    for path in sorted(sources.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def last_line(log: Path) -> str:
    """The last thing that a process said."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def write(path: Path, value: object) -> None:
    """Replace a file by a value as JSON, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(value))
    part.replace(path)


def _signalled(process: Process, number: signal.Signals, patience_s: float) -> bool:
    if not alive(process):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
    deadline = monotonic() + patience_s
    while alive(process):
        if monotonic() > deadline:
            return False
        sleep(0.05)
    return True


def _started(pid: int) -> str | None:
    """When a process started, in the system's own words; None where it is gone or only a zombie.

    Linux: field 22 of /proc/PID/stat, clock ticks since boot (proc(5)). Elsewhere: ps.
    """
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(shown) < 2 or shown[0].startswith("Z") else shown[1].strip()
