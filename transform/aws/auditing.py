"""Takes each number of a stage from its own source, and finds what does not add up.

Nothing has to stand still: each film's item, each hour's rollup and each raw object tells up to
where it is, and what is between two of them is on its way. It only reads. A compaction that runs
meanwhile, or was cut off, may show as a difference that is none; so what differs is asked again
after a compaction, and what is left then is told.
"""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.audit import archive, balance, deliveries, hours, items, steps
from transform.audit.items import Items
from transform.audit.steps import Difference
from transform.aws import (
    arrived,
    audit_sources,
    conditions,
    lake_sums,
    lost_likes,
    trend_differences,
)
from transform.aws.audit_sources import DAY_MS, TRACKED_DAYS, Asked, Sources
from transform.aws.buckets import Conflict
from transform.aws.lake_sums import Stands, Sums
from transform.aws.lake_writer import Days, opened_to_read
from transform.aws.unreadable import Unreadable, reading
from transform.counts import streamed
from transform.lake import duck, watermark
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import State

TRIES = 4


@dataclass(slots=True)
class Taken:
    """What was found at a time: the numbers behind it, and what differs. `tracked` tells up to
    where trends had the stream, by the attribute that remembers a shard, before `on_stream` was
    read, which is all of it that may matter if that was asked. Of films and hours that are
    `witnessed`, raw tells what is right; `hours` were tracked otherwise; and why objects are
    `unreadable`, by key."""

    at: int
    read: Items
    films: pa.Table
    rows: pa.Table
    tracked: dict[str, str]
    on_stream: pa.Table
    lost: pa.Table
    missing: pa.Table
    unarchived: pa.Table
    witnessed: set[tuple[str, int]]
    held: pa.Table
    hours: set[int]
    state: State
    stands: Stands
    sums: Sums
    unreadable: dict[str, str] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def off(self) -> set[tuple[object, ...]]:
        """What differs, without the words for it."""
        return {one.what for one in self.differences}


def audit(
    sources: Sources,
    asked: Asked,
    settle: Callable[[], object] = lambda: None,
    tell: Callable[[str], None] = lambda text: None,
) -> Taken:
    """Give what differs. Where something does, `settle` has to compact, and it is asked again,
    until the same differs twice. An object that cannot be read is named, and taken for missing.
    Raises what a service raises, and `Conflict` where others never rest."""
    before: Taken | None = None
    broken: dict[str, str] = {}
    for number in range(TRIES):
        with suppress(Conflict):
            asked = asked if number == 0 else _deeper(asked)
            taken = _readable(sources, asked, tell, broken)
            if not taken.differences:
                return taken
            if before and before.off == taken.off:
                return taken
            before = taken
        tell("settling what is under way")
        broken = {}
        try:
            settle()
        except Unreadable as error:  # which the next look names, if it is not mended by then
            broken = error.found
    if before is None:
        raise Conflict("The lake was changed by others all the time.")
    return before


def _deeper(asked: Asked) -> Asked:
    return Asked(
        asked.now, asked.raw_days, TRACKED_DAYS, True, asked.grace_ms, asked.archive_grace_ms
    )


def _readable(
    sources: Sources, asked: Asked, tell: Callable[[str], None], broken: Mapping[str, str]
) -> Taken:
    """Take all numbers but of objects that cannot be read, of which some are known."""
    found = dict(broken)
    while True:
        try:
            taken = take(sources.without(found), asked, tell)
        except Unreadable as error:
            if not error.found.keys() - found.keys():
                raise
            found |= error.found
            continue
        taken.unreadable |= taken.state.failed | found
        taken.differences += steps.unreadable(taken.unreadable)
        return taken


def take(sources: Sources, asked: Asked, tell: Callable[[str], None] = lambda text: None) -> Taken:
    """Take all numbers once, and compare them. Raises `Unreadable`."""
    tell("reading the counts")
    read = items.of(audit_sources.scan(sources.counts))
    with opened_to_read(sources.bucket, sources.power) as days:
        tell("reading what the lake comes to")
        state = _state(days, asked)
        there = lake_sums.stands(days)
        today = asked.now // DAY_MS
        recent = range(today - asked.tracked_days, today + 1)
        again = there.days if asked.raw_days is None else recent
        sums = lake_sums.read(days, there, recent, again)
        tell("reading what arrived")
        told, cuts = hours.tracked(arrived.tracked(sources.bucket, recent))
        tracked = _tracked(sources, cuts) if asked.deep else {}
        shards = list(arrived.shards_of(sources))
        since = arrived.since(read, shards, asked)
        with (
            tempfile.TemporaryDirectory(dir=days.scratch) as folder,
            duck.cursor(days.staging.connection) as cursor,
        ):
            raw = dict(arrived.raw_since(sources.bucket, state, since))
            files = arrived.downloaded(sources.bucket, list(raw), Path(folder))
            merged = {one.key: is_merged for one, is_merged in raw.items()}
            with reading(files):
                deliveries.hold(cursor, {path: merged[key] for path, key in files.items()})
                rows = deliveries.moving(cursor, read.memories, cuts)
            tell("reading what stands on the stream")
            on_stream = arrived.on_stream(sources, cursor, shards, since, asked)
            lacking = deliveries.lacking(cursor, on_stream)
            if asked.deep:
                lacking = arrived.known(days, there, cursor, lacking)
            rows = deliveries.once(cursor, pa.concat_tables([rows, lacking]))
            films = balance.films(cursor, read, sums.films, rows, asked.now, asked.grace_ms)
            off = _hours(days, there, sums, cursor, told, cuts, rows, asked)
            witnessed = hours.witnessed(cursor, off) if asked.deep else set()
            lost = _old(lacking, asked.now - asked.archive_grace_ms)
            tell("comparing what arrived with the lake")
            compared = arrived.compare(days, there, state, cursor, asked)
            unarchived = archive.as_likes(cursor, compared.unarchived)
            tell("comparing earlier versions of days")
            held = lost_likes.look(days, there, cursor, compared.missing, asked.deep)
            held_likes = archive.as_likes(cursor, held)
            by_stream = held.filter(balance.pc.is_null(held["backfill"]))
            by_stream = archive.as_likes(cursor, by_stream)
        numbers = _numbers(there, sums, films, told, lacking, read)
        told_otherwise = steps.otherwise(compared.otherwise)
        differences = steps.of(
            balance.off(films),
            off,
            compared.missing,
            lost,
            unarchived,
            witnessed,
            told_otherwise,
            sums.unsettled,
            by_stream,
        )
        differences += steps.held(held_likes)
        every = asked.raw_days is None
        stood = trend_differences.of(days, sums, asked.now, every) + _older(sums, days, there)
        known = pa.concat_tables([compared.missing, held_likes])
        differences += steps.without(stood, known)
        differences += steps.misplaced(sums.misplaced)
        gone = dict.fromkeys(conditions.lost_ledgers(sources.bucket, sums.backfills), steps.LOST)
        return Taken(
            asked.now,
            read,
            films,
            rows,
            tracked,
            on_stream,
            lost,
            compared.missing,
            compared.unarchived,
            witnessed | told_otherwise.places | {(film, hour) for hour, film in sums.misplaced},
            held,
            {hour for hour in off["hour"].to_pylist() if hour is not None},
            state,
            there,
            sums,
            unreadable=gone,
            differences=differences,
            numbers=numbers,
        )


