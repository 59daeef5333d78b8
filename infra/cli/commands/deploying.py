"""Commands that plan, apply, take back and remove a stage on AWS."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from infra.cli import options

if TYPE_CHECKING:
    from infra.cli.output.formats import Format


@click.command()
@options.aws_stage
@options.form
@click.option("--destroy", is_flag=True, help="Show what `lake destroy` would remove.")
def plan(stage: str, form: Format, destroy: bool) -> None:
    """Show what Terraform would change, and save that for `lake apply --planned`.

    Example: lake plan --stage test
    """
    from infra.cli import deploy

    deploy.plan(stage, options.steps(), form, sys.stdout, destroy=destroy)


@click.command()
@options.aws_stage
@options.form
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--planned", is_flag=True, help="Do what `lake plan` showed last; make no plan.")
def apply(stage: str, form: Format, yes: bool, planned: bool) -> None:
    """Show what Terraform would change, ask (of prod, twice), and do just that.

    Example: lake apply --stage test
    """
    from infra.cli import deploy

    deploy.apply(stage, options.steps(), form, sys.stdout, yes=yes, planned=planned)


@click.command()
@options.aws_stage
@options.form
@click.option("--yes", is_flag=True, help="Do not ask, except of prod.")
def destroy(stage: str, form: Format, yes: bool) -> None:
    """Show all that a stage is made of, ask (of prod, twice), and remove it with what it holds.

    Example: lake destroy --stage test
    """
    from infra.cli import deploy

    deploy.destroy(stage, options.steps(), form, sys.stdout, yes=yes)


@click.command()
@options.stage
@options.form
@click.option("--list", "listed", is_flag=True, help="List what can be gone back to.")
@click.option(
    "--to", "release", metavar="RELEASE", help="Go back to this one; else the one before."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def rollback(stage: str, form: Format, listed: bool, release: str | None, yes: bool) -> None:
    """Have functions and page be as they were deployed before; likes, counts and tables stay.

    Example: lake rollback --stage prod --list
    """
    from infra.cli import rollback as way
    from infra.stage import open_stage

    if listed:
        way.show(open_stage(stage), form, sys.stdout)
    else:
        way.back(open_stage(stage), release, options.steps(), form, sys.stdout, yes=yes)
