"""`make test-clock`: the tests with the clock set to hours and days at which time goes wrong.

A library that is preloaded (`clock.c`) shifts the clock of Python, the emulator and Chromium;
Terraform, which is written in Go, keeps the real one, and so do the times of files: so the clock is
always set ahead.
What has no clock of its own is left out: linting, Terraform's own tests, and the layers that pip
fetches (certificates are valid at their time alone).
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic

import rich
from rich.table import Table

ROOT = Path(__file__).parents[1]
CLOCKLESS = (
    "tests/infra/test_modules.py",
    "tests/infra/test_build.py",
    "tests/bench",
    "tests/clients",
)
STACK = "tests/stack"
SECONDS = 3600
"""What one clock may take."""
STOP_S = 60
"""How long one that is told to stop may take over it."""


def clocks(today: date) -> dict[str, datetime]:
    """Give the clocks by name; those of a night begin so late that midnight passes in the run."""
    day = today + timedelta(days=1)
    sunday = day + timedelta(days=6 - day.weekday())
    month = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    moments = {
        **{hour: (day, hour) for hour in ("00:20", "08:00", "12:30", "23:50")},
        "week": (sunday, "23:57"),
        "month": (month, "23:57"),
        "year": (date(day.year, 12, 31), "23:57"),
        "leap": (date(2028, 2, 29), "12:00"),
    }
    return {
        name: datetime.combine(of, time.fromisoformat(hour), UTC)
        for name, (of, hour) in moments.items()
    }


def library(folder: Path) -> Path | None:
    """Compile what shifts the clock (`clock.c`); None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    made = folder / "clock.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", source, "-o", made, "-ldl"], check=True)
    return made


def shifted(by: timedelta, preload: Path) -> dict[str, str]:
    """Give the environment in which every process sees the time so much later."""
    seconds = f"{round(by.total_seconds())}"
    return os.environ | {"LD_PRELOAD": str(preload), "CLOCK_AHEAD": seconds}


def run(environment: Mapping[str, str], tests: list[str], log: Path) -> tuple[bool, str]:
    """Run tests, those of the stack beside all others; tell whether they passed, and the counts."""
    parts = [tests] if tests else [[STACK], ["tests", f"--ignore={STACK}"]]
    left_out = [f"--ignore={path}" for path in CLOCKLESS]
    running = []
    for number, part in enumerate(parts):
        with log.with_suffix(f".{number}.log").open("wb") as out:
            command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *part, *left_out]
            running.append(
                subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
            )
    deadline = monotonic() + SECONDS
    try:
        for one in running:
            with suppress(subprocess.TimeoutExpired):
                one.wait(max(1, deadline - monotonic()))
    finally:
        for one in running:
            if one.poll() is None:
                one.send_signal(signal.SIGINT)  # so that it stops what it started
            with suppress(subprocess.TimeoutExpired):
                one.wait(STOP_S)
            one.kill()  # one that hangs outside Python hears nothing else
            one.wait()
    said = [log.with_suffix(f".{number}.log").read_text() for number in range(len(parts))]
    for text in said:
        print(*re.findall("^FAILED.*\n", text, re.MULTILINE), sep="", end="", flush=True)
    return not any(one.returncode for one in running), "; ".join(
        (text.strip().splitlines() or ["said nothing"])[-1].strip("= ") for text in said
    )


def main() -> int:
    """Run what was asked for under each clock, and say what came of it."""
    now = datetime.now(UTC)
    known = clocks(now.date())
    parser = argparse.ArgumentParser(prog="python -m tests.clock", description=__doc__)
    parser.add_argument("--at", nargs="*", choices=known, help="these clocks, not all")
    parser.add_argument("tests", nargs="*", help="these tests, not all that have a clock")
    given = parser.parse_args()
    logs = Path(tempfile.mkdtemp(prefix="test-clock-"))
    preload = library(logs)
    if preload is None:
        print("This needs Linux and a C compiler; on Debian: apt install gcc.", file=sys.stderr)
        return 1
    table = Table("clock", "set to (UTC)", "minutes", "", "tests")
    passed = True
    for name in given.at or known:
        print(f"{name}: {known[name]:%A %Y-%m-%d %H:%M} (logs in {logs})", flush=True)
        began = monotonic()
        by = known[name] - datetime.now(UTC)
        well, told = run(shifted(by, preload), given.tests, logs / name)
        passed &= well
        minutes = f"{(monotonic() - began) / 60:.1f}"
        table.add_row(name, f"{known[name]:%a %Y-%m-%d %H:%M}", minutes, "✓" if well else "✗", told)
    rich.print(table)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
