"""Stages on AWS: what Terraform would change, and changing it once somebody said yes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TextIO

import click

from infra import build
from infra.cli.movies import table
from infra.cli.output import tables
from infra.cli.output.formats import Format
from infra.cli.steps import Steps
from infra.paths import home
from infra.stage import Outputs, Stage, StageError
from infra.terraform import runner


def plan(stage: str, steps: Steps, form: Format, out: TextIO) -> None:
    """Show what `apply` would change, and tell programs whether that is anything."""
    changes = _plan(stage, _prepare(stage, steps), form)
    tables.write_one("", {"stage": stage, "changes": changes}, form, out)


def apply(stage: str, steps: Steps, form: Format, out: TextIO, *, yes: bool = False) -> None:
    """Show what would change, ask (unless `yes`), and make the stage what its Terraform says."""
    variables = _prepare(stage, steps)
    told, changed = "", _plan(stage, variables, form)
    fields: dict[str, object] = {"stage": stage, "changed": changed}
    if changed:
        if not yes:
            click.confirm(f"Make these changes to stage {stage}?", abort=True, err=form != "table")
        with steps.step(f"Applying stage {stage}") as tell:
            outputs = runner.apply(stage, variables, tell)
        if stage != "bootstrap":
            parts = Outputs.of(outputs)
            fields |= {"api_url": parts.api_url, "site_url": parts.site_url}
            told = f"Stage {stage}: {parts.api_url}/likes\n"
            told += f"The page with the Like button: {parts.site_url}"
            if not table.publish(Stage(stage, parts)):
                click.echo(table.EMPTY.format(stage=stage), err=True)
    tables.write_one(told, fields, form, out)


def _plan(stage: str, variables: Mapping[str, str], form: Format) -> bool:
    """Show what would change, beside what is for programs; True where that is anything."""
    return runner.plan(stage, variables, partial(click.echo, err=form != "table"))


def _prepare(stage: str, steps: Steps) -> dict[str, str]:
    """Build what the stage is made from, and give the variables that name it."""
    if stage == "local":
        raise StageError("The local stage is made with `lake up`; --stage test or prod is on AWS.")
    if stage not in runner.STAGES:
        raise StageError(f'There is no stage "{stage}"; there are {", ".join(runner.STAGES)}.')
    if stage == "bootstrap":
        return {}
    with steps.step("Building the functions for AWS"):
        out = home() / "build"
        package = build.build("aws", out)
        layers = {name: str(build.layer(name, out)) for name in build.LAYERS}
        return {"package": str(package), "layers": json.dumps(layers)}
