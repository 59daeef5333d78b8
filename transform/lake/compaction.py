"""The merge of staged likes into the days that they belong to, which lie in local files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import msgspec
import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.lake import day_files, duck, totals
from transform.lake.day_files import Written, day_of
from transform.lake.division import Division
from transform.lake.duck import DAY
from transform.lake.parquet import SCHEMA
from transform.lake.sorting import Ordering
from transform.lake.staging import Staging
from transform.lake.tombstones import NOBODY, Forgotten

_COLUMNS = ", ".join(SCHEMA.names)


class Merged(msgspec.Struct, frozen=True):
    """A day: its files by name, its rows, and how many more these are than it had before.

    Where the objects that stand are of another division, `whole` holds all rows, to stand for the
    others while these are changed. `totals` has what the likes come to, as `likes_by_hour` has it.
    """

    files: dict[str, Path] = {}
    totals: pa.Table = totals.EMPTY
    whole: Path | None = None
    rows: int = 0
    new: int = 0


def merge(
    staging: Staging,
    stands: Mapping[int, Mapping[str, Path]],
    division: Division,
    folder: Path,
    threads: int = 1,
    gone: pa.Table | None = None,
    forgotten: Forgotten = NOBODY,
) -> Iterator[tuple[int, Merged]]:
    """Merge the staged rows of epoch days with the files each has, by name.

    Where a day is divided as it is to be, those of its hours suffice that have staged rows; what
    it comes to is told of these. `gone` has copies that are not to stand, as their like is in
    another object, by the columns of `event_ids.COPIES`; likes that stand become anonymous where
    their people are `forgotten`.

    Writes to `folder`, and gives each day once it is written. The same rows give the same bytes,
    however they were divided, and whatever days are merged with them. Raises `NoRoom`.
    """
    files = [path for of_day in stands.values() for path in of_day.values()]
    with staging.session() as cursor, ThreadPoolExecutor(threads) as pool, duck.room():
        ordering = None if files or division.buckets > 1 else staging.ordering(division)
        if ordering:
            yield from _merge_new(ordering, set(stands), division, folder, pool)
            return
        days = ", ".join(map(str, stands)) or "NULL"
        rows = f"SELECT {_COLUMNS} FROM staged WHERE hour IS NOT NULL AND {DAY} IN ({days})"
        if files:
            _read(cursor, rows, files, f"{DAY} IN ({days})", gone, forgotten)
            rows = f"SELECT {_COLUMNS} FROM copies"
        moving = {
            day for day, names in stands.items() if any(division.hour_of(n) is None for n in names)
        }
        had = _had(cursor, stands, moving)
        wholes = {}
        if not division.is_whole:
            for day in moving:
                wholes[day] = folder / f"{day}-stands-in.parquet"
                all_ = f"SELECT * FROM ({rows}) WHERE {DAY} = {day}"
                day_files.whole(cursor, all_, division, wholes[day])
        empty = set(stands)
        files_ = day_files.divided(cursor, rows, division, folder, pool, 2 * threads)
        for day, of_day in groupby(files_, _day):
            empty.discard(day)
            yield day, _merged(of_day, division, had[day], wholes.get(day))
        yield from ((day, Merged(new=-had[day])) for day in empty)


def _read(
    cursor: DuckDBPyConnection,
    staged: str,
    files: Sequence[Path],
    of_days: str,
    gone: pa.Table | None,
    forgotten: Forgotten,
) -> None:
    """Make `copies` of the rows that are staged and of those that stand, each once.

    What stands in the object of a day that it is not of, as somebody put it there, goes.
    """
    cursor.execute(f"CREATE TEMP TABLE copies AS FROM ({staged})")
    for columns, some in duck.alike(duck.kinds(cursor, files)):
        standing = f"FROM ({duck.select(some, columns)}) WHERE {of_days}"
        if gone is not None and len(gone):
            cursor.register("gone", gone)
            standing = f"FROM ({standing}) ANTI JOIN gone USING ({', '.join(gone.column_names)})"
        if forgotten:
            theirs = duck.forgotten(cursor, f"({standing})", forgotten)
            standing = f"FROM ({standing}) WHERE NOT {theirs} UNION ALL FROM anonymous"
        cursor.execute(f"INSERT INTO copies FROM ({standing})")
    duck.drop_copies(cursor, "copies", f"{DAY}, event_id")


def _had(
    cursor: DuckDBPyConnection, stands: Mapping[int, Mapping[str, Path]], moving: Set[int]
) -> dict[int, int]:
    """Give how many likes the files of each day hold: a change of division that was cut off may
    have left a like in two of them."""
    told = duck.counts(cursor, [path for names in stands.values() for path in names.values()])
    found = {day: sum(told[path] for path in names.values()) for day, names in stands.items()}
    for day in moving:
        paths = duck.listed(stands[day].values())
        ids = f"SELECT count(DISTINCT event_id) FROM read_parquet({paths})"
        [(found[day],)] = cursor.execute(ids).fetchall()
    return found


def _merge_new(
    ordering: Ordering, days: set[int], division: Division, folder: Path, pool: Executor
) -> Iterator[tuple[int, Merged]]:
    """Merge days of which nothing stands yet: the order of their rows is all there is to find."""
    places = [place for place in ordering.places if day_of((place, folder, 0)) in days]
    files = day_files.in_memory(ordering, places, division, folder, pool)
    for day, of_day in groupby(files, _day):
        if (merged := _merged(of_day, division)).rows:
            days = days - {day}
            yield day, merged
    yield from ((day, Merged()) for day in days)


def _day(file: tuple[Written, pa.Table]) -> int:
    return day_of(file[0])


def _merged(
    files: Iterable[tuple[Written, pa.Table]],
    division: Division,
    had: int = 0,
    whole: Path | None = None,
) -> Merged:
    written, sums = zip(*files, strict=True)
    there = [(place, path, rows) for place, path, rows in written if rows]
    rows = sum(rows for *_, rows in there)
    named = {division.name(place): path for place, path, _ in there}
    return Merged(named, totals.together(sums), whole, rows, rows - had)
