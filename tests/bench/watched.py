"""A program and all it starts, and the most memory that they held together."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

EVERY_S = 0.02


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[str, int]:
    """Run Python on these arguments; gives what it printed, and its peak in bytes.

    That is the resident memory of all its processes added up, looked at 50 times a second.
    What they share is counted once for each of them.
    """
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=dict(environment)
    ) as program:
        peak = 0
        while program.poll() is None:
            peak = max(peak, _resident(program.pid))
            time.sleep(EVERY_S)
        assert program.stdout
        told = program.stdout.read()
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, arguments)
    return told, peak


def peak() -> int:
    """Give the most bytes of memory that this process held since its program began.

    What `getrusage` tells on Linux is at least what its parent had when it began it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        [told] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(told.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS tells bytes


def _resident(root: int) -> int:
    """Give the bytes of a process and its descendants that are in memory."""
    if not Path("/proc/self/statm").exists():
        return _told_by_ps(root)
    import resource

    total, open_ = 0, [root]
    while open_:
        process = Path("/proc") / str(open_.pop())
        try:
            total += int((process / "statm").read_text().split()[1]) * resource.getpagesize()
            for thread in (process / "task").iterdir():
                open_ += map(int, (thread / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
    return total


def _told_by_ps(root: int) -> int:
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,rss="], check=True, capture_output=True, text=True
    )
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    family = {root}
    while more := {pid for pid, parent, _ in rows if parent in family} - family:
        family |= more
    return sum(kilobytes for pid, _, kilobytes in rows if pid in family) * 1024
