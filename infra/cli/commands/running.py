"""Commands that start, stop and show a stage."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from infra.cli import options

if TYPE_CHECKING:
    from infra.cli.output.formats import Format


@click.command()
@options.stage
@options.form
@options.port
@options.site_port
def up(stage: str, form: Format, port: int | None, site_port: int | None) -> None:
    """Start the local stage: emulator, Terraform, API, and the page with the Like button.

    Safe to repeat; goes on where a crash left it.

    Example: lake up --port 4600
    """
    options.local_only(stage, "up")
    from infra.cli.output import tables
    from infra.local import lifecycle
    from infra.paths import home

    opened = lifecycle.up(home(), port, options.steps(), site_port=site_port)
    api, site = opened.outputs.api_url, opened.outputs.site_url
    told = f"The local stage is up: {api}/likes\nThe page with the Like button: {site}"
    fields = {"endpoint": opened.endpoint, "api_url": api, "site_url": site}
    tables.write_one(told, fields, form, sys.stdout)


@click.command()
@options.stage
@click.option("--wipe", is_flag=True, help="Remove everything the stage holds as well.")
def down(stage: str, wipe: bool) -> None:
    """Stop the local stage; what it holds comes back with the next `lake up`.

    Example: lake down --wipe
    """
    options.local_only(stage, "down")
    from infra.local import lifecycle
    from infra.paths import home

    stopped = lifecycle.down(home(), options.steps(), wipe=wipe)
    said = "The local stage is stopped" if stopped else "The local stage was not running"
    click.echo(said + ("; all it held is removed." if wipe else "."))


@click.command()
@options.stage
@options.form
@options.wide
def status(stage: str, form: Format, wide: bool) -> None:
    """Show each part of a stage; exit code 0 if all are well, 1 if not.

    Example: lake status --format json
    """
    from infra.cli import health
    from infra.cli.output import tables

    checks = health.check(stage)
    rows = [(check.part, "ok" if check.ok else "NOT OK", check.detail) for check in checks]
    columns = ("part", "state", "detail")
    tables.write(columns, rows, form, sys.stdout, wide=wide, fold=True)
    off = [check.part for check in checks if not check.ok]
    if form == "table":
        click.echo(f"NOT OK: {', '.join(off)}" if off else "OK")
    sys.exit(bool(off))


@click.command()
@options.stage
@options.port
@click.option("--likes", default=6000, show_default=True, help="How many likes to make up.")
@click.option(
    "--history", default=1_000_000, show_default=True, help="How many likes of the month before."
)
@click.option("--seed", type=int, help="Seed of the made-up likes: the time, so each is new.")
def demo(stage: str, port: int | None, likes: int, history: int, seed: int | None) -> None:
    """Run everything on this laptop with made-up likes and check every total.

    Starts the local stage if need be. Exit code 1 if any total differs.

    Example: lake demo
    """
    options.local_only(stage, "demo")
    from functools import partial

    import queries
    from infra.cli.demo import demo as demonstration
    from infra.cli.demo import plans
    from infra.cli.movies import table
    from infra.local import lifecycle
    from infra.paths import home

    steps = options.steps()
    opened = lifecycle.up(home(), port, steps)
    now = options.now()
    seed = now if seed is None else seed
    plan = plans.live(now, likes, seed)
    past = plans.past(now, history, seed + 1) if history else None
    connection = queries.connect("local")
    shown = demonstration.demo(
        opened, partial(queries.run, connection=connection), plan, past, steps
    )
    demonstration.show(shown, table.titles(opened), sys.stdout)
    click.echo(f"\nThe page with the Like button: {opened.outputs.site_url}")
    sys.exit(not shown.passed)
