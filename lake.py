"""The command line: `lake COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from infra.cli import options
from infra.cli.backfill.options import reading
from infra.cli.output.formats import FORMATS

if TYPE_CHECKING:
    from typing import TextIO

    from infra.cli.output.display import Display
    from infra.cli.output.formats import Format
    from infra.cli.steps import Steps


@click.group(cls=options.Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="movie-likes-lake", message="%(version)s")
def main() -> None:
    """A data lake for "movie liked" events, on AWS and whole on this laptop.

    Start with `lake demo`, or `lake up` and then any other command.
    """


def _steps() -> Steps:
    from rich.console import Console

    from infra.cli.steps import Steps

    return Steps(Console(stderr=True))


@main.command()
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

    opened = lifecycle.up(home(), port, _steps(), site_port=site_port)
    api, site = opened.outputs.api_url, opened.outputs.site_url
    told = f"The local stage is up: {api}/likes\nThe page with the Like button: {site}"
    fields = {"endpoint": opened.endpoint, "api_url": api, "site_url": site}
    tables.write_one(told, fields, form, sys.stdout)


@main.command()
@options.stage
@click.option("--wipe", is_flag=True, help="Remove everything the stage holds as well.")
def down(stage: str, wipe: bool) -> None:
    """Stop the local stage; what it holds comes back with the next `lake up`.

    Example: lake down --wipe
    """
    options.local_only(stage, "down")
    from infra.local import lifecycle
    from infra.paths import home

    stopped = lifecycle.down(home(), _steps(), wipe=wipe)
    said = "The local stage is stopped" if stopped else "The local stage was not running"
    click.echo(said + ("; all it held is removed." if wipe else "."))


@main.command()
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


@main.command()
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

    steps = _steps()
    opened = lifecycle.up(home(), port, steps)
    now = _now()
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


@main.command()
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


@main.command()
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

    now = int(until.replace(tzinfo=UTC).timestamp() * 1000) if until else _now()
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


def _questions(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[Any]:
    """What the shell completes the question to."""
    import queries

    return [
        CompletionItem(question.name, help=question.summary)
        for question in queries.library()
        if question.name.startswith(begun)
    ]


@main.command(cls=options.Statement)
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


@main.command()
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


@main.command()
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


@main.command()
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


@main.command()
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


@main.command()
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
        found, outcome = command.understand(rows, rule, _now()), None
    else:

        def backfill(request: Any) -> Any:
            return history.backfill(opened, request, Console(stderr=True))[0]

        found, outcome = command.replay(bucket, rows, rule, _now(), backfill)
    for trouble in history.troubles(outcome, ()) if outcome else ():
        click.echo(trouble, err=True)
    told = command.told(found, outcome)
    tables.write_one(told, command.fields(found, outcome), form, sys.stdout)
    sys.exit(not found.likes or bool(outcome and outcome.failed))


@main.command()
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
    with _steps().step("Bringing back what was not delivered") as tell:
        bucket = Bucket(opened.client("s3"), opened.outputs.bucket)
        kinesis = opened.client("kinesis")
        arn = stream_arn(opened)
        done = command.run(bucket, kinesis, arn, _now(), dry_run, tell)
    for key, why in done.unreadable:
        click.echo(f"{key} stays: {why}", err=True)
    told = command.told(done, dry_run)
    tables.write_one(told, command.fields(done), form, sys.stdout)
    sys.exit(bool(done.unreadable))


@main.command()
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
    until = _now()
    with _steps().step("Reading the stream") as tell:
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


@main.command()
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
        with _steps().step("Auditing") as tell:
            well = command.run(opened, form, wide, sys.stdout, tell)
    sys.exit(not well)


@main.command()
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
        with _steps().step("Comparing all that is kept") as tell:
            found = command.find(opened, tell)
        rows = command.rows(found)
        tables.write(command.COLUMNS, rows, form, sys.stdout, wide=wide, fold=True)
        sys.exit(bool(found))
    with _steps().step("Mending") as tell:
        done = command.repair(opened, tell, accept=accept)
    if stage == "local" and not done.left:
        after_kill.mark(home()).unlink(missing_ok=True)
    if form == "table" and done.left:
        rows = command.rows(done.left)
        tables.write(command.COLUMNS, rows, form, sys.stdout, wide=wide, fold=True)
    tables.write_one(command.told(done), command.fields(done), form, sys.stdout)
    sys.exit(bool(done.left))


@main.command()
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

    with _steps().step("Counting anew") as tell:
        done = command.repair(open_stage(stage), tell, accept=True)
    tables.write_one(command.told(done), command.fields(done), form, sys.stdout)
    sys.exit(bool(done.left))


@main.command()
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


@main.command()
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


@main.command()
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


@main.command()
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


@main.group(cls=options.WithDefault)
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


@main.command()
@options.aws_stage
@options.form
@click.option("--destroy", is_flag=True, help="Show what `lake destroy` would remove.")
def plan(stage: str, form: Format, destroy: bool) -> None:
    """Show what Terraform would change, and save that for `lake apply --planned`.

    Example: lake plan --stage test
    """
    from infra.cli import deploy

    deploy.plan(stage, _steps(), form, sys.stdout, destroy=destroy)


@main.command()
@options.aws_stage
@options.form
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--planned", is_flag=True, help="Do what `lake plan` showed last; make no plan.")
def apply(stage: str, form: Format, yes: bool, planned: bool) -> None:
    """Show what Terraform would change, ask (of prod, twice), and do just that.

    Example: lake apply --stage test
    """
    from infra.cli import deploy

    deploy.apply(stage, _steps(), form, sys.stdout, yes=yes, planned=planned)


@main.command()
@options.aws_stage
@options.form
@click.option("--yes", is_flag=True, help="Do not ask, except of prod.")
def destroy(stage: str, form: Format, yes: bool) -> None:
    """Show all that a stage is made of, ask (of prod, twice), and remove it with what it holds.

    Example: lake destroy --stage test
    """
    from infra.cli import deploy

    deploy.destroy(stage, _steps(), form, sys.stdout, yes=yes)


@main.command()
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
        way.back(open_stage(stage), release, _steps(), form, sys.stdout, yes=yes)


@main.command()
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
    done = list(smoking.smoke(run, _steps(), without))
    rows = [(one.step, "ok" if one.ok else "NOT OK", one.seconds, one.detail) for one in done]
    tables.write(("step", "state", "seconds", "detail"), rows, form, sys.stdout)
    sys.exit(not all(one.ok for one in done))


def _now() -> int:
    from time import time

    return int(time() * 1000)


if __name__ == "__main__":
    main()
