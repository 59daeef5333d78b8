"""What `lake replay` does: rejected lines, set right, become history in the lake, never twice.

They go into the lake as a backfill, not back on the stream: what was rejected is mostly older than
the windows of live trends, the lake has each event id once at any time, and counts follow from it.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from infra.cli.backfill.ledger import Request
from infra.cli.output.tables import counted
from infra.cli.replay import mending, rejects
from infra.cli.replay.mending import Rule
from infra.cli.replay.rejects import Reject
from transform.aws.buckets import Bucket, Conflict
from transform.event.invalid import InvalidLike

if TYPE_CHECKING:
    from infra.cli.backfill.segment import Outcome

PREFIX = "state/replays/"
"""Where the lines wait while they are merged."""
SHOWN = 5


class ReplayError(Exception):
    """A file that does not tell what to replay; the message says why in a sentence."""


class Chosen(NamedTuple):
    """Which rejected lines are meant."""

    first: str = ""
    last: str = "9999"
    reason: str | None = None
    source: str | None = None

    def takes(self, row: Reject) -> bool:
        """Tell whether a row is meant, that arrived on these days."""
        return (self.reason in (None, row.reason)) and (self.source in (None, row.source))


@dataclass(slots=True)
class Understood:
    """What came of rejected lines: how many there were, likes, and why others still are none."""

    rows: int = 0
    likes: int = 0
    still: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)
    """Of each reason, the first sentence."""
    examples: list[bytes] = field(default_factory=list)


def chosen(bucket: Bucket, which: Chosen) -> Iterator[tuple[Reject, Reject]]:
    """Give the rows that are meant, each with itself."""
    for row in rejects.read(bucket, which.first, which.last):
        if which.takes(row):
            yield row, row


def of_file(bucket: Bucket, path: Path) -> Iterator[tuple[Reject, Reject]]:
    """Give the rows of a file, as `lake rejected --format jsonl` wrote it and people changed it,
    each with the row of the lake that it is. Raises `ReplayError`."""
    wanted = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                row = msgspec.json.decode(line, type=Reject)
                row.arrived_at  # noqa: B018  a time that cannot be read is told here
            except (ValueError, RecursionError) as error:
                raise ReplayError(
                    f"{path}: line {number} is no row of `lake rejected`: {error}."
                ) from None
            wanted[row.key] = row, number
    if not wanted:
        raise ReplayError(f"{path}: there is no row in it.")
    days = [row.received_at[:10] for row, _ in wanted.values()]
    for stands in rejects.read(bucket, min(days), max(days)):
        if found := wanted.pop(stands.key, None):
            yield found[0], stands
    if wanted:
        numbers = sorted(number for _, number in wanted.values())
        raise ReplayError(
            f"{path}: line {numbers[0]} is not among the rejected lines of its day"
            + (f", nor are {len(numbers) - 1} more." if len(numbers) > 1 else ".")
        )


def understand(
    rows: Iterable[tuple[Reject, Reject]],
    rule: Rule,
    now: int,
    write: Callable[[bytes], Any] = lambda line: None,
) -> Understood:
    """Write the lines of the likes that rows are by now, and tell what came of all."""
    found = Understood()
    for told, stands in rows:
        found.rows += 1
        # What it is known by is how it came, also where it was changed since.
        known = [identity for identity, _ in mending.lines(stands)]
        for number, (_, line) in enumerate(mending.lines(told)):
            identity = known[number] if number < len(known) else f"{stands.identity}+{number}"
            try:
                like = mending.mend(stands, identity, line, rule, now)
            except InvalidLike as invalid:
                found.still[invalid.reason] += 1
                found.details.setdefault(invalid.reason, invalid.detail)
                continue
            found.likes += 1
            if len(found.examples) < SHOWN:
                found.examples.append(like)
            write(like + b"\n")
    return found


def replay(
    bucket: Bucket,
    rows: Iterable[tuple[Reject, Reject]],
    rule: Rule,
    now: int,
    backfill: Callable[[Request], Outcome],
) -> tuple[Understood, Outcome | None]:
    """Bring what is understood into the lake; gives what that came to, None where nothing is.

    The lines lie in the bucket while they are merged, under a name that follows from them: so the
    same command goes on with a run that was cut off.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl.gz"
        digest = sha256()

        with gzip.GzipFile(path, "wb", mtime=0) as file:

            def write(line: bytes) -> None:
                digest.update(line)
                file.write(line)

            found = understand(rows, rule, now, write)
        if not found.likes:
            return found, None
        key = f"{PREFIX}{digest.hexdigest()[:32]}.jsonl.gz"
        with suppress(Conflict):  # a run that was cut off put it there
            bucket.put(key, path, None)
    outcome = backfill(Request((f"s3://{bucket.name}/{key}",)))
    if not outcome.failed:
        bucket.remove([key])
    return found, outcome


def told(found: Understood, outcome: Outcome | None) -> str:
    """Say what came of it; without an outcome, what would."""
    if not found.rows:
        return "No rejected line is meant."
    lines = [f"{counted(found.rows, 'rejected row')}: {counted(found.likes, 'line')} understood"]
    if outcome is not None:
        new = outcome.ledger.totals.new
        lines[0] += f", {new:,} new in the lake, {found.likes - new:,} there before"
    for reason, number in found.still.most_common():
        lines.append(f"  {counted(number, 'line')} still {reason}: {found.details[reason]}")
    if outcome is None:
        lines += [f"  {line.decode()}" for line in found.examples]
    return "\n".join(lines)


def fields(found: Understood, outcome: Outcome | None) -> dict[str, object]:
    """Give the same for programs."""
    new = outcome.ledger.totals.new if outcome is not None else None
    return {
        "rows": found.rows,
        "understood": found.likes,
        "new": new,
        "backfill": outcome.ledger.number if outcome is not None else None,
        "still": dict(found.still),
    }
