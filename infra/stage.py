"""A stage that is up: the names Terraform gave its parts, and the clients to reach them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec

from infra.paths import home
from infra.terraform import runner

if TYPE_CHECKING:
    from boto3 import Session
    from mypy_boto3_dynamodb.client import DynamoDBClient

ACCOUNT = "000000000000"
REGION = "us-east-1"
LIVE = "live"
"""Alias by which every function is called: of the version that was deployed, or gone back to."""
_MAKING = Lock()
_MOST_KEYS = 100  # of one BatchGetItem (Amazon DynamoDB API Reference)


class StageError(Exception):
    """A stage that cannot be used; the message says what to do."""


class Outputs(msgspec.Struct, frozen=True):
    """What Terraform tells of a stage."""

    api_url: str
    bucket: str
    results_bucket: str
    site_bucket: str
    site_distribution: str
    site_url: str
    reports_url: str
    stream_name: str
    counts_table: str
    trends_table: str
    consumer_arn: str
    firehose_name: str
    event_bus: str
    glue_database: str
    athena_workgroup: str
    function_names: dict[str, str]
    writers: str = "open"
    """Who may send likes; a stage that does not say was applied before it could be chosen."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Outputs:
        """Read them from Terraform's outputs by name."""
        return msgspec.convert(told["stage"], cls)


class Stage(msgspec.Struct, frozen=True):
    """A stage that is up. `endpoint` is None on AWS itself."""

    name: str
    outputs: Outputs
    endpoint: str | None = None

    def client(self, service: str, **settings: Any) -> Any:
        """A boto3 client: of the emulator as its root user, or of the AWS of the environment.

        `settings` are those of botocore's `Config`.
        """
        from botocore.config import Config

        if self.endpoint is not None:
            settings = {"proxies": {}, "retries": {"mode": "standard"}} | settings
        # Threads may share clients, but not a session that makes them.
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html
        with _MAKING:
            return self.session().client(  # type: ignore[call-overload]
                service, endpoint_url=self.endpoint, config=Config(**settings)
            )

    def session(self) -> Session:
        """A boto3 session with the credentials and the region of the clients."""
        from glue import sessions

        if self.endpoint is None:
            return sessions.session()
        return _emulator()


@cache
def _emulator() -> Session:
    """The session of all clients of the emulator: what services look like is read once."""
    from glue import sessions

    return sessions.session("test", "test", region_name=REGION)


class Local(msgspec.Struct, frozen=True):
    """`local.json`: how to reach the local stage."""

    endpoint: str
    region: str
    pid: int
    outputs: Outputs


def open_stage(name: str) -> Stage:
    """Give a stage that is up; `StageError` where it is not."""
    if name != "local":
        return Stage(name, Outputs.of(runner.outputs(name)))
    try:
        local = msgspec.json.decode((home() / "local.json").read_bytes(), type=Local)
    except FileNotFoundError:
        raise StageError("The local stage is not up; start it with `lake up`.") from None
    except msgspec.MsgspecError:
        raise StageError("local.json cannot be read; run `lake up` again.") from None
    return Stage(name, local.outputs, local.endpoint)


class FunctionError(Exception):
    """A function failed; the message says which, and how."""


def invoke(stage: Stage, function: str, event: object) -> Any:
    """Call a function of a stage, wait for it, and give its answer; raises `FunctionError`."""
    name = stage.outputs.function_names[function]
    answer = stage.client("lambda", read_timeout=900).invoke(
        FunctionName=name, Qualifier=LIVE, Payload=msgspec.json.encode(event)
    )
    told = msgspec.json.decode(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FunctionError(f"{name} failed: {told.get('errorMessage', told)}")
    return told


def counts(stage: Stage, movies: Iterable[str] = ()) -> dict[str, int]:
    """Net likes of the films named (0 where never liked), or of all, most liked first."""
    table = stage.client("dynamodb")
    named = list(dict.fromkeys(movies))
    found = dict.fromkeys(named, 0)
    for item in _get(table, stage, named) if named else _scan(table, stage):
        found[item["movie_id"]["S"]] = int(item.get("likes", {"N": "0"})["N"])
    return found if named else dict(sorted(found.items(), key=lambda film: (-film[1], film[0])))


def _get(table: DynamoDBClient, stage: Stage, movies: list[str]) -> Iterator[dict[str, Any]]:
    name = stage.outputs.counts_table
    for first in range(0, len(movies), _MOST_KEYS):
        wanted: Any = {
            name: {
                "Keys": [
                    {"movie_id": {"S": movie}} for movie in movies[first : first + _MOST_KEYS]
                ],
                "ProjectionExpression": "movie_id, likes",
            }
        }
        while wanted:
            page = table.batch_get_item(RequestItems=wanted)
            yield from page["Responses"].get(name, [])
            wanted = page.get("UnprocessedKeys")


def _scan(table: DynamoDBClient, stage: Stage) -> Iterator[dict[str, Any]]:
    pages = table.get_paginator("scan").paginate(
        TableName=stage.outputs.counts_table, ProjectionExpression="movie_id, likes"
    )
    for page in pages:
        yield from page["Items"]


def stream_arn(stage: Stage) -> str:
    """Give the ARN of the stream: who reads by it needs rights to this stream alone, on the
    emulator too."""
    name = stage.outputs.stream_name
    told = stage.client("kinesis").describe_stream_summary(StreamName=name)
    return str(told["StreamDescriptionSummary"]["StreamARN"])
