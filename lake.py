"""The command line: `lake COMMAND`."""

from __future__ import annotations

import click

from infra.cli import options
from infra.cli.commands import asking, deploying, keeping, mending, rejects, running, sending


@click.group(cls=options.Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="movie-likes-lake", message="%(version)s")
def main() -> None:
    """A data lake for "movie liked" events, on AWS and whole on this laptop.

    Start with `lake demo`, or `lake up` and then any other command.
    """


SECTIONS = {
    "On this laptop": (running.up, running.down, running.status, running.demo),
    "Likes": (sending.send, sending.simulate, keeping.backfill, keeping.compact, keeping.forget),
    "Questions": (
        asking.sql,
        asking.counts,
        asking.trending,
        asking.watch,
        asking.report,
        asking.movies,
    ),
    "Numbers that are wrong": (mending.audit, mending.reconcile, mending.recount),
    "What did not get in": (
        rejects.rejected,
        rejects.replay,
        rejects.redrive,
        rejects.unblock,
    ),
    "On AWS": (
        deploying.plan,
        deploying.apply,
        deploying.destroy,
        deploying.rollback,
        sending.smoke,
    ),
}
for section, commands in SECTIONS.items():
    for command in commands:
        main.add(command, section)


if __name__ == "__main__":
    main()
