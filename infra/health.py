"""Whether the parts of a stage are well, each with what can be said of it cheaply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from infra import emulator
from infra.stage import Stage, home, open_stage


class Check(NamedTuple):
    """One part of a stage."""

    part: str
    ok: bool
    detail: str


def check(name: str) -> list[Check]:
    """Look at each part of a stage; a part that cannot be asked is not well, and says why."""
    checks = []
    if name == "local":
        process = emulator.find(home()).process
        if process is None:
            return [Check("emulator", False, "not running; start it with `lake up`")]
        answers = emulator.healthy(process)
        checks.append(Check("emulator", answers, f"pid {process.pid}, {process.endpoint}"))
        if not answers:
            return checks
    stage = open_stage(name)
    parts: list[tuple[str, Callable[[Stage], tuple[bool, str]]]] = [
        *((f"function {key}", _function(key)) for key in stage.outputs.function_names),
        ("count mapping", _mapping),
        ("stream", _stream),
        ("counts table", _table),
        ("delivery", _delivery),
        ("raw likes", _newest("raw/arrival_day={day}/")),
        ("rejected lines", _newest("rejected/day={day}/")),
    ]
    return checks + [Check(part, *_asked(look, stage)) for part, look in parts]


def _asked(look: Callable[[Stage], tuple[bool, str]], stage: Stage) -> tuple[bool, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return look(stage)
    except (BotoCoreError, ClientError) as error:
        return False, str(error)


def _function(key: str) -> Callable[[Stage], tuple[bool, str]]:
    def look(stage: Stage) -> tuple[bool, str]:
        name = stage.outputs.function_names[key]
        told = stage.client("lambda").get_function_configuration(FunctionName=name)
        ok = told["State"] == "Active" and told.get("LastUpdateStatus") != "Failed"
        return ok, f"{name}: {told['State']}, {told['MemorySize']} MB, {told['Timeout']} s"

    return look


def _mapping(stage: Stage) -> tuple[bool, str]:
    """The mapping from the stream to the counting function; its last result tells of trouble."""
    name = stage.outputs.function_names["count"]
    mappings = stage.client("lambda").list_event_source_mappings(FunctionName=name)
    if not mappings["EventSourceMappings"]:
        return False, f"{name} reads no stream"
    told = mappings["EventSourceMappings"][0]
    last = told.get("LastProcessingResult") or "nothing yet"
    return told["State"] == "Enabled" and "PROBLEM" not in last, f"{told['State']}, last: {last}"


def _stream(stage: Stage) -> tuple[bool, str]:
    told = stage.client("kinesis").describe_stream_summary(StreamName=stage.outputs.stream_name)
    summary = told["StreamDescriptionSummary"]
    shards, kept = summary["OpenShardCount"], summary["RetentionPeriodHours"]
    state = summary["StreamStatus"]
    return state in ("ACTIVE", "UPDATING"), f"{state}, {shards} shards, keeps {kept} hours"


def _table(stage: Stage) -> tuple[bool, str]:
    told = stage.client("dynamodb").describe_table(TableName=stage.outputs.counts_table)["Table"]
    films = told.get("ItemCount", 0)
    return told["TableStatus"] == "ACTIVE", f"{told['TableStatus']}, about {films} films"


def _delivery(stage: Stage) -> tuple[bool, str]:
    told = stage.client("firehose").describe_delivery_stream(
        DeliveryStreamName=stage.outputs.firehose_name
    )
    state = told["DeliveryStreamDescription"]["DeliveryStreamStatus"]
    return state == "ACTIVE", state


def _newest(prefix: str) -> Callable[[Stage], tuple[bool, str]]:
    """The last object of today or yesterday: how long ago, and how many there are."""

    def look(stage: Stage) -> tuple[bool, str]:
        now = datetime.now(UTC)
        newest, count = None, 0
        for modified in _objects(stage, prefix, now):
            count += 1
            newest = max(newest or modified, modified)
        if newest is None:
            return True, "none today or yesterday"
        age = max(0, round((now - newest).total_seconds()))
        return True, f"{count} objects since yesterday, the last {timedelta(seconds=age)} ago"

    return look


def _objects(stage: Stage, prefix: str, now: datetime) -> Iterator[datetime]:
    pages = stage.client("s3").get_paginator("list_objects_v2")
    for day in (now - timedelta(days=1), now):
        under = prefix.format(day=f"{day:%Y-%m-%d}")
        for page in pages.paginate(Bucket=stage.outputs.bucket, Prefix=under):
            for item in page.get("Contents", ()):
                yield item["LastModified"]
