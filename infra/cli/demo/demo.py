"""The demonstration: made-up likes through every door, and each total held against the truth."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any, TextIO

from infra.cli import reporting
from infra.cli.demo import history, plans, rising
from infra.cli.demo.checks import Ask, Check
from infra.cli.output import tables
from infra.cli.steps import Steps
from infra.cli.traffic.send import Sent, send
from infra.cli.traffic.simulate import Plan, Simulation, Truth
from infra.cli.trending import Board
from infra.stage import Stage, counts, invoke
from transform.event import likes
from transform.reports.editions import Made
from transform.reports.schedule import Call

BUS_LIKES = 5  # the emulator starts a process of the function for each
BATCH = 200
SHOWN = 5
QUIET_S = 2.0
PATIENCE_S = 60.0  # without anything moving
NEXT = """\
Every like was counted once, archived once and found by SQL. Try next:
  lake sql --list              the questions that come with it
  lake sql top_movies          one of them
  lake counts tt0111161        a film's likes, now
  lake trending --window 15m   what rises, and how it moved
  lake watch                   likes as they come, live
  lake rejected                what could not become a like, and why
  lake simulate | lake send -  more likes
  lake down                    stop; everything is kept
"""
_MOST_ENTRIES = 10  # of one PutEvents (Amazon EventBridge API Reference)
_MOST_RECORDS = 500  # of one PutRecords (Amazon Kinesis API Reference)


@dataclass(frozen=True, slots=True)
class Shown:
    """What it found: its checks, the films liked most by SQL, and those that rise."""

    checks: tuple[Check, ...]
    top: tuple[tuple[str, int], ...]
    board: Board
    viral: str
    reported: Made

    @property
    def passed(self) -> bool:
        """Whether every total agrees."""
        return all(check.agrees for check in self.checks)


@dataclass(frozen=True, slots=True)
class Lake:
    """What the table `likes` holds of this run: rows, distinct event ids, net likes by film."""

    rows: int
    events: int
    net: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the stage holds of this run, in the truth's own terms."""

    archived: int
    rejected: Mapping[str, int]


def demo(stage: Stage, ask: Ask, plan: Plan, past: Plan | None, steps: Steps) -> Shown:
    """Backfill the likes of a plan for the past; send those of a plan over HTTP, a few over the
    event bus, and the malformed lines once more straight to the stream, as a producer would that
    does not know the API; wait until the stage has settled them and compare every total.

    Counts are compared as differences, the lake by time of arrival and the rejected lines by what
    they hold, so that it can be repeated. Nobody else may send meanwhile.
    """
    backfilled = history.backfilled(stage, ask, past, steps) if past else ()
    with steps.step("Making likes up") as tell:
        simulation = Simulation(plan)
        lines = list(simulation)
        truth = simulation.truth
        tell(f"{truth.lines} lines, {truth.malformed_lines} of them malformed")
    bad = [line.data for line in lines if line.reason]
    bus = [line.data for line in lines if not line.reason][-BUS_LIKES:]
    over_bus = Counter(bus)
    http = [line.data for line in lines if line.reason or not _take(over_bus, line.data)]
    with steps.step("Waiting until the stage is quiet"):
        before = _quiet(stage)
        trends_before = rising.before(stage, ask)
    began = datetime.now(UTC)
    again: list[bytes] = []
    with steps.step("Sending over HTTP") as tell:
        sent = send(
            http,
            stage.outputs.api_url,
            batch=BATCH,
            repeated=lambda item: again.append(item.data),
            progress=lambda done: tell(f"{done.settled} of {len(http)}"),
        )
    truth = once_a_request(truth, again, plan.now)
    with steps.step("Sending over the event bus"):
        taken = _put_events(stage, bus)
    with steps.step("Putting the malformed lines on the stream"):
        _put_records(stage, bad)
    with steps.step("Waiting until all is archived") as tell:
        measured = _settle(ask, truth, began, bad, tell)
    with steps.step("Compacting the lake") as tell:
        compacted = invoke(stage, "compact", {})
        tell(f"{compacted['objects']} objects, {compacted['duplicates']} duplicates")
    with steps.step("Waiting until each like is counted, and what was sent again is taken off"):
        counted = _counted(stage, truth, before)
    lake = _lake(ask, began)
    with steps.step("Ranking what rises") as tell:
        trends = rising.found(stage, ask, truth, trends_before, tell)
        tell(f"{trends.runs} rankings until the viral film was on top")
    days = 3 + (past.days if past else 7)
    differing = len(ask("trends_differ", first_day=f"{began - timedelta(days=days):%Y-%m-%d}"))
    checks = (
        *backfilled,
        *_checks(truth, sent, taken, measured, lake, counted),
        *_trend_checks(trends, differing),
    )
    with steps.step("Reporting how yesterday went") as tell:
        day = datetime.fromtimestamp(plans.yesterday(plan.now) / 1000, UTC)
        reported = reporting.make(stage, Call(day=f"{day:%Y-%m-%d}"))
        tell(reported.page)
    return Shown(checks, _top(lake), trends.board, truth.viral, reported)


