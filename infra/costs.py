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
_LINE_BYTES, _METRIC_BYTES, _ACCESS_BYTES, _PLATFORM_BYTES = 420, 380, 330, 330
"""Of log: a line of ours, one of metrics, one of API Gateway, and Lambda's three of a call."""
_ALARMS, _METRICS = 45, 14


class Setting(msgspec.Struct, frozen=True):
    """What a stage's variables change of its costs."""

    http_api: bool = False
    log_share: float = 1.0
    firewall: bool = False
    ingest_mb: int = 512


PROD = Setting(log_share=0.01, firewall=True)


def read(path: Path = PRICES) -> dict[str, Any]:
    """Give the prices by name, in dollars; tiers as pairs of millions and dollars."""
    told = msgspec.json.decode(path.read_bytes())
    return {name: price["dollars"] for name, price in told["prices"].items()}


def month(prices: Mapping[str, Any], rate: float, batch: int, of: Setting) -> dict[str, float]:
    """Dollars a month by service, at `rate` likes a second, `batch` of them in a request."""
    likes = rate * HOURS * 3600 / 1e6  # all that follows is in millions
    requests = likes / batch
    record = LIKE_BYTES * batch
    shards = max(_LEAST_SHARDS, -(-rate // batch // _SHARD_LIKES), -(-rate * LIKE_BYTES // 2**20))
    # A batch of the stream is gathered for a second, or comes when there is one.
    calls = min(shards, rate / batch) * HOURS * 3600 / 1e6
    per_call = likes / calls if calls else 0
    films = distinct(per_call)
    written = requests * 1e6 * -(-record // _KB) * _KB / _GB
    read_ = requests * 1e6 * record / _GB
    delivered = requests * 1e6 * -(-record // (5 * _KB)) * 5 * _KB / _GB
    kind = "http_requests" if of.http_api else "rest_requests"

    def calls_of(count: float, mb: int, seconds: float) -> float:
        gb_seconds = count * 1e6 * mb / 1024 * seconds
        each: float = prices["lambda_requests"]
        return count * each + gb_seconds * float(prices["lambda_arm_gb_second"])

    logged = requests * (_METRIC_BYTES + _ACCESS_BYTES + _PLATFORM_BYTES)
    logged += requests * of.log_share * _LINE_BYTES
    logged += 2 * calls * (_LINE_BYTES + _METRIC_BYTES + _PLATFORM_BYTES + 40 * per_call / batch)
    files = shards * HOURS * 12 / 1e6 if rate else 0
    runs = HOURS * 60 / 1e6
    return {
        "API Gateway": tiered(prices[kind], requests),
        "WAF": of.firewall * (requests * prices["waf_requests"] + 2 * prices["waf_month"]),
        "Lambda, at a request": calls_of(requests, of.ingest_mb, 0.012 + 0.00004 * batch),
        "Lambda, behind the stream": calls_of(calls, 1024, 0.010 + 0.0015 * films)
        + calls_of(calls, 512, 0.015)
        + calls_of(calls / 4, 512, 0.030 + 0.00002 * per_call),
        "Lambda, at intervals": calls_of(runs, 1769, 1.5) + calls_of(runs / 5, 3008, 3.0),
        "Kinesis": HOURS * prices["stream_hour"]
        + written * prices["stream_in_gb"]
        + 2 * read_ * prices["stream_out_gb"]
        + read_ * prices["fan_out_gb"],
        "Firehose": delivered * (prices["firehose_gb"] + prices["firehose_conversion_gb"]),
        # A write a film and batch for counts; for trends two in a transaction, which cost double.
        "DynamoDB": calls * (films + 2 * (1 + -(-24 * films // _KB))) * prices["dynamodb_writes"],
        "S3": (files + runs * 5) * prices["s3_puts"] + runs * 40 * prices["s3_gets"],
        "Logs": logged * 1e6 / _GB * prices["log_gb"],
        "Alarms and metrics": _ALARMS * prices["alarm_month"] + _METRICS * prices["metric_month"],
    }


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


def main() -> None:
    """Print what `prod` costs as it is set, and how much each thing that can be set changes."""
    prices = read()
    out = ["As `prod` is set:", "", *table(prices, PROD), "", "Changed by:", ""]
    out += ["| dollars a million | 10/s, 100s | 1,000/s, 100s | 1,000/s, single |"]
    out += ["| --- | ---: | ---: | ---: |"]
    for name, of in {
        "as `prod` is set": PROD,
        "no web ACL": Setting(log_share=0.01),
        "every line logged": Setting(firewall=True),
        "256 MB for IngestLike": Setting(log_share=0.01, firewall=True, ingest_mb=256),
        "an HTTP API, which has no web ACL": Setting(http_api=True, log_share=0.01),
    }.items():
        each = []
        for rate, batch in ((10, 100), (1_000, 100), (1_000, 1)):
            in_all = sum(month(prices, rate, batch, of).values())
            each.append(f"{in_all / (rate * HOURS * 3600 / 1e6):.2f}")
        out.append(f"| {name} | {' | '.join(each)} |")
    print("\n".join(out))


if __name__ == "__main__":
    main()
