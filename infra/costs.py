"""What a stage costs on AWS, worked out from list prices: `python -m infra.costs` prints the table.

Prices stand in `prices.json`, with their pages and whether a copy of the page confirmed them. What
a like takes is estimated from how the pipeline works and what its parts were measured to take on a
laptop; nothing of it was billed. Storage, what is asked of Athena, and what leaves AWS are not in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

PRICES = Path(__file__).with_name("prices.json")
HOURS = 730
"""Of a month."""
RATES = (10, 1_000, 10_000)
BATCHES = (1, 100)

LIKE_BYTES = 170
_KB, _GB = 1024, 2**30
_FILMS = 10_000
"""Films that are liked, the nth most liked 1/n as often as the first: Zipf's law."""
_SHARD_LIKES = 1_000
"""Likes a second of a shard, which is records, where each has one like."""
_LEAST_SHARDS = 4
_LINE_BYTES, _METRIC_BYTES, _ACCESS_BYTES, _PLATFORM_BYTES = 420, 380, 345, 330
"""Of log: a line of ours, one of metrics, one of API Gateway, and Lambda's three of a call."""
ALARMS, _METRICS = 47, 12
"""Alarms, and the metrics of a day on which nothing is rejected, late or failed."""
_TRANSFORM_BYTES, _TRANSFORM_S = 0.2 * 2**20, 90
"""What Firehose gathers for a call of ArchiveLikes: modules/delivery/main.tf."""
_BOARD_BYTES, _BOARDS = 11_000, 3
_ITEM_BYTES = 300
_SPARE = 1.25
"""How much more is bought by the hour than is used, so that a busy hour does not wait for long."""


class Setting(msgspec.Struct, frozen=True):
    """What a stage's variables change of its costs. Bought writes are what is used, and a quarter
    more; `free` takes off what AWS gives every account each month."""

    http_api: bool = False
    log_share: float = 1.0
    firewall: bool = False
    ingest_mb: int = 512
    shards: int | None = None
    writes_bought: bool = False
    fan_out: bool = True
    batch_seconds: float = 1
    retention_hours: int = 24
    customer_key: bool = False
    traced: bool = False
    trail: bool = False
    free: bool = False


PROD = Setting(log_share=0.01, firewall=True, retention_hours=168)
SMALL = Setting(
    http_api=True, log_share=0.01, shards=1, writes_bought=True, fan_out=False, batch_seconds=30
)
"""The least that a small stage costs; counts come half a minute later."""
STEADY = Setting(log_share=0.01, firewall=True, shards=2, writes_bought=True, batch_seconds=2)
"""A load that is known is bought by the hour: 2 shards take 2,000 requests a second."""


def read(path: Path = PRICES) -> dict[str, Any]:
    """Give the prices by name, in dollars; tiers as pairs of millions and dollars; and, as `free`,
    what AWS gives every account each month."""
    told = msgspec.json.decode(path.read_bytes())
    return {name: price["dollars"] for name, price in told["prices"].items()} | {
        "free": told["free"]
    }


