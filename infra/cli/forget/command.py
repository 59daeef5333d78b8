"""`lake forget`: who is meant, the run on a stage, and its certificate."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time

import msgspec
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn

from infra.cli import compaction
from infra.cli.forget import beside, certificate
from infra.cli.forget.certificate import Certificate
from infra.cli.forget.search import take_out
from infra.paths import home
from infra.stage import Stage
from transform.aws import forgotten
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import Power
from transform.event.likes import MAX_CHARACTERS
from transform.lake import tombstones
from transform.lake.erasure import Texts

MEMORY_MB = 1_024
LATE_MS = 3_600_000
"""How long a like may be under way between the stream and its raw file: Firehose gathers for 15
minutes at most, and tries again."""
_HOUR_MS = 3_600_000


class BadPeople(ValueError):
    """What was named is not who could have liked anything; the message says what is wrong."""


def people(named: Sequence[str], file: str | None) -> list[str]:
    """Give the ids that are named, and those in a file, one a line; raises `BadPeople`."""
    found = list(named)
    if file:
        try:
            text = Path(file).read_text("utf-8-sig")
        except UnicodeDecodeError:
            raise BadPeople(f"{file} is not UTF-8.") from None
        found += text.splitlines()
    ids = list(dict.fromkeys(stripped for one in found if (stripped := one.strip())))
    if not ids:
        raise BadPeople("Name at least one user id, or a file that has some.")
    if len(ids) > tombstones.MOST:
        raise BadPeople(f"{len(ids):,} ids are too many for a run; give {tombstones.MOST:,} each.")
    most = MAX_CHARACTERS["user_id"]
    for one in ids:
        if len(one) > most or not one.isprintable():
            raise BadPeople(f"{one[:40]!r} is no user id: 1 to {most} characters, no controls.")
    return ids


def forget(
    stage: Stage,
    users: Sequence[str],
    *,
    dry_run: bool = False,
    finds: Callable[[str, Sequence[str]], int] | None = None,
    console: Console | None = None,
    now: Callable[[], int] = lambda: int(time() * 1000),
) -> tuple[Certificate, str | None]:
    """Forget people; gives the certificate and where it rests. A dry run only tells what it would
    do.

    First the tombstones are there, then all is searched: whoever merges likes of theirs later
    makes them anonymous. Give it again after it was cut off. `finds` counts the likes in a table
    that are theirs by SQL.

    Raises `Forbidden`, `NoRoom`, `Contended`, `Restless`, `KeyLost`, and what a service raises.
    """
    began = now()
    bucket = compaction.bucket(stage)
    texts = Texts(users)
    who, _ = forgotten.read(bucket)
    if not dry_run:
        who = forgotten.add(bucket, users, began)
    hashes = sorted(tombstones.hashed(who.key, user) for user in users) if who.key else []
    since = max(((who.people or {}).get(one, began) for one in hashes), default=began)
    again_after = since + _stream_ms(stage) + LATE_MS
    results = Bucket(bucket.client, stage.outputs.results_bucket)
    with _bar(console) as tell:
        search = take_out(bucket, results, who, texts, _power(), dry_run, tell)
    places = [*search.places.values(), *beside.items(stage, texts)]
    places.append(beside.dead_letters(stage, texts, dry_run))
    if stage.name == "local":
        places.append(beside.files(home(), texts, dry_run))
    note = beside.queries(stage, texts)
    done = Certificate(
        stage=stage.name,
        asked=len(users),
        people=hashes,
        since=since,
        began=began,
        ended=now(),
        dry_run=dry_run,
        again_after=again_after,
        final=not dry_run and began >= again_after,
        places=sorted(places, key=lambda one: one.place),
        days=sorted(search.rewritten_days),
        objects=search.objects,
        versions=search.removed,
        finds={name: finds(name, users) for name in certificate.TABLES} if finds else {},
        notes=[note] if note else [],
    )
    if dry_run:
        return done, None
    at = certificate.key(done, secrets.token_hex(4))
    bucket.put(at, msgspec.json.format(msgspec.json.encode(done)), None, "application/json")
    return done, f"s3://{bucket.name}/{at}"


def lift(stage: Stage, users: Sequence[str]) -> str:
    """Remove tombstones: what these people like from now on is theirs again; says so."""
    had = forgotten.lift(compaction.bucket(stage), users)
    return f"{had} of {len(users)} were forgotten; what they like from now on is theirs again."


def _stream_ms(stage: Stage) -> int:
    """Give how long the stream keeps what was put on it."""
    told = stage.client("kinesis").describe_stream_summary(StreamName=stage.outputs.stream_name)
    return int(told["StreamDescriptionSummary"]["RetentionPeriodHours"]) * _HOUR_MS


def _power() -> Power:
    return Power(MEMORY_MB, os.cpu_count() or 1)


@contextmanager
def _bar(console: Console | None) -> Iterator[Callable[[int], None]]:
    """Give what counts the bytes that are searched, which only a terminal shows."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield lambda size: None
        return
    columns = (SpinnerColumn(), DownloadColumn(), TextColumn("searched"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda size: progress.advance(task, size)
