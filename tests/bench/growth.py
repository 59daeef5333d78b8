"""Growth: one day's question, and the merge of a day that comes late, as the history grows.

The days that are asked for and merged into are compacted by the function itself; those between are
links to the first, for nobody opens them: that is what counting files and requests shows. Raw
objects of the last 30 days, as many as Firehose writes, stand in the listing: `prod` keeps those.
"""

import os
import shutil
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import rich

from tests.bench import generate
from tests.bench.folder import Folder
from tests.bench.measure import Comparison

if TYPE_CHECKING:
    import pyarrow as pa

DAYS = (9, 30, 365)
"""From nine days on, a merge looks up what arrived on eight of them."""
LIKES = 50_000  # a day, and as many come late
FIRST = datetime(2025, 5, 28, tzinfo=UTC)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
RAW_DAYS = 30
RAW_A_DAY = 288
"""A file every five minutes."""
ROUNDS = 5
FLAT = 1.2


class Question(NamedTuple):
    """What one day's question took: seconds, and the bytes that Athena would scan."""

    seconds: float
    bytes: int


class Merge(NamedTuple):
    """What a merge took: seconds, and requests by kind."""

    seconds: float
    calls: Counter[str]


def run() -> list[Comparison]:
    """Let the history grow, and ask and merge at each length."""
    console = rich.get_console()
    questions, merges = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        history, late = Path(folder) / "history", Path(folder) / "late"
        _grow(history, range(1))
        made = 1
        for length in DAYS:
            with console.status(f"growth: a history of {length} days"):
                _grow(history, range(made, length))
            made = length
            with console.status(f"growth: on a history of {length} days"):
                questions[length] = _ask(history, length - 1)
                merges[length] = _merge(history, late, length - 1)
    first = DAYS[0]
    found = []
    for length in DAYS[1:]:
        found += _asked(length, questions[length], questions[first])
        what = f"{length} days of history"
        found += _merged(what, merges[length], f"{first} days", merges[first])
    return found


def _asked(length: int, ours: Question, theirs: Question) -> list[Comparison]:
    what = f"growth, one day's top_movies, {length} days of history"
    return [
        _flat(f"{what}, bytes read", ours.bytes, theirs.bytes, f"{DAYS[0]} days", "B"),
        _shown(what, ours.seconds, theirs.seconds, f"{DAYS[0]} days"),
    ]


def _merged(what: str, ours: Merge, beside: str, theirs: Merge) -> list[Comparison]:
    what = f"growth, a late day merged, {what}"
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(ours.calls.items()))
    return [
        _flat(f"{what}: {told}", ours.calls.total(), theirs.calls.total(), beside, "calls"),
        _shown(what, ours.seconds, theirs.seconds, beside),
    ]


def _flat(what: str, ours: int, theirs: int, beside: str, unit: str) -> Comparison:
    ratio = ours / theirs
    return Comparison(
        what,
        f"{ours:,} {unit}",
        beside,
        f"{theirs:,} {unit}",
        f"{ratio:.2f} x",
        f"<= {FLAT} x",
        ratio <= FLAT,
    )


def _shown(what: str, ours: float, theirs: float, beside: str) -> Comparison:
    texts = (f"{seconds * 1000:.0f} ms" for seconds in (ours, theirs))
    return Comparison(what, next(texts), beside, next(texts), f"{ours / theirs:.2f} x", "-", True)


def _grow(history: Path, days: range) -> None:
    """Add days, counted from the first: compact the last of them, link the others."""
    for day in days[:-1]:
        _link(history, day)
    last = days[-1]
    _deliver(history, last, "day", _shifted(_likes(LIKES, seed=1), last, seed=1))
    done = _compact(Folder(history))
    assert (done.objects, done.new, done.days) == (1, LIKES, 1)
    shutil.rmtree(history / "raw")
    for day in range(max(0, days.stop - RAW_DAYS), days.stop):
        for number in range(RAW_A_DAY):
            _deliver(history, day, f"{number:03}", before=HOUR_MS)


def _link(history: Path, day: int) -> None:
    """Have the first day's files stand for a day as well."""
    from transform.lake import keys
    from transform.lake.division import WHOLE

    first = int(FIRST.timestamp()) // 86_400
    for there, here in (
        (keys.likes(first, WHOLE), keys.likes(first + day, WHOLE)),
        (keys.totals(first), keys.totals(first + day)),
    ):
        (history / here).parent.mkdir(parents=True, exist_ok=True)
        os.link(history / there, history / here)
        os.utime(history / here, (FIRST.timestamp(),) * 2)  # or all of them are new to each merge


