"""The options of `lake backfill` that say how files are read; nothing here takes time to import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--map",
        "mapped",
        multiple=True,
        metavar="FIELD=COLUMN",
        help="Read a field from a column, what is in one (film.id), or the first of some (a|b).",
    ),
    click.option("--only-mapped", is_flag=True, help="Keep no other columns in `extra`."),
    click.option(
        "--where", metavar="SQL", help="Take only what this holds for, such as rating >= 4."
    ),
    click.option(
        "--time-unit",
        type=click.Choice(["s", "ms", "us", "ns"]),
        help="Of times that are numbers; ms where nothing is said.",
    ),
    click.option(
        "--time-zone", metavar="ZONE", help="Of times without an offset: UTC, Europe/Berlin ..."
    ),
    click.option(
        "--delimiter",
        metavar="TEXT",
        help="What divides fields: ';', '::', '\\t'. Else it is seen.",
    ),
    click.option("--columns", metavar="A,B,...", help="Name the columns of a file without names."),
    click.option("--header", is_flag=True, help="With --columns: the first line has names, too."),
    click.option(
        "--escape", is_flag=True, help="A backslash escapes, and \\N is null (MySQL, PostgreSQL)."
    ),
    click.option(
        "--preset",
        metavar="NAME|FILE",
        help="Read what a known tool wrote: `--preset list`, or a file of your own.",
    ),
)


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of how files are read, which `arguments.read` understands."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