def once_a_request(truth: Truth, again: Sequence[bytes], now: int) -> Truth:
    """Give the truth without the lines of an event id that their request had before."""
    net = Counter(truth.net)
    unliked = 0
    for line in again:
        like = likes.parse(line, now, str)
        unliked += like.action == "unlike"
        net[like.movie_id] -= 1 if like.action == "like" else -1
    return replace(
        truth,
        lines=truth.lines - len(again),
        good=truth.good - len(again),
        duplicates=truth.duplicates - len(again),
        likes=truth.likes - (len(again) - unliked),
        unlikes=truth.unlikes - unliked,
        net=dict(net),
    )


def show(shown: Shown, titles: Mapping[str, str], out: TextIO) -> None:
    """Write the totals, the films liked most, what to try next or where to look, and what rises."""
    totals = [
        (check.what, check.truth, check.measured, "✓" if check.agrees else "✗")
        for check in shown.checks
    ]
    tables.write(("likes", "truth", "found", ""), totals, "table", out)
    top = [
        (movie, titles.get(movie, ""), likes, _viral(movie, shown)) for movie, likes in shown.top
    ]
    rises = [
        (e.rank, titles.get(e.movie_id, ""), e.likes, e.unlikes, e.score, _viral(e.movie_id, shown))
        for e in shown.board.trends[:SHOWN]
    ]
    out.write("\n")
    tables.write(("movie_id", "most liked, by SQL", "likes", ""), top, "table", out)
    failed = "Some totals differ; `lake status` shows how each part is.\n"
    out.write("\n" + (NEXT if shown.passed else failed) + "\n")
    columns = ("rank", "rising, last hour", "likes", "unlikes", "score", "")
    tables.write(columns, rises, "table", out)
    name = shown.reported.name
    out.write(f"\nThe report of {name}; lake report --day {name} --open shows it:\n")
    out.writelines(f"  {line}\n" for line in shown.reported.headlines)


def _viral(movie: str, shown: Shown) -> str:
    return "viral" if movie == shown.viral else ""


def _checks(
    truth: Truth, sent: Sent, bus: int, found: Measured, lake: Lake, counted: Mapping[str, int]
) -> tuple[Check, ...]:
    net = {movie: n for movie, n in truth.net_distinct.items() if n}
    taken = sent.lines - sent.repeated + bus
    once = lake.rows == lake.events == truth.events and lake.net == truth.net_distinct
    return (
        Check("sent", truth.lines, taken, taken == truth.lines),
        Check("accepted", truth.good, sent.accepted + bus, sent.accepted + bus == truth.good),
        Check(
            "refused",
            truth.malformed_lines,
            sum(sent.refused.values()),
            dict(sent.refused) == dict(truth.malformed),
        ),
        Check("counted once, net", sum(net.values()), sum(counted.values()), counted == net),
        Check("archived", truth.good, found.archived, found.archived == truth.good),
        Check("in the lake, each once", truth.events, lake.rows, once),
        Check(
            "rejected",
            truth.malformed_lines,
            sum(found.rejected.values()),
            dict(found.rejected) == dict(truth.malformed),
        ),
    )


def _trend_checks(found: rising.Found, differing: int) -> tuple[Check, ...]:
    expected, hours = (
        sum(likes + unlikes for likes, unlikes in hours.values())
        for hours in (found.expected, found.hours)
    )
    soon = found.place == 1 and found.runs <= rising.RUNS
    return (
        Check("in trends, by closed hour", expected, hours, found.hours == found.expected),
        Check("trends that differ from likes", 0, differing, differing == 0),
        Check("viral film's place in trends", 1, found.place, soon),
    )


def _top(lake: Lake) -> tuple[tuple[str, int], ...]:
    films = sorted(lake.net.items(), key=lambda film: (-film[1], film[0]))
    return tuple(films[:SHOWN])


def _lake(ask: Ask, began: datetime) -> Lake:
    likes = ask(
        f"""
        SELECT movie_id, COUNT(*) AS likes, COUNT(DISTINCT event_id) AS events,
               SUM(CASE WHEN action = 'like' THEN 1 ELSE -1 END) AS net
        FROM likes
        WHERE day >= '{began - timedelta(days=8):%Y-%m-%d}' AND received_at >= {_since(began)}
          AND backfill IS NULL
        GROUP BY movie_id
        """
    )
    return Lake(
        rows=int(likes["likes"].sum()),
        events=int(likes["events"].sum()),
        net=dict(zip(likes["movie_id"], map(int, likes["net"]), strict=True)),
    )


