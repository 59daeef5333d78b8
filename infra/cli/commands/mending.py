"""Commands that prove the numbers, and mend them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from infra.cli import options

if TYPE_CHECKING:
    from infra.cli.output.formats import Format


@click.command()
@options.stage
@options.form
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Show the hourly ones from then.")
@click.option("--watch", is_flag=True, help="Audit each minute until Ctrl-C.")
@options.wide
def audit(stage: str, form: Format, since: Any, watch: bool, wide: bool) -> None:
    """Take each number of a stage from its own source, and tell which do not agree.

    What is on its way is taken into account, so nothing has to stand still. Exit code 1 if
    something differs; `lake reconcile` then names films, hours and step.

    Example: lake audit --since 2026-01-31
    """
    from infra.cli import audit as command
    from infra.stage import open_stage

    if since and watch:
        raise click.UsageError("Give --since or --watch, not both.")
    opened = open_stage(stage)
    if since:
        from datetime import UTC

        well = command.past(opened, since.replace(tzinfo=UTC), form, wide, sys.stdout)
    elif watch:
        well = command.watch(opened, form, wide, sys.stdout)
    else:
        with options.steps().step("Auditing") as tell:
            well = command.run(opened, form, wide, sys.stdout, tell)
    sys.exit(not well)


@click.command()
@options.stage
@options.form
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
@click.option("--accept", is_flag=True, help="With --repair: give up what is lost for good.")
@options.wide
def reconcile(stage: str, form: Format, repair: bool, accept: bool, wide: bool) -> None:
    """Name the films, hours and steps whose numbers differ, and mend them.

    Compares all that is still kept: counts, trends, stream, raw, likes and totals. Likes may keep
    coming. What neither raw nor the stream has any more is lost, and named; counts follow the lake
    only if that is accepted. Exit code 1 if something is left.

    Example: lake reconcile --repair
    """
    from infra.cli import reconcile as command
    from infra.cli.output import tables
    from infra.local import after_kill
    from infra.paths import home
    from infra.stage import open_stage

    if accept and not repair:
        raise click.UsageError("--accept goes with --repair.")
    opened = open_stage(stage)
    if not repair:
        with options.steps().step("Comparing all that is kept") as tell:
            found = command.find(opened, tell)
        rows = command.rows(found)
        tables.write(command.COLUMNS, rows, form, sys.stdout, wide=wide, fold=True)
        sys.exit(bool(found))
    with options.steps().step("Mending") as tell:
        done = command.repair(opened, tell, accept=accept)
    if stage == "local" and not done.left:
        after_kill.mark(home()).unlink(missing_ok=True)
    if form == "table" and done.left:
        rows = command.rows(done.left)
        tables.write(command.COLUMNS, rows, form, sys.stdout, wide=wide, fold=True)
    tables.write_one(command.told(done), command.fields(done), form, sys.stdout)
    sys.exit(bool(done.left))


@click.command()
@options.stage
@options.form
def recount(stage: str, form: Format) -> None:
    """Count anew: every film's count and the trends, from what the lake holds.

    Film by film, at the item's own cut of the stream, so likes may keep coming. Films that the lake
    does not know go to 0. Safe to repeat: a run that was cut off has mended some films, and the
    next mends the others.

    Example: lake recount
    """
    from infra.cli import reconcile as command
    from infra.cli.output import tables
    from infra.stage import open_stage

    with options.steps().step("Counting anew") as tell:
        done = command.repair(open_stage(stage), tell, accept=True)
    tables.write_one(command.told(done), command.fields(done), form, sys.stdout)
    sys.exit(bool(done.left))
