"""Takes each number of a stage from its own source, and finds what does not add up.

Nothing has to stand still: each film's item, each hour's rollup and each raw object tells up to
where it is, and what is between two of them is on its way. It only reads. A compaction that runs
meanwhile, or was cut off, may show as a difference that is none; so what differs is asked again
after a compaction, and what is left then is told.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.audit import archive, balance, deliveries, hours, items, steps
from transform.audit.items import Items
from transform.audit.steps import Difference
from transform.aws import lake_sums, shard_reading, trend_differences
from transform.aws.adjusting import Counts
from transform.aws.buckets import Bucket, Conflict
from transform.aws.lake_sums import Stands, Sums
from transform.aws.lake_writer import CONNECTIONS, Days, Power, opened_to_read
from transform.counts import streamed
from transform.lake import duck, keys, watermark
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import OVERLAP_MS, Object, State
from transform.trends import rollups

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

DAY_MS = 24 * 3_600_000
ARCHIVE_GRACE_MS = 30 * 60_000
"""How long Firehose may take before what the stream has, and raw has not, is a difference: it
gathers for 15 minutes at most, and tries again."""
TRACKED_DAYS = 8
"""How many days before today rollups are compared, which are kept for ten."""
TRIES = 4


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers of a stage are; without a `kinesis` the stream is not read."""

    bucket: Bucket
    counts: Counts
    kinesis: "KinesisClient | None"
    stream: str
    power: Power = Power()
    began: int = 0
    """When the table of counts was made, in epoch milliseconds; 0 where that is not known."""

    def is_witnessed(self, now: int) -> bool:
        """Tell whether all that was ever counted is within what was tracked and is kept."""
        return self.began >= (now // DAY_MS - TRACKED_DAYS) * DAY_MS


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: as of when (epoch milliseconds); how many arrival days of raw are compared
    with the lake, None for all; whether all raw and all of the stream is read that may matter."""

    now: int
    raw_days: int | None = 2
    tracked_days: int = 2
    deep: bool = False
    grace_ms: int = balance.GRACE_MS
    archive_grace_ms: int = ARCHIVE_GRACE_MS


@dataclass(slots=True)
class Taken:
    """What was found at a time: the numbers behind it, and what differs."""

    at: int
    read: Items
    films: pa.Table
    rows: pa.Table
    lost: pa.Table
    missing: pa.Table
    state: State
    stands: Stands
    sums: Sums
    differences: list[Difference] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def mark(self) -> tuple[str, str]:
        """What the lake was, so that the same again says that nothing was under way."""
        return self.stands.mark, watermark.encode(self.state).hex()


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
            if before and set(before.differences) == set(taken.differences):
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
    read = items.of(scan(sources.counts))
    with opened_to_read(sources.bucket, sources.power) as days:
        tell("reading what the lake comes to")
        state, _ = days.state()
        there = lake_sums.stands(days)
        today = asked.now // DAY_MS
        recent = range(today - asked.tracked_days, today + 1)
        again = there.days if asked.raw_days is None else recent
        sums = lake_sums.read(days, there, recent, again)
        tell("reading what arrived")
        told, cuts = hours.tracked(_rollups(sources.bucket, recent))
        shards = list(_shards(sources))
        since = _since(read, shards, asked)
        with (
            tempfile.TemporaryDirectory(dir=days.scratch) as folder,
            duck.cursor(days.staging.connection) as cursor,
        ):
            raw = list(raw_since(sources.bucket, state, since))
            held = downloaded(sources.bucket, raw, Path(folder))
            deliveries.hold(cursor, held)
            rows = deliveries.moving(cursor, read.memories, cuts)
            tell("reading what stands on the stream")
            on_stream = _on_stream(sources, cursor, shards, since, asked)
            lacking = deliveries.lacking(cursor, on_stream)
            rows = deliveries.once(cursor, pa.concat_tables([rows, lacking]))
            films = balance.films(cursor, read, sums.films, rows, asked.now, asked.grace_ms)
            off = _hours(days, there, sums, cursor, told, cuts, rows, asked)
            lost = _old(lacking, asked.now - asked.archive_grace_ms)
            tell("comparing what arrived with the lake")
            missing = _missing(days, there, state, cursor, asked)
        numbers = _numbers(there, sums, films, rows, told, on_stream, read)
        differences = steps.of(balance.off(films), off, missing, lost)
        every = asked.raw_days is None
        stood = trend_differences.of(days, sums, asked.now, every) + _older(sums, days, there)
        differences += steps.without(stood, missing)
        return Taken(
            asked.now, read, films, rows, lost, missing, state, there, sums, differences, numbers
        )


def scan(counts: Counts) -> Iterator[Mapping[str, Any]]:
    """Give the items of all films, each as it is when it is read."""
    pages = counts.client.get_paginator("scan").paginate(
        TableName=counts.table, ConsistentRead=True
    )
    for page in pages:
        yield from page["Items"]


def _shards(sources: Sources) -> Iterator[str]:
    if sources.kinesis:
        yield from shard_reading.shards(sources.kinesis, sources.stream)


def _since(read: Items, shards: list[str], asked: Asked) -> int:
    """Tell from when on something of what arrived may be uncounted (epoch milliseconds): all that
    came before the newest memory of its shard is counted, of whichever film, for batches of a shard
    come one after another."""
    oldest = asked.now - streamed.FORGET_AFTER_S * 1000
    if asked.deep:
        return oldest
    newest = read.newest()
    known = [newest[name][1] for name in map(streamed.memory_name, shards) if name in newest]
    known = known or [arrived_s for _, arrived_s in newest.values()]
    if not known:
        return oldest
    return max(oldest, min(known) * 1000 - OVERLAP_MS)


def raw_since(bucket: Bucket, state: State, since: int) -> Iterator[tuple[Object, bool]]:
    """Give the raw objects that were written from a time on, or are not merged yet, and whether
    they are merged."""
    first = min(since, state.watermark or since) - OVERLAP_MS
    after = watermark.listed_after(State(watermark=max(1, first + watermark.DAYS_BACK * DAY_MS)))
    listed = list(bucket.list(watermark.RAW, after))
    new = {one.key for one in watermark.new(state, listed)}
    for one in listed:
        if one.key in new or one.modified >= since:
            yield one, one.key not in new


def downloaded(bucket: Bucket, raw: list[tuple[Object, bool]], folder: Path) -> dict[Path, bool]:
    """Download raw objects, of which it is told whether they are merged; gives the readable."""
    paths = [folder / f"raw-{number}.parquet" for number in range(len(raw))]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        etags = list(pool.map(bucket.download, [one.key for one, _ in raw], paths))
    return {
        path: merged
        for path, (_, merged), etag in zip(paths, raw, etags, strict=True)
        if etag and _readable(path)
    }


def _readable(path: Path) -> bool:
    """Tell whether it ends as Parquet does; what does not is told of as unreadable elsewhere."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        return file.read() == b"PAR1"


def _on_stream(
    sources: Sources, cursor: DuckDBPyConnection, shards: list[str], since: int, asked: Asked
) -> pa.Table:
    """Give what the stream has of each shard beyond the newest that raw has; all, if asked."""
    found = [deliveries.EMPTY]
    newest = deliveries.newest(cursor)
    for shard_id in shards:
        assert sources.kinesis
        known = newest.get(streamed.memory_name(shard_id))
        start = known[1] if known and not asked.deep else since
        records = shard_reading.records(sources.kinesis, sources.stream, shard_id, start)
        found.append(deliveries.of_records(records))
    return pa.concat_tables(found)


def _rollups(bucket: Bucket, some: range) -> Iterator[rollups.Rollup]:
    for one in bucket.list(keys.ROLLUPS, keys.rollup(some.start * DAY_HOURS - 1)):
        hour = keys.rollup_hour(one.key)
        if hour is not None and hour // DAY_HOURS in some:
            yield rollups.decode(hour, bucket.get(one.key)[0])


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
    return rows.filter(balance.pc.less(rows["arrived"], before))


def _missing(
    days: Days, there: Stands, state: State, cursor: DuckDBPyConnection, asked: Asked
) -> pa.Table:
    """Give the likes that arrived within some days, were merged, and are not in the lake."""
    first = 0 if asked.raw_days is None else (asked.now // DAY_MS - asked.raw_days + 1) * DAY_MS
    after = "" if asked.raw_days is None else watermark.day_prefix(keys.day_name(first // DAY_MS))
    listed = list(days.bucket.list(watermark.RAW, after))
    merged = [(one, True) for one in watermark.merged(state, listed)]
    found = [archive.EMPTY]
    for batch in watermark.batches((one for one, _ in merged), 256 * 2**20, 20_000):
        with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
            paths = list(downloaded(days.bucket, [(one, True) for one in batch], Path(folder)))
            named = archive.hold(cursor, paths)
            for some in (sorted(named), sorted(set(there.likes) - named)):
                for day in some:
                    if not archive.left(cursor):
                        break
                    with tempfile.TemporaryDirectory(dir=days.scratch) as other:
                        archive.take_out(
                            cursor, lake_sums.download(days, there, [day], Path(other))
                        )
            if archive.left(cursor):
                found.append(archive.missing(cursor, paths))
    return pa.concat_tables(found)


def _older(sums: Sums, days: Days, there: Stands) -> list[Difference]:
    """Give where a day holds less than its totals told, which are not of it any more, and where
    totals that are of it tell otherwise."""
    found: list[Difference] = []
    for day, told in sums.stale.items():
        now = sums.hours[day] if day in sums.hours else lake_sums.of_day(days, there, day)
        found += steps.older(lake_sums.events(told), lake_sums.events(now))
    for day, told in sums.wrong.items():
        now = sums.hours[day] if day in sums.hours else lake_sums.of_day(days, there, day)
        found += steps.wrong(lake_sums.events(told), lake_sums.events(now))
    return found


def _numbers(
    stands: Stands,
    sums: Sums,
    films: pa.Table,
    rows: pa.Table,
    told: pa.Table,
    on_stream: pa.Table,
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
        "on_stream": len(on_stream),
        "in_lake": total(sums.films, "net"),
        "backfilled": total(sums.films, "backfilled"),
        "repeated": total(sums.films, "repeated"),
        "totals": len(stands.totals),
    }
