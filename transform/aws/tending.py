"""What is left to do of the days of the lake: those divided otherwise, and totals that are stale.

Nothing is written down of either: who looks sees it in a listing. So it does not matter where a run
was killed, or what ran beside it.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from transform.aws import unreadable
from transform.aws.buckets import Bucket, Conflict
from transform.aws.lake_writer import CONNECTIONS, Days, Written
from transform.aws.unreadable import Unreadable, reading
from transform.lake import duck, keys, totals
from transform.lake.division import WHOLE, Division
from transform.lake.watermark import OVERLAP_MS, Object

Listed = Mapping[int, Mapping[str, Object]]
"""The objects of each epoch day, by name."""


class _Day(NamedTuple):
    """A day, its objects, its repeats and its totals."""

    day: int
    objects: Mapping[str, Object]
    repeats: Object | None
    totals: Object | None

    @property
    def changed(self) -> int:
        """When any of it was written last."""
        others = [one.modified for one in (self.repeats, self.totals) if one]
        return max([*(one.modified for one in self.objects.values()), *others])


def listed(bucket: Bucket) -> Listed:
    """Give the objects of all days."""
    found: dict[int, dict[str, Object]] = {}
    for one in bucket.list(keys.LIKES):
        if place := keys.likes_place(one.key):
            found.setdefault(place[0], {})[place[1]] = one
    return found


def undivided(days: Listed, division: Division) -> list[int]:
    """Give the days that have an object of another division."""
    return sorted(
        day
        for day, objects in days.items()
        if any(division.hour_of(name) is None for name in objects)
    )


def divide(
    days: Days,
    there: Listed,
    tell: Callable[[int, int], None] = lambda done, all_: None,
    more_time: Callable[[], bool] = lambda: True,
) -> Written:
    """Divide all days as the state says; a run that was cut off is gone on with."""
    division = days.state()[0].division
    left = undivided(there, division)
    if not left:
        return Written()
    days.staging.begin()
    tell(0, len(left))
    written = Written()
    while True:
        done = days.merge(
            dict.fromkeys(left, {}),
            division,
            lambda part: tell(round(part * len(left)), len(left)),
            more_time,
        )
        written.add(done)
        if not days.learn():
            return written


def refresh(days: Days, more_time: Callable[[], bool] = lambda: True) -> bool:
    """Make the totals anew that are not of what their day holds, as long as there is time.

    Only what was written since the last time is looked at, so the first time all is. Tells whether
    nothing is left to do of any day.
    """
    # First the totals, as others write them after their days.
    standing = {one.key: one for one in days.bucket.list(keys.TOTALS)}
    there = listed(days.bucket)
    state, _ = days.state()
    again = {keys.day_of(one.key): one for one in days.bucket.list(keys.REPEATS)}
    days_ = [
        _Day(day, there.get(day, {}), again.get(day), standing.get(keys.totals(day)))
        for day in sorted({*there, *(day for day in again if day is not None)})
    ]
    due = _since(days_, state.totals_until)
    if _hash(due) == state.totals_of:
        due = []
    # An earlier version's, and those of days whose last like went to another day.
    old = [
        one
        for one in standing.values()
        if one.key.startswith(keys.OLD_TOTALS)
        or ((day := keys.day_of(one.key)) is not None and day not in there and day not in again)
    ]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        looked = all(pool.map(lambda one: more_time() and _refresh(days, one), due))
        list(pool.map(lambda one: _remove(days.bucket, one), old))
    if due and looked:
        until = max(one.changed for one in days_)
        of = _hash(_since(days_, until))
        days.change(lambda now: msgspec.structs.replace(now, totals_until=until, totals_of=of))
    return looked and not undivided(there, state.division)


def _since(days: Iterable[_Day], until: int) -> list[_Day]:
    """Give the days that were written after this, or a while before; and those without totals."""
    since = until - OVERLAP_MS
    return [one for one in days if one.totals is None or one.changed >= since]


def _hash(days: Iterable[_Day]) -> str:
    """Tell days, and their totals, from what they are at another time."""
    told = [
        (
            one.day,
            sorted(o.key + o.etag for o in one.objects.values()),
            one.repeats and one.repeats.etag,
            one.totals and one.totals.etag,
        )
        for one in days
    ]
    return sha256(msgspec.json.encode(told)).hexdigest() if told else ""


def _refresh(days: Days, day: _Day) -> bool:
    """Make the totals of a day anew, if they are of other objects; gives True, as it was looked at.

    Whoever changes the day meanwhile writes its totals, or the next run does.
    """
    objects, total = day.objects, day.totals
    etags = {name: one.etag for name, one in objects.items()}
    source = totals.source(etags, day.repeats.etag if day.repeats else "")
    counted = [objects[WHOLE]] if WHOLE in objects else list(objects.values())
    with (
        suppress(Conflict),
        tempfile.TemporaryDirectory(dir=days.scratch) as folder,
    ):
        if total and _source(days.bucket, total) == source:
            return True
        paths = [Path(folder) / f"{number}.parquet" for number in range(len(counted))]
        for one, path in zip(counted, paths, strict=True):
            if days.bucket.download(one.key, path) != one.etag:
                return True
        files = {path: one.key for path, one in zip(paths, counted, strict=True)}
        with duck.cursor(days.staging.connection) as cursor, reading(files):
            sums = totals.of_files(cursor, paths)
        again, etag = days.repeats(day.repeats)
        if day.repeats and etag != day.repeats.etag:
            return True
        body = totals.encode(totals.with_repeats(sums, again), source)
        days.bucket.put(keys.totals(day.day), body, total.etag if total else None)
    return True


def _source(bucket: Bucket, total: Object) -> str | None:
    """Tell what totals are of; None where they cannot be read, and are to be made anew."""
    with suppress(Unreadable):
        return unreadable.of(bucket, total.key, totals.decode)[1]
    return None


def _remove(bucket: Bucket, old: Object) -> None:
    with suppress(Conflict):
        bucket.delete(old.key, old.etag)
