"""Commands as text, and what they ask for."""

import shlex

import click
from click.testing import CliRunner

from infra.cli.backfill import arguments
from infra.cli.backfill.ledger import Request
from infra.cli.backfill.options import reading


def parsed(text: str) -> Request:
    """Give what a command asks for, as `lake backfill` reads it."""
    got = {}

    @click.command()
    @click.argument("files", nargs=-1)
    @reading
    def take(**told):
        got.update(told)

    words = shlex.split(text)
    assert words[:2] == ["lake", "backfill"]
    result = CliRunner().invoke(take, words[2:])
    assert result.exit_code == 0, result.output
    given = [got.pop(name) for name in ("files", "mapped", "where", "time_unit")]
    return arguments.read(*given, **got)
