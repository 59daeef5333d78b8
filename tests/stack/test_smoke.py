"""The smoke test of a stage finds its likes everywhere, once."""

import re
from functools import partial

from rich.console import Console

import queries
from infra.cli import smoke
from infra.cli.steps import Steps


def test_every_step_finds_what_was_sent(stage, connection):
    run = smoke.Run(stage, partial(queries.run, connection=connection), patience_s=60)
    quiet = Steps(Console(quiet=True))
    done = list(smoke.smoke(run, quiet, without=("reported",)))
    assert [(one.step, one.ok, one.detail) for one in done] == [
        ("HTTP API", True, "2 likes"),
        ("event bus", True, "1 like"),
        ("stream", True, "2 likes"),
        ("counted", True, "5 likes"),
        ("archived", True, "5 likes"),
        ("compacted and asked", True, "5 likes"),
        ("forgotten again", True, done[-1].detail),
    ]
    # An object of raw and one of the lake at least.
    [held] = re.findall(r"^1 user, in (\d+) of \d+ places$", done[-1].detail)
    assert int(held) >= 2
    kept = "SELECT count(*) AS likes FROM likes WHERE movie_id = :film AND user_id IS NULL"
    assert list(queries.run(kept, connection=connection, film=run.film)["likes"]) == [5]
