"""What every command of the command line has in common: its options, and how it fails."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TextIO

import click

from infra.cli.output.formats import FORMATS

if TYPE_CHECKING:
    from infra.cli.steps import Steps

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
UNREAD = 141  # 128 + SIGPIPE, likewise
_OURS = ("infra", "queries", "transform", "glue")


class Commands(click.Group):
    """Commands whose errors are one sentence on stderr and an exit code other than 0."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Have no command yet."""
        super().__init__(*args, **kwargs)
        self.sections: dict[str, list[str]] = {}

    def add(self, command: click.Command, section: str) -> None:
        """Add a command that help lists under a heading."""
        self.sections.setdefault(section, []).append(str(command.name))
        self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section, each with its first sentence, whole."""
        for section, names in self.sections.items():
            with formatter.section(section):
                told = [(name, self.commands[name].get_short_help_str(1_000)) for name in names]
                formatter.write_dl(told)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit; `LAKE_DEBUG` set, an error is raised with its traceback."""
        kwargs["standalone_mode"] = False
        if region := os.environ.get("AWS_REGION"):  # which Terraform reads, and boto3 does not
            os.environ.setdefault("AWS_DEFAULT_REGION", region)
        try:
            sys.exit(super().main(*args, **kwargs) or 0)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            sys.exit(INTERRUPTED)
        except Exception as error:
            if os.environ.get("LAKE_DEBUG"):
                raise
            click.echo(f"lake: {sentence(error)}", err=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; where nobody reads what it writes any more, as behind `| head`, end quietly."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is left in the buffer has nowhere to go when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(UNREAD)
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are met."""
        return list(self.commands)


class Statement(click.Command):
    """A command whose argument may be SQL that begins with a comment, and so as options do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tell it from an option by the blank in its first word, before any `=`."""
        return super().parse_args(ctx, [f"\n{a}" if _COMMENT.match(a) else a for a in args])


_COMMENT = re.compile(r"--[^\s=]*\s")


def statement(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Give the argument of a `Statement` as it was written."""
    return value[1:] if value and _COMMENT.match(value, 1) else value


class WithDefault(click.Group):
    """A command whose first subcommand is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name it, but where help is asked for."""
        named = args and (args[0] in self.commands or args[0] in self.get_help_option_names(ctx))
        return super().parse_args(ctx, args if named else [next(iter(self.commands)), *args])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are met."""
        return list(self.commands)


def steps() -> Steps:
    """What tells on stderr how far a command is."""
    from rich.console import Console

    from infra.cli.steps import Steps

    return Steps(Console(stderr=True))


def now() -> int:
    """The time in epoch milliseconds."""
    return int(time.time() * 1000)


def sentence(error: Exception) -> str:
    """What went wrong; an error that is none of ours says what it is, and where to read more."""
    text = str(error).strip()
    if text and type(error).__module__.partition(".")[0] in _OURS:
        return text
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if type(error).__name__ == "NoRegionError":
        return "No AWS region is set; set AWS_REGION, for example to eu-west-1."
    first = text.splitlines()[0] if text else "no message"
    return f"{type(error).__name__}: {first} (LAKE_DEBUG=1 shows where)"


def stage(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--stage`."""
    return click.option(
        "--stage", default="local", envvar="LAKE_STAGE", show_default=True, help="Which stage."
    )(command)


def aws_stage(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--stage` of a command for AWS alone, where none is meant unless it is named."""
    return click.option(
        "--stage", required=True, envvar="LAKE_STAGE", help="Which stage: bootstrap, test or prod."
    )(command)


def wide(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--wide`."""
    return click.option(
        "--wide", is_flag=True, help="Show all of a table, however wide the terminal is."
    )(command)


def form(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--format`, as the argument `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How to write what comes of it.",
    )(command)


def writer(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--api-key` and `--token`, for stages that ask who sends likes."""
    key = click.option(
        "--api-key", envvar="LAKE_API_KEY", help="Key of the API, where the stage asks for one."
    )
    token = click.option(
        "--token", envvar="LAKE_TOKEN", help="A user's ID token, where the stage asks for one."
    )
    return key(token(command))


def port(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--port`."""
    return click.option(
        "--port",
        type=click.IntRange(1, 65535),
        envvar="LAKE_PORT",
        help="Port of the emulator: the last one, or 4566.",
    )(command)


def site_port(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--site-port`."""
    return click.option(
        "--site-port",
        type=click.IntRange(1, 65535),
        envvar="LAKE_SITE_PORT",
        help="Port of the page: the last one, or the next after the emulator's.",
    )(command)


def local_only(stage: str, command: str) -> None:
    """Refuse a stage on AWS for a command of the laptop's."""
    if stage != "local":
        raise click.UsageError(
            f"`lake {command}` is for the local stage; use `lake apply --stage {stage}` for AWS."
        )


@contextmanager
def output(path: str | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that is there whole or not at all."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    part = Path(f"{path}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def text(path: str | None) -> Iterator[TextIO]:
    """Standard output for text, or a file that is there whole or not at all."""
    if path is None:
        yield sys.stdout
        return
    with output(path) as file:
        to = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield to
        to.flush()
        to.detach()


def whole(out: TextIO) -> bool:
    """Whether nobody waits for the first rows: they go into a file, not to a terminal or a pipe."""
    try:
        return stat.S_ISREG(os.fstat(out.fileno()).st_mode)
    except OSError:  # it is none of the system's
        return False
