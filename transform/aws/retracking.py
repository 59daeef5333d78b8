"""Tells hours of trends again, from what raw has of them, or from what their days come to.

A rollup names the last batch of each shard that is in it. What raw has up to the newest batch that
any hour has was tracked, or is lost; so is what came so long ago that it should be tracked by now.
All else may still be tracked, and an hour with such is left for later.
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
from transform.aws.buckets import Conflict
from transform.aws.lake_writer import opened_to_read
from transform.aws.unreadable import decoded
from transform.lake import duck, keys
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import OVERLAP_MS, State
from transform.trends import days as trends
from transform.trends import rollups
from transform.trends.batch_sums import KEPT_MS
from transform.trends.rollups import Rollup


def rollups_again(sources: Sources, some: Iterable[int], asked: Asked) -> int:
    """Tell epoch hours again of which rollups are kept; gives how many that were."""
    first = asked.now // DAY_MS - TRACKED_DAYS
    wanted = sorted(hour for hour in some if hour // DAY_HOURS >= first)
    if not wanted:
        return 0
    bucket = sources.bucket
    every: dict[int, tuple[Rollup, str]] = {}
    for one in bucket.list(keys.ROLLUPS):
        hour = keys.rollup_hour(one.key)
        if hour is not None:
            body, stands = bucket.get(one.key)
            every[hour] = decoded(one.key, body, partial(rollups.decode, hour)), stands
    furthest: dict[str, str] = {}
    for rollup, _ in every.values():
        for shard, sequence in rollup.folded.items():
            furthest[shard] = max(sequence, furthest.get(shard, ""))
    since = min(wanted) * duck.HOUR_MS - OVERLAP_MS
    done = 0
    with (
        opened_to_read(bucket, sources.power) as days,
        tempfile.TemporaryDirectory(dir=days.scratch) as folder,
        duck.cursor(days.staging.connection) as cursor,
    ):
        raw = [one for one, _ in arrived.raw_since(bucket, State(), since)]
        deliveries.hold(cursor, dict.fromkeys(arrived.downloaded(bucket, raw, Path(folder)), False))
        for hour in wanted:
            rows = _of_hour(cursor, hour)
            ahead = [row for row in rows if row["sequence"] > furthest.get(row["shard"], "")]
            if any(row["arrived"] >= asked.now - asked.grace_ms for row in ahead):
                continue
            known = every.get(hour)
            told = _rollup(hour, rows, known[0].folded if known else {})
            with suppress(Conflict):
                etag = known[1] if known else None
                bucket.put(keys.rollup(hour), rollups.encode(told), etag)
                done += 1
    return done


def _of_hour(cursor: DuckDBPyConnection, hour: int) -> list[dict[str, Any]]:
    """Give the deliveries of an hour that were not too late to be tracked, each place once."""
    first = hour * duck.HOUR_MS
    found: pa.Table = cursor.sql(
        f"""
        SELECT
          place, any_value(split_part(place, '/', 1)) AS shard, any_value(sequence) AS sequence,
          any_value(movie_id) AS movie_id, any_value(net) AS net, min(arrived) AS arrived,
          any_value((liked_at - {first}) // 60000) AS minute
        FROM raw
        WHERE liked_at >= {first} AND liked_at < {first + duck.HOUR_MS}
          AND liked_at >= arrived - {KEPT_MS}
        GROUP BY place"""
    ).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def _rollup(hour: int, rows: list[dict[str, Any]], folded: Mapping[str, str]) -> Rollup:
    now_folded = dict(folded)
    counts: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        shard = row["shard"]
        now_folded[shard] = max(row["sequence"], now_folded.get(shard, ""))
        pair = counts.setdefault((row["movie_id"], row["minute"]), [0, 0])
        pair[row["net"] < 0] += 1
    return rollups.of(hour, counts, now_folded)


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
