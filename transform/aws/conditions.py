"""What else of a stage is not as it should be: see `audit.report.Conditions`."""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

import msgspec

from transform.audit.report import Conditions
from transform.aws import tending
from transform.aws.buckets import Bucket
from transform.aws.unreadable import Unreadable, decoded
from transform.lake import keys, undelivered
from transform.lake.watermark import Object, State

MOST_BYTES = 64 * 2**20
"""Of objects below `errors/` that are read to count their records; where there are more, these
are not counted."""
LONG_MS = 24 * 3_600_000
"""Age at which a backfill that has not ended is taken for one that was cut off."""


class Undelivered(NamedTuple):
    """Objects below `errors/`, the records in them (None where these are too many bytes to read),
    and when the oldest was written, in epoch milliseconds (None where there is nothing)."""

    objects: int
    records: int | None
    oldest: int | None


class _Ledger(msgspec.Struct):
    number: int
    began: int
    ended: int | None = None


def listed(bucket: Bucket) -> Iterator[Object]:
    """Give the objects below `errors/` that were not brought back yet."""
    for one in bucket.list(undelivered.PREFIX):
        if not one.key.startswith(undelivered.DONE):
            yield one


def look(bucket: Bucket) -> Undelivered:
    """Tell what lies below `errors/`."""
    objects = list(listed(bucket))
    oldest = min((one.modified for one in objects), default=None)
    if sum(one.size for one in objects) > MOST_BYTES:
        return Undelivered(len(objects), None, oldest)
    records = 0
    for one in objects:
        found = bucket.read(one.key)
        records += sum(bool(line.strip()) for line in found[0].splitlines()) if found else 0
    return Undelivered(len(objects), records, oldest)


def of(bucket: Bucket, state: State, now: int) -> Conditions:
    """Look at them; `now` is in epoch milliseconds, and rejected lines are those of two days."""
    lies = look(bucket)
    records = lies.objects if lies.records is None else max(lies.records, lies.objects)
    return Conditions(
        errors=lies.objects,
        undelivered=records,
        undivided=len(tending.undivided(tending.listed(bucket), state.division)),
        backfills=tuple(_cut_off(bucket, now)),
        rejected=_rejected(bucket, now),
    )


def lost_ledgers(bucket: Bucket, named: Iterable[int]) -> list[str]:
    """Give the keys of the ledgers that are gone, by the backfills that likes name, and as their
    numbers have no gaps. Raises `Unreadable`."""
    known = {ledger.number for ledger in _ledgers(bucket)}
    numbers = {*named, *range(1, max(known, default=0))} - known
    there = [f"{keys.BACKFILLS}{number:06}.json" for number in sorted(numbers)]
    return [key for key in there if key not in bucket.hidden]


def _ledgers(bucket: Bucket) -> Iterator[_Ledger]:
    for one in bucket.list(keys.BACKFILLS):
        if found := bucket.read(one.key):
            yield decoded(one.key, found[0], msgspec.json.Decoder(_Ledger).decode)


def _cut_off(bucket: Bucket, now: int) -> Iterator[int]:
    with suppress(Unreadable):  # the audit names it
        for ledger in _ledgers(bucket):
            if ledger.ended is None and ledger.began < now - LONG_MS:
                yield ledger.number


def _rejected(bucket: Bucket, now: int) -> int:
    lines = 0
    for day in (now // LONG_MS - 1, now // LONG_MS):
        for one in bucket.list(f"rejected/day={keys.day_name(day)}/"):
            found = bucket.read(one.key)
            lines += gzip.decompress(found[0]).count(b"\n") if found else 0
    return lines
