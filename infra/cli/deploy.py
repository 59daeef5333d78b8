"""Stages on AWS: what Terraform would change, and changing it once somebody said yes."""

from __future__ import annotations

import json

import click

from infra import build
from infra.cli.steps import Steps
from infra.paths import home
from infra.stage import Outputs, StageError
from infra.terraform import runner


def plan(stage: str, steps: Steps) -> bool:
    """Show what `apply` would change; True where that is anything."""
    variables = _prepare(stage, steps)
    return runner.plan(stage, variables, click.echo)


def apply(stage: str, steps: Steps, *, yes: bool = False) -> None:
    """Show what would change, ask (unless `yes`), and make the stage what its Terraform says."""
    variables = _prepare(stage, steps)
    if not runner.plan(stage, variables, click.echo):
        return
    if not yes:
        click.confirm(f"Make these changes to stage {stage}?", abort=True)
    with steps.step(f"Applying stage {stage}") as tell:
        outputs = runner.apply(stage, variables, tell)
    if stage != "bootstrap":
        told = Outputs.of(outputs)
        click.echo(f"Stage {stage}: {told.api_url}/likes")
        click.echo(f"The page with the Like button: {told.site_url}")


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
