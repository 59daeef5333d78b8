"""RankTrends: rolls up what was tracked, ranks films, and writes days of trends to the lake."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from transform.aws import clients, metering, trend_days
from transform.aws.buckets import Bucket, Conflict
from transform.aws.leaderboards import Leaderboards
from transform.aws.trend_days import Restated
from transform.lake import keys, repeats
from transform.lake.division import DAY_HOURS
from transform.lake.watermark import Object
from transform.trends import batch_sums, days, rollups, scoring
from transform.trends.activity import BIN, first_hour, quarter_hourly, without
from transform.trends.batch_sums import Batch, Stored
from transform.trends.days import Published
from transform.trends.leaderboards import WINDOWS
from transform.trends.rollups import Rollup

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

TRENDS_TABLE = "TRENDS_TABLE"
LAKE_BUCKET = "LAKE_BUCKET"

BATCHES = 500
"""Batches that are added at a time, which bounds memory after an outage."""
SPARE_MS = 60_000
"""Time kept for ranking; what was not added, or restated, before that is left to a next run."""
LOST_S = 3600
"""What should stand before sums this old, and does not, has expired."""
READERS = 16
CONFLICTS = 5

logger = Logger()
metrics = metering.metrics()


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_config())


@cache
def _s3() -> "S3Client":
    return boto3.client("s3", config=_config())


def _config() -> "Config":
    return clients.config(10, max_pool_connections=READERS, tcp_keepalive=True)


def _bucket() -> Bucket:
    return Bucket(_s3(), os.environ[LAKE_BUCKET])


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READERS)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Rank as of now, or as of the epoch milliseconds that the event names as `as_of`.

    Any run may be repeated, cut off or run beside another one: a batch is added to an hour once,
    an older leaderboard does not replace a newer one, and the same hours give the same bytes.
    A day of the table holds its closed hours, and is written when one closes. An hour is told from
    what was tracked, until compaction has settled what its likes are. Days that late likes changed
    are restated at most every ten minutes, or now if the event says `restate`; those of more than
    eight days ago when it does, and with the run of an hour's first minute (without it, with a
    later hour's), which also writes those again that were written so soon after a change that they
    may be of what was there before it. `more` tells that some of these are left, as time ran out.
    Raises what a service raises, and the next run goes on from there.
    """
    as_of = int(event.get("as_of") or time.time() * 1000)
    minute = as_of // batch_sums.MINUTE_MS
    added = _roll_up(context)
    tracked, totals = _tracked(), _totals(as_of)
    for key in _kept.keys() - {file.key for file in (*tracked.values(), *totals.values())}:
        del _kept[key]
    seen = [hour for hour in tracked if first_hour(minute) <= hour <= minute // 60]
    activity = quarter_hourly(_load(rollups.decode, tracked, seen), minute)
    activity = without(activity, _repeats(first_hour(minute)), minute)
    boards = Leaderboards(_dynamodb(), os.environ[TRENDS_TABLE])
    for window, minutes in WINDOWS.items():
        windows = activity.windows(minutes // BIN)
        films = scoring.leaderboard(windows, boards.ranks(window, as_of))
        if not boards.put(window, as_of, films):
            logger.info("A newer leaderboard stands already", window=window)
    restate = bool(event.get("restate"))
    stated = _publish(totals, tracked, as_of, restate)
    old = Restated([], more=False)
    hourly = minute % rollups.HOUR_MINUTES == 0
    if restate or hourly:
        old = trend_days.restate(
            _bucket(),
            as_of,
            lambda: context.get_remaining_time_in_millis() > SPARE_MS,
            surely=not hourly,
        )
    if old.more:
        logger.warning("There is more to restate; a next run goes on")
    stated += old.keys
    metrics.add_metric("BatchesRanked", MetricUnit.Count, added)
    metrics.add_metric("DaysStated", MetricUnit.Count, len(stated))
    logger.info(
        "Ranked",
        batches=added,
        films=len(activity.films),
        days_stated=len(stated),
        restate=restate,
    )
    return {"as_of": as_of, "batches": added, "days_stated": stated, "more": old.more}


def _roll_up(context: Any) -> int:
    """Add to the hours what was tracked since the last run; gives how many batches that were."""
    cursors = dict(_sequences("cursor"))
    behind = {
        shard_id: cursors.get(shard_id, "")
        for shard_id, checkpoint in _sequences("checkpoint")
        if cursors.get(shard_id, "") < checkpoint
    }
    there = set(_tracked()) if behind else set()
    added = 0
    while batches := _next(behind):
        changed = rollups.hours(batches)
        known = [hour in there for hour in changed]
        list(_pool().map(_add, changed, changed.values(), known))
        there.update(changed)
        for batch in batches:
            behind[batch.shard_id] = batch.sequence
        for shard_id in {batch.shard_id for batch in batches}:
            _move(shard_id, behind[shard_id])
        added += len(batches)
        if context.get_remaining_time_in_millis() < SPARE_MS:
            logger.warning("There is more to add; the next run goes on")
            break
    return added


def _next(cursors: dict[str, str]) -> list[Batch]:
    """Give the batches that follow the cursors, as many as are added at a time."""
    lost_before = int(time.time()) - LOST_S
    batches: list[Batch] = []
    for shard_id, cursor in cursors.items():
        chained = batch_sums.chain(shard_id, _stored(shard_id, cursor), cursor, lost_before)
        batches += islice(chained, BATCHES - len(batches))
    missing = sum(batch.missing for batch in batches)
    if missing:
        metrics.add_metric("TrendSumsMissing", MetricUnit.Count, missing)
        logger.error("Sums expired before they were ranked", batches=missing)
    return batches


def _sequences(kind: str) -> Iterator[tuple[str, str]]:
    """Give the shards' sequence numbers of a kind."""
    for item in _query(kind):
        yield item["sk"]["S"], item["sequence_number"]["S"]


def _stored(shard_id: str, cursor: str) -> Iterator[Stored]:
    """Give the sums of a shard after a cursor: its parts end in # and their number."""
    for item in _query(f"batch#{shard_id}", f"{cursor}#~" if cursor else " "):
        yield Stored(
            last=item["sk"]["S"].partition("#")[0],
            after=item["after"]["S"],
            parts=int(item["parts"]["N"]),
            counts=bytes(item["counts"]["B"]),
            tracked_at=int(item["tracked_at"]["N"]),
        )


def _query(pk: str, after: str = " ") -> Iterator[dict[str, Any]]:
    pages = (
        _dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=os.environ[TRENDS_TABLE],
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues={":pk": {"S": pk}, ":after": {"S": after}},
        )
    )
    for page in pages:
        yield from page["Items"]


def _move(shard_id: str, sequence: str) -> None:
    """Remember how far a shard has been added, unless another run came further."""
    client = _dynamodb()
    try:
        client.put_item(
            TableName=os.environ[TRENDS_TABLE],
            Item={
                "pk": {"S": "cursor"},
                "sk": {"S": shard_id},
                "sequence_number": {"S": sequence},
                "expires_at": {"N": str(int(time.time()) + days.REMEMBERED_S)},
            },
            ConditionExpression="attribute_not_exists(pk) OR sequence_number < :sequence",
            ExpressionAttributeValues={":sequence": {"S": sequence}},
        )
    except client.exceptions.ConditionalCheckFailedException:
        logger.info("Another run came further", shard_id=shard_id)


def _add(hour: int, batches: list[Batch], there: bool) -> None:
    """Add batches to an hour; what another run writes meanwhile is read and added to again."""
    for _ in range(CONFLICTS):
        rollup, etag = _get(hour) if there else (rollups.empty(hour), None)
        body = rollups.encode(rollups.add(rollup, batches))
        try:
            _bucket().put(keys.rollup(hour), body, etag)
            return
        except Conflict:
            there = True
    raise RuntimeError(f"{keys.rollup(hour)} was changed by others {CONFLICTS} times.")


def _get(hour: int) -> tuple[Rollup, str | None]:
    """Give an hour as it is, and its ETag; one that is gone is empty, and has none."""
    found = _bucket().read(keys.rollup(hour))
    return (rollups.decode(hour, found[0]), found[1]) if found else (rollups.empty(hour), None)


def _tracked() -> dict[int, Object]:
    """Give the rollups of epoch hours."""
    found = ((keys.rollup_hour(one.key), one) for one in _bucket().list(keys.ROLLUPS))
    return {hour: one for hour, one in found if hour is not None}


def _totals(as_of: int) -> dict[int, Object]:
    """Give what compaction makes of the likes of epoch days, as far back as recent days rest on."""
    before = as_of // days.HOUR_MS // DAY_HOURS - days.KEPT_DAYS - 2
    return trend_days.by_day(_bucket().list(keys.TOTALS, keys.totals(before)))


def _repeats(hour: int) -> pa.Table:
    """Give what was sent again, of the days from that of an epoch hour on."""
    after = keys.repeats_day(hour // DAY_HOURS)
    files = [one for one in _bucket().list(keys.REPEATS, after)]
    read = _pool().map(_read, files)
    return pa.concat_tables([repeats.EMPTY, *map(repeats.decode, read)])


def _load(
    decode: Callable[[int, bytes], Rollup], files: Mapping[int, Object], chosen: Sequence[int]
) -> Iterator[Rollup]:
    """Give hours or days one after another; their files, not their rows, are in memory together."""
    read = _pool().map(_read, [files[one] for one in chosen])
    yield from map(decode, chosen, read)


_kept: dict[str, tuple[bytes, str]] = {}
"""The files read last, by key, with their ETags; most are unchanged in the next run."""


def _read(file: Object) -> bytes:
    known = _kept.get(file.key)
    if not known or known[1] != file.etag:
        known = _kept[file.key] = _bucket().get(file.key)
    return known[0]


def _publish(
    totals: Mapping[int, Object], tracked: Mapping[int, Object], as_of: int, restate: bool
) -> list[str]:
    """Write the days to the lake that are new or changed; gives their keys."""
    known = {
        int(item["sk"]["S"]): Published(item["source"]["S"], int(item["stated_at"]["N"]))
        for item in _query("stated_day")
    }
    stated = []
    for day, source in days.due(_etags(totals), _etags(tracked), known, as_of, restate):
        over = days.closed(day, as_of)
        rows = days.table(day, _told(day, over, totals, tracked), over)
        others = trend_days.beside(_bucket().list(keys.trends_day(day)))
        key = trend_days.write(_bucket(), day, rows, others.get(keys.trends(day), ()))
        _dynamodb().put_item(
            TableName=os.environ[TRENDS_TABLE],
            Item={
                "pk": {"S": "stated_day"},
                "sk": {"S": str(day)},
                "source": {"S": source},
                "stated_at": {"N": str(as_of)},
                "expires_at": {"N": str(int(time.time()) + days.REMEMBERED_S)},
            },
        )
        stated.append(key)
    return stated


def _told(
    day: int, over: int, totals: Mapping[int, Object], tracked: Mapping[int, Object]
) -> Iterator[Rollup]:
    """Give what a day and the one before it are told from: totals, and where these know nothing of
    a closed hour, what was tracked."""
    settled = list(_load(rollups.settled, totals, [d for d in (day - 1, day) if d in totals]))
    known = {hour for one in settled for hour in one.hours}
    hours = range((day - 1) * DAY_HOURS, day * DAY_HOURS + over)
    yield from settled
    yield from _load(rollups.decode, tracked, [h for h in hours if h in tracked and h not in known])


def _etags(files: Mapping[int, Object]) -> dict[int, str]:
    return {place: file.etag for place, file in files.items()}
