"""Takes each number of a stage from its own source, and finds what does not add up.

Nothing has to stand still: each film's item, each hour's rollup and each raw object tells up to
where it is, and what is between two of them is on its way. It only reads. A compaction that runs
meanwhile, or was cut off, may show as a difference that is none; so what differs is asked again
after a compaction, and what is left then is told.
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.audit import archive, balance, deliveries, hours, items, steps
from transform.audit.items import Items
from transform.audit.steps import Difference
from transform.aws import arrived, audit_sources, lake_sums, trend_differences
from transform.aws.audit_sources import DAY_MS, TRACKED_DAYS, Asked, Sources
from transform.aws.buckets import Conflict
from transform.aws.lake_sums import Stands, Sums
from transform.aws.lake_writer import Days, opened_to_read
from transform.lake import duck
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import State

TRIES = 4


@dataclass(slots=True)
class Taken:
    """What was found at a time: the numbers behind it, and what differs."""

    at: int
    read: Items
    films: pa.Table
    rows: pa.Table
    lost: pa.Table
    missing: pa.Table
    unarchived: pa.Table
    witnessed: set[tuple[str, int]]
    state: State
    stands: Stands
    sums: Sums
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
    until the same differs twice. Raises what a service raises, and `Conflict` where others never
    rest."""
    before: Taken | None = None
    for number in range(TRIES):
        with suppress(Conflict):
            asked = asked if number == 0 else _deeper(asked)
            taken = take(sources, asked, tell)
            if not taken.differences:
                return taken
            if before and before.off == taken.off:
                return taken
            before = taken
        tell("settling what is under way")
        settle()
    if before is None:
        raise Conflict("The lake was changed by others all the time.")
    return before


def _deeper(asked: Asked) -> Asked:
    return Asked(
        asked.now, asked.raw_days, TRACKED_DAYS, True, asked.grace_ms, asked.archive_grace_ms
    )


def take(sources: Sources, asked: Asked, tell: Callable[[str], None] = lambda text: None) -> Taken:
    """Take all numbers once, and compare them."""
    tell("reading the counts")
    read = items.of(audit_sources.scan(sources.counts))
    with opened_to_read(sources.bucket, sources.power) as days:
        tell("reading what the lake comes to")
        state, _ = days.state()
        there = lake_sums.stands(days)
        today = asked.now // DAY_MS
        recent = range(today - asked.tracked_days, today + 1)
        again = there.days if asked.raw_days is None else recent
        sums = lake_sums.read(days, there, recent, again)
        tell("reading what arrived")
        told, cuts = hours.tracked(arrived.tracked(sources.bucket, recent))
        shards = list(arrived.shards_of(sources))
        since = arrived.since(read, shards, asked)
        with (
            tempfile.TemporaryDirectory(dir=days.scratch) as folder,
            duck.cursor(days.staging.connection) as cursor,
        ):
            raw = list(arrived.raw_since(sources.bucket, state, since))
            held = arrived.downloaded(sources.bucket, raw, Path(folder))
            deliveries.hold(cursor, held)
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
            missing, unarchived = arrived.compare(days, there, state, cursor, asked)
            without = archive.as_likes(cursor, unarchived)
        numbers = _numbers(there, sums, films, told, lacking, read)
        differences = steps.of(balance.off(films), off, missing, lost, without, witnessed)
        every = asked.raw_days is None
        stood = trend_differences.of(days, sums, asked.now, every) + _older(sums, days, there)
        differences += steps.without(stood, missing)
        differences += steps.misplaced(sums.misplaced)
        return Taken(
            asked.now,
            read,
            films,
            rows,
            lost,
            missing,
            unarchived,
            witnessed | {(film, hour) for hour, film in sums.misplaced},
            state,
            there,
            sums,
            differences,
            numbers,
        )


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
        paths = lake_sums.download(days, there, some, Path(folder))
        for columns, group in duck.alike(duck.kinds(cursor, paths)):
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
