"""A lake in a folder."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

import queries
from glue import schema, tables
from glue.tables import Table
from queries.engine.local import Local
from tests import local_files
from transform.lake.movies import KEY, Movie, encode

Rows = list[tuple[Any, ...]]

DATABASE = "movie_likes_local"
_RAW = schema.arrow(tables.read("likes_raw"))
LIKES = _RAW.remove(_RAW.get_field_index("place"))
"""What likes and raw likes have in common."""
LAKE = schema.arrow(tables.read("likes"))
TOTALS = schema.arrow(tables.read("likes_by_hour"))
TRENDS = schema.arrow(tables.read("trends"))
AUDIT = schema.arrow(tables.read("audit"))
NAMES = ("title", "year", "top_title", "top_year", "other_title", "other_year")
"""What an answer tells of films beside their ids."""


class Lake:
    """Tables in a folder, and a connection to them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tables: dict[str, Table] = {
            name: replace(tables.read(name), location=f"{root}/{tables.read(name).location}")
            for name in tables.names()
        }
        self.connection = Local(DATABASE, lambda: self.tables, local_files.store)

    def put(
        self,
        path: str,
        rows: Iterable[Mapping[str, Any]],
        columns: pa.Schema = LIKES,
        **options: Any,
    ) -> None:
        """Write a Parquet file under the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if columns is LIKES and path.startswith("raw/"):
            columns = _RAW
        pq.write_table(pa.Table.from_pylist(list(rows), schema=columns), file, **options)

    def put_likes(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write likes as Firehose delivers them: by the hour of `delivered_at`."""
        folders: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            folder = row["delivered_at"].strftime("raw/arrival_day=%Y-%m-%d/arrival_hour=%H")
            folders.setdefault(folder, []).append(row)
        for folder, part in folders.items():
            files = 1 + len(part) % 2
            for file in range(files):
                self.put(f"{folder}/part-{file}", part[file::files])

    def put_lake(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write likes as compaction leaves them: each once, an object a day, sorted by film; and
        what they come to.

        Days with none that says where it came from are as they were before there was a column.
        """
        days: dict[str, list[Mapping[str, Any]]] = {}
        for row in once(rows):
            folder = row["liked_at"].strftime("day=%Y-%m-%d")
            days.setdefault(folder, []).append(row)
        for folder, part in days.items():
            part.sort(key=lambda row: (row["movie_id"], row["liked_at"], row["event_id"]))
            columns = LAKE if any("backfill" in row for row in part) else LIKES
            self.put(f"likes/{folder}/whole.parquet", part, columns, compression="zstd")
            self.put(f"totals/{folder}/whole.parquet", totals(part), TOTALS, compression="zstd")

    def as_parts(self) -> None:
        """Have days as if they were divided, so that other files beside them count."""
        for file in self.root.glob("*/day=*/whole.parquet"):
            file.rename(file.with_name("hour-00.parquet"))

    def put_trends(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write days as they are ranked: a file each, in place of the one before."""
        days: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            file = row["hour"].strftime("trends/day=%Y-%m-%d/whole.parquet")
            days.setdefault(file, []).append(row)
        for file, part in days.items():
            part.sort(key=lambda row: (row["hour"], row["rank"]))
            self.put(file, part, TRENDS, compression="zstd")

    def put_audit(self, at: datetime, *items: Mapping[str, Any]) -> None:
        """Write what an audit found."""
        rows = [{"at": at, "differs": 0, "detail": ""} | dict(one) for one in items]
        self.put(f"audit/day={at:%Y-%m-%d}/{at:%H-%M-%S}.parquet", rows, AUDIT)

    def put_movies(self, movies: Iterable[Movie]) -> None:
        """Write films as a load leaves them."""
        file = self.root / KEY
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(movies))

    def put_rejected(self, day: str, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rejected lines as the archive does: gzip JSON lines."""
        file = self.root / "rejected" / f"day={day}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))


def totals(likes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What likes come to by film and hour."""
    sums: dict[tuple[str, datetime], Counter[str]] = {}
    for row in likes:
        hour = row["liked_at"].replace(minute=0, second=0, microsecond=0)
        found = sums.setdefault((row["movie_id"], hour), Counter())
        liked = row["action"] == "like"
        found["likes" if liked else "unlikes"] += 1
        found["backfilled"] += (1 if liked else -1) * (row.get("backfill") is not None)
    names = ("likes", "unlikes", "backfilled", "repeated")
    return [
        {"hour": hour, "movie_id": film} | {name: found[name] for name in names}
        for (film, hour), found in sorted(sums.items())
    ]


def once(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the copies with one event id the one that came first, in the order of arrival."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=_arrival):
        found.setdefault(row["event_id"], row)
    return list(found.values())


def _arrival(row: Mapping[str, Any]) -> tuple[Any, ...]:
    first = [row[name] for name in ("received_at", "liked_at", "movie_id", "action")]
    last = [(row[name] is None, row[name] or "") for name in ("user_id", "source", "extra")]
    return (*first, *last)


def ask(lake: Lake, name: str, **values: object) -> Rows:
    """The rows that a question gives, without what films are called, which `test_titles` is of."""
    answer = queries.run(name, connection=lake.connection, **values)
    return plain(answer.drop(columns=[column for column in NAMES if column in answer]))


def within(rows: pd.DataFrame, first: date, last: date, column: str = "liked_at") -> pd.DataFrame:
    """The rows of the days from the first to the last."""
    days = rows[column].dt.date
    return rows[(days >= first) & (days <= last)]


def plain(frame: pd.DataFrame) -> Rows:
    """The rows of an answer, with None where there is nothing."""
    whole = frame.astype(object)
    return list(whole.where(whole.notna(), None).itertuples(index=False, name=None))


def like(number: int, liked_at: datetime, **changed: Any) -> dict[str, Any]:
    """A row of likes and likes_raw."""
    return {
        "event_id": f"event-{number}",
        "movie_id": f"tt{number % 7}",
        "user_id": f"user-{number % 11}",
        "action": "like",
        "liked_at": liked_at,
        "received_at": liked_at + timedelta(milliseconds=number),
        "source": "web",
        "extra": None,
    } | changed