def month(prices: Mapping[str, Any], rate: float, batch: int, of: Setting) -> dict[str, float]:
    """Dollars a month by service, at `rate` likes a second, `batch` of them in a request."""
    seconds = HOURS * 3600
    likes = rate * seconds / 1e6  # all that follows is in millions
    requests = likes / batch
    record = LIKE_BYTES * batch
    stored = likes * 1e6 * LIKE_BYTES / _GB
    on_demand = max(
        _LEAST_SHARDS, -(-rate // batch // _SHARD_LIKES), -(-rate * LIKE_BYTES // 2**20)
    )
    shards = of.shards or on_demand
    # A batch of the stream is gathered for some time, or comes when there is one.
    calls = min(shards / of.batch_seconds, rate / batch) * seconds / 1e6
    per_call = likes / calls if calls else 0
    films = distinct(per_call)
    transforms = max(stored * _GB / _TRANSFORM_BYTES, shards * seconds / _TRANSFORM_S) / 1e6
    transforms = min(transforms, requests)
    delivered = requests * 1e6 * -(-record // (5 * _KB)) * 5 * _KB / _GB
    files = shards * HOURS * 12 / 1e6 if rate else 0
    minutes, hours = HOURS * 60 / 1e6, HOURS / 1e6
    free = prices["free"] if of.free else {}

    def paid(name: str, amount: float) -> float:
        return max(0.0, amount - float(free.get(name, 0))) * float(prices[name])

    def gb_seconds(count: float, mb: int, each: float) -> float:
        return count * 1e6 * mb / 1024 * each

    day = rate * 86_400 / 1e6
    called = {
        "at a request": (requests, gb_seconds(requests, of.ingest_mb, 0.012 + 0.00004 * batch)),
        "behind the stream": (
            2 * calls + transforms,
            gb_seconds(calls, 1024, 0.010 + 0.0015 * films)
            + gb_seconds(calls, 512, 0.015)
            + gb_seconds(
                transforms, 512, 0.030 + 0.00002 * (likes / transforms if transforms else 0)
            ),
        ),
        # A compaction writes a day or, of very many likes, an hour again: two seconds a million.
        "at intervals": (
            minutes * 1.2 + hours,
            gb_seconds(minutes, 1769, 1.5)
            + gb_seconds(minutes / 5, 3008, 1.0 + 2 * min(day, max(3, day / 24)))
            + gb_seconds(hours, 3008, 3.0 + 2 * 1.6 * day),
        ),
    }
    used = sum(one for _, one in called.values())
    billed = max(0.0, used - free.get("lambda_gb_seconds", 0)) / used
    count = sum(one for one, _ in called.values())
    counted = max(0.0, count - free.get("lambda_requests", 0)) / count
    logged = requests * (_METRIC_BYTES + _ACCESS_BYTES + _PLATFORM_BYTES)
    logged += requests * of.log_share * _LINE_BYTES
    logged += 2 * calls * (_LINE_BYTES + _METRIC_BYTES + _PLATFORM_BYTES + 40 * per_call / batch)
    puts, gets = files + minutes * 5, minutes * 40
    sums = 2 * (1 + -(-24 * films // _KB))  # in a transaction, which costs double
    boards = minutes * (_BOARDS * -(-_BOARD_BYTES // _KB) + shards)
    scans = hours * _FILMS * _ITEM_BYTES / (4 * _KB)
    if of.writes_bought:
        bought = -(-calls * films * 1e6 / seconds * _SPARE // 1) if rate else 1
        counts = HOURS * (paid("dynamodb_write_hour", bought) + paid("dynamodb_read_hour", 10))
    else:
        counts = calls * films * prices["dynamodb_writes"] + scans * prices["dynamodb_reads"]
    # X-Ray keeps one a second, and 5 in 100 of those beyond.
    kept = min(requests, seconds / 1e6)
    told = {
        "API Gateway": tiered(
            prices["http_requests" if of.http_api else "rest_requests"], requests
        ),
        "WAF": of.firewall
        * (
            requests * prices["waf_requests"] * (not of.http_api)
            + (2 - of.http_api) * prices["waf_month"]
        ),
    }
    told |= {
        f"Lambda, {when}": counted * calls_ * prices["lambda_requests"]
        + billed * gbs * prices["lambda_arm_gb_second"]
        for when, (calls_, gbs) in called.items()
    }
    return told | {
        "Kinesis": _stream(prices, requests, record, shards, of),
        "Firehose": delivered * (prices["firehose_gb"] + prices["firehose_conversion_gb"]),
        "DynamoDB": counts
        + (calls * sums + boards) * prices["dynamodb_writes"]
        + (calls * -(-24 * films // (4 * _KB)) + minutes * 10) * prices["dynamodb_reads"],
        "S3": puts * prices["s3_puts"] + gets * prices["s3_gets"],
        "Logs": paid("log_gb", logged * 1e6 / _GB),
        "Alarms, metrics, dashboard": paid("alarm_month", ALARMS)
        + paid("metric_month", _METRICS)
        + paid("dashboard_month", 1),
        "Key, trail, traces": of.customer_key * prices["key_month"]
        + of.trail * (puts + gets) * prices["trail_events"]
        + of.traced * (kept + 0.05 * (requests - kept)) * prices["traces"],
    }


def _stream(
    prices: Mapping[str, Any], requests: float, record: float, shards: float, of: Setting
) -> float:
    """Dollars a month of the stream, read by UpdateCount, Firehose and TrackTrends."""
    read_ = requests * 1e6 * record / _GB
    kept = of.retention_hours > 24
    if of.shards:
        each = prices["shard_hour"] + kept * prices["retention_hour"]
        each += of.fan_out * prices["fan_out_shard_hour"]
        units = requests * -(-record // (25 * _KB))
        return float(
            HOURS * shards * each
            + units * prices["shard_units"]
            + of.fan_out * read_ * prices["fan_out_shard_gb"]
        )
    written = requests * 1e6 * -(-record // _KB) * _KB / _GB
    longer = written / HOURS * max(0, of.retention_hours - 24)
    return float(
        HOURS * prices["stream_hour"]
        + written * prices["stream_in_gb"]
        + (3 - of.fan_out) * read_ * prices["stream_out_gb"]
        + of.fan_out * read_ * prices["fan_out_gb"]
        + longer * prices["retention_gb_month"]
    )


def distinct(likes: float) -> float:
    """How many films so many likes are of, where the nth most liked has 1/n of the first's."""
    all_ = sum(1 / n for n in range(1, _FILMS + 1))
    return float(sum(1 - (1 - 1 / n / all_) ** likes for n in range(1, _FILMS + 1)))


def tiered(tiers: list[tuple[float | None, float]], millions: float) -> float:
    """Dollars of so many millions, where each tier has its own price and None ends the last."""
    cost = 0.0
    for most, price in tiers:
        some = millions if most is None else min(millions, most)
        cost += some * price
        millions -= some
    return cost


def table(prices: Mapping[str, Any], of: Setting) -> Iterator[str]:
    """Give the lines of a table: dollars a million likes by service, then in all, and a month."""
    shapes = [(rate, batch) for batch in BATCHES for rate in RATES]
    months = [month(prices, rate, batch, of) for rate, batch in shapes]
    idle = month(prices, 0, 1, of)
    heads = [f"{rate:,}/s, {'single' if batch == 1 else f'{batch}s'}" for rate, batch in shapes]
    yield "| dollars | " + " | ".join(heads) + " | idle, a month |"
    yield "| --- |" + " ---: |" * (len(heads) + 1)
    likes = [rate * HOURS * 3600 / 1e6 for rate, _ in shapes]
    for name in idle:
        each = [f"{one[name] / of_:.2f}" for one, of_ in zip(months, likes, strict=True)]
        yield f"| {name} | {' | '.join(each)} | {idle[name]:.2f} |"
    each = [f"{sum(one.values()) / of_:.2f}" for one, of_ in zip(months, likes, strict=True)]
    yield f"| **a million likes** | {' | '.join(each)} | |"
    all_ = [f"{sum(one.values()):,.0f}" for one in months]
    yield f"| **a month** | {' | '.join(all_)} | {sum(idle.values()):.0f} |"


def changes(prices: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines of a table: dollars a million likes, as each thing that can be set is set."""
    shapes = ((10, 100), (1_000, 100), (1_000, 1))
    yield "| dollars a million | 10/s, 100s | 1,000/s, 100s | 1,000/s, single |"
    yield "| --- | ---: | ---: | ---: |"
    for name, of in CHANGES.items():
        each = []
        for rate, batch in shapes:
            in_all = sum(month(prices, rate, batch, of).values())
            each.append(f"{in_all / (rate * HOURS * 3600 / 1e6):.2f}")
        yield f"| {name} | {' | '.join(each)} |"


replace = msgspec.structs.replace
CHANGES = {
    "as `prod` is set": PROD,
    "a day of retention in place of a week": replace(PROD, retention_hours=24),
    "no web ACL": replace(PROD, firewall=False),
    "an HTTP API": replace(PROD, http_api=True),
    "every line logged": replace(PROD, log_share=1),
    "256 MB for IngestLike": replace(PROD, ingest_mb=256),
    "no fan-out": replace(PROD, fan_out=False),
    "batches of 5 seconds": replace(PROD, batch_seconds=5),
    "2 shards, bought, and a day of retention": replace(PROD, shards=2, retention_hours=24),
    "writes of counts bought": replace(PROD, writes_bought=True),
    "a customer key": replace(PROD, customer_key=True),
    "a trail of reads and writes in the lake": replace(PROD, trail=True),
    "traces": replace(PROD, traced=True),
    "**a steady load**: 2 shards and writes bought, a day of retention, batches of 2 "
    "seconds": STEADY,
    "the same with an HTTP API": replace(STEADY, http_api=True),
    "**a small stage**: one shard, writes bought, an HTTP API, no web ACL, no fan-out, a day of "
    "retention, batches of 30 seconds": SMALL,
    "the same, less what AWS gives every account": replace(SMALL, free=True),
}


def main() -> None:
    """Print what `prod` costs as it is set, and how much each thing that can be set changes."""
    prices = read()
    print("\n".join(["As `prod` is set:", "", *table(prices, PROD), "", *changes(prices)]))


if __name__ == "__main__":
    main()
