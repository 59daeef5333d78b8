"""`lake status` tells of each part whether it is well, and of one that is not, why."""

import os
import time
from types import SimpleNamespace

import msgspec
import pytest

from infra.cli import health
from infra.cli.backfill.ledger import Ledger, Ledgers, Request
from infra.local import process
from infra.local.bridge import daemon
from infra.local.bridge.daemon import Process
from infra.local.bridge.status import Shard, Status
from infra.local.process import Found
from infra.local.site import daemon as site
from infra.stage import Stage
from tests.bucket import Objects
from tests.errors import failed
from tests.fakes import refusal
from tests.stages import OUTPUTS
from transform.aws.buckets import Bucket
from transform.lake import watermark
from transform.lake.division import Division
from transform.lake.watermark import State
from transform.reports.report_keys import Latest

STAGE = Stage("local", OUTPUTS, "http://127.0.0.1:9")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAKE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def bridge(home, monkeypatch):
    """A bridge that runs, and a way to let it say something."""
    running = Found(Process(4711, "then", "this"), killed=False)
    monkeypatch.setattr(daemon, "find", lambda home: running)

    def say(shards, fault=None, age=0):
        process.write(daemon.status(home), Status(time.time() - age, fault, shards))

    return say


def test_a_bridge_that_keeps_up_is_well(bridge):
    bridge({"a": Shard(0, "7"), "b": Shard(1500, "8")})
    assert health._bridge(STAGE) == (True, "pid 4711, 2 shards, 1.5 s behind")


def test_a_bridge_that_has_yet_to_hear_is_well(bridge):
    bridge({"a": Shard()})
    assert health._bridge(STAGE) == (True, "pid 4711, 1 shards, 0.0 s behind")


def test_a_bridge_with_a_fault_is_not_and_the_first_is_told(bridge):
    bridge({"a": Shard(), "b": Shard(fault="handler: no"), "c": Shard(fault="handler: no")})
    assert health._bridge(STAGE) == (False, "pid 4711, b handler: no (and 1 more)")
    bridge({}, fault="stage: refused")
    assert health._bridge(STAGE) == (False, "pid 4711, stage: refused")


def test_a_bridge_that_has_gone_silent_is_not_believed(bridge):
    bridge({"a": Shard()}, age=health.SILENT_S + 60)
    ok, detail = health._bridge(STAGE)
    assert not ok and "has said nothing for 90 s" in detail


def test_a_bridge_that_never_said_anything_is_not_well(bridge):
    ok, detail = health._bridge(STAGE)
    assert not ok and "nothing at all" in detail


def test_no_bridge_is_told_from_one_that_died(home):
    assert health._bridge(STAGE)[1].startswith("not running; start it with `lake up`")
    process.write(home / "bridge.json", Process(os.getpid(), "some other time", "this"))
    ok, detail = health._bridge(STAGE)
    assert not ok and detail.startswith("ended by itself; start it with `lake up`")


class Services:
    """Answers of AWS, a client for all services."""

    def __init__(self, mapping):
        self.mapping = mapping

    def __getattr__(self, operation):
        raise refusal("AccessDenied")

    def list_event_source_mappings(self, FunctionName):
        mapped = self.mapping if FunctionName == "TrackTrends-local:live" else []
        return {"EventSourceMappings": mapped}

    def describe_table(self, TableName):
        return {"Table": {"TableStatus": "ACTIVE", "ItemCount": len(TableName)}}


def checked(monkeypatch, mapping):
    names = OUTPUTS.function_names | {"count": "UpdateCount-local"}
    outputs = msgspec.structs.replace(OUTPUTS, function_names=names)
    stage = SimpleNamespace(
        outputs=outputs, endpoint=None, client=lambda service: Services(mapping)
    )
    monkeypatch.setattr(health, "open_stage", lambda name: stage)
    monkeypatch.setattr(site, "answers", lambda url: False)
    return {check.part: check for check in health.check("test")}


@pytest.mark.parametrize("answers", [True, False])
def test_a_site_is_well_if_it_answers(home, monkeypatch, answers):
    monkeypatch.setattr(site, "answers", lambda url: answers and url == OUTPUTS.site_url)
    ok, detail = health._site(STAGE)
    assert ok == answers and detail.startswith(OUTPUTS.site_url)
    assert ("start it with `lake up`" in detail) != answers
    assert "lake up" not in health._site(Stage("test", OUTPUTS))[1]


def test_on_aws_there_is_a_mapping_and_no_bridge(monkeypatch):
    checks = checked(monkeypatch, [{"State": "Enabled", "LastProcessingResult": "OK"}])
    assert checks["trends mapping"] == ("trends mapping", True, "Enabled, last: OK")
    assert "fan-out bridge" not in checks
    assert checks["site"].detail == f"{OUTPUTS.site_url} does not answer"
    assert checks["trends table"].detail == "ACTIVE, about 6 items"
    assert checks["counts table"].detail == "ACTIVE, about 6 films"
    assert not checks["stream"].ok and "AccessDenied" in checks["stream"].detail


