"""A lake in memory for backfills to run on, whose processes may end at any call to a service."""

import gzip
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from infra.cli.backfill import ledger, run, source_files
from infra.cli.backfill.ledger import Ledger, Ledgers, Request
from infra.cli.backfill.run import Lake
from infra.cli.backfill.segment import Outcome, Watcher
from tests import raw_likes
from tests.bucket import Objects
from tests.fakes import DynamoDB
from tests.raw_likes import HOUR, Row
from transform.aws import adjusting, compacting
from transform.aws.adjusting import Counts
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import Power
from transform.event import event_ids, likes
from transform.event.invalid import InvalidLike
from transform.lake import keys

NOW = 1_769_860_800_000  # 2026-01-31T12:00:00Z
POWER = Power(256, 1)
TABLE = "counts"


class Crash(Exception):
    """The end of a process, anywhere."""


class Fate:
    """Sees each call twice, before and after it is made; some of them are a process's last."""

    def __init__(self) -> None:
        self.calls = 0
        self.writes: list[int] = []
        """The numbers of the calls that change anything, before they are made."""
        self.last: int | None = None
        self.act: dict[int, Callable[[], object]] = {}
        """What somebody else does, by the number of the call."""
        self.lock = threading.Lock()

    def __call__(self, *call: str) -> None:
        """Let a call be made, or its answer be seen."""
        with self.lock:
            self.calls += 1
            number = self.calls
            if call[0] in ("put", "delete", "update", "restate"):
                self.writes.append(number)
        if self.last is not None and number >= self.last:  # whichever thread it is in
            raise Crash
        if number in self.act:
            self.act.pop(number)()


class Bad(NamedTuple):
    """A line that was rejected."""

    file: str
    line: int
    payload: bytes
    reason: str
    received_at: str


