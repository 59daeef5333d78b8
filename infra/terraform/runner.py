"""Runs Terraform for a stage, tells how far it is, and gives the stage's outputs.

Stages on AWS keep their states in the bucket of `states`. Region and credentials are those of the
ordinary AWS environment. The local stage's state stands below its home.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from infra.paths import REPOSITORY, home
from infra.terraform import states

STAGES = ("bootstrap", "local", "test", "prod")

Tell = Callable[[str], None]

_COMMAND = REPOSITORY / "infra/bin/terraform"
_FOLDERS = REPOSITORY / "infra/terraform/stages"
# The emulator takes all that Terraform can ask at once; AWS throttles beyond Terraform's own 10.
_PARALLELISM = {"local": 40}
_STEPS = {"apply_start", "apply_progress", "apply_complete"}
_MOST_ERROR = 600
_PLAN_HAS_CHANGES = 2
_MISSING = 127


class TerraformError(Exception):
    """Terraform failed; the message holds its own first error, in one line."""


def require() -> None:
    """Raise `TerraformError` where neither Terraform nor Docker can be run."""
    _run(["version"], _environment("local"))


def init(stage: str) -> None:
    """Make a stage ready: its providers, and where its state is kept. Safe to repeat."""
    folder = _folder(stage)
    _data(stage).mkdir(parents=True, exist_ok=True)
    options = [f"-backend-config={option}" for option in _backend(stage)]
    _run([folder, "init", "-input=false", "-reconfigure", *options], _environment(stage))


def apply(
    stage: str, variables: Mapping[str, str] | None = None, tell: Tell | None = None
) -> dict[str, Any]:
    """Make a stage what its configuration says, without asking, and give its outputs by name.

    `tell` gets a line for each resource begun, waited for and done. Safe to repeat, but a stream
    whose making was interrupted exists without Terraform knowing it, and the next apply says so.
    Raises `TerraformError`.
    """
    init(stage)
    return _applied(stage, ["-auto-approve", *_options(stage, variables)], tell)


def apply_planned(stage: str, tell: Tell | None = None) -> dict[str, Any]:
    """Do what the last `plan` of a stage saved, and give the stage's outputs by name.

    Terraform refuses a plan if the stage was changed since. Raises `TerraformError`.
    """
    return _applied(stage, [str(planned(stage))], tell)


def planned(stage: str) -> Path:
    """Where the plan of a stage is saved."""
    return _data(stage) / "planned"


def _applied(stage: str, options: list[str], tell: Tell | None) -> dict[str, Any]:
    progress = _Progress(tell)
    command = [_folder(stage), "apply", "-json", "-input=false", *options]
    with _started(command, _environment(stage)) as child:
        for line in _lines(child):
            progress.read(line)
    if child.returncode:
        _fail("\n".join(progress.errors), child.returncode)
    return progress.outputs


def plan(
    stage: str,
    variables: Mapping[str, str] | None = None,
    tell: Tell | None = None,
    options: Iterable[str] = (),
) -> bool:
    """Tell line by line what would change; True where that is anything. `options` are Terraform's.

    Raises `TerraformError`.
    """
    init(stage)
    command = [_folder(stage), "plan", "-no-color", "-input=false", "-detailed-exitcode", *options]
    with _started([*command, *_options(stage, variables)], _environment(stage)) as child:
        lines = []
        for line in _lines(child):
            lines.append(line)
            if tell:
                tell(line)
    if child.returncode not in (0, _PLAN_HAS_CHANGES):
        _fail("\n".join(lines), child.returncode)
    return child.returncode == _PLAN_HAS_CHANGES


def outputs(stage: str) -> dict[str, Any]:
    """Give a stage's outputs by name; `TerraformError` where it was never applied."""
    if not (_data(stage) / "terraform.tfstate").exists():
        init(stage)
    told = msgspec.json.decode(
        _run([_folder(stage), "output", "-json"], _environment(stage)), type=dict[str, _Output]
    )
    if not told:
        raise TerraformError(f"Stage {stage} has not been applied: lake apply --stage {stage}.")
    return {name: output.value for name, output in told.items()}


class _Output(msgspec.Struct):
    value: Any = None


class _Diagnostic(msgspec.Struct):
    severity: str = ""
    summary: str = ""
    detail: str = ""


class _Resource(msgspec.Struct):
    addr: str = ""


class _Hook(msgspec.Struct):
    action: str = ""
    resource: _Resource = msgspec.field(default_factory=_Resource)


