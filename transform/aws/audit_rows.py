"""The rows of the table `audit` in the lake's bucket: an object an audit."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from glue import tables
from transform.audit import report
from transform.audit.report import Item
from transform.aws.buckets import Bucket

AUDIT = tables.read("audit").location


def put(bucket: Bucket, at: int, items: Sequence[Item]) -> str:
    """Keep what an audit found; `at` is in epoch milliseconds. Gives the key."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    key = f"{AUDIT}day={moment:%Y-%m-%d}/{moment:%H-%M-%S}.parquet"
    bucket.replace(key, report.encode(at, items))
    return key


def since(bucket: Bucket, at: int) -> Iterator[tuple[int, list[Item]]]:
    """Give the audits from a time on, the first one first."""
    day = f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"
    for one in bucket.list(AUDIT, f"{AUDIT}day={day}/"):
        moment, items = report.decode(bucket.get(one.key)[0])
        if moment >= at:
            yield moment, items


def newest(bucket: Bucket, now: int) -> tuple[int, list[Item]] | None:
    """Give the last audit of today or yesterday; None where there was none."""
    found = None
    for found in since(bucket, now - 24 * 3_600_000):  # noqa: B007  the last is what is asked for
        pass
    return found
