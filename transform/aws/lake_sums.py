"""What the lake comes to by film and hour, as its days stand, whatever their totals say."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

from transform.audit import balance
from transform.aws import tending, unreadable
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import CONNECTIONS, Days
from transform.aws.unreadable import reading
from transform.lake import duck, keys, repeats, totals
from transform.lake.division import DAY_HOURS, WHOLE
from transform.lake.watermark import Object

pc: Any = pyarrow.compute  # its types do not know of what follows

AT_ONCE = 100
"""Days whose totals are in memory together."""


class Stands(NamedTuple):
    """The objects of all days, their repeats and their totals, by epoch day."""

    likes: Mapping[int, Mapping[str, Object]]
    repeats: Mapping[int, Object]
    totals: Mapping[int, Object]

    @property
    def days(self) -> list[int]:
        """The days of which anything is there."""
        return sorted({*self.likes, *self.repeats})

    def is_derived(self, day: int, source: str) -> bool:
        """Tell whether totals that name this source are of what the day holds."""
        etags = {name: one.etag for name, one in self.likes.get(day, {}).items()}
        again = self.repeats.get(day)
        return source == totals.source(etags, again.etag if again else "")

    @property
    def mark(self) -> str:
        """What tells all this from what it is at another time."""
        told = [(one.key, one.etag) for objects in self.likes.values() for one in objects.values()]
        told += [(one.key, one.etag) for one in (*self.repeats.values(), *self.totals.values())]
        return sha256(repr(sorted(told)).encode()).hexdigest()


class Sums(NamedTuple):
    """What the lake comes to: by film over all days (`balance.SUMS`), and by hour and film on some
    days (`totals.SCHEMA`, by day); by day what stale totals told, and what totals told that are
    of the day and wrong; likes, unlikes and repeats that stand in the object of another day than
    their own, by epoch hour and film; the backfills that likes name, as far as days were read; and
    by how much counts are still adjusted by stale totals."""

    films: pa.Table
    hours: dict[int, pa.Table]
    stale: dict[int, pa.Table]
    wrong: dict[int, pa.Table]
    misplaced: dict[tuple[int, str], int]
    backfills: set[int]
    unsettled: dict[str, int]


def stands(days: Days) -> Stands:
    """List what is there."""
    again, told = by_day(days.bucket, keys.REPEATS), by_day(days.bucket, keys.TOTALS)
    return Stands(tending.listed(days.bucket), again, told)


def by_day(bucket: Bucket, prefix: str) -> dict[int, Object]:
    """Give the objects of a part of the lake by their epoch day."""
    found = ((keys.day_of(one.key), one) for one in bucket.list(prefix))
    return {day: one for day, one in found if day is not None}


def read(days: Days, there: Stands, some: Iterable[int], again: Iterable[int]) -> Sums:
    """Read what the totals say, or where they are stale, what their days hold; by hour of `some`
    days. Of those that `again` names, what the days hold is read in any case, and compared.

    Raises `Conflict` where others change a day meanwhile.
    """
    wanted, doubted, films = set(some), set(again), [balance.SUMS.empty_table()]
    hours, stale, wrong = dict[int, pa.Table](), dict[int, pa.Table](), dict[int, pa.Table]()
    misplaced = dict[tuple[int, str], int]()
    backfills, read_anew = set[int](), dict[int, pa.Table]()
    every = sorted({*there.days, *there.totals})
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for first in range(0, len(every), AT_ONCE):
            chunk = every[first : first + AT_ONCE]
            for day, (known, source) in zip(
                chunk, pool.map(lambda day: _told(days, there, day), chunk), strict=True
            ):
                sums = known
                if not there.is_derived(day, source):
                    stale[day] = known
                    read_anew[day] = sums = of_day(days, there, day, backfills)
                elif day in doubted and not (sums := of_day(days, there, day, backfills)).equals(
                    known
                ):
                    wrong[day] = known
                films.append(_by_film(sums))
                for place, (likes, unlikes, _, repeated) in told(_of_other_days(sums, day)).items():
                    misplaced[place] = likes + unlikes + abs(repeated)
                if day in wanted:
                    hours[day] = sums
            films = [_together(films)]
    return Sums(films[0], hours, stale, wrong, misplaced, backfills, unsettled(stale, read_anew))


def of_day(days: Days, there: Stands, day: int, backfills: set[int] | None = None) -> pa.Table:
    """Give what the likes and repeats of a day come to, read anew; the numbers of the backfills
    that its likes name are added to `backfills`."""
    with tempfile.TemporaryDirectory(dir=days.scratch) as folder:
        files = download(days, there, [day], Path(folder))
        with duck.cursor(days.staging.connection) as cursor, reading(files):
            sums = totals.of_files(cursor, list(files))
            if backfills is not None and pc.any(pc.not_equal(sums["backfilled"], 0)).as_py():
                backfills |= totals.backfills(cursor, list(files))
    again, _ = days.repeats(there.repeats.get(day))
    return totals.with_repeats(sums, again)


def download(days: Days, there: Stands, some: Iterable[int], folder: Path) -> dict[Path, str]:
    """Download the likes of days, each row once; gives the files, and the keys that they are of."""
    found = [
        one
        for day in some
        for objects in [there.likes.get(day, {})]
        for one in ([objects[WHOLE]] if WHOLE in objects else objects.values())
    ]
    paths = [folder / f"likes-{number}.parquet" for number in range(len(found))]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        etags = list(pool.map(days.bucket.download, [one.key for one in found], paths))
    told = zip(paths, found, etags, strict=True)
    return {path: one.key for path, one, etag in told if etag}


def archived(hours: Mapping[int, pa.Table], first: int, last: int) -> pa.Table:
    """Give what came by the stream of epoch hours from one to another, as `audit.hours.SUMS`."""
    sums = totals.together(hours.values())
    hour = pc.divide(sums["hour"].cast(pa.int64()), duck.HOUR_MS)
    columns: Any = {"hour": hour, "movie_id": sums["movie_id"], "net": _streamed(sums)}
    table = pa.table(columns)
    return table.filter(pc.and_(pc.greater_equal(hour, first), pc.less_equal(hour, last)))


def sent_too_late(days: Days, there: Stands, some: Iterable[int]) -> list[pa.Table]:
    """Give repeats of some days, as the lake keeps them."""
    return [days.repeats(there.repeats.get(day))[0] for day in some] or [repeats.EMPTY]


def repeats_of(days: Days, there: Stands, likes: pa.Table) -> list[pa.Table]:
    """Give the repeats of the days that likes name."""
    named: set[int] = set(pc.unique(repeats.days(likes)).to_pylist())
    return [days.repeats(there.repeats.get(day))[0] for day in sorted(named)] or [repeats.EMPTY]


def unsettled(stale: Mapping[int, pa.Table], now: Mapping[int, pa.Table]) -> dict[str, int]:
    """Give by how much more counts are still adjusted, by film, while totals are stale."""
    found = Counter[str]()
    for sign, sums in ((1, stale), (-1, now)):
        for one in sums.values():
            net = pc.subtract(one["backfilled"], one["repeated"])
            films: Any = zip(one["movie_id"].to_pylist(), net.to_pylist(), strict=True)
            for film, number in films:
                found[film] += sign * number
    return {film: number for film, number in found.items() if number}


def events(sums: pa.Table) -> dict[tuple[int, str], int]:
    """Give how many likes and unlikes there are of each epoch hour and film."""
    hours = pc.divide(sums["hour"].cast(pa.int64()), duck.HOUR_MS).to_pylist()
    both = pc.add(sums["likes"], sums["unlikes"]).to_pylist()
    places: Any = zip(hours, sums["movie_id"].to_pylist(), both, strict=True)
    return {(hour, film): number for hour, film, number in places}


def told(sums: pa.Table) -> dict[tuple[int, str], tuple[int, ...]]:
    """Give likes, unlikes, backfilled and repeated of each epoch hour and film."""
    hours = pc.divide(sums["hour"].cast(pa.int64()), duck.HOUR_MS).to_pylist()
    names = ("likes", "unlikes", "backfilled", "repeated")
    numbers: Any = zip(*(sums[name].to_pylist() for name in names), strict=True)
    places: Any = zip(hours, sums["movie_id"].to_pylist(), strict=True)
    return dict(zip(places, numbers, strict=True))


def _of_other_days(sums: pa.Table, day: int) -> pa.Table:
    hour = sums["hour"].cast(pa.int64())
    first = day * DAY_HOURS * duck.HOUR_MS
    within = pc.and_(pc.greater_equal(hour, first), pc.less(hour, first + DAY_HOURS * duck.HOUR_MS))
    return sums.filter(pc.invert(within))


def _told(days: Days, there: Stands, day: int) -> tuple[pa.Table, str]:
    one = there.totals.get(day)
    if one is None:
        return totals.EMPTY, ""
    return unreadable.of(days.bucket, one.key, totals.decode)


def _streamed(sums: pa.Table) -> Any:
    net = pc.subtract(sums["likes"], sums["unlikes"])
    return pc.add(pc.subtract(net, sums["backfilled"]), sums["repeated"])


def _by_film(sums: pa.Table) -> pa.Table:
    net = pc.subtract(sums["likes"], sums["unlikes"])
    columns = [sums["movie_id"], net, sums["backfilled"], sums["repeated"]]
    return _together([pa.table(columns, schema=balance.SUMS)])


def _together(films: list[pa.Table]) -> pa.Table:
    names = balance.SUMS.names[1:]
    found = pa.concat_tables(films).group_by("movie_id").aggregate([(n, "sum") for n in names])
    return found.rename_columns(balance.SUMS.names).cast(balance.SUMS)