def _tracked(sources: Sources, cuts: pa.Table) -> dict[str, str]:
    """Give up to where trends have each shard: the newest batch that an hour has, or RankTrends."""
    found = {streamed.memory_name(name): last for name, last in sources.cursors().items()}
    for one in cuts.to_pylist():
        found[one["memory"]] = max(one["sequence"], found.get(one["memory"], ""))
    return found


def _state(days: Days, asked: Asked) -> State:
    """Give what compaction remembers; where that cannot be read, all is taken for merged."""
    if watermark.KEY in days.bucket.hidden:
        return State(watermark=asked.now + watermark.DAYS_BACK * DAY_MS)
    return days.state()[0]


def _hours(
    days: Days,
    there: Stands,
    sums: Sums,
    cursor: DuckDBPyConnection,
    told: pa.Table,
    cuts: pa.Table,
    rows: pa.Table,
    asked: Asked,
) -> pa.Table:
    """Give the films and hours that were tracked otherwise than the lake has them; what came too
    late to be tracked is looked for only where something differs."""
    if not len(cuts):
        return hours.SCHEMA.empty_table()
    first = min(hour for hour in cuts["hour"].to_pylist() if hour is not None)
    archived = lake_sums.archived(sums.hours, first, asked.now // duck.HOUR_MS)
    off = hours.compare(cursor, told, cuts, archived, rows, asked.now, asked.grace_ms)
    if not len(off):
        return off
    some = sorted({hour // DAY_HOURS for hour in off["hour"].to_pylist() if hour is not None})
    late = []
    with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
        files = lake_sums.download(days, there, some, Path(folder))
        with reading(files):
            for columns, group in duck.alike(duck.kinds(cursor, files)):
                likes = f"FROM ({duck.select(group, columns)}) WHERE backfill IS NULL"
                late.append(hours.too_late(cursor, likes))
        cursor.register("again", pa.concat_tables(lake_sums.sent_too_late(days, there, some)))
        late.append(hours.too_late(cursor, "FROM again"))
    return hours.compare(
        cursor, told, cuts, hours.less(archived, pa.concat_tables(late)), rows, asked.now,
        asked.grace_ms,
    )  # fmt: skip


def _old(rows: pa.Table, before: int) -> pa.Table:
    not_there = balance.pc.invert(rows["merged"])
    return rows.filter(balance.pc.and_(not_there, balance.pc.less(rows["arrived"], before)))


def _older(sums: Sums, days: Days, there: Stands) -> list[Difference]:
    """Give where a day holds less than its totals told, which are not of it any more, and where
    totals that are of it tell otherwise."""
    found: list[Difference] = []
    for day, told in sums.stale.items():
        now = sums.hours[day] if day in sums.hours else lake_sums.of_day(days, there, day)
        found += steps.older(lake_sums.events(told), lake_sums.events(now))
    for day, told in sums.wrong.items():
        now = sums.hours[day] if day in sums.hours else lake_sums.of_day(days, there, day)
        found += steps.wrong(lake_sums.told(told), lake_sums.told(now))
    return found


def _numbers(
    stands: Stands,
    sums: Sums,
    films: pa.Table,
    told: pa.Table,
    lacking: pa.Table,
    read: Items,
) -> dict[str, int]:
    """Give what each source tells, all films together: likes less unlikes, but for what is counted
    in objects or records."""

    def total(table: pa.Table, name: str) -> int:
        return int(balance.pc.sum(table[name]).as_py() or 0)

    return {
        "films": len(read.films),
        "counted": total(films, "likes"),
        "adjusted": total(films, "adjusted"),
        "archived": total(films, "archived"),
        "to_adjust": total(films, "must_adjust"),
        "uncounted": total(films, "uncounted") + total(films, "not_counted"),
        "in_flight": total(films, "in_flight"),
        "tracked": total(told, "net"),
        "on_stream": len(lacking),
        "in_lake": total(sums.films, "net"),
        "backfilled": total(sums.films, "backfilled"),
        "repeated": total(sums.films, "repeated"),
        "totals": len(stands.totals),
    }
