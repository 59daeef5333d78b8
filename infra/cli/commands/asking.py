"""Commands that ask: SQL, counts, trends, reports, films."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from infra.cli import options
from infra.cli.output.formats import FORMATS

if TYPE_CHECKING:
    from typing import TextIO

    from infra.cli.output.display import Display
    from infra.cli.output.formats import Format


def _questions(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[Any]:
    """What the shell completes the question to."""
    import queries

    return [
        CompletionItem(question.name, help=question.summary)
        for question in queries.library()
        if question.name.startswith(begun)
    ]


@click.command(cls=options.Statement)
@options.stage
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="How to write the answer: as the suffix of FILE says, else as a table.",
)
@click.argument("question", required=False, callback=options.statement, shell_complete=_questions)
@click.option("-p", "--parameter", "given", multiple=True, metavar="NAME=VALUE")
@click.option("-f", "--file", "script", type=click.File(encoding="utf-8"), help="Ask what it says.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False), help="Write it here, whole or not at all."
)
@click.option(
    "--rows", type=click.IntRange(1), default=100, show_default=True, help="Of a table, at most."
)
@options.wide
@click.option("--list", "listed", is_flag=True, help="List the questions that come with it.")
@click.option("--estimate", is_flag=True, help="Tell what it would cost on Athena; do not ask.")
@click.option("--max-bytes", metavar="SIZE", help="Refuse what would scan more, such as 100MB.")
def sql(
    stage: str,
    form: Format | None,
    question: str | None,
    given: Sequence[str],
    script: TextIO | None,
    out: str | None,
    rows: int,
    wide: bool,
    listed: bool,
    estimate: bool,
    max_bytes: str | None,
) -> None:
    """Ask the lake: a shipped question by its name, or any SELECT in Athena's SQL.

    With nothing to ask, it prompts for it on a terminal; elsewhere it reads statements that end
    with `;` from stdin.

    \b
    Examples: lake sql --list
              lake sql top_movies -p n=5 --max-bytes 100MB
              lake sql "SELECT COUNT(*) FROM likes WHERE day = :day" -p day=2026-01-31
              lake sql -f question.sql -o answer.csv
    """
    import queries
    from infra.cli.output import formats
    from infra.cli.output.display import Display
    from infra.cli.prompt import costs, questions, statements
    from queries.engine import sizes

    try:
        display = Display(form or (formats.of(out) if out else "table"), wide, rows)
        parameters: dict[str, Any] = statements.parameters(list(given))
    except (ValueError, statements.Mistyped) as error:
        raise click.UsageError(str(error)) from None
    if listed:
        with options.text(out) as to:
            questions.write(queries.library(), display.form, to)
        return
    if question is not None and script is not None:
        raise click.UsageError("Ask either QUESTION or what is in a file.")
    if question is None and script is None and given:
        raise click.UsageError("Parameters are for a question; name one or write a SELECT.")
    limit = None if max_bytes is None else sizes.parse(max_bytes)
    if question is None and script is None and sys.stdin.isatty():
        if estimate or out or not sys.stdout.isatty():
            raise click.UsageError(_NOTHING)
        _prompt(stage, display, limit)
        return
    if question is None:
        asked = [
            statements.read(each)
            for each in statements.script((script or sys.stdin).read(), queries.split)
        ]
    else:
        asked = [statements.Asked(question, {})]
    if not asked:
        raise click.UsageError(_NOTHING)
    if len(asked) > 1 and (out or given):
        raise click.UsageError(f"-o and -p are for one statement; there are {len(asked)}.")
    connection = queries.connect(stage)
    for one in asked:
        told: dict[str, Any] = one.parameters | parameters
        with options.text(out) as to:
            if estimate:
                cost = queries.estimate(one.question, connection=connection, **told)
                costs.write(cost, display.form, to)
                continue
            with queries.stream(
                one.question,
                connection=connection,
                max_bytes=limit,
                whole=display.whole or options.whole(to),
                **told,
            ) as answer:
                display.write(answer, to)


_NOTHING = "Name a question or write a SELECT; `lake sql --list` lists them."


def _prompt(stage: str, display: Display, limit: int | None) -> None:
    """Ask at a prompt until it is left."""
    import queries
    from infra.cli.prompt import command
    from infra.paths import home
    from queries.engine import prices

    connection = queries.connect(stage)

    def ask(question: str, given: Mapping[str, str]) -> Any:
        parameters: dict[str, Any] = dict(given)
        return queries.stream(
            question,
            connection=connection,
            max_bytes=limit,
            whole=display.whole,
            **parameters,
        )

    def cost(answer: command.Answer) -> str:
        scanned = answer.told.get("bytes")
        return prices.priced(scanned if isinstance(scanned, int) else None)

    source = command.Source(stage, ask, cost, connection.tables(), queries.library(), queries.split)
    command.run(source, home() / "sql_history", display, sys.stdout)


@click.command()
@options.stage
@options.form
@click.argument("movies", nargs=-1)
def counts(stage: str, form: Format, movies: Sequence[str]) -> None:
    """Show the net likes of the films named, or of all, most liked first.

    Example: lake counts tt0111161 tt0068646
    """
    from infra import stage as stages
    from infra.cli.movies import table
    from infra.cli.output import tables

    opened = stages.open_stage(stage)
    titles = table.titles(opened)
    found = stages.counts(opened, movies)
    rows = [(movie, titles.get(movie, ""), likes) for movie, likes in found.items()]
    tables.write(("movie_id", "title", "likes"), rows, form, sys.stdout)


@click.command()
@options.stage
@options.form
@click.option("--window", type=click.Choice(("15m", "1h", "24h")), default="1h", show_default=True)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
def trending(stage: str, form: Format, window: str, limit: int) -> None:
    """Show the films that rise: what is liked far more than its own past predicts.

    Example: lake trending --window 15m --limit 5
    """
    from datetime import UTC, datetime

    from infra.cli import trending as trends
    from infra.cli.movies import table
    from infra.cli.output import tables
    from infra.stage import open_stage

    opened = open_stage(stage)
    board = trends.Source(opened.outputs.api_url, window, limit).ask()
    if board.trends or form != "table":
        titles = table.titles(opened) if board.trends else {}
        tables.write(*trends.rows(board, titles, form), form, sys.stdout)
    if form == "table" or not board.trends:
        click.echo(trends.told(board, datetime.now(UTC)), err=form != "table")


@click.command()
@options.stage
@options.form
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End by itself.")
def watch(stage: str, form: Format, seconds: float | None) -> None:
    """Watch likes arrive, live: how many a second, how late, and which films rise.

    Reads the stream as a fan-out consumer of its own, which it removes at its end. In a pipe it
    writes a line a second; so it does in JSON and CSV, wherever. Ctrl-C ends it.

    Example: lake watch --seconds 60
    """
    from infra.cli.watch import command
    from infra.stage import open_stage

    command.watch(open_stage(stage), seconds, sys.stdout, form)


@click.command()
@options.stage
@options.form
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="A day that is over, UTC.")
@click.option("--week", metavar="WEEK", help="An ISO week that is over, such as 2026-W05.")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@click.option("--out", type=click.Path(file_okay=False), help="Write page, CSV and figures here.")
@click.option("--list", "listed", is_flag=True, help="List the reports there are.")
def report(
    stage: str,
    form: Format,
    day: Any,
    week: str | None,
    opened: bool,
    out: str | None,
    listed: bool,
) -> None:
    """Report how a day or a week went: what rose and fell, for whom, and whether data are missing.

    Without options: yesterday. A report is made once, and made again where likes came late; the
    stage does so by itself each morning.

    Example: lake report --day 2026-01-31 --open
    """
    from pathlib import Path

    import msgspec

    from infra.cli import reporting
    from infra.cli.output import tables
    from infra.stage import open_stage

    at = open_stage(stage)
    if listed:
        tables.write(reporting.LISTED, reporting.listed(at), form, sys.stdout)
        return
    made = reporting.write(at, day.date() if day else None, week)
    fields = msgspec.structs.asdict(made)
    tables.write_one(reporting.told(at, made), fields, form, sys.stdout)
    folder = Path(out) if out else None
    if opened:
        click.echo(reporting.open_page(at, made.name, folder), err=True)
    elif folder:
        click.echo(reporting.fetch(at, made.name, folder), err=True)


@click.group(cls=options.WithDefault)
def movies() -> None:
    """List the films that have a title, or load more of them.

    \b
    Examples: lake movies "godfather 1972"
              lake movies --format csv
              lake movies load movies.csv --stage test
    """


@movies.command("list")
@options.stage
@options.form
@click.argument("text", default="")
def list_movies(stage: str, form: Format, text: str) -> None:
    """List the films of the table movies, or those whose id, title and year hold each word of TEXT.

    Example: lake movies "godfather 1972"
    """
    from infra.cli.movies import table
    from infra.cli.output import tables
    from infra.stage import open_stage
    from transform.lake.movies import search

    held = table.held(open_stage(stage))
    rows = [(film.movie_id, film.title, film.year) for film in search(held, text)]
    tables.write(("movie_id", "title", "year"), rows, form, sys.stdout)
    if not held:
        click.echo(table.EMPTY.format(stage=stage), err=True)


@movies.command("load")
@options.stage
@options.form
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Make the file the whole table.")
def load_movies(stage: str, form: Format, file: str, replace: bool) -> None:
    """Load titles and years of films, in place of those of the same ids: all of FILE, or nothing.

    FILE is CSV, JSON lines (both plain or gzip) or Parquet, with movie_id (or movieId, or id),
    title, and year where it is known. Answers in SQL, reports, the page and other commands then
    show them. Safe to repeat.

    Example: lake movies load movies.csv --replace
    """
    from pathlib import Path

    import msgspec

    from infra.cli.movies import files, table
    from infra.cli.output import tables
    from infra.stage import open_stage

    opened = open_stage(stage)
    loaded = table.load(opened, files.read(Path(file)), replace=replace)
    tables.write_one(table.told(loaded), msgspec.structs.asdict(loaded), form, sys.stdout)