def _since(began: datetime) -> str:
    return f"TIMESTAMP '{began:%Y-%m-%d %H:%M:%S}.{began.microsecond // 1000:03d}'"


def _settle(
    ask: Ask,
    truth: Truth,
    began: datetime,
    bad: Sequence[bytes],
    tell: Callable[[str], None],
) -> Measured:
    """Measure until all is there, and once more after that, when too much would show as well; or
    until nothing has moved for a while."""
    last, moved = None, monotonic()
    while True:
        found = _measure(ask, began, bad)
        rejected = sum(found.rejected.values())
        tell(f"{found.archived} of {truth.good} archived, {rejected} rejected")
        if found != last:
            last, moved = found, monotonic()
        complete = found.archived >= truth.good and rejected >= truth.malformed_lines
        if complete or monotonic() - moved > PATIENCE_S:
            sleep(QUIET_S)
            return _measure(ask, began, bad)
        sleep(0.5)


def _counted(stage: Stage, truth: Truth, before: Mapping[str, int]) -> dict[str, int]:
    """Give what was counted, once that is the truth, or stands still and is not."""
    last: dict[str, int] = {}
    moved = monotonic()
    while True:
        changed = {film: n - before.get(film, 0) for film, n in counts(stage).items()}
        found = {film: n for film, n in changed.items() if n}
        if found != last:
            last, moved = found, monotonic()
        if (
            sum(found.values()) == sum(truth.net_distinct.values())
            or monotonic() - moved > PATIENCE_S
        ):
            return found
        sleep(0.5)


def _measure(ask: Ask, began: datetime, bad: Sequence[bytes]) -> Measured:
    since = _since(began)
    day = f"'{began - timedelta(days=1):%Y-%m-%d}'"
    likes = ask(
        f"""
        SELECT COUNT(*) AS likes
        FROM likes_raw
        WHERE arrival_day >= {day} AND received_at >= {since}
        """
    )
    rejected = ask(
        f"""
        SELECT reason, payload, payload_encoding
        FROM rejected
        WHERE day >= {day} AND received_at >= {since}
        """
    )
    ours = set(bad)
    return Measured(
        archived=int(likes["likes"].sum()),
        rejected=Counter(
            str(row.reason)
            for row in rejected.itertuples()
            if _bytes(str(row.payload), str(row.payload_encoding)) in ours
        ),
    )


def _bytes(payload: str, encoding: str) -> bytes:
    return base64.b64decode(payload) if encoding == "base64" else payload.encode()


def _quiet(stage: Stage) -> dict[str, int]:
    """The counts, once they have stood still: what came before this run is not to be ours."""
    last, since = counts(stage), monotonic()
    while monotonic() - since < QUIET_S:
        sleep(0.25)
        if (now := counts(stage)) != last:
            last, since = now, monotonic()
    return last


def _take(wanted: Counter[bytes], line: bytes) -> bool:
    """Whether this line is one of those wanted, each as often as it is wanted."""
    if wanted[line] == 0:
        return False
    wanted[line] -= 1
    return True


def _put_events(stage: Stage, lines: Sequence[bytes]) -> int:
    """Put likes on the event bus and tell how many it took."""
    events = stage.client("events")
    taken = 0
    for first in range(0, len(lines), _MOST_ENTRIES):
        entries: list[dict[str, Any]] = [
            {
                "EventBusName": stage.outputs.event_bus,
                "Source": "demo",
                "DetailType": "MovieLiked",
                "Detail": line.decode(),
            }
            for line in lines[first : first + _MOST_ENTRIES]
        ]
        answer = events.put_events(Entries=entries)
        taken += len(entries) - answer["FailedEntryCount"]
    return taken


def _put_records(stage: Stage, lines: Sequence[bytes]) -> None:
    """Put lines on the stream, a record each; those the stream does not take are put again."""
    kinesis = stage.client("kinesis")
    waiting = [{"Data": line, "PartitionKey": f"foreign-{i}"} for i, line in enumerate(lines)]
    while waiting:
        now, waiting = waiting[:_MOST_RECORDS], waiting[_MOST_RECORDS:]
        answer = kinesis.put_records(StreamName=stage.outputs.stream_name, Records=now)
        again = [
            record
            for record, told in zip(now, answer["Records"], strict=True)
            if "ErrorCode" in told
        ]
        if again:
            sleep(0.5)
        waiting = again + waiting
