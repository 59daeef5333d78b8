"""Days: questions of a month, a year and ten years, beside DuckDB and the layout by the hour.

All lie in the emulator's S3, and are asked over its HTTP. DuckDB reads the same objects, a day
each, by pyarrow, as one would write it who knows which days there are. The layout of before, an
object an hour, is the same lake divided by the hour, asked as the questions were written then.
"""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import rich

from tests.bench import growth
from tests.bench.folder import Folder
from tests.bench.measure import Comparison, best_seconds
from tests.bench.wrangler import BUCKET, bucket

if TYPE_CHECKING:
    from queries import Connection
    from transform.aws.buckets import Bucket
    from transform.lake.division import Division

FIRST = growth.FIRST.date()
MONTH, YEAR = 31, 365
MONTHS_LIKES, YEARS_LIKES = 1_000_000 // MONTH, 50_000  # a day
HOURS = 10 * 365 * 24
ROUNDS = 5
TO_DUCKDB, TO_HOURS = 3.0, 8.0
MORE_OBJECTS = 1.1
LATE = (1_000_000, 10_000_000)
"""Likes of a day into which one more is merged."""
HISTORY_S, QUESTION_S = 20.0, 3.0

SQL = {
    "top_movies": """
        SELECT movie_id, count(*) FILTER (WHERE action = 'like') AS liked,
          count(*) FILTER (WHERE action = 'unlike') AS unliked
        FROM likes WHERE day BETWEEN '{first}' AND '{last}'
        GROUP BY movie_id ORDER BY liked - unliked DESC, movie_id LIMIT 10""",
    "likes_by_day": """
        SELECT day, count(*) FILTER (WHERE action = 'like') AS liked,
          count(*) FILTER (WHERE action = 'unlike') AS unliked, count(DISTINCT movie_id) AS movies
        FROM likes WHERE day BETWEEN '{first}' AND '{last}' GROUP BY day ORDER BY day""",
    "unique_likers": """
        SELECT day, count(DISTINCT user_id) AS likers, count(*) AS liked
        FROM likes WHERE day BETWEEN '{first}' AND '{last}' AND action = 'like'
        GROUP BY day ORDER BY day""",
}
"""What the questions ask, in SQL that Athena and DuckDB both know."""


def run() -> list[Comparison]:
    """Ask of each span."""
    return [*_month(), *_year(), *_ten_years(), *map(_late, LATE)]


def _month() -> list[Comparison]:
    from transform.aws import compacting
    from transform.lake.division import Division

    with bucket() as client, rich.get_console().status("days: a month"):
        lake = _bucket(client)
        _fill(lake, MONTH, MONTHS_LIKES)
        ask, last = _connection(), FIRST + timedelta(days=MONTH - 1)
        ours = _each(lambda name: _question(ask, name, last))
        duckdb = _each(lambda name: _by_duckdb(name, last))
        compacting.divide(lake, Division(by_hour=True))
        before = _each(lambda name: _as_before(ask, name, last), rounds=2)
    found = []
    for name, seconds in ours.items():
        what = f"days, {name} of a month, {MONTH * MONTHS_LIKES:,} likes"
        found += [
            _slower(what, seconds, "DuckDB over the same days", duckdb[name], TO_DUCKDB),
            _faster(what, seconds, "an object an hour", before[name], TO_HOURS),
        ]
    return found


def _year() -> list[Comparison]:
    with bucket() as client, rich.get_console().status("days: a year"):
        _fill(_bucket(client), YEAR, YEARS_LIKES)
        ask, last = _connection(), FIRST + timedelta(days=YEAR - 1)
        found = []
        for name in SQL:
            start = time.perf_counter()
            files = _question(ask, name, last)
            seconds = time.perf_counter() - start
            start = time.perf_counter()
            _by_duckdb(name, last)
            theirs = time.perf_counter() - start
            what = f"days, {name} of a year, {YEAR * YEARS_LIKES:,} likes"
            found += [
                _slower(what, seconds, "DuckDB over the same days", theirs, None),
                _objects(what, files, YEAR),
            ]
    return found