class World:
    """A bucket, a table of counts, files, and a clock."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.fate = Fate()
        self.s3 = Objects()
        self.s3.before = self.fate
        self.s3.after = lambda *call: self.fate("after", *call)
        self.bucket = Bucket(self.s3, "raw-likes-bucket-test")  # type: ignore[arg-type]
        self.table = DynamoDB()
        self.table.fate = self.fate
        self.now = NOW
        self.restated = 0
        self.watcher = Watcher()

    def write(self, name: str, data: bytes, modified: int = NOW) -> str:
        """Have a file, last changed at a time; one called .gz is compressed."""
        path = self.folder / name
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        os.utime(path, ns=(modified * 1_000_000,) * 2)
        return str(path)

    def run(self, *names: str, **more: Any) -> Outcome:
        """Backfill files, by their names in the folder."""
        given = tuple(str(self.folder / name) for name in names)
        found = source_files.find(given, self._never).sources
        request = Request(given, **more)
        return run.run(self.lake(), request, found, self._never, self.now, POWER, self.watcher)

    def lake(self) -> Lake:
        """Give what a backfill changes."""
        return Lake(self.bucket, Counts(self.table, TABLE), self._restate)  # type: ignore[arg-type]

    def dies(self, last: int, *names: str, **more: Any) -> bool:
        """Backfill as a process whose call of this number is its last; tell whether it came to it.

        Each call counts twice: the process ends before it is made, or before its answer is seen.
        """
        self.fate.calls, self.fate.last = 0, last
        try:
            self.run(*names, **more)
        except Crash:
            return True
        finally:
            self.fate.last = None
        return False

    def merge_raw(self, *rows: Row) -> None:
        """Deliver likes by the stream, which are counted, and compact the lake."""
        name = f"{len(self.s3.objects)}"
        self.s3.add(raw_likes.raw_key(name, self.now), raw_likes.encode(rows), self.now)
        for film, likes_ in net(rows).items():
            item = self.table.items.setdefault(film, {"movie_id": {"S": film}})
            item["likes"] = {"N": str(int(item.get("likes", {"N": "0"})["N"]) + likes_)}
        self.compact()

    def compact(self) -> None:
        """Compact the lake, and adjust the counts."""
        compacting.compact(self.bucket, power=POWER)
        adjusting.adjust(self.bucket, self.lake().counts)

    def _restate(self) -> None:
        self.fate("restate")
        self.restated += 1
        self.fate("restated")

    @staticmethod
    def _never() -> Any:
        raise AssertionError("S3 is not asked for local files")

    def rows(self) -> dict[tuple[int, str], list[Row]]:
        """Give what the objects of each day of the lake hold, by name."""
        found = {}
        for key, body in self.s3.objects.items():
            place = keys.likes_place(key)
            if place:
                found[place] = raw_likes.decode(body)
        return found

    def net(self) -> dict[str, int]:
        """Give likes less unlikes by film, as the lake has them."""
        return net(row for held in self.rows().values() for row in held)

    def totals(self) -> dict[str, int]:
        """Give the same, as the totals of days have them."""
        found: Counter[str] = Counter()
        for key, body in self.s3.objects.items():
            if key.startswith(keys.TOTALS):
                for row in pq.read_table(pa.BufferReader(body)).to_pylist():
                    found[row["movie_id"]] += row["likes"] - row["unlikes"]
        return {film: likes for film, likes in found.items() if likes}

    def counted(self) -> dict[str, int]:
        """Give what the films count, but for those that count nothing."""
        return {film: likes for film, likes in self.table.likes().items() if likes}

    def adjusted(self) -> dict[str, int]:
        """Give what of that the lake adjusts, but for films where that is nothing."""
        told = {film: int(item.get("adjusted", {"N": "0"})["N"])
                for film, item in self.table.items.items()}  # fmt: skip
        return {film: net for film, net in told.items() if net}

    def rejected(self) -> list[Bad]:
        """Give the lines that were rejected, in the order of files and lines."""
        lines = [
            json.loads(line)
            for key, body in self.s3.objects.items()
            if key.startswith("rejected/")
            for line in gzip.decompress(body).splitlines()
        ]
        assert all(line["payload_encoding"] == "utf-8" for line in lines)
        return sorted(
            Bad(
                Path(line["file"]).name,
                line["line"],
                line["payload"].encode(),
                line["reason"],
                line["received_at"],
            )
            for line in lines
        )

    def ledgers(self) -> list[Ledger]:
        """Give what is written down of each backfill."""
        return list(Ledgers(self.bucket).all())

    def stands(self) -> tuple[dict[str, bytes], dict[str, int]]:
        """Give all that a backfill leaves to others, to the byte."""
        notes = (ledger.PREFIX, adjusting.KEY)
        others = {key: body for key, body in self.s3.objects.items() if not key.startswith(notes)}
        return others, self.table.likes()


class Truth(NamedTuple):
    """What lines should become by `likes.parse` alone, one after the other."""

    rows: list[Row]
    bad: list[tuple[str, int, bytes, str]]


def truth(name: str, data: bytes, modified: int = NOW, now: int = NOW, number: int = 1) -> Truth:
    """Tell what should come of a file of JSON lines."""
    rows, bad = [], []
    skew = max(0, now - modified)
    for place, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            like = likes.parse(line, modified, lambda: "", skew)
        except InvalidLike as invalid:
            bad.append((name, place, line, invalid.reason))
            continue
        dated = likes.parse(line, modified - 1, lambda: "", skew + 1).liked_at == like.liked_at
        made = event_ids.derived(like.liked_at * dated, sha256(line.strip()).hexdigest())
        told = (like.movie_id, like.user_id, like.action, like.liked_at, modified, like.source)
        rows.append(Row(like.event_id or made, *told, like.extra, number))
    return Truth(rows, bad)


def net(rows: Any) -> dict[str, int]:
    """Give likes less unlikes by film, without films where that is nothing."""
    found: Counter[str] = Counter()
    for row in rows:
        found[row.movie_id] += 1 if row.action == "like" else -1
    return {film: likes for film, likes in found.items() if likes}


def line(event_id: str | None, film: str = "a", at: int | None = NOW - HOUR, **more: Any) -> bytes:
    """Give a like as a line."""
    told = {"event_id": event_id, "movie_id": film, "liked_at": at} | more
    return json.dumps({key: value for key, value in told.items() if value is not None}).encode()


def lines(*given: bytes) -> bytes:
    """Give lines as a file."""
    return b"".join(one + b"\n" for one in given)
