"""Tells hours of trends again, from what raw has of them, or from what their days come to.

A rollup names the last batch of each shard that is in it. What came up to the newest batch that any
hour has, or RankTrends had, was tracked, or is lost; so is what the stream does not keep any more.
All else the fan-out still tracks, however far behind its consumer is, in batches whose sums nobody
can take apart: told here too, it would count twice.
"""

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from transform.audit import deliveries
from transform.aws import arrived, trend_days, unreadable
from transform.aws.audit_sources import DAY_MS, TRACKED_DAYS, Asked, Sources
from transform.aws.auditing import Taken
from transform.aws.buckets import Bucket, Conflict
from transform.aws.lake_writer import opened_to_read
from transform.aws.unreadable import decoded
from transform.counts.streamed import memory_name
from transform.lake import duck, keys
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import OVERLAP_MS, State
from transform.trends import days as trends
from transform.trends import rollups
from transform.trends.batch_sums import KEPT_MS
from transform.trends.rollups import Rollup


def rollups_again(sources: Sources, taken: Taken, some: Iterable[int], asked: Asked) -> int:
    """Tell epoch hours again of which rollups are kept, from raw and what stood on the stream when
    that was `taken`; gives how many are other than they were. Raises what a service raises."""
    first = asked.now // DAY_MS - TRACKED_DAYS
    wanted = sorted(hour for hour in some if hour // DAY_HOURS >= first)
    if not wanted:
        return 0
    bucket = sources.bucket
    since = min(wanted) * duck.HOUR_MS - OVERLAP_MS
    done = 0
    with (
        opened_to_read(bucket, sources.power) as days,
        tempfile.TemporaryDirectory(dir=days.scratch) as folder,
        duck.cursor(days.staging.connection) as cursor,
    ):
        raw = [one for one, _ in arrived.raw_since(bucket, State(), since)]
        deliveries.hold(cursor, dict.fromkeys(arrived.downloaded(bucket, raw, Path(folder)), False))
        cursor.register("streamed", taken.on_stream)
        for hour in wanted:
            known, etag = _stands(bucket, hour)
            cut = {shard: taken.tracked.get(memory_name(shard), "") for shard in known.folded}
            if any(sequence > cut[shard] for shard, sequence in known.folded.items()):
                continue  # it was added to since, maybe what nobody looked for
            rows = [
                row
                for row in _of_hour(cursor, hour)
                if row["sequence"] <= taken.tracked.get(row["memory"], "")
                or (not row["on_stream"] and row["arrived"] < asked.now - asked.grace_ms)
            ]
            told = _rollup(hour, rows, cut)
            if told.folded == known.folded and told.rows.equals(known.rows.cast(told.rows.schema)):
                continue
            with suppress(Conflict):
                bucket.put(keys.rollup(hour), rollups.encode(told), etag)
                done += 1
    return done


def _stands(bucket: Bucket, hour: int) -> tuple[Rollup, str | None]:
    found = bucket.read(keys.rollup(hour))
    if not found:
        return rollups.empty(hour), None
    return decoded(keys.rollup(hour), found[0], partial(rollups.decode, hour)), found[1]


def _of_hour(cursor: DuckDBPyConnection, hour: int) -> list[dict[str, Any]]:
    """Give the deliveries of an hour that were not too late to be tracked, each place once."""
    first = hour * duck.HOUR_MS
    found: pa.Table = cursor.sql(
        f"""
        SELECT
          place, any_value(split_part(place, '/', 1)) AS shard, any_value(memory) AS memory,
          any_value(sequence) AS sequence, any_value(movie_id) AS movie_id, any_value(net) AS net,
          any_value((liked_at - {first}) // 60000) AS minute, min(arrived) AS arrived,
          bool_or(on_stream) AS on_stream
        FROM (
          SELECT *, false AS on_stream FROM raw
          UNION ALL BY NAME SELECT *, true AS on_stream FROM streamed
        )
        WHERE liked_at >= {first} AND liked_at < {first + duck.HOUR_MS}
          AND liked_at >= arrived - {KEPT_MS}
        GROUP BY place"""
    ).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def _rollup(hour: int, rows: list[dict[str, Any]], cut: Mapping[str, str]) -> Rollup:
    folded = dict(cut)
    counts: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        shard = row["shard"]
        folded[shard] = max(row["sequence"], folded.get(shard, ""))
        pair = counts.setdefault((row["movie_id"], row["minute"]), [0, 0])
        pair[row["net"] < 0] += 1
    return rollups.of(hour, counts, folded)


def days_again(sources: Sources, wanted: Iterable[int], now: int) -> None:
    """Tell epoch days of the table `trends` again that are over, from their totals, or no more
    where the lake has none; of today, RankTrends does within the hour."""
    bucket = sources.bucket
    totals = trend_days.by_day(bucket.list(keys.TOTALS))
    others = trend_days.beside(bucket.list(keys.TRENDS))
    for day in sorted(wanted):
        if day >= now // DAY_MS:
            continue
        if day not in totals:
            bucket.remove([keys.trends(day)])
            continue
        told = [
            unreadable.of(bucket, totals[one].key, partial(rollups.settled, one))
            for one in (day - 1, day)
            if one in totals
        ]
        trend_days.write(bucket, day, trends.table(day, told), others.get(keys.trends(day), ()))
