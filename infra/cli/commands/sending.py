"""Commands that make likes and send them."""

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
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False))
@click.option("--batch", type=click.IntRange(1, 500), default=500, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True)
@options.writer
def send(
    stage: str,
    form: Format,
    file: str,
    batch: int,
    workers: int,
    api_key: str | None,
    token: str | None,
) -> None:
    """Post likes, one JSON object a line, from FILE or - (stdin).

    Refused lines are named on stderr; lines that were given up go to FILE.failed.jsonl, event ids
    and all, to be sent again safely. Exit code 1 if there are any of either.

    Example: lake simulate --likes 1000 | lake send -
    """
    from infra.cli.output import tables
    from infra.cli.traffic import sending, writers
    from infra.stage import open_stage

    opened = open_stage(stage)
    sent, kept = sending.send_file(
        file,
        opened.outputs.api_url,
        headers=writers.headers(opened, api_key, token),
        batch=batch,
        workers=workers,
    )
    tables.write_one(sending.told(sent), sending.fields(sent, kept), form, sys.stdout)
    if kept:
        click.echo(f"What failed is kept; send it again with: lake send {kept}", err=True)
    sys.exit(sent.accepted + sent.repeated < sent.lines)


_SHARE = click.FloatRange(0, 1)


@click.command()
@click.option("--likes", type=click.IntRange(0), default=10_000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same likes.")
@click.option("--days", type=click.FloatRange(0, 3660, min_open=True), default=1.0)
@click.option("--until", type=click.DateTime(), help="End of the likes, UTC.  [default: now]")
@click.option("--late", type=_SHARE, default=0.03, show_default=True)
@click.option("--unlikes", type=_SHARE, default=0.05, show_default=True)
@click.option("--duplicates", type=_SHARE, default=0.02, show_default=True)
@click.option("--malformed", type=_SHARE, default=0.01, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Write here, not to stdout.")
@click.option("--truth", type=click.Path(dir_okay=False), help="Write the totals here, as JSON.")
def simulate(until: Any, out: str | None, truth: str | None, **plan: Any) -> None:
    """Make up likes of real films, one JSON object a line, and tell the true totals.

    LATE, UNLIKES, DUPLICATES and MALFORMED are shares of the likes; the last two come on top.

    Example: lake simulate --likes 100000 --days 7 --out likes.jsonl --truth truth.json
    """
    from datetime import UTC

    from infra.cli.traffic.simulate import Plan, Simulation

    now = int(until.replace(tzinfo=UTC).timestamp() * 1000) if until else options.now()
    simulation = Simulation(Plan(now=now, **plan))
    with options.output(out) as file:
        for line in simulation:
            file.write(line.data + b"\n")
    totals = simulation.truth
    click.echo(
        f"{totals.lines} lines: {totals.good} good ({totals.events} distinct, {totals.duplicates} "
        f"repeated; {totals.likes} likes, {totals.unlikes} unlikes; {totals.late} late), "
        f"{totals.malformed_lines} malformed",
        err=True,
    )
    if truth:
        import msgspec

        with options.output(truth) as file:
            file.write(msgspec.json.format(msgspec.json.encode(totals), indent=2) + b"\n")


@click.command()
@options.stage
@options.form
@click.option("--no-report", is_flag=True, help="Make no report of yesterday.")
@click.option("--no-forget", is_flag=True, help="Do not forget their user: it searches all.")
@options.writer
def smoke(
    stage: str,
    form: Format,
    no_report: bool,
    no_forget: bool,
    api_key: str | None,
    token: str | None,
) -> None:
    """Send five marked likes through every door and look for them at every place behind it.

    Exit code 1 if a step fails. They stay in the lake, as likes of a film that begins with smoke-,
    and their user is forgotten. Where the API is closed, a stranger is to be refused, and
    credentials are tried if they are given.

    Example: lake smoke --stage test
    """
    from functools import partial

    import queries
    from infra.cli import smoke as smoking
    from infra.cli.output import tables
    from infra.cli.traffic import writers
    from infra.stage import open_stage

    ask = partial(queries.run, connection=queries.connect(stage))
    opened = open_stage(stage)
    try:
        headers = writers.headers(opened, api_key, token)
    except writers.WriterError as error:
        click.echo(f"{error} Only that a stranger is refused is tried.", err=True)
        headers = None
    run = smoking.Run(opened, ask, headers=headers)
    left_out = {"reported": no_report, "forgotten again": no_forget}
    without = [name for name, left in left_out.items() if left]
    done = list(smoking.smoke(run, options.steps(), without))
    rows = [(one.step, "ok" if one.ok else "NOT OK", one.seconds, one.detail) for one in done]
    tables.write(("step", "state", "seconds", "detail"), rows, form, sys.stdout)
    sys.exit(not all(one.ok for one in done))
