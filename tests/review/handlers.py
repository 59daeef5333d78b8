"""Each handler once, in this process, against services at an address, in the order in which likes
go through them: `python -m tests.review.handlers ENDPOINT`, in the environment of the functions.

Prints a line of JSON a handler: its name, and what came of it otherwise than on the emulator, which
the tests of the stage show, or nothing. The services hold what Terraform made of `prod`.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

from tests import raw_likes
from transform.event import stream_records
from transform.event.stream_records import Record

ACCOUNT, REGION = "123456789012", "us-east-1"
NAMES = {
    "STREAM_NAME": "MovieLikesStream-prod",
    "STREAM_ARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/MovieLikesStream-prod",
    "COUNTS_TABLE": "MovieLikesTable-prod",
    "TRENDS_TABLE": "MovieTrendsTable-prod",
    "LAKE_BUCKET": f"raw-likes-bucket-prod-{ACCOUNT}-{REGION}",
    "GLUE_DATABASE": "movie_likes_prod",
    "ATHENA_WORKGROUP": "movie-likes-prod",
    "REPORTS_TOPIC": f"arn:aws:sns:{REGION}:{ACCOUNT}:movie-likes-prod-reports",
    "COMPACT_FUNCTION": "CompactLake-prod:live",
    "AWS_DEFAULT_REGION": REGION,  # which Lambda sets
    "LAKE_STAGE": "prod",
    "POWERTOOLS_METRICS_NAMESPACE": "MovieLikes",
    "POWERTOOLS_SERVICE_NAME": "Review",
}
EVENTS = Path(__file__).parents[1] / "events"
FILM, LIKES = "tt0111161", 2


class Otherwise(Exception):
    """What a handler answers is not what it answers on the emulator."""


class Review:
    """What one handler leaves for the next: records on the stream, and rows in raw."""

    def __init__(self) -> None:
        self.bucket = NAMES["LAKE_BUCKET"]
        self.records: list[tuple[str, dict[str, Any]]] = []

    def ingest(self) -> None:
        """Likes in a request are a record on the stream."""
        event = json.loads((EVENTS / "api_post.json").read_text("utf-8"))
        body = json.dumps([{"movie_id": FILM, "user_id": f"user-{n}"} for n in range(LIKES)])
        event |= {"body": body, "isBase64Encoded": False}
        expect(call("ingest", event)["statusCode"], 202)
        kinesis = boto3.client("kinesis")
        stream = {"StreamName": NAMES["STREAM_NAME"]}
        for shard in kinesis.list_shards(**stream)["Shards"]:
            at = kinesis.get_shard_iterator(
                **stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found = kinesis.get_records(ShardIterator=at)["Records"]
            self.records += [(shard["ShardId"], one) for one in found]
        expect(len(self.records), 1)

    def count(self) -> None:
        """A batch that comes twice counts once: the second time a condition does not hold."""
        for _ in range(2):
            call("count", self._batch())
        table, key = NAMES["COUNTS_TABLE"], {"movie_id": {"S": FILM}}
        item = boto3.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
        expect(item["likes"]["N"], str(LIKES))

    def track(self) -> None:
        """A batch that comes twice is summed up once."""
        for _ in range(2):
            call("track", self._batch())

    def archive(self) -> None:
        """Likes become rows, and what is none is kept; Firehose then writes the rows."""
        given = [
            {
                "recordId": f"{n}",
                "approximateArrivalTimestamp": arrived(one),
                "data": base64.b64encode(data).decode(),
                "kinesisRecordMetadata": {
                    "sequenceNumber": one["SequenceNumber"],
                    "subsequenceNumber": 0,
                    "partitionKey": "0",
                    "shardId": shard,
                    "approximateArrivalTimestamp": arrived(one),
                },
            }
            for n, (shard, one, data) in enumerate(
                (shard, one, data) for shard, one in self.records for data in (one["Data"], b"bad")
            )
        ]
        event = json.loads((EVENTS / "firehose.json").read_text("utf-8")) | {"records": given}
        expect([one["result"] for one in call("archive", event)["records"]], ["Ok", "Dropped"])
        rows = [
            raw_likes.Row(like.event_id, like.movie_id, like.user_id, like.action, like.liked_at,
                          arrived(one), place=place)
            for shard, one in self.records
            for placed in [stream_records.read_placed(
                Record(one["Data"], arrived(one), shard, one["SequenceNumber"]))]
            for like, place in zip(placed.likes, placed.places, strict=True)
        ]  # fmt: skip
        key = raw_likes.raw_key("review", int(time.time() * 1000))
        s3 = boto3.client("s3")
        s3.put_object(Bucket=self.bucket, Key=key, Body=raw_likes.encode(rows))
        found = s3.list_objects_v2(Bucket=self.bucket, Prefix="rejected/")
        expect(found["KeyCount"], 1)

    def compact(self) -> None:
        """What Firehose wrote becomes the table likes, once."""
        done = call("compact", {})
        expect((done["rows"], done["failed"]), (LIKES, {}))
        again = call("compact", {"all": True})
        expect((again["duplicates"], again["failed"]), (LIKES, {}))

    def rank(self) -> None:
        """What was tracked becomes leaderboards and days of trends; a second run adds nothing."""
        expect(call("rank", {"restate": True})["batches"], 1)
        expect(call("rank", {})["batches"], 0)

    def read(self) -> None:
        """Counts and trends are answered."""
        of_film = {"httpMethod": "GET", "resource": "/movies/{movie_id}/likes", "headers": {},
                   "pathParameters": {"movie_id": FILM}, "queryStringParameters": None}  # fmt: skip
        expect(json.loads(call("read", of_film)["body"])["likes"], LIKES)
        of_trends = of_film | {"resource": "/trends", "pathParameters": None}
        expect(call("read", of_trends)["statusCode"], 200)

    def audit(self) -> None:
        """All of them agree."""
        expect(call("audit", {})["differs"], 0)

    def report(self) -> None:
        """A day is reported: with an address of services set, by our engine, as on a laptop."""
        day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        expect([one["outcome"] for one in call("report", {"day": day})], ["made"])

    def _batch(self) -> dict[str, Any]:
        told = json.loads((EVENTS / "kinesis.json").read_text("utf-8"))["Records"][0]
        return {
            "Records": [
                told
                | {
                    "eventID": f"{shard}:{one['SequenceNumber']}",
                    "kinesis": {
                        "sequenceNumber": one["SequenceNumber"],
                        "data": base64.b64encode(one["Data"]).decode(),
                        "approximateArrivalTimestamp": arrived(one) / 1000,
                        "partitionKey": "0",
                    },
                }
                for shard, one in self.records
            ]
        }


def arrived(record: dict[str, Any]) -> int:
    """Give when a record came, in epoch milliseconds."""
    return round(record["ApproximateArrivalTimestamp"].timestamp() * 1000)


def expect(found: object, expected: object) -> None:
    """Raise `Otherwise` where an answer is another."""
    if found != expected:
        raise Otherwise(f"{found!r} is not {expected!r}")


def call(step: str, event: dict[str, Any]) -> Any:
    """Call a handler as Lambda does."""
    module = __import__(f"transform.handlers.{step}", fromlist=["handler"])
    context = SimpleNamespace(
        function_name=step, memory_limit_in_mb=3008, aws_request_id="review",
        invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{step}",
        get_remaining_time_in_millis=lambda: 240_000,
    )  # fmt: skip
    return module.handler(event, context)


def told(step: Callable[[], None]) -> str:
    """Give what a handler did otherwise, or nothing."""
    try:
        step()
    except Exception as error:  # whatever it is, it is what is asked for
        return f"{type(error).__name__}: {error}"
    return ""


def run() -> Iterator[dict[str, str]]:
    """Give what came of each handler."""
    review = Review()
    for name in ("ingest", "count", "track", "archive", "compact", "rank", "read", "audit",
                 "report"):  # fmt: skip
        yield {"handler": name, "otherwise": told(getattr(review, name))}


if __name__ == "__main__":
    os.environ |= NAMES | {"AWS_ENDPOINT_URL": sys.argv[1]}
    results = list(run())
    sys.stdout.write("\n")  # metrics and logs are lines of stdout, too
    for result in results:
        sys.stdout.write(json.dumps(result) + "\n")