@pytest.mark.parametrize(
    ("mapping", "detail"),
    [
        ([], "TrackTrends-local reads no stream"),
        ([{"State": "Disabled"}], "Disabled, last: nothing yet"),
        (
            [{"State": "Enabled", "LastProcessingResult": "PROBLEM: Function call failed"}],
            "Enabled, last: PROBLEM: Function call failed",
        ),
    ],
)
def test_a_mapping_in_trouble_is_not_well(monkeypatch, mapping, detail):
    assert checked(monkeypatch, mapping)["trends mapping"] == ("trends mapping", False, detail)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, (True, "nothing merged yet")),
        (
            State(watermark=1_800_000_000_000),
            (True, "merged what was delivered until 2027-01-15 08:00:00 UTC"),
        ),
        (
            State(1_800_000_000_000, failed={"raw/a": "it is torn", "raw/b": "too"}),
            (
                False,
                "merged what was delivered until 2027-01-15 08:00:00 UTC; "
                "cannot read raw/a: it is torn (and 1 more)",
            ),
        ),
    ],
)
def test_compaction_tells_how_far_it_is_and_what_it_cannot_read(state, told, monkeypatch):
    held = watermark.encode(state) if state else None
    bucket = SimpleNamespace(read=lambda key: (held, "etag") if held else None)
    monkeypatch.setattr(health, "Bucket", lambda *given: bucket)
    monkeypatch.setattr(Stage, "client", lambda *given: None)
    assert health._compaction(STAGE) == told


def test_days_that_are_divided_otherwise_are_named(monkeypatch):
    """For who reads their files may see a like twice meanwhile."""
    s3 = Objects()
    monkeypatch.setattr(Stage, "client", lambda *given: s3)
    assert health._days(STAGE) == (True, "0, divided by day")
    for name in ("likes/day=2026-01-30/whole.parquet", "likes/day=2026-01-31/whole.parquet"):
        s3.add(name, b"")
    assert health._days(STAGE) == (True, "2, divided by day")
    s3.add("likes/day=2026-01-31/hour-07-00.parquet", b"")  # of an earlier version
    ok, detail = health._days(STAGE)
    assert not ok and detail.startswith("2, divided by day; 1 still otherwise, from 2026-01-31 on,")
    s3.add(watermark.KEY, watermark.encode(State(division=Division(True))))
    ok, detail = health._days(STAGE)
    assert not ok and detail.startswith("2, divided by hour; 2 still otherwise, from 2026-01-30")


def test_the_newest_report_is_told_by_its_first_headline(monkeypatch):
    latest = Latest("2026-01-30", "day", "/reports/2026-01-30.html", ["Up.", "More.", "Who."])
    monkeypatch.setattr(Bucket, "read", lambda self, key: (msgspec.json.encode(latest), "etag"))
    monkeypatch.setattr(Stage, "client", lambda self, service: None)
    assert health._reports(STAGE) == (True, "2026-01-30: Up.")
    monkeypatch.setattr(Bucket, "read", lambda self, key: None)
    assert health._reports(STAGE) == (True, "none yet; `lake report` makes one")


def ledger(number, **told):
    return Ledger(number, Request(("/likes.jsonl",)), **({"began": 1_000} | told))


@pytest.mark.parametrize(
    ("ledgers", "ok", "told"),
    [
        ([], True, "0, all done"),
        ([ledger(1, ended=5), ledger(2, ended=6)], True, "2, all done"),
        ([ledger(1, ended=5), ledger(2)], False, "number 2 is under way or was cut off; "),
        ([ledger(3, began=int(time.time() * 1000))], True, "`lake backfill /likes.jsonl` goes on"),
    ],
)
def test_a_backfill_that_has_not_ended_is_told(ledgers, ok, told, monkeypatch):
    monkeypatch.setattr(Ledgers, "all", lambda self: iter(ledgers))
    found = health._backfills(STAGE)
    assert found[0] is ok and told in found[1]


def test_what_firehose_could_not_deliver_is_not_well(monkeypatch):
    objects = Objects()
    monkeypatch.setattr(Stage, "client", lambda self, service: objects)
    assert health._undelivered(STAGE) == (True, "nothing")
    objects.add("errors/redriven/processing-failed/day=2027-01-15/old", failed(b"{}", 1))
    assert health._undelivered(STAGE)[0]
    objects.add("errors/processing-failed/day=2027-01-15/new", failed(b"{}", 1) * 2)
    ok, told = health._undelivered(STAGE)
    assert not ok
    assert told == (
        "2 records in 1 object, since 2027-01-15 08:00:00 UTC; `lake redrive` brings them back"
    )
