"""Audit keeps what it finds as rows, measures it, and asks again after a compaction."""

import pytest

from tests.audited import World
from tests.aws import CONTEXT
from tests.small_lake import NOW
from transform.audit import report
from transform.aws import audit_rows
from transform.handlers import audit
from transform.lake import keys, undelivered

HOUR = 3_600_000


@pytest.fixture
def world(monkeypatch):
    world = World(monkeypatch)
    monkeypatch.setenv("LAKE_BUCKET", "bucket")
    monkeypatch.setenv("STREAM_ARN", "stream")
    monkeypatch.setenv("COMPACT_FUNCTION", "CompactLake-test")
    monkeypatch.setattr(audit, "_s3", lambda: world.s3)
    monkeypatch.setattr(audit, "_dynamodb", lambda: world.table)
    monkeypatch.setattr(audit, "_kinesis", lambda: world.stream)
    monkeypatch.setattr(audit, "_lambda", lambda: Compactor(world))
    monkeypatch.setattr(audit.time, "time", lambda: world.now / 1000)
    world.put(world.like("1", "a"), world.like("2", "b"))
    world.all()
    return world


class Compactor:
    """Lambda, as far as it calls CompactLake."""

    def __init__(self, world):
        self.world = world

    def invoke(self, FunctionName, Payload):
        assert (FunctionName, Payload) == ("CompactLake-test", b"{}")
        self.world.compact()


def test_all_is_well_and_that_is_kept(world):
    assert audit.handler({}, CONTEXT) == {"differs": 0, "steps": {}}
    [(at, items)] = audit_rows.since(world.bucket, NOW)
    assert at == NOW and audit_rows.newest(world.bucket, NOW) == (at, items)
    told = {one.item: one.number for one in items}
    assert told["counted"] == told["archived"] == told["in_lake"] == told["tracked"] == 2
    assert not report.differs(items)
    world.passes(60)
    audit.handler({}, CONTEXT)
    assert [at for at, _ in audit_rows.since(world.bucket, NOW + 1)] == [NOW + HOUR]


def test_what_compaction_has_yet_to_do_is_no_difference(world):
    del world.s3.objects[keys.totals(NOW // HOUR // 24)]
    world.put(world.like("3", "a"))
    world.count()
    world.deliver()
    assert audit.handler({}, CONTEXT)["differs"] == 0


def test_what_differs_is_named(world):
    world.table.items["a"]["likes"] = {"N": "5"}
    world.s3.add(f"{undelivered.PREFIX}processing-failed/x", b"{}\n{}\n", NOW)
    assert audit.handler({}, CONTEXT) == {"differs": 6, "steps": {"count": 1}}
    [(_, items)] = audit_rows.since(world.bucket, NOW)
    off = {one.item: (one.differs, one.detail) for one in items if one.differs}
    assert off == {
        "counted": (4, "a +4 (the stream counted 5, the lake says 1)"),
        "in_errors": (2, "in 1 objects; `lake redrive` brings them back"),
    }