class _Message(msgspec.Struct):
    """A line of Terraform's machine-readable UI.

    https://developer.hashicorp.com/terraform/internals/machine-readable-ui
    """

    type: str = ""
    hook: _Hook = msgspec.field(default_factory=_Hook)
    diagnostic: _Diagnostic | None = None
    changes: dict[str, Any] = {}
    outputs: dict[str, _Output] = {}


class _Progress:
    """What a run of Terraform has told so far."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell or (lambda text: None)
        self._done = 0
        self._total = 0
        self.outputs: dict[str, Any] = {}
        self.errors: list[str] = []

    def read(self, line: str) -> None:
        """Take in a line of output."""
        try:
            message = msgspec.json.decode(line, type=_Message)
        except msgspec.MsgspecError:
            self.errors.append(line)
            return
        if message.type == "change_summary":
            changes = message.changes
            self._total = sum(changes.get(kind, 0) for kind in ("add", "change", "remove"))
        elif message.type in _STEPS and message.hook.action != "read":
            self._done += message.type == "apply_complete"
            of = f" of {self._total}" if self._total else ""  # of a saved plan it is not told
            self._tell(f"{self._done}{of}: {_name(message.hook.resource.addr)}")
        elif message.type == "outputs":
            self.outputs = {name: output.value for name, output in message.outputs.items()}
        elif message.diagnostic and message.diagnostic.severity == "error":
            self.errors.append(f"Error: {message.diagnostic.summary}\n{message.diagnostic.detail}")


def _name(address: str) -> str:
    """A resource's address as people read it: stream.aws_kinesis_stream."""
    return re.sub(r"\bmodule\.(pipeline\.)?|\.this\b", "", address)


def _options(stage: str, variables: Mapping[str, str] | None) -> list[str]:
    options = [f"-var={name}={value}" for name, value in (variables or {}).items()]
    return [*options, f"-parallelism={_PARALLELISM[stage]}"] if stage in _PARALLELISM else options


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    """Run Terraform to its end and give what it printed; `TerraformError` where it failed."""
    with _started(arguments, environment) as child:
        printed = "\n".join(_lines(child))
    if child.returncode:
        _fail(printed, child.returncode)
    return printed


@contextmanager
def _started(arguments: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Terraform running, ended when the block is left.

    It has a session of its own, so that Ctrl-C reaches it once, by us: it then finishes what it has
    begun and saves its state. A second one, should it reach it too, would end it at once.
    """
    child = subprocess.Popen(
        [str(_COMMAND), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    with child:
        try:
            yield child
        except BaseException:
            child.send_signal(signal.SIGINT)
            child.communicate()
            raise


def _lines(child: subprocess.Popen[str]) -> Iterator[str]:
    assert child.stdout is not None
    for line in child.stdout:
        yield line.rstrip("\n")
    child.wait()


def _fail(printed: str, code: int) -> NoReturn:
    """Raise what Terraform's own first error says, without its frames."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    if code == _MISSING:
        raise TerraformError(" ".join(text.split()))
    first, *others = re.split(r"^[│╷\s]*Error: ", text, flags=re.MULTILINE)[1:] or [text]
    words = " ".join(re.sub(r"^[│╷╵\s]+", "", first, flags=re.MULTILINE).split())
    more = f" (and {len(others)} more)" if others else ""
    shown = words if len(words) <= _MOST_ERROR else words[:_MOST_ERROR] + " …"
    raise TerraformError(f"Terraform failed: {shown or f'it ended with {code}'}{more}")


def _folder(stage: str) -> str:
    if stage not in STAGES:
        raise TerraformError(f"There is no stage {stage!r}; there are {', '.join(STAGES)}.")
    return f"-chdir={_FOLDERS / stage}"


def _data(stage: str) -> Path:
    return home() / "terraform" / stage


def _backend(stage: str) -> list[str]:
    if stage == "local":
        return [f"path={home() / 'terraform' / 'local.tfstate'}"]
    try:
        options = [f"bucket={states.bucket()}"]
    except states.StateError as error:
        raise TerraformError(str(error)) from None
    # `bootstrap` makes the table, so its own state is locked in the bucket alone.
    if stage != "bootstrap" and (table := states.lock_table()):
        options.append(f"dynamodb_table={table}")
    return options


def _environment(stage: str) -> dict[str, str]:
    """What Terraform gets to see: for the emulator nothing of AWS, which could only mislead it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if stage != "local" or not name.startswith("AWS_")
    }
    return kept | {"TF_DATA_DIR": str(_data(stage)), "TF_IN_AUTOMATION": "1", "TF_LOG": ""}
