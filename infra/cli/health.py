"""Whether the parts of a stage are well, each with what can be said of it cheaply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import time
from typing import NamedTuple

import msgspec

from infra.cli import audit, undelivered
from infra.cli.backfill.ledger import Ledgers
from infra.local import after_kill, emulator
from infra.local.bridge import daemon, status
from infra.local.site import daemon as site
from infra.paths import home
from infra.stage import LIVE, Stage, open_stage
from transform.aws import audit_rows, tending
from transform.aws.audit_sources import Asked
from transform.aws.buckets import Bucket, Forbidden
from transform.lake import watermark
from transform.lake.division import Division
from transform.reports import report_keys
from transform.reports.report_keys import Latest

SILENT_S = 30
"""Age at which what the bridge says of itself is no longer believed; it says it each second."""
LONG_S = 24 * 3600
"""Age at which a backfill that has not ended is taken for one that was cut off."""

AUDITED_MS = 2 * 3_600_000
"""Age at which an hourly audit is missed."""


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
        killed = after_kill.mark(home()).exists()
        told = "; it was killed, and what that left is not mended: `lake reconcile --repair` does"
        detail = f"pid {process.pid}, {process.endpoint}{told if killed else ''}"
        checks.append(Check("emulator", answers and not killed, detail))
        if not answers:
            return checks
    stage = open_stage(name)
    parts: list[tuple[str, Callable[[Stage], tuple[bool, str]]]] = [
        *((f"function {key}", _function(key)) for key in stage.outputs.function_names),
        ("count mapping", _mapping("count")),
        ("fan-out bridge", _bridge) if name == "local" else ("trends mapping", _mapping("track")),
        ("site", _site),
        ("stream", _stream),
        ("counts table", _table(stage.outputs.counts_table, "films")),
        ("trends table", _table(stage.outputs.trends_table, "items")),
        ("delivery", _delivery),
        ("raw likes", _newest("raw/arrival_day={day}/")),
        ("compaction", _compaction),
        ("days of likes", _days),
        ("backfills", _backfills),
        ("reports", _reports),
        ("undelivered", _undelivered),
        ("numbers", _numbers),
        ("rejected lines", _newest("rejected/day={day}/")),
    ]
    return checks + [Check(part, *_asked(look, stage)) for part, look in parts]


def _asked(look: Callable[[Stage], tuple[bool, str]], stage: Stage) -> tuple[bool, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return look(stage)
    except (BotoCoreError, ClientError, Forbidden) as error:
        return False, str(error)


def _function(key: str) -> Callable[[Stage], tuple[bool, str]]:
    def look(stage: Stage) -> tuple[bool, str]:
        name = stage.outputs.function_names[key]
        told = stage.client("lambda").get_function_configuration(FunctionName=name, Qualifier=LIVE)
        ok = told["State"] == "Active" and told.get("LastUpdateStatus") != "Failed"
        return ok, f"{name}: {told['State']}, {told['MemorySize']} MB, {told['Timeout']} s"

    return look


def _mapping(key: str) -> Callable[[Stage], tuple[bool, str]]:
    """The mapping from the stream to a function; its last result tells of trouble."""

    def look(stage: Stage) -> tuple[bool, str]:
        name = stage.outputs.function_names[key]
        mappings = stage.client("lambda").list_event_source_mappings(FunctionName=f"{name}:{LIVE}")
        if not mappings["EventSourceMappings"]:
            return False, f"{name} reads no stream"
        told = mappings["EventSourceMappings"][0]
        last = told.get("LastProcessingResult") or "nothing yet"
        ok = told["State"] == "Enabled" and "PROBLEM" not in last
        return ok, f"{told['State']}, last: {last}"

    return look


def _bridge(stage: Stage) -> tuple[bool, str]:
    """The process that stands for the mapping to TrackTrends, as it tells of itself."""
    found = daemon.find(home())
    if found.process is None:
        ended = "ended by itself" if found.killed else "not running"
        return False, f"{ended}; start it with `lake up`, and see {daemon.log(home())}"
    told = status.read(daemon.status(home()))
    pid = f"pid {found.process.pid}"
    if told is None or (age := time() - told.updated_at) > SILENT_S:
        silent = f"for {age:.0f} s" if told else "at all"
        return False, f"{pid}, has said nothing {silent}; see {daemon.log(home())}"
    if faults := told.faults():
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return False, f"{pid}, {faults[0]}{more}"
    behind = max((shard.behind_ms or 0 for shard in told.shards.values()), default=0)
    return True, f"{pid}, {len(told.shards)} shards, {behind / 1000:.1f} s behind"


def _site(stage: Stage) -> tuple[bool, str]:
    """Whether the page is there for whoever opens it."""
    url = stage.outputs.site_url
    if site.answers(url):
        return True, url
    mend = f"; start it with `lake up`, and see {site.log(home())}" if stage.endpoint else ""
    return False, f"{url} does not answer{mend}"


def _stream(stage: Stage) -> tuple[bool, str]:
    told = stage.client("kinesis").describe_stream_summary(StreamName=stage.outputs.stream_name)
    summary = told["StreamDescriptionSummary"]
    shards, kept = summary["OpenShardCount"], summary["RetentionPeriodHours"]
    state = summary["StreamStatus"]
    return state in ("ACTIVE", "UPDATING"), f"{state}, {shards} shards, keeps {kept} hours"


def _table(name: str, holds: str) -> Callable[[Stage], tuple[bool, str]]:
    def look(stage: Stage) -> tuple[bool, str]:
        told = stage.client("dynamodb").describe_table(TableName=name)["Table"]
        state, count = told["TableStatus"], told.get("ItemCount", 0)
        return state == "ACTIVE", f"{state}, about {count} {holds}"

    return look


def _delivery(stage: Stage) -> tuple[bool, str]:
    told = stage.client("firehose").describe_delivery_stream(
        DeliveryStreamName=stage.outputs.firehose_name
    )
    state = told["DeliveryStreamDescription"]["DeliveryStreamStatus"]
    return state == "ACTIVE", state


def _compaction(stage: Stage) -> tuple[bool, str]:
    """How far it has come, and what it could not read."""
    bucket = Bucket(stage.client("s3"), stage.outputs.bucket)
    found = bucket.read(watermark.KEY)
    if found is None:
        return True, "nothing merged yet"
    state = watermark.decode(found[0])
    merged = datetime.fromtimestamp(state.watermark // 1000, UTC)
    detail = f"merged what was delivered until {merged:%Y-%m-%d %H:%M:%S} UTC"
    if state.failed:
        key, reason = next(iter(state.failed.items()))
        more = f" (and {len(state.failed) - 1} more)" if len(state.failed) > 1 else ""
        return False, f"{detail}; cannot read {key}: {reason}{more}"
    return True, detail


def _days(stage: Stage) -> tuple[bool, str]:
    """How they are divided, and which are not yet: of these, a row may show twice."""
    bucket = Bucket(stage.client("s3"), stage.outputs.bucket)
    found = bucket.read(watermark.KEY)
    division = watermark.decode(found[0]).division if found else Division()
    there = tending.listed(bucket)
    detail = f"{len(there)}, divided by {division}"
    if left := tending.undivided(there, division):
        first = datetime.fromtimestamp(left[0] * 86_400, UTC)
        return False, (
            f"{detail}; {len(left)} still otherwise, from {first:%Y-%m-%d} on, where a reader of "
            "the files may see a row twice; `lake compact` goes on"
        )
    return True, detail


def _backfills(stage: Stage) -> tuple[bool, str]:
    """How many there were, and which is open: until it ends, counts lack what it brought."""
    found = list(Ledgers(Bucket(stage.client("s3"), stage.outputs.bucket)).all())
    unfinished = [ledger for ledger in found if ledger.ended is None]
    if not unfinished:
        return True, f"{len(found)}, all done"
    oldest = unfinished[0]
    age = time() - oldest.began / 1000
    files = " ".join(oldest.request.files)
    detail = f"number {oldest.number} is under way or was cut off; `lake backfill {files}` goes on"
    return age < LONG_S, detail


def _undelivered(stage: Stage) -> tuple[bool, str]:
    """What Firehose could not deliver: likes that are counted, and in no table."""
    found = undelivered.look(Bucket(stage.client("s3"), stage.outputs.bucket))
    if not found.objects:
        return True, str(found)
    return False, f"{found}; `lake redrive` brings them back"


def _numbers(stage: Stage) -> tuple[bool, str]:
    """Whether counts, trends and lake agree: by an audit as of now, or on AWS, where that may take
    a while, by the last hourly one."""
    now = int(time() * 1000)
    if stage.endpoint:
        at, items = now, audit.take(stage, Asked(now), lambda text: None)[1]
    else:
        found = audit_rows.newest(Bucket(stage.client("s3"), stage.outputs.bucket), now)
        if found is None:
            return False, "no audit within a day; `lake audit` does one now"
        at, items = found
    when = f"at {datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    off = [f"{one.item} {one.differs}: {one.detail}" for one in items if one.differs]
    if off:
        return False, f"{when}: {'; '.join(off)}; `lake reconcile` names all"
    if at < now - AUDITED_MS:
        return False, f"all agreed {when}, and no audit has run since; `lake audit` does one now"
    counted = next((one.number for one in items if one.item == "counted"), 0)
    return True, f"all agree {when}: {counted:,} net likes"


def _reports(stage: Stage) -> tuple[bool, str]:
    """The newest report of a day, and its first headline."""
    found = Bucket(stage.client("s3"), stage.outputs.bucket).read(report_keys.LATEST)
    if found is None:
        return True, "none yet; `lake report` makes one"
    latest = msgspec.json.decode(found[0], type=Latest)
    return True, f"{latest.name}: {latest.headlines[0]}"


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