def _raw(root: Path, day: int) -> Path:
    return root / f"raw/arrival_day={FIRST + timedelta(days=day):%Y-%m-%d}"


def _deliver(
    root: Path, day: int, name: str, likes: "pa.Table | None" = None, before: int = 0
) -> None:
    """Write a raw file, one of no likes if none are given, some time before the end of a day."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from glue import schema, tables

    path = _raw(root, day) / "arrival_hour=23" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    nothing = pa.schema(schema.arrow(tables.read("likes_raw"))).empty_table()
    pq.write_table(likes or nothing, path)
    at = (FIRST + timedelta(days=day + 1, milliseconds=-before)).timestamp()
    os.utime(path, (at, at))


def _ask(history: Path, last: int) -> Question:
    """Ask for the last day alone."""
    from msgspec.structs import replace

    import queries
    from glue import tables
    from queries.engine.local import Local
    from tests import local_files

    told = {
        name: replace(tables.read(name), location=f"{history}/{tables.read(name).location}")
        for name in ("likes_by_hour", "movies")
    }
    connection = Local("lake", lambda: told, local_files.store)
    day = f"{FIRST + timedelta(days=last):%Y-%m-%d}"
    best, scanned = float("inf"), 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answer = queries.run("top_movies", connection=connection, first_day=day, last_day=day)
        best = min(best, time.perf_counter() - start)
        scanned = answer.attrs["bytes"]
        assert answer.attrs["files"] == 1 and answer["likes"].sum() + answer["unlikes"].sum()
    return Question(best, scanned)


def _merge(history: Path, late: Path, last: int) -> Merge:
    """Merge late likes of the last day; the history stays as it is, but that the first time it
    gets the ids of the days of arrival that are looked at, as they stand on a stage."""
    likes = _shifted(_likes(LIKES, seed=2), last, seed=2)
    best = Merge(float("inf"), Counter())
    for number in range(ROUNDS + 1):
        shutil.rmtree(late, ignore_errors=True)
        _deliver(late, last + 1, "late", likes)
        client = Folder(late, history)
        start = time.perf_counter()
        done = _compact(client)
        seconds = time.perf_counter() - start
        assert (done.objects, done.new, done.days) == (1, len(likes), 1)
        if number:
            best = min(best, Merge(seconds, Counter(client.calls)), key=lambda one: one.seconds)
            continue
        for path in sorted((late / "ids").rglob("*.parquet"))[:-1]:  # the last is of these likes
            there = history / path.relative_to(late)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, there)
    return best


def _compact(folder: Folder) -> Any:
    from transform.aws import compacting
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power

    cores = os.cpu_count() or 1
    client: Any = folder
    return compacting.compact(Bucket(client, "lake"), power=Power(2_048, cores))


def _likes(count: int, seed: int) -> "pa.Table":
    """Give likes spread evenly over the first day, as raw files hold them but for the ids."""
    import numpy as np
    import pyarrow as pa

    from glue import schema, tables
    from infra.cli.traffic import simulate

    chance = np.random.default_rng(seed)
    films = pa.array([film.movie_id for film in simulate.films()])
    weights = np.arange(1, len(films) + 1) ** -simulate.ZIPF
    liked = np.sort(int(FIRST.timestamp() * 1000) + chance.integers(0, DAY_MS, count))
    users = pa.array(np.char.mod("user-%06d", chance.integers(0, count // 4, count)))
    columns: list[Any] = [
        pa.nulls(count),
        films.take(pa.array(chance.choice(len(films), count, p=weights / weights.sum()))),
        users,
        pa.array(np.where(chance.random(count) < generate.UNLIKES, "unlike", "like")),
        pa.array(liked),
        pa.array(liked + chance.integers(5, 50, count)),
        pa.array(np.full(count, "web")),
        pa.nulls(count),
        pa.array(generate.places(count)),
    ]
    fields = schema.arrow(tables.read("likes_raw"))
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, fields, strict=True)],
        schema=fields,
    )


def _shifted(likes: "pa.Table", days: int, seed: int) -> "pa.Table":
    """Give the likes as others of so many days later."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    later = pa.scalar(days * DAY_MS, pa.duration("ms"))
    changed = {name: pc.add(likes[name], later) for name in ("liked_at", "received_at")}
    changed["event_id"] = generate.ids(np.random.default_rng([seed, days]), len(likes))
    changed["place"] = pa.array(generate.places(len(likes), (1_000 * seed + days) * len(likes)))
    columns = [changed.get(name, likes[name]) for name in likes.column_names]
    return pa.table(columns, schema=likes.schema)