def _ten_years() -> list[Comparison]:
    """A like an hour, backfilled, and asked for."""
    days = HOURS // 24
    start = datetime(FIRST.year - 10, 1, 1, tzinfo=UTC)
    with TemporaryDirectory() as folder, bucket() as client:
        export = Path(folder) / "history.jsonl"
        with export.open("w") as file, rich.get_console().status("days: ten years"):
            for hour in range(HOURS):
                at = start + timedelta(hours=hour, minutes=hour % 60)
                film, user = f"tt{hour * 7919 % 500:07}", f"user-{hour % 997}"
                told = {"event_id": f"{hour:09}", "movie_id": film, "user_id": user}
                file.write(json.dumps(told | {"liked_at": at.isoformat()}) + "\n")
        begun = time.perf_counter()
        with rich.get_console().status("days: ten years, backfilled"):
            _backfill(_bucket(client), export)
        table_s = time.perf_counter() - begun
        ask, last = _connection(), (start + timedelta(days=days - 1)).date()
        begun = time.perf_counter()
        files = _question(ask, "top_movies", last, first=start.date())
        asked_s = time.perf_counter() - begun
    what = f"days, ten years of a like an hour, {HOURS:,} likes"
    return [
        _within(f"{what}, backfilled into likes and totals", table_s, HISTORY_S),
        _within(f"{what}, top_movies", asked_s, QUESTION_S),
        _objects(f"{what}, top_movies", files, days),
    ]


class Weighed(Folder):
    """A bucket in a folder that adds up what is written of likes."""

    written = 0

    def put_object(self, Bucket: str, Key: str, Body: Any, **condition: str) -> dict[str, str]:
        """Keep an object."""
        answer = super().put_object(Bucket, Key, Body, **condition)
        found = self._find(Key)
        self.written += found.stat().st_size if found and Key.startswith("likes/") else 0
        return answer


def _late(likes: int) -> Comparison:
    """Merge one late like into a day of so many, whole, and divided by hour."""
    from transform.lake.division import Division

    with rich.get_console().status(f"days: one late like in a day of {likes:,}"):
        whole = _late_in(likes, Division())
        hour = _late_in(likes, Division(by_hour=True))
    told = [
        f"{seconds:.2f} s, {written / 1e6:.1f} MB written" for seconds, written in (whole, hour)
    ]
    what, ratio = f"days, one late like in a day of {likes:,}", f"{whole[0] / hour[0]:.1f} x"
    return Comparison(what, told[0], "divided by hour", told[1], ratio, "-", True)


def _late_in(likes: int, division: "Division") -> tuple[float, int]:
    """Give the seconds, and the bytes of likes that are written."""
    from transform.aws import compacting
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power

    power = Power(2_048, os.cpu_count() or 1)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        client: Any = Weighed(root)
        lake = Bucket(client, "lake")
        compacting.divide(lake, division, power)
        made = growth._shifted(growth._likes(likes, seed=1), 0, seed=1)
        growth._deliver(root, 0, "day", made)
        assert compacting.compact(lake, power=power).new == likes
        late = growth._shifted(growth._likes(9, seed=9), 0, seed=9).slice(4, 1)
        growth._deliver(root, 1, "late", late)
        client.written, begun = 0, time.perf_counter()
        assert compacting.compact(lake, power=power).new == 1
        return time.perf_counter() - begun, client.written


def _fill(lake: "Bucket", days: int, likes: int) -> None:
    """Have so many days of so many likes each, which are delivered and compacted."""
    import io

    import pyarrow.parquet as pq

    from transform.aws import compacting

    made = growth._likes(likes, seed=1)
    for day in range(days):
        body = io.BytesIO()
        pq.write_table(growth._shifted(made, day, seed=1), body)
        at = f"{growth.FIRST + timedelta(days=day):%Y-%m-%d}"
        lake.replace(f"raw/arrival_day={at}/arrival_hour=23/day.parquet", body.getvalue())
    done = compacting.compact(lake)
    assert (done.new, done.days) == (days * likes, days), done


