"""Forget: seconds and memory to take a heavy user out of a million likes, beside a DuckDB script.

The user has likes in ten of thirty days. The script rewrites what it has to, as it knows the days;
it has neither conditions nor totals, and searches nothing.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.bench import growth, watched
from tests.bench.folder import Folder
from tests.bench.measure import Comparison

if TYPE_CHECKING:
    import pyarrow as pa

LIKES = 1_000_000
DAYS = 30
EVERY = 3
"""The user liked on each third day."""
SHARE = 0.05
"""Of the likes of such a day, how many are the user's."""
WHO = "heavy-user-000001"
SECONDS = 10.0
MEGABYTES = 1_000


def run() -> list[Comparison]:
    """Make a lake, forget the user in a process of its own, and hold each row against the one
    before."""
    import os

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "lake"
        theirs = _make(root)
        before, sums = _rows(root), _totals(root)
        script = _script(root, Path(folder) / "script")
        told, peak = watched.run(("-m", "tests.bench.forget", str(root)), dict(os.environ))
        seconds, days, searched = json.loads(told)
        assert days == -(-DAYS // EVERY)
        _compare(before, _rows(root), theirs)
        assert sums == _totals(root)
    what = f"forget, {theirs:,} likes of one of {LIKES:,} in {days} of {DAYS} days"
    shown = f"{what}, {searched / 2**20:.0f} MB searched"
    limit = f"<= {SECONDS:.0f} s"
    beside = "a DuckDB script, the days and raw files alone"
    megabytes = peak / 2**20
    return [
        Comparison(shown, f"{seconds:.2f} s", beside, f"{script:.2f} s",
                   f"{seconds / script:.1f} x", limit, seconds <= SECONDS),
        Comparison(f"{what}, peak memory", f"{megabytes:.0f} MB", "-", "-", "-",
                   f"<= {MEGABYTES:,} MB", megabytes <= MEGABYTES),
    ]  # fmt: skip


def _make(root: Path) -> int:
    """Deliver and compact a million likes; gives how many are the user's."""
    import pyarrow as pa

    from tests.raw_likes import encode

    likes, theirs = growth._likes(LIKES // DAYS, seed=1), 0
    for day in range(DAYS):
        table = growth._shifted(likes, day, seed=1)
        if day % EVERY == 0:
            count = int(len(table) * SHARE)
            theirs += count
            users = pa.concat_arrays([pa.array([WHO] * count), _users(table).slice(count)])
            table = table.set_column(2, "user_id", users)
        path = growth._raw(root, day) / "arrival_hour=23" / "day.parquet"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode(table))
    growth._compact(Folder(root))
    return theirs


def _users(table: "pa.Table") -> Any:
    return table["user_id"].combine_chunks()


class _Versions(Folder):
    """A bucket in a folder that keeps no old versions, as the search sees it."""

    def get_paginator(self, operation: str) -> Any:
        """List the objects, each as its only version."""
        if operation == "list_object_versions":
            return SimpleNamespace(paginate=self._all)
        return super().get_paginator(operation)

    def _all(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        for page in super().get_paginator("list_objects_v2").paginate(Bucket=Bucket, Prefix=Prefix):
            versions = [
                one | {"VersionId": "null", "IsLatest": True} for one in page.get("Contents", ())
            ]
            yield {"Versions": versions}

    def get_object(self, Bucket: str, Key: str, VersionId: str = "null") -> dict[str, Any]:
        """Give an object."""
        return super().get_object(Bucket, Key)


def forget(root: Path) -> tuple[float, int, int]:
    """Forget the user; gives the seconds, the days rewritten and the bytes searched."""
    import os

    from infra.cli.forget.search import take_out
    from transform.aws import forgotten
    from transform.aws.buckets import Bucket
    from transform.aws.lake_writer import Power
    from transform.lake.erasure import Texts

    client: Any = _Versions(root)
    bucket = Bucket(client, "lake")
    nothing: Any = _Versions(root / "nothing")
    start = time.perf_counter()
    who = forgotten.add(bucket, [WHO], int(time.time() * 1000))
    power = Power(1_024, os.cpu_count() or 1)
    found = take_out(bucket, Bucket(nothing, "results"), who, Texts([WHO]), power)
    searched = sum(place.bytes for place in found.places.values())
    return time.perf_counter() - start, len(found.rewritten_days), searched


def _script(root: Path, out: Path) -> float:
    """Rewrite the files that hold the user, as a DuckDB script does it; gives seconds."""
    import duckdb

    out.mkdir()
    start = time.perf_counter()
    for day in range(0, DAYS, EVERY):
        named = f"day={growth.FIRST + timedelta(days=day):%Y-%m-%d}"
        likes, raw = f"likes/{named}/*.parquet", f"raw/arrival_{named}/*/*.parquet"
        for number, path in enumerate([*root.glob(likes), *root.glob(raw)]):
            with duckdb.connect() as connection:
                connection.execute(
                    f"""COPY (SELECT * REPLACE (nullif(user_id, '{WHO}') AS user_id)
                    FROM read_parquet('{path}')) TO '{out}/{day}-{number}.parquet'
                    (COMPRESSION zstd)"""
                )
    return time.perf_counter() - start


def _rows(root: Path) -> "pa.Table":
    import pyarrow.dataset as ds

    paths = sorted(map(str, root.glob("likes/*/*.parquet")))
    return ds.dataset(paths).to_table()


def _totals(root: Path) -> Any:
    import pyarrow.parquet as pq

    paths = sorted(root.glob("totals/*/*.parquet"))
    return [pq.read_table(path).replace_schema_metadata(None) for path in paths]


def _compare(before: "pa.Table", after: "pa.Table", theirs: int) -> None:
    """Each row is as it was, in the same place, but for the user's id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    others = [name for name in before.column_names if name != "user_id"]
    assert before.select(others).equals(after.select(others))
    was = pc.equal(before["user_id"], WHO)
    assert pc.sum(was).as_py() == theirs
    expected = pc.if_else(was, pa.scalar(None, pa.string()), before["user_id"])
    assert expected.equals(after["user_id"])


if __name__ == "__main__":
    print(json.dumps(forget(Path(sys.argv[1]))))
