"""The laptop stage: the emulator, and Terraform applied to it; safe to repeat and to interrupt."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import msgspec
import urllib3

from infra import build
from infra.cli.movies import table
from infra.cli.steps import Steps, Tell
from infra.local import after_kill, emulator
from infra.local.bridge import daemon
from infra.local.emulator import EmulatorError, Process
from infra.local.process import write
from infra.local.site import daemon as site
from infra.paths import REPOSITORY
from infra.stage import REGION, Local, Outputs, Stage, StageError
from infra.terraform import runner
from transform.reports import report_keys

PORT = 4566
API_S = 90
TERRAFORM_S = 60
_LOCK = "lock"  # also marks a directory as ours
_CUT_OFF, _ENDED = "cut off", "ended"
_SOURCES = (
    "infra/terraform/modules/**/*.tf",
    "infra/terraform/stages/local/*.tf",
    "glue/tables/*.json",
    "infra/page/*",
)


class Applied(msgspec.Struct, frozen=True):
    """What was applied last: what it was made from, on which port, and what Terraform told."""

    fingerprint: str
    port: int
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class Parts:
    """What the local stage is made with; tests put in their own."""

    emulator: Sequence[str] = emulator.COMMAND
    build: Callable[[Path], Path] = lambda out: build.build("local", out)
    apply: Callable[[Process, Path, Tell], Outputs] = lambda *given: _terraform(*given)
    ready: Callable[[str], None] = lambda url: _wait_for_api(url)
    require: Callable[[], None] = runner.require
    bridge: Sequence[str] = daemon.COMMAND
    site: Sequence[str] = site.COMMAND
    stock: Callable[[Stage], None] = table.stock
    mend: Callable[[Stage, Tell], int] = after_kill.reconcile


def up(
    home: Path,
    port: int | None,
    steps: Steps,
    parts: Parts | None = None,
    *,
    site_port: int | None = None,
) -> Stage:
    """Bring the local stage up, or what of it is missing, and give it.

    What runs and is unchanged is left alone. After a crash it goes on from where that left it; an
    emulator that lost its state is filled again. A table `movies` without a film gets those that
    made-up likes are of. `port` None is the last one used, or 4566; `site_port` None the last one,
    or the next after `port`, or any that is free.
    """
    parts = parts or Parts()
    _own(home)
    with _alone(home):
        parts.require()
        process = _emulator(home, port, steps, parts)
        with steps.step("Building the functions"):
            package = parts.build(home / "build")
        fingerprint = _fingerprint(package)
        applied = _read(home)
        same = applied and (applied.fingerprint, applied.port) == (fingerprint, process.port)
        if applied and same and not _changing(home).exists():
            steps.note("Terraform: nothing changed since it was applied")
        else:
            process, outputs = _apply(home, process, package, steps, parts)
            applied = Applied(fingerprint, process.port, outputs)
            write(home / "applied.json", applied)
            _changing(home).unlink()
        local = Local(process.endpoint, REGION, process.pid, applied.outputs)
        write(home / "local.json", local)
        with steps.step("Waiting for the API"):
            parts.ready(applied.outputs.api_url)
        with steps.step("Looking after the films"):
            parts.stock(Stage("local", applied.outputs, process.endpoint))
        _bridge(home, applied, steps, parts)
        url = _site(home, site_port, applied, steps, parts)
        outputs = msgspec.structs.replace(
            applied.outputs, site_url=url, reports_url=f"{url}/{report_keys.REPORTS}"
        )
        write(home / "local.json", msgspec.structs.replace(local, outputs=outputs))
        opened = Stage("local", outputs, process.endpoint)
        after_kill.mend(home, opened, steps, parts.mend)
    return opened


def down(home: Path, steps: Steps, *, wipe: bool = False) -> bool:
    """Stop the local stage, keeping what it holds unless `wipe`; False where nothing ran."""
    if not (home / _LOCK).exists():
        return False
    with _alone(home):
        running = emulator.find(home).process is not None
        (home / "local.json").unlink(missing_ok=True)
        _stop_site(home, steps)
        _stop_bridge(home, steps)
        if running:
            with steps.step("Stopping the emulator"):
                emulator.stop(home)
        if wipe:
            shutil.rmtree(home)
    return running


def _emulator(home: Path, port: int | None, steps: Steps, parts: Parts) -> Process:
    """The running emulator of this home, or a new one."""
    found = emulator.find(home)
    if found.process:
        if port not in (None, found.process.port):
            raise EmulatorError(
                f"The local stage runs on port {found.process.port}; `lake down` stops it first."
            )
        if emulator.healthy(found.process):
            steps.note(f"The emulator runs already, on port {found.process.port}")
            return found.process
        with steps.step("Stopping the emulator, which does not answer"):
            emulator.stop(home)
    if found.killed:
        # Its objects outlive a kill; the rest is as it was at the emulator's last start.
        # What the bridge handed over since then is not in the tables any more.
        _changing(home).write_text(_CUT_OFF)
        after_kill.mark(home).touch()
        _stop_bridge(home, steps)
        daemon.forget(home)
        steps.note(
            "The emulator ended without saving its state. The lake's objects are still there; "
            "counts and the stream are as they were when it last started, and are mended below."
        )
    port = port or _last_port(home)
    write(home / "port.json", port)
    with steps.step(f"Starting the emulator on port {port}"):
        return emulator.start(home, port, parts.emulator)


def _bridge(home: Path, applied: Applied, steps: Steps, parts: Parts) -> None:
    """The running bridge of this home, or a new one where it was made of something else."""
    made_of = daemon.made_of(applied)
    running = daemon.find(home).process
    if running and running.made_of == made_of:
        steps.note(f"The fan-out bridge runs already, as pid {running.pid}")
        return
    _stop_bridge(home, steps)
    with steps.step("Starting the fan-out bridge"):
        daemon.start(home, made_of, parts.bridge)


def _stop_bridge(home: Path, steps: Steps) -> None:
    if daemon.find(home).process:
        with steps.step("Stopping the fan-out bridge"):
            daemon.stop(home)


def _site(home: Path, port: int | None, applied: Applied, steps: Steps, parts: Parts) -> str:
    """The address of the site, whose server runs already or is started."""
    made_of = site.made_of(applied)
    running = site.find(home).process
    if running and running.made_of == made_of and port in (None, running.port):
        steps.note(f"The site is served already, as pid {running.pid}")
        return running.url
    _stop_site(home, steps)
    with steps.step("Starting the site"):
        return site.start(home, port, applied.port, made_of, parts.site).url


def _stop_site(home: Path, steps: Steps) -> None:
    if site.find(home).process:
        with steps.step("Stopping the site"):
            site.stop(home)


def _apply(
    home: Path, process: Process, package: Path, steps: Steps, parts: Parts
) -> tuple[Process, Outputs]:
    """Apply Terraform, and let the emulator save what came of it.

    Where the very first apply was interrupted, or an answer to it was lost, and what that left
    cannot be mended, the stage is made anew, once, and that is said; a stage that was ever whole is
    never emptied.
    """
    _stop_bridge(home, steps)
    unfinished = state(home).exists() and not (home / "applied.json").exists()
    if unfinished and _changing(home).exists() and _changing(home).read_text() == _CUT_OFF:
        # What Terraform made last it wrote down nowhere, and would try for minutes to make again.
        steps.note("The first start was cut off before the stage was whole; starting it anew.")
        unfinished = False
        process = _emptied(home, process, steps, parts)
    try:
        outputs = _terraformed(home, process, package, steps, parts)
    except runner.TerraformError as error:
        # A busy emulator loses answers, and what Terraform then asks for again is there already.
        lost = re.search("already exists|AlreadyExists", str(error)) is not None
        if (home / "applied.json").exists() or not (unfinished or lost):
            raise
        left = "What the interruption left" if unfinished else "What an answer that was lost left"
        steps.note(f"{left} cannot be mended ({error})")
        steps.note("Starting again with an empty stage.")
        process = _emptied(home, process, steps, parts)
        outputs = _terraformed(home, process, package, steps, parts)
    with steps.step("Saving the emulator's state"):
        # It saves only as it ends: from here on a kill no longer loses what Terraform made.
        emulator.stop(home)
        process = emulator.start(home, process.port, parts.emulator)
    return process, outputs


def _terraformed(
    home: Path, process: Process, package: Path, steps: Steps, parts: Parts
) -> Outputs:
    """Apply Terraform; the mark says "cut off" while it runs, and "ended" if that is seen."""
    _changing(home).write_text(_CUT_OFF)
    try:
        with steps.step("Applying Terraform") as tell:
            return parts.apply(process, package, tell)
    except runner.TerraformError:
        if emulator.find(home).process is None:
            raise EmulatorError(
                "The emulator ended while Terraform was applied; `lake up` starts it again."
            ) from None
        raise
    finally:
        _changing(home).write_text(_ENDED)


def _emptied(home: Path, process: Process, steps: Steps, parts: Parts) -> Process:
    """An emulator that holds nothing, in place of this one, and no Terraform state."""
    with steps.step(f"Starting an empty emulator on port {process.port}"):
        emulator.stop(home)
        emulator.wipe(home)
        daemon.forget(home)
        if state(home).exists():
            _wait_for_terraform(home)
            state(home).unlink()
        return emulator.start(home, process.port, parts.emulator)


def _wait_for_terraform(home: Path) -> None:
    """Wait while a Terraform that outlived its `lake up` holds its state: it ends when it next
    says something, within seconds, since nobody listens."""
    deadline = monotonic() + TERRAFORM_S
    with state(home).open("r+b") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if monotonic() > deadline:
                    raise StageError(
                        "The Terraform of an earlier `lake up` is still at work; wait for it."
                    ) from None
            sleep(0.1)


def _changing(home: Path) -> Path:
    """A mark that stands while what was applied last may not be what is there."""
    return home / "changing"


def state(home: Path) -> Path:
    """Terraform's state of the local stage."""
    return home / "terraform" / "local.tfstate"


