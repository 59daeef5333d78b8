"""The AWS emulator of the local stage as a process: started, found again, stopped gracefully."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

import msgspec
import urllib3

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("emulated.py")))
HOST = "127.0.0.1"
START_S = 90
STOP_S = 90
# All that the emulator, and the functions it runs, get to see of the user's environment.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


class EmulatorError(Exception):
    """The emulator cannot be started or stopped; the message says why in a sentence."""


class Process(msgspec.Struct, frozen=True):
    """A started emulator. `started` tells it from a later process that got the same pid."""

    pid: int
    started: str
    port: int

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True, slots=True)
class Found:
    """The emulator of a home: running or not, and whether the last one ended without saving."""

    process: Process | None
    killed: bool


def find(home: Path) -> Found:
    """Tell whether the emulator of `home` is running; nothing is changed."""
    try:
        process = msgspec.json.decode(_record(home).read_bytes(), type=Process)
    except FileNotFoundError:
        return Found(None, killed=False)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Found(None, killed=True)
    if _started(process.pid) == process.started:
        return Found(process, killed=False)
    return Found(None, killed=True)


def start(home: Path, port: int, command: Sequence[str] = COMMAND) -> Process:
    """Start the emulator in a session of its own and wait until it answers.

    What it holds stands below `home` and comes back at the next start. Raises `EmulatorError`
    where the package is missing, the port is taken, or the process ends or stays silent.
    """
    if command == COMMAND and find_spec("ministack") is None:
        raise EmulatorError(
            "The AWS emulator is not installed here; run `make setup`, or `pip install ministack`."
        )
    if not port_is_free(port):
        raise EmulatorError(
            f"Port {port} is in use by another program; choose a free one with --port or LAKE_PORT."
        )
    directory = home / "emulator"
    for name in ("state", "objects", "tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    with _log(home).open("wb") as log:
        child = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(directory, port, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # The child stays after this program, so nobody here waits for it as a parent would.
    child.returncode = 0
    process = Process(child.pid, _started(child.pid) or "", port)
    _write(_record(home), msgspec.json.encode(process))
    _wait_until_healthy(home, process)
    return process


def stop(home: Path) -> bool:
    """Stop the emulator so that it saves what it holds; False where none was running.

    Raises `EmulatorError` where it does not end; it is never killed, which would lose its state.
    """
    process = find(home).process
    if process is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    deadline = monotonic() + STOP_S
    while _started(process.pid) == process.started:
        if monotonic() > deadline:
            raise EmulatorError(
                f"The emulator (pid {process.pid}) did not stop within {STOP_S} seconds."
            )
        sleep(0.05)
    _record(home).unlink(missing_ok=True)
    shutil.rmtree(home / "emulator" / "tmp", ignore_errors=True)
    return True


def wipe(home: Path) -> None:
    """Remove what a stopped emulator left."""
    shutil.rmtree(home / "emulator", ignore_errors=True)
    _record(home).unlink(missing_ok=True)


def healthy(process: Process) -> bool:
    """Tell whether the emulator answers within two seconds."""
    try:
        response = urllib3.request(
            "GET", f"{process.endpoint}/_ministack/health", timeout=2, retries=False
        )
    except urllib3.exceptions.HTTPError:
        return False
    return response.status == 200


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on the port of this machine's loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def environment(directory: Path, port: int, user: Mapping[str, str]) -> dict[str, str]:
    """The environment of the emulator and of the functions in it.

    Nothing of the user's AWS settings gets in: no credentials, profile, endpoint or proxy. IAM is
    enforced, and state is kept below `directory`.
    """
    kept = {name: user[name] for name in _KEPT if name in user}
    return kept | {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(directory / "objects"),
        "TMPDIR": str(directory / "tmp"),
        "IOT_MTLS_ENABLED": "0",  # listeners that are not needed, on ports of their own
        "SFTP_ENABLED": "0",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_healthy(home: Path, process: Process) -> None:
    deadline = monotonic() + START_S
    while not healthy(process):
        if _started(process.pid) != process.started:
            _record(home).unlink(missing_ok=True)
            raise EmulatorError(
                f"The emulator ended as it started: {_last_line(home)} (all in {_log(home)})"
            )
        if monotonic() > deadline:
            raise EmulatorError(
                f"The emulator did not answer within {START_S} seconds; see {_log(home)}."
            )
        sleep(0.1)


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


def _record(home: Path) -> Path:
    return home / "emulator.json"


def _log(home: Path) -> Path:
    return home / "emulator.log"


def _last_line(home: Path) -> str:
    lines = _log(home).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _write(path: Path, data: bytes) -> None:
    """Replace a file whole or not at all."""
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
