"""The merge of staged likes into the hours that they belong to, which lie in local files."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import msgspec
from duckdb import DuckDBPyConnection

from transform.lake import duck, hour_files
from transform.lake.duck import FIRST, HOUR
from transform.lake.parquet import SCHEMA
from transform.lake.sorting import Ordering, counted
from transform.lake.staging import Staging
from transform.lake.watermark import MAX_BUCKETS

_COLUMNS = ", ".join(SCHEMA.names)


class Merged(msgspec.Struct, frozen=True):
    """An hour: its files by bucket, its rows, and how many of them it did not have before.

    Where rows move between buckets, `whole` holds them all, to stand for them while they do.
    `totals` has what its likes come to by film, sorted: `movie_id`, `likes`, `unlikes`.
    """

    files: dict[int, Path] = {}
    totals: Path | None = None
    whole: Path | None = None
    rows: int = 0
    new: int = 0


def merge(
    staging: Staging,
    stands: Mapping[int, Mapping[int, Path]],
    buckets: int,
    folder: Path,
    threads: int = 1,
) -> Iterator[tuple[int, Merged]]:
    """Merge the staged rows of epoch hours with the files each has, by bucket.

    Writes to `folder`, and gives each hour once it is written. The same rows give the same bytes,
    however they were divided, and whatever hours are merged with them. Raises `NoRoom`.
    """
    files = [path for of_hour in stands.values() for path in of_hour.values()]
    with staging.session() as cursor, ThreadPoolExecutor(threads) as pool, duck.room():
        ordering = None if files or buckets > 1 else staging.ordering()
        if ordering:
            yield from _merge_new(ordering, set(stands), folder, pool)
            return
        rows = f"SELECT {_COLUMNS}, hour FROM staged WHERE hour IN ({', '.join(map(str, stands))})"
        if files:
            # What another backfill brought stays as it stands, for it may be counted already.
            cursor.execute(f"CREATE TEMP TABLE copies AS SELECT *, false AS stays FROM ({rows})")
            stays = "backfill IS DISTINCT FROM (SELECT max(backfill) FROM staged)"
            for columns, some in duck.alike(duck.kinds(cursor, files)):
                standing = duck.select(some, columns)
                cursor.execute(f"INSERT INTO copies SELECT *, {HOUR}, {stays} FROM ({standing})")
            first = f"backfill IS NOT NULL AND NOT stays, {FIRST}"
            duck.drop_copies(cursor, "copies", "hour, event_id", first)
            rows = f"SELECT {_COLUMNS}, hour FROM copies"
        had = duck.counts(cursor, files)
        wholes = {}
        for hour in _moving(cursor, stands, buckets):
            wholes[hour] = folder / f"{hour}-whole.parquet"
            hour_files.whole(cursor, f"SELECT * FROM ({rows}) WHERE hour = {hour}", wholes[hour])
        empty = set(stands)
        written = hour_files.divided(cursor, rows, buckets, folder, pool, 2 * threads)
        totals = hour_files.totals(cursor, rows, folder)
        for hour, of_hour in groupby(written, hour_files.hour_of):
            found = {place % MAX_BUCKETS: (path, count) for place, path, count in of_hour}
            count = sum(count for _, count in found.values())
            empty.discard(hour)
            yield (
                hour,
                Merged(
                    {bucket: path for bucket, (path, _) in found.items()},
                    totals[hour],
                    wholes.get(hour),
                    count,
                    count - sum(had[path] for path in stands[hour].values()),
                ),
            )
        yield from ((hour, Merged()) for hour in empty)


def _merge_new(
    ordering: Ordering, hours: set[int], folder: Path, pool: Executor
) -> Iterator[tuple[int, Merged]]:
    """Merge hours of which nothing stands yet: the order of their rows is all there is to find."""

    def write(hour: int) -> tuple[int, Merged]:
        likes = ordering.sorted(hour)
        if not len(likes):
            return hour, Merged()
        path = hour_files.path_of(folder, hour * MAX_BUCKETS)
        hour_files.write_likes(likes, path)
        totals = hour_files.write_totals(folder, hour, counted(likes))
        return hour, Merged({0: path}, totals, None, len(likes), len(likes))

    there = hours.intersection(ordering.places)
    yield from ((hour, Merged()) for hour in hours - there)
    yield from pool.map(write, sorted(there))


def added(
    connection: DuckDBPyConnection, files: Sequence[Path], number: int
) -> dict[str, tuple[int, int]]:
    """Give what a backfill brought into these files: likes and unlikes of each film."""
    told = duck.kinds(connection, files)
    paths = [path for path in files if "backfill" in told[path]]
    if not paths:
        return {}
    found = connection.execute(
        f"""
        SELECT movie_id, count(*) FILTER (action = 'like'), count(*) FILTER (action = 'unlike')
        FROM read_parquet({duck.listed(paths)}) WHERE backfill = {number} GROUP BY movie_id"""
    )
    return {film: (likes, unlikes) for film, likes, unlikes in found.fetchall()}


def _moving(
    cursor: DuckDBPyConnection, stands: Mapping[int, Mapping[int, Path]], buckets: int
) -> set[int]:
    """Give the hours of which a row has to leave its bucket, for one that it is not in yet."""
    places = {
        str(path): (hour, number)
        for hour, of_hour in stands.items()
        for number, path in of_hour.items()
    }
    if buckets == 1 or not places:
        return set()
    found = cursor.execute(
        f"""
        SELECT DISTINCT filename, {duck.bucket(buckets)}
        FROM read_parquet({duck.listed(map(Path, places))}, filename = true)"""
    ).fetchall()
    return {places[name][0] for name, bucket in found if bucket != places[name][1]}