def _terraform(process: Process, package: Path, tell: Tell) -> Outputs:
    variables = {"endpoint": process.endpoint, "package": str(package)}
    return Outputs.of(runner.apply("local", variables, tell))


def _fingerprint(package: Path) -> str:
    """What the stage is made from: the functions' zip and every file that Terraform reads."""
    digest = hashlib.sha256(package.read_bytes())
    for pattern in _SOURCES:
        for path in sorted(REPOSITORY.glob(pattern)):
            if ".terraform" not in path.parts:
                digest.update(f"\0{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _wait_for_api(url: str) -> None:
    """Wait until the API answers a question with 200; the first one starts its function."""
    deadline = monotonic() + API_S
    told = "no answer"
    while monotonic() < deadline:
        try:
            response = urllib3.request(
                "GET", f"{url}/likes?movie_ids=tt0111161", timeout=30, retries=False
            )
            if response.status == 200:
                return
            told = f"HTTP {response.status}: {response.data[:200].decode(errors='replace')}"
        except urllib3.exceptions.HTTPError as error:
            told = str(error)
        sleep(0.25)
    raise StageError(f"The API did not answer within {API_S} seconds: {told}")


def _last_port(home: Path) -> int:
    try:
        return msgspec.json.decode((home / "port.json").read_bytes(), type=int)
    except (FileNotFoundError, msgspec.MsgspecError):
        return PORT


def _read(home: Path) -> Applied | None:
    try:
        return msgspec.json.decode((home / "applied.json").read_bytes(), type=Applied)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep two commands from changing the stage at once; a lock of a killed one is gone with it."""
    lock = os.open(home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StageError("Another `lake up` or `lake down` is at work; wait for it.") from None
        yield
    finally:
        os.close(lock)


def _own(home: Path) -> None:
    """Take a new directory as our home; one that holds other things is not ours, nor to wipe."""
    home.mkdir(parents=True, exist_ok=True)
    others = {path.name for path in home.iterdir()} - {"providers"}
    if others and _LOCK not in others:
        raise StageError(f"{home} holds other things; name a directory for us alone in LAKE_HOME.")
