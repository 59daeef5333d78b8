"""A shard that is blocked: which record no function can get past, and passing over it.

UpdateCount and TrackTrends read a batch again until it is done, for as long as the stream has it:
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html. That is right in an
outage, and wrong where the code fails on what a record holds: then nothing behind it is read, and
in the end all of that expires. A limit of retries on the mapping would discard batches in outages,
too; so the one record is named to the function, which passes over it unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.stage import LIVE, Stage
from transform.aws import shard_reading
from transform.counts import streamed
from transform.event import stream_records
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.handlers.count import SKIPPED_RECORDS
from transform.trends import batch_sums

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient

READERS = ("count", "track")
_RECORD = re.compile(r"shardId-\d{12}:\d{1,56}", re.ASCII)
_MOST = 3_000
"""Characters of names: a function's environment has 4 KB (AWS Lambda quotas)."""


class UnblockError(Exception):
    """What cannot be passed over; the message says why in a sentence."""


class Poison(NamedTuple):
    """A record on which the code fails, as `shardId:sequenceNumber`, when it came, its bytes, and
    which function fails how."""

    record: str
    arrived: str
    size: int
    function: str
    error: str


def _count(record: Record, likes: list[Like]) -> object:
    return streamed.fold([(record, likes)])


def _track(record: Record, likes: list[Like]) -> object:
    return batch_sums.encode(batch_sums.count([(record, likes)]))


_STEPS: dict[str, Callable[[Record, list[Like]], object]] = {"count": _count, "track": _track}


def poisons(
    kinesis: KinesisClient, stream: str, since: int, until: int, tell: Callable[[str], None]
) -> Iterator[Poison]:
    """Give the records of a time (epoch milliseconds) on which the code of this version fails."""
    for shard_id in shard_reading.shards(kinesis, stream):
        tell(shard_id)
        for record in shard_reading.records(kinesis, stream, shard_id, since, until):
            yield from failing(record)


def failing(record: Record) -> Iterator[Poison]:
    """Tell how the code of each function fails on a record, if it does."""
    arrived = datetime.fromtimestamp(record.arrived_at / 1000, UTC)
    for name, step in _STEPS.items():
        try:
            step(record, stream_records.read(record)[0])
        except Exception as error:  # whatever it is, it would come again for ever
            yield Poison(
                f"{record.shard_id}:{record.sequence_number}",
                f"{arrived:%Y-%m-%d %H:%M:%S}",
                len(record.data),
                name,
                f"{type(error).__name__}: {error}",
            )


def skipped(stage: Stage) -> dict[str, list[str]]:
    """Give the records that each function passes over."""
    client: LambdaClient = stage.client("lambda")
    return {name: _named(_environment(client, stage, name)) for name in READERS}


def skip(stage: Stage, records: list[str]) -> dict[str, list[str]]:
    """Have the functions pass over records, beside those they pass over already; none: over none.

    Gives what each passes over then. Raises `UnblockError`.
    """
    for record in records:
        if _RECORD.fullmatch(record) is None:
            raise UnblockError(f"{record} is no record, such as shardId-000000000000:4959.")
    client: LambdaClient = stage.client("lambda")
    done = {}
    for name in READERS:
        variables = _environment(client, stage, name)
        named = list(dict.fromkeys([*_named(variables), *records])) if records else []
        if len(" ".join(named)) > _MOST:
            raise UnblockError(f"{name} passes over as many records as its environment can name.")
        if named != _named(variables):
            variables.pop(SKIPPED_RECORDS, None)
            if named:
                variables[SKIPPED_RECORDS] = " ".join(named)
            _set(client, stage.outputs.function_names[name], variables)
        done[name] = named
    return done


def _set(client: LambdaClient, function: str, variables: dict[str, str]) -> None:
    """Give a function other variables, which takes a version of its own, and have that called.

    Raises `UnblockError` where another code is called than the newest: it would be, by that.
    """
    called: Any = client.get_function_configuration(FunctionName=function, Qualifier=LIVE)
    newest: Any = client.get_function_configuration(FunctionName=function)
    if called["CodeSha256"] != newest["CodeSha256"]:
        raise UnblockError(
            f"{function} was rolled back, and what it passes over is set in its newest version: "
            "lake apply first."
        )
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables}
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    made = client.publish_version(FunctionName=function)
    client.update_alias(FunctionName=function, Name=LIVE, FunctionVersion=made["Version"])


def _environment(client: LambdaClient, stage: Stage, name: str) -> dict[str, str]:
    function = stage.outputs.function_names[name]
    told: Any = client.get_function_configuration(FunctionName=function, Qualifier=LIVE)
    return dict(told.get("Environment", {}).get("Variables", {}))


def _named(variables: dict[str, str]) -> list[str]:
    return variables.get(SKIPPED_RECORDS, "").split()
