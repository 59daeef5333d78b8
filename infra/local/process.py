"""Processes in the background: started detached, found again by their record, told to end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Generic, TypeVar

import msgspec
import psutil

# All that a process of ours, and what it runs, get to see of the user's environment.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")
# And what shifts the clock of all in tests (tests/clock.py), which has to be one.
_CLOCK = ("LD_PRELOAD", "CLOCK_AHEAD")


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


@dataclass(frozen=True, slots=True)
class Daemon(Generic[P]):
    """One process of a home, by what tells it from others: a `kind` holds what its record does.

    `file` names its record and its log, `name` begins a sentence, `error` is what it raises. One
    that is not `killable` would lose its state, and that it was killed is remembered.
    """

    file: str
    name: str
    kind: type[P]
    error: type[Exception]
    killable: bool = True

    def record(self, home: Path) -> Path:
        """Where it stands which process runs."""
        return home / f"{self.file}.json"

    def log(self, home: Path) -> Path:
        """Where the process tells what happened."""
        return home / f"{self.file}.log"

    def find(self, home: Path) -> Found[P]:
        """Tell whether it is running, or ended by itself; nothing is changed."""
        try:
            process = msgspec.json.decode(self.record(home).read_bytes(), type=self.kind)
        except FileNotFoundError:
            return Found(None, killed=False)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Found(None, killed=True)
        return Found(process, killed=False) if alive(process) else Found(None, killed=True)

    def start(
        self,
        home: Path,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        ready: Callable[[P], bool],
        patience_s: float,
        **facts: object,
    ) -> P:
        """Start it in a session of its own and wait until it is `ready`; its record has the facts.

        Raises the error of its kind where it ends, or is not ready in time.
        """
        log = self.log(home)
        child = msgspec.structs.asdict(start(command, cwd, env, log))
        process = msgspec.convert(child | facts, self.kind)
        write(self.record(home), process)
        in_time = _comes(lambda: not alive(process) or ready(process), patience_s)
        if not alive(process):
            self.record(home).unlink(missing_ok=True)
            raise self.error(f"{self.name} ended as it started: {last_line(log)} (all in {log})")
        if not in_time:
            raise self.error(f"{self.name} was not ready within {patience_s} seconds; see {log}.")
        return process

    def stop(self, home: Path, patience_s: float) -> bool:
        """Stop it, at last by killing it where it may be; False where none was running.

        Raises the error of its kind where it does not end.
        """
        process = self.find(home).process
        if process and not (
            stop(process, patience_s) or (self.killable and kill(process, patience_s))
        ):
            raise self.error(
                f"{self.name} (pid {process.pid}) did not end within {patience_s} seconds."
            )
        if process or self.killable:
            self.record(home).unlink(missing_ok=True)
        return process is not None


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


def alive(process: Process) -> bool:
    """Tell whether this very process runs."""
    return _started(process.pid) == process.started


def stop(process: Process, patience_s: float) -> bool:
    """Ask a process to end, and wait; False where it has not ended in time."""
    return _ends(process, psutil.Process.terminate, patience_s)


def kill(process: Process, patience_s: float) -> bool:
    """End a process that loses nothing by it; False where the system does not."""
    return _ends(process, psutil.Process.kill, patience_s)


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


def _ends(process: Process, how: Callable[[psutil.Process], None], patience_s: float) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        found = psutil.Process(process.pid)
        if alive(process):
            how(found)
    return _comes(lambda: not alive(process), patience_s)


def _comes(what: Callable[[], bool], patience_s: float) -> bool:
    """Wait for something; False where it has not come in time."""
    deadline = monotonic() + patience_s
    while not what():
        if monotonic() > deadline:
            return False
        sleep(0.05)
    return True


def _started(pid: int) -> str | None:
    """When a process started; None where it is gone or only a zombie.

    On Linux in hundredths of a second since boot, which hold where the clock is set anew.
    """
    try:
        found = psutil.Process(pid)
        if found.status() == psutil.STATUS_ZOMBIE:
            return None
        return str(round(100 * (found.create_time() - (psutil.LINUX and psutil.boot_time()))))
    except psutil.NoSuchProcess:
        return None
