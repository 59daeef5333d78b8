"""Commands that change what the lake keeps."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from infra.cli import options
from infra.cli.backfill.options import reading

if TYPE_CHECKING:
    from infra.cli.output.formats import Format


@click.command()
@options.stage
@options.form
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="What was delivered on it, UTC.")
@click.option("--all", "everything", is_flag=True, help="All that was delivered and still stands.")
@click.option("--divide", metavar="DIVISION", help="Divide days anew: day, hour, day/4, hour/4.")
def compact(stage: str, form: Format, day: Any, everything: bool, divide: str | None) -> None:
    """Merge what was delivered into the table likes, each like once.

    Without options: what came since the last run, wherever that ran. What is merged again changes
    nothing. Exit code 1 if an object cannot be read.

    Example: lake compact --day 2026-01-31
    """
    if (day is not None) + everything + (divide is not None) > 1:
        raise click.UsageError("Give one of --day, --all and --divide, or none.")
    from infra.cli import compaction
    from infra.cli.output import tables
    from infra.stage import open_stage
    from transform.lake import division

    if divide is not None:
        try:
            wanted = division.parse(divide)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--divide") from None
        divided = compaction.divide(open_stage(stage), wanted)
        told = f"divided by {wanted}: {tables.counted(divided.days, 'day')} written"
        fields = {"division": str(wanted), "days": divided.days}
        tables.write_one(told, fields, form, sys.stdout)
        return
    opened = open_stage(stage)
    done = compaction.merge(opened, f"{day:%Y-%m-%d}" if day else None, everything)
    for trouble in compaction.troubles(done):
        click.echo(trouble, err=True)
    tables.write_one(compaction.told(done), compaction.fields(done), form, sys.stdout)
    sys.exit(bool(done.failed))


@click.command()
@options.stage
@options.form
@click.argument("files", nargs=-1)
@reading
@click.option("--dry-run", is_flag=True, help="Read and judge all lines, and change nothing.")
@click.option("--suggest", is_flag=True, help="Print the command that would take a file.")
@click.option("--list", "listed", is_flag=True, help="List the backfills there were.")
@options.wide
def backfill(
    stage: str,
    form: Format,
    files: Sequence[str],
    mapped: Sequence[str],
    where: str | None,
    time_unit: Any,
    dry_run: bool,
    suggest: bool,
    listed: bool,
    wide: bool,
    **how: Any,
) -> None:
    """Bring the likes of files into the lake, each once, with the counts and trends.

    FILES are files and folders, local or s3://: JSON (lines, arrays, pretty), CSV and Parquet;
    plain, gzip, zstd or in zip archives. --suggest FILE prints the command that takes it.
    The rules are those of the API; lines that break them end in `rejected`, with file and line.
    Safe to repeat: what is there already is not counted again, and a run that was cut off goes on.
    Exit code 1 if a file cannot be read to its end.

    \b
    Examples: lake backfill likes.jsonl.gz s3://exports/likes/
              lake backfill ratings.csv --map movie_id=movieId --map user_id=userId
                --map liked_at=timestamp --time-unit s --where "rating >= 4"
    """
    from rich.console import Console

    from infra.cli.backfill import arguments, command, preset, suggesting
    from infra.cli.output import tables
    from infra.stage import open_stage

    if how["preset"] == "list":
        click.echo(preset.told())
        return
    if suggest:
        click.echo(suggesting.told(files, lambda: open_stage(stage).client("s3")))
        return
    opened = open_stage(stage)
    if listed:
        rows = map(arguments.row, command.all_(opened))
        tables.write(arguments.COLUMNS, rows, form, sys.stdout, wide=wide)
        return
    try:
        request = arguments.read(files, mapped, where, time_unit, **how)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    do = command.try_out if dry_run else command.backfill
    outcome, passed_over = do(opened, request, Console(stderr=True))
    for trouble in command.troubles(outcome, passed_over):
        click.echo(trouble, err=True)
    fields = command.fields(outcome, passed_over)
    tables.write_one(command.told(outcome), fields, form, sys.stdout)
    sys.exit(bool(outcome.failed))


@click.command()
@options.stage
@options.form
@click.argument("users", nargs=-1, metavar="USER...")
@click.option("--from-file", type=click.Path(exists=True, dir_okay=False), help="Ids, one a line.")
@click.option("--dry-run", is_flag=True, help="Search everything, and change nothing.")
@click.option("--lift", is_flag=True, help="Let what they like from now on be theirs again.")
@options.wide
def forget(
    stage: str,
    form: Format,
    users: Sequence[str],
    from_file: str | None,
    dry_run: bool,
    lift: bool,
    wide: bool,
) -> None:
    """Take the ids of people out of everything that is kept; their likes stay, anonymous.

    Searches every version of every object, rewrites what holds an id, removes old versions that do,
    and writes a certificate that does not name them. What comes of theirs later, by old files,
    retries or the stream, is anonymous too. Safe to repeat: a run that was cut off goes on. Exit
    code 1 if an id stands where it cannot be taken out.

    Example: lake forget user-000123 --dry-run
    """
    from rich.console import Console

    from infra.cli.forget import certificate, command
    from infra.cli.output import tables
    from infra.stage import open_stage

    try:
        who = command.people(users, from_file)
    except command.BadPeople as error:
        raise click.UsageError(str(error)) from None
    opened = open_stage(stage)
    if lift:
        click.echo(command.lift(opened, who))
        return

    def finds(table: str, users: Sequence[str]) -> int:
        import queries

        connection, query = queries.connect(stage), certificate.QUERY.format(table=table)
        answers = [queries.run(query, connection=connection, user=user) for user in users]
        return sum(int(answer["likes"][0]) for answer in answers)

    # Athena would remember the ids for weeks; DuckDB does not.
    asked = finds if stage == "local" else None
    done, at = command.forget(
        opened, who, dry_run=dry_run, finds=asked, console=Console(stderr=True)
    )
    if form == "table":
        rows = certificate.rows(done)
        tables.write(certificate.COLUMNS, rows, form, sys.stdout, wide=wide, fold=True)
    tables.write_one(certificate.told(done, at), certificate.fields(done, at), form, sys.stdout)
    sys.exit(done.stays)
