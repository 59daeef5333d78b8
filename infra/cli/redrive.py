"""Brings what lies below `errors/` back into raw, by the archive's own rules, and never twice.

An object's rows go to one key, which follows from the object's own, and only if nothing is there;
then the object moves below `errors/redriven/`. So whoever comes after a run that was cut off, or
runs beside another, adds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from infra.cli import stream_search, undelivered
from infra.cli.output.tables import counted
from infra.cli.stream_search import Wanted
from transform.aws.buckets import Bucket, Conflict
from transform.event.stream_records import Metadata
from transform.lake import archive, raw_files, watermark
from transform.lake.undelivered import Unreadable, bring, done_key, raw_key, read
from transform.lake.watermark import Object

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

DAY_MS = 24 * 3_600_000


class Redriven(NamedTuple):
    """What was brought back, or would be."""

    objects: int = 0
    records: int = 0
    likes: int = 0
    rejected: int = 0
    placed: int = 0
    """Likes whose place on the stream is known."""
    codes: Counter[str] = Counter()
    """Why records were not delivered: Firehose's code, and how many."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Objects that stay, and why."""
    days: tuple[str, ...] = ()
    """Arrival days that compaction no longer looks at by itself."""


def run(
    bucket: Bucket,
    kinesis: KinesisClient | None,
    stream: str,
    now: int,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Redriven:
    """Bring back what there is; without a `kinesis` places are not looked for.

    Times are epoch milliseconds. Raises what a service says.
    """
    objects = list(undelivered.listed(bucket))
    places = _places(bucket, objects, kinesis, stream, tell) if kinesis else {}
    done = Redriven()
    for number, one in enumerate(objects, 1):
        tell(f"{number} of {counted(len(objects), 'object')}")
        done = _redrive(bucket, one, places, done, now, dry_run)
    return done


def _places(
    bucket: Bucket,
    objects: Sequence[Object],
    kinesis: KinesisClient,
    stream: str,
    tell: Callable[[str], None],
) -> dict[tuple[str, int], Metadata]:
    """Give where records stood, by object and index, as far as the stream still has them."""
    wanted = []
    for one in objects:
        with suppress(Unreadable):
            found = bucket.read(one.key)
            for index, failed in enumerate(read(found[0]) if found else ()):
                wanted.append(Wanted((one.key, index), failed.digest, failed.taken_at))
    return stream_search.find(kinesis, stream, wanted, tell)


def _redrive(
    bucket: Bucket,
    one: Object,
    places: dict[tuple[str, int], Metadata],
    done: Redriven,
    now: int,
    dry_run: bool,
) -> Redriven:
    found = bucket.read(one.key)
    if found is None:
        return done  # another run brought it back
    body, etag = found
    try:
        records = read(body)
    except Unreadable as error:
        return done._replace(unreadable=(*done.unreadable, (one.key, str(error))))
    known = {index: at for index in range(len(records)) if (at := places.get((one.key, index)))}
    brought = bring(records, known)
    if not dry_run:
        for key, lines in archive.rejected_objects(brought.rejected).items():
            bucket.replace(key, lines)
        if len(brought.rows):
            with suppress(Conflict):  # an earlier run got so far
                bucket.put(raw_key(one), raw_files.encode(brought.rows, bucket.on_aws), None)
        bucket.replace(done_key(one.key), body)
        with suppress(Conflict):
            bucket.delete(one.key, etag)
    days = set(done.days)
    if len(brought.rows) and one.modified < now - (watermark.DAYS_BACK - 1) * DAY_MS:
        days.add(f"{datetime.fromtimestamp(one.modified / 1000, UTC):%Y-%m-%d}")
    return Redriven(
        done.objects + 1,
        done.records + len(records),
        done.likes + len(brought.rows),
        done.rejected + len(brought.rejected),
        done.placed + brought.placed,
        done.codes + Counter(failed.code for failed in records),
        done.unreadable,
        tuple(sorted(days)),
    )


def told(done: Redriven, dry_run: bool) -> str:
    """Say what came of it."""
    if not done.objects and not done.unreadable:
        return "Nothing lies in errors/."
    does = "would bring back" if dry_run else "brought back"
    lines = [
        f"{does} {counted(done.records, 'record')} of {counted(done.objects, 'object')}: "
        f"{counted(done.likes, 'like')}, {counted(done.rejected, 'line')} rejected"
    ]
    lines += [f"  {counted(number, 'record')}: {code}" for code, number in done.codes.most_common()]
    if unplaced := done.likes - done.placed:
        lines.append(
            f"  The stream no longer tells the place of {counted(unplaced, 'like')}: they are "
            "known by their event ids alone."
        )
    if done.likes and not dry_run:
        lines.append("The next compaction merges them; `lake compact` does it now.")
        lines += [f"`lake compact --day {day}` merges those of {day}." for day in done.days]
    return "\n".join(lines)


def fields(done: Redriven) -> dict[str, object]:
    """Give the same for programs."""
    told = done._asdict()
    return told | {"codes": dict(done.codes), "unreadable": dict(done.unreadable)}
