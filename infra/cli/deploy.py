"""Stages on AWS: what Terraform would change, and changing it once somebody said yes."""

from __future__ import annotations

import json
import os
import re
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from infra import build
from infra.cli import quotas, rollback
from infra.cli.movies import table
from infra.cli.output import tables
from infra.cli.output.formats import Format
from infra.cli.steps import Steps
from infra.paths import REPOSITORY, home
from infra.stage import Outputs, Stage, StageError
from infra.terraform import plans, runner, states
from infra.terraform.plans import Saved

_STAGES = REPOSITORY / "infra/terraform/stages"
_ANY_FILE = "versions.tf"  # what destroys deploys nothing


def plan(stage: str, steps: Steps, form: Format, out: TextIO, *, destroy: bool = False) -> None:
    """Show what would change, save that, and tell programs whether it is anything."""
    _known(stage)
    if stage == "bootstrap" and not states.exists(states.bucket()):
        raise StageError("There is no bucket for states yet: lake apply --stage bootstrap.")
    saved = _plan(stage, steps, form, destroy=destroy)
    tables.write_one("", {"stage": stage, "changes": saved.changes}, form, out)


def apply(
    stage: str,
    steps: Steps,
    form: Format,
    out: TextIO,
    *,
    yes: bool = False,
    planned: bool = False,
) -> None:
    """Show what would change, ask (unless `yes`), and do that; of `prod`, ask twice.

    With `planned` it does what the last plan showed and saved, and makes none. Raises
    `TerraformError` where that plan no longer fits.
    """
    _known(stage)
    ask = _Ask(stage, form, yes)
    if stage == "bootstrap" and not states.exists(bucket := states.bucket()):
        ask.first(f"Make bucket {bucket} for the states of this account and region?")
        states.make(bucket)
    saved = plans.read(stage) if planned else _plan(stage, steps, form)
    if saved.destroy:
        raise StageError(f"What is planned is to destroy it: lake destroy --stage {stage}.")
    told = ""
    fields: dict[str, object] = {"stage": stage, "changed": saved.changes}
    if saved.changes:
        ask.first(f"Make these changes to stage {stage}?")
        ask.again()
        with steps.step(f"Applying stage {stage}") as tell:
            outputs = plans.apply(saved, tell)
        if stage != "bootstrap":
            parts = Outputs.of(outputs)
            fields |= {"api_url": parts.api_url, "site_url": parts.site_url}
            told = f"Stage {stage}: {parts.api_url}/likes\n"
            told += f"The page with the Like button: {parts.site_url}"
            if not table.publish(Stage(stage, parts)):
                click.echo(table.EMPTY.format(stage=stage), err=True)
            rollback.prune(Stage(stage, parts))
    tables.write_one(told, fields, form, out)


def destroy(stage: str, steps: Steps, form: Format, out: TextIO, *, yes: bool = False) -> None:
    """Show what would be destroyed, ask, and destroy it; of `prod`, ask twice whatever `yes` says.

    Terraform refuses where anything is protected, as all is that holds what `prod` was given.
    """
    _known(stage)
    saved = _plan(stage, steps, form, destroy=True)
    if saved.changes:
        ask = _Ask(stage, form, yes and stage != "prod")
        ask.first(f"Destroy stage {stage} with all it holds?")
        ask.again()
        with steps.step(f"Destroying stage {stage}") as tell:
            plans.apply(saved, tell)
    fields = {"stage": stage, "destroyed": saved.changes}
    tables.write_one(f"Stage {stage} is destroyed.", fields, form, out)


class _Ask:
    """Asks before a stage is changed, on stderr where stdout is for programs."""

    def __init__(self, stage: str, form: Format, yes: bool) -> None:
        self._stage, self._err, self._yes = stage, form != "table", yes

    def first(self, question: str) -> None:
        """Ask for a yes; without one, end."""
        if not self._yes:
            click.confirm(question, abort=True, err=self._err)

    def again(self) -> None:
        """Of `prod`, ask for its name, too: a yes is given too fast."""
        if self._yes or self._stage != "prod":
            return
        if click.prompt("Type the stage's name to go on", err=self._err) != self._stage:
            raise click.Abort


def _plan(stage: str, steps: Steps, form: Format, *, destroy: bool = False) -> Saved:
    """Show what would change, beside what is for programs, and save it."""
    tell = partial(click.echo, err=form != "table")
    if stage == "bootstrap":
        return plans.make(stage, {"bucket": states.bucket()}, (), tell, destroy=destroy)
    if destroy:
        variables = {"package": _ANY_FILE, "layers": "{}"}
        return plans.make(stage, variables, (), tell, destroy=True)
    variables, files = _built(stage, steps)
    return plans.make(stage, variables | _reserved(stage, steps), files, tell)


def _built(stage: str, steps: Steps) -> tuple[dict[str, str], list[Path]]:
    """Build what the stage is made from; gives the variables that name it, and the files.

    Files are named from the stage's folder on: their names are the same on every machine, where
    else they would show as changes.
    """
    with steps.step("Building the functions for AWS"):
        out = home() / "build"
        package = build.build("aws", out)
        layers = {name: build.layer(name, out) for name in build.LAYERS}

    def named(path: Path) -> str:
        return os.path.relpath(path, _STAGES / stage)

    paths = {name: named(path) for name, path in layers.items()}
    variables = {"package": named(package), "layers": json.dumps(paths)}
    return variables, [package, *layers.values()]


def _reserved(stage: str, steps: Steps) -> dict[str, str]:
    """Say what the account has no room for, and give the variables of what can be reserved."""
    import boto3

    account = quotas.ask(boto3.client, stage, steps.note)
    found = quotas.look(account, _requests_per_second(stage))
    for warning in found.warnings:
        steps.note(f"Quota: {warning}")
    return {"archive_executions": str(found.archive_executions)}


def _requests_per_second(stage: str) -> int:
    """What a stage's main.tf says."""
    text = (_STAGES / stage / "main.tf").read_text("utf-8")
    found = re.search(r"^ *requests_per_second += (\d+)", text, re.MULTILINE)
    if not found:
        raise StageError(f"stages/{stage}/main.tf does not say requests_per_second.")
    return int(found[1])


def _known(stage: str) -> None:
    if stage == "local":
        raise StageError("The local stage is made with `lake up`; --stage test or prod is on AWS.")
    if stage not in runner.STAGES:
        raise StageError(f'There is no stage "{stage}"; there are {", ".join(runner.STAGES)}.')