def _backfill(lake: "Bucket", export: Path) -> None:
    from tests.bench import backfilling

    totals = backfilling.prepared(lake, export)()
    assert totals.new == HOURS


def _bucket(client: Any) -> "Bucket":
    from glue.signed import Signed
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import CONNECTIONS

    return Bucket(client, BUCKET, Signed(client, CONNECTIONS))


def _connection() -> "Connection":
    """Give what asks the tables in the bucket, as `lake sql` asks those of a stage."""
    from msgspec.structs import replace

    from glue import sessions, tables
    from queries.engine.local import Local
    from queries.engine.store import of_session

    told = {
        name: replace(tables.read(name), location=f"s3://{BUCKET}/{tables.read(name).location}")
        for name in tables.names()
    }
    store = of_session(sessions.session(), os.environ["AWS_ENDPOINT_URL"])
    return Local("lake", lambda: told, lambda: store)


def _question(ask: "Connection", name: str, last: date, first: date = FIRST) -> int:
    """Ask it as it comes with the product; gives the objects that were opened."""
    import queries

    answer = queries.run(name, connection=ask, first_day=first, last_day=last)
    assert len(answer)
    files: int = answer.attrs["files"]
    return files


def _as_before(ask: "Connection", name: str, last: date) -> None:
    import queries

    assert len(queries.run(SQL[name].format(first=FIRST, last=last), connection=ask))


def _by_duckdb(name: str, last: date) -> None:
    """Ask DuckDB, over the likes alone."""
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.fs as pafs

    scheme, _, host = os.environ["AWS_ENDPOINT_URL"].partition("://")
    s3 = pafs.S3FileSystem(
        access_key="test", secret_key="test", scheme=scheme, endpoint_override=host
    )
    days = (FIRST + timedelta(days=n) for n in range((last - FIRST).days + 1))
    paths = [f"{BUCKET}/likes/day={day}/whole.parquet" for day in days]
    parts = ds.partitioning(pa.schema([("day", pa.string())]), flavor="hive")
    likes = ds.dataset(paths, filesystem=s3, format="parquet", partitioning=parts)
    with duckdb.connect() as session:
        session.register("likes", likes)
        assert session.sql(SQL[name].format(first=FIRST, last=last)).fetchall()


def _each(ask: Callable[[str], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Give the best seconds of each question."""
    asked = {name: lambda name=name: ask(name) for name in SQL}
    return best_seconds(asked, rounds, repeats=1)


def _slower(what: str, ours: float, beside: str, theirs: float, limit: float | None) -> Comparison:
    ratio = ours / theirs
    target = f"<= {limit:.0f} x" if limit else "-"
    met = not limit or ratio <= limit
    return Comparison(what, _ms(ours), beside, _ms(theirs), f"{ratio:.2f} x", target, met)


def _faster(what: str, ours: float, beside: str, theirs: float, limit: float) -> Comparison:
    ratio = theirs / ours
    told = _ms(ours), beside, _ms(theirs), f"{ratio:.1f} x faster", f">= {limit:.0f} x"
    return Comparison(what, *told, ratio >= limit)


def _objects(what: str, files: int, days: int) -> Comparison:
    told = f"{files:,} objects", "its days", f"{days:,}", f"{files / days:.2f} x"
    return Comparison(
        f"{what}, opened", *told, f"<= {MORE_OBJECTS} x", files <= MORE_OBJECTS * days
    )


def _within(what: str, seconds: float, limit: float) -> Comparison:
    told = f"{seconds:.1f} s", "-", "-", "-", f"<= {limit:.0f} s"
    return Comparison(what, *told, seconds <= limit)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
