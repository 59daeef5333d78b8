"""Commands about lines that are no likes, what was not delivered, what no function gets past."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from infra.cli import options

if TYPE_CHECKING:
    from infra.cli.output.formats import Format


def _rejects(command: Any) -> Any:
    """Add the options that choose rejected lines."""
    day = click.DateTime(["%Y-%m-%d"])
    for option in (
        click.option("--source", help="What the line tells as the like's source, such as ios."),
        click.option("--reason", help="Such as missing_movie_id."),
        click.option("--until", type=day, help="The last day of arrival."),
        click.option("--since", type=day, help="The first day of arrival."),
        click.option("--day", type=day, help="Day of arrival, UTC."),
    ):
        command = option(command)
    return command


def _arrived(day: Any, since: Any, until: Any) -> tuple[str, str]:
    from datetime import UTC, datetime

    from infra.cli.replay import asking

    try:
        return asking.where(day, since, until, datetime.now(UTC))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@click.command()
@options.stage
@options.form
@_rejects
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--explain", is_flag=True, help="By reason: how many, since when, what to do.")
@options.wide
def rejected(
    stage: str,
    form: Format,
    day: Any,
    since: Any,
    until: Any,
    reason: str | None,
    source: str | None,
    limit: int,
    explain: bool,
    wide: bool,
) -> None:
    """Show the latest lines that could not become a like: why, what they held, where from.

    Without a day: today's and yesterday's. What can be understood by now, or once something is set
    right, `lake replay` brings into the lake.

    \b
    Examples: lake rejected --reason not_json
              lake rejected --since 2026-01-01 --explain
    """
    import queries
    from infra.cli.output import tables
    from infra.cli.output.display import Display
    from infra.cli.replay import asking

    chosen = (*_arrived(day, since, until), reason, source)
    connection = queries.connect(stage)
    if explain:
        sql, known = asking.reasons(*chosen)
        found = queries.run(sql, connection=connection, **known).to_dict("records")
        rows = asking.explained(found)
        tables.write(asking.EXPLAINED, rows, form, sys.stdout, wide=wide, fold=True)
        return
    sql, known = asking.rows(*chosen, limit)
    with queries.stream(sql, connection=connection, whole=True, **known) as answer:
        Display(form, wide, limit).write(answer, sys.stdout)


@click.command()
@options.stage
@options.form
@_rejects
@click.option("--set", "given", multiple=True, metavar="FIELD=VALUE", help="What a field is to be.")
@click.option(
    "--map", "mapped", multiple=True, metavar="FIELD=OTHER", help="Read a field from another."
)
@click.option(
    "--time-unit", type=click.Choice(["s", "ms", "us", "ns"]), default="ms", show_default=True,
    help="Of times that are numbers.",
)  # fmt: skip
@click.option(
    "--from-file", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
    help="Lines of `lake rejected --format jsonl`, with their payload changed.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be understood, and do nothing.")
def replay(
    stage: str,
    form: Format,
    day: Any,
    since: Any,
    until: Any,
    reason: str | None,
    source: str | None,
    given: Sequence[str],
    mapped: Sequence[str],
    time_unit: Any,
    from_file: str | None,
    dry_run: bool,
) -> None:
    """Bring rejected lines that are understood by now into the lake, each once.

    Without a day: those of today and yesterday. Each is judged anew, with what --map, --time-unit
    and --set make of it, and goes into the lake as history does, with the counts and trends. A
    like keeps its event id, or has one that follows from where its line stood: a second replay
    adds nothing. The rejected rows stay. Exit code 1 if none is understood.

    \b
    Examples: lake replay --reason missing_movie_id --map movie_id=film --dry-run
              lake replay --reason bad_source --since 2026-01-01 --set source=
    """
    from pathlib import Path

    from rich.console import Console

    from infra.cli.backfill import arguments
    from infra.cli.backfill import command as history
    from infra.cli.output import tables
    from infra.cli.replay import command, mending
    from infra.cli.replay.command import Chosen
    from infra.stage import open_stage
    from transform.aws.buckets import Bucket

    if from_file and (day or since or until or reason or source):
        raise click.UsageError("Give --from-file, or options that choose lines.")
    try:
        fields = arguments.read(["-"], mapped, None, time_unit).fields
        rule = mending.Rule(fields, time_unit, mending.values(given))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    days = _arrived(day, since, until)
    opened = open_stage(stage)
    bucket = Bucket(opened.client("s3"), opened.outputs.bucket)
    rows = (
        command.of_file(bucket, Path(from_file))
        if from_file
        else command.chosen(bucket, Chosen(*days, reason, source))
    )
    if dry_run:
        found, outcome = command.understand(rows, rule, options.now()), None
    else:

        def backfill(request: Any) -> Any:
            return history.backfill(opened, request, Console(stderr=True))[0]

        found, outcome = command.replay(bucket, rows, rule, options.now(), backfill)
    for trouble in history.troubles(outcome, ()) if outcome else ():
        click.echo(trouble, err=True)
    told = command.told(found, outcome)
    tables.write_one(told, command.fields(found, outcome), form, sys.stdout)
    sys.exit(not found.likes or bool(outcome and outcome.failed))


@click.command()
@options.stage
@options.form
@click.option("--dry-run", is_flag=True, help="Say what it would bring back, and do nothing.")
def redrive(stage: str, form: Format, dry_run: bool) -> None:
    """Bring back what Firehose could not deliver and left in errors/, each like once.

    It goes by the archive's own rules into likes_raw and rejected, with its arrival, and with its
    place as long as the stream has it. A second run adds nothing. Exit code 1 if an object cannot
    be read.

    Example: lake redrive --dry-run
    """
    from infra.cli import redrive as command
    from infra.cli.output import tables
    from infra.stage import open_stage, stream_arn
    from transform.aws.buckets import Bucket

    opened = open_stage(stage)
    with options.steps().step("Bringing back what was not delivered") as tell:
        bucket = Bucket(opened.client("s3"), opened.outputs.bucket)
        kinesis = opened.client("kinesis")
        arn = stream_arn(opened)
        done = command.run(bucket, kinesis, arn, options.now(), dry_run, tell)
    for key, why in done.unreadable:
        click.echo(f"{key} stays: {why}", err=True)
    told = command.told(done, dry_run)
    tables.write_one(told, command.fields(done), form, sys.stdout)
    sys.exit(bool(done.unreadable))


@click.command()
@options.stage
@options.form
@click.option(
    "--minutes", type=click.IntRange(1), default=60, show_default=True,
    help="How far back the stream is read.",
)  # fmt: skip
@click.option("--skip", "skipped", multiple=True, metavar="SHARD:SEQUENCE", help="Pass over it.")
@click.option("--clear", is_flag=True, help="Pass over nothing any more.")
def unblock(stage: str, form: Format, minutes: int, skipped: Sequence[str], clear: bool) -> None:
    """Find the record that no function gets past, and have them pass over it.

    Without options: read the stream with the code of this version, and name the records on which
    it fails; exit code 1 if there are any. What is passed over is archived all the same, and not
    counted. Once the code is mended and deployed, --clear.

    Example: lake unblock --skip shardId-000000000000:49590338271490256608
    """
    if skipped and clear:
        raise click.UsageError("Give --skip or --clear.")
    from infra.cli import unblock as command
    from infra.cli.output import tables
    from infra.stage import open_stage

    opened = open_stage(stage)
    if skipped or clear:
        passed = command.skip(opened, list(skipped))
        rows = [(name, " ".join(records)) for name, records in passed.items()]
        tables.write(("function", "passes over"), rows, form, sys.stdout, wide=True)
        return
    until = options.now()
    with options.steps().step("Reading the stream") as tell:
        kinesis = opened.client("kinesis")
        name = opened.outputs.stream_name
        found = list(command.poisons(kinesis, name, until - minutes * 60_000, until, tell))
    tables.write(command.Poison._fields, found, form, sys.stdout, wide=True)
    if not found:
        click.echo(
            "No record makes the code of this version fail: what holds a function up is in its "
            "log.", err=True,
        )  # fmt: skip
    sys.exit(bool(found))
