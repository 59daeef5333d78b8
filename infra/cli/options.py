"""What every command of the command line has in common: its options, and how it fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

import click

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
_OURS = ("infra", "queries", "transform", "glue")


class Commands(click.Group):
    """Commands whose errors are one sentence on stderr and an exit code other than 0."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit; `LAKE_DEBUG` set, an error is raised with its traceback."""
        kwargs["standalone_mode"] = False
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

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are met."""
        return list(self.commands)


class WithDefault(click.Group):
    """A command whose first subcommand is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name it, but where help is asked for."""
        named = args and (args[0] in self.commands or args[0] in self.get_help_option_names(ctx))
        return super().parse_args(ctx, args if named else [next(iter(self.commands)), *args])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are met."""
        return list(self.commands)


def sentence(error: Exception) -> str:
    """What went wrong; an error that is none of ours says what it is, and where to read more."""
    text = str(error).strip()
    if text and type(error).__module__.partition(".")[0] in _OURS:
        return text
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    first = text.splitlines()[0] if text else "no message"
    return f"{type(error).__name__}: {first} (LAKE_DEBUG=1 shows where)"


def stage(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--stage`."""
    return click.option(
        "--stage", default="local", envvar="LAKE_STAGE", show_default=True, help="Which stage."
    )(command)


def form(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--format`, as the argument `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(("table", "json", "csv")),
        default="table",
        show_default=True,
        help="How to write what comes of it.",
    )(command)


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
