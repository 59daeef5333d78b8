"""A stage in memory with a past, and faults that are done to it: see `test_faults.py`."""

import copy
import io
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tests import raw_likes
from tests.audited import World
from tests.bucket import etag
from tests.small_lake import NOW, POWER, like
from tests.versioned import Versioned
from transform.aws import arrivals, mending, retracking
from transform.aws.audit_sources import Asked
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import opened
from transform.aws.mending import Mended
from transform.aws.settling import settle
from transform.lake import keys

HOUR = 3_600_000
TODAY = NOW // HOUR // 24
YESTERDAY, LONG_AGO = TODAY - 1, TODAY - 20
EARLY, LATE, OLD = -25, -3, -20 * 24
"""Hours of likes, before or after `NOW`."""
TRUTH = {"a": 8, "b": 4, "c": 2}

_KEPT = ("at", "cursors", "now", "numbers", "files")

Rows = Callable[[pa.Table], pa.Table]


class Stage(World):
    """Two films liked on two days, on two shards, one like again; and a backfill of long ago, of
    one of them and another film. All of it is settled, for hours."""

    def __init__(self, monkeypatch: Any) -> None:
        super().__init__(monkeypatch)
        self.s3 = Versioned()
        self.bucket = Bucket(self.s3, "bucket")  # type: ignore[arg-type]
        for hour in (EARLY, LATE):
            self.now = NOW + hour * HOUR
            for number in range(6):
                film = "aab"[number % 3]
                more = {"user_id": f"u{number}", "source": "web", "extra": '{"n":1}'}
                self.put(self.like(f"{hour}-{number}", film, **more), shard=number % 2)
            self.put(self.like(f"{hour}-0", "a", user_id="u0"))
            self.all()
        self.backfill(*(like(f"old-{n}", NOW + OLD * HOUR, "cc"[n], backfill=1) for n in range(2)))
        self.compact()
        self.now = NOW - HOUR
        self.tell_trends()
        self.now = NOW + HOUR
        self.keep()

    def backfill(self, *rows: raw_likes.Row, number: int = 1) -> None:
        """Bring rows as a backfill does."""
        self.s3.now = self.now
        with opened(self.bucket, POWER) as days:
            days.staging.add([raw_likes.of_the_lake(rows)])
            known = arrivals.Arrivals(days, [days.state()[0].watermark])
            settle(days, days.staging.once(), lambda part: None, known)
        told = {"number": number, "request": {"files": ["old.jsonl"]}, "began": 1, "ended": 2}
        self.s3.add(f"{keys.BACKFILLS}{number:06}.json", msgspec.json.encode(told))

    def tell_trends(self) -> None:
        """Tell the days of the table `trends` that are over."""
        self.s3.now = self.now
        retracking.days_again(self.sources(), [YESTERDAY, LONG_AGO], self.now)

    def keep(self) -> None:
        """Have it as it is now each time that it is `renewed`."""
        told = {name: getattr(self, name) for name in _KEPT}
        self._kept = copy.deepcopy((self.table.items, self.stream.shards, told)), self.s3.copy()

    def renewed(self) -> "Stage":
        """Give it as it was kept."""
        kept, s3 = self._kept
        self.table.items, self.stream.shards, told = copy.deepcopy(kept)
        for name, value in told.items():
            setattr(self, name, value)
        self.s3 = s3.copy()
        self.s3.now = self.now
        self.bucket = Bucket(self.s3, "bucket")  # type: ignore[arg-type]
        self.table.fate = lambda *call: None
        return self

    def expire(self) -> None:
        """Have the stream keep nothing any more."""
        self.stream.shards = {name: [] for name in self.stream.shards}
        self.at = {}

    def raw(self, hour: int) -> list[str]:
        """Give the keys of raw objects of an hour."""
        found = {k for k, at in self.s3.modified.items() if k.startswith("raw/")}
        return sorted(k for k in found if self.s3.modified[k] == NOW + hour * HOUR)

    def gone(self, key: str) -> None:
        """Delete an object, as somebody who has the right may."""
        self.s3.delete_object("bucket", key, etag(self.s3.objects[key]))

    def older(self, key: str) -> None:
        """Put the version of an object that came before it in its place."""
        self.s3.add(key, list(self.s3.old[key].values())[-1], self.now)

    def rewrite(self, key: str, how: Rows) -> None:
        """Put an object with other rows in the place of one, with all that its footer told."""
        read = pq.read_table(io.BytesIO(self.s3.objects[key]))
        sink = io.BytesIO()
        pq.write_table(how(read).replace_schema_metadata(read.schema.metadata), sink)
        self.s3.add(key, sink.getvalue(), self.now)

    def mend(self, **more: Any) -> Mended:
        """Mend it."""
        asked = Asked(self.now, raw_days=None, tracked_days=8, deep=True)
        return mending.reconcile(self.sources(), asked, self.compact, **more)

    def likes(self) -> dict[str, int]:
        """Give what is counted."""
        return {film: n for film, n in sorted(self.table.likes().items()) if n}


def changed(name: str, value: Any, row: int = 0) -> Rows:
    """Give what changes a value in a row."""

    def change(table: pa.Table) -> pa.Table:
        column = table[name].to_pylist()
        column[row] = value(column[row]) if callable(value) else value
        field = table.schema.field(name)
        place = table.schema.names.index(name)
        return table.set_column(place, field, pa.array(column, field.type))

    return change
