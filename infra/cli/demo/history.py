"""The demonstration's past: a file of likes made up, backfilled, and held against the truth."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from infra.cli.backfill import command
from infra.cli.backfill.ledger import Request
from infra.cli.backfill.segment import Outcome
from infra.cli.demo.checks import Ask, Check
from infra.cli.steps import Steps, Tell
from infra.cli.traffic.malformed import OF_FILES
from infra.cli.traffic.simulate import Plan, Simulation, Truth
from infra.stage import Stage, counts

TOLD = 10_000  # lines after which it is told how many there are


def backfilled(stage: Stage, ask: Ask, plan: Plan, steps: Steps) -> tuple[Check, ...]:
    """Make up the likes of a plan, write them to a file, backfill it, and compare every total."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "likes.jsonl.gz"
        with steps.step(f"Making up {plan.days:.0f} days of history") as tell:
            truth = _write(file, plan, tell)
            tell(f"{truth.lines:,} lines, {truth.malformed_lines:,} of them malformed")
        before = counts(stage)
        with steps.step("Backfilling it") as tell:
            # Its own progress bar would stand in the way of the step's.
            outcome, _ = command.backfill(stage, Request((str(file),)), Console(quiet=True))
            tell(command.told(outcome))
        return tuple(_checks(stage, ask, plan, truth, outcome, before, str(file)))


def _write(file: Path, plan: Plan, tell: Tell) -> Truth:
    simulation = Simulation(plan)
    with gzip.open(file, "wb", compresslevel=1) as out:
        for number, line in enumerate(simulation, 1):
            out.write(line.data + b"\n")
            if number % TOLD == 0:
                tell(f"{number:,} lines")
    return simulation.truth


def _checks(
    stage: Stage,
    ask: Ask,
    plan: Plan,
    truth: Truth,
    outcome: Outcome,
    before: Mapping[str, int],
    file: str,
) -> Iterator[Check]:
    number = outcome.ledger.number
    first = datetime.fromtimestamp(plan.now / 1000, UTC) - timedelta(days=plan.days + 3)
    new = outcome.ledger.totals.new
    yield Check("backfilled", truth.events, new, new == truth.events)

    lake = ask(
        f"""
        SELECT date_format(liked_at, '%Y-%m-%dT%H') AS hour, movie_id,
          count(*) AS likes, count(DISTINCT event_id) AS events,
          count(*) FILTER (WHERE action = 'unlike') AS unlikes
        FROM likes
        WHERE day >= '{first:%Y-%m-%d}' AND backfill = {number}
        GROUP BY date_format(liked_at, '%Y-%m-%dT%H'), movie_id
        """
    )
    hours: dict[str, dict[str, tuple[int, int]]] = {}
    names = ("hour", "movie_id", "likes", "unlikes")
    for hour, film, likes, unlikes in zip(*(lake[name].tolist() for name in names), strict=True):
        hours.setdefault(hour, {})[film] = likes - unlikes, unlikes
    once = int(lake["events"].sum()) == int(lake["likes"].sum()) and hours == truth.by_hour
    yield Check("in the lake, each once, by hour", truth.events, int(lake["likes"].sum()), once)

    now = counts(stage)
    changed = {film: now[film] - before.get(film, 0) for film in now}
    net = {film: likes for film, likes in truth.net_distinct.items() if likes}
    counted = {film: likes for film, likes in changed.items() if likes}
    yield Check("counted, net", sum(net.values()), sum(counted.values()), counted == net)

    reasons = Counter(
        ask(
            # By the day of their arrival, which is the file's, whatever days its likes are of.
            "SELECT reason FROM rejected WHERE day >= '2010-01-01' AND file = :file",
            file=file,
        )["reason"]
    )
    told = {OF_FILES.get(reason, reason): lines for reason, lines in truth.malformed.items()}
    agrees = dict(reasons) == told
    yield Check("rejected, with file and line", truth.malformed_lines, reasons.total(), agrees)
