"""What was changed or deleted is named and mended: see `numbers_changed.md`."""

import json

import pytest

from infra.cli import audit, compaction, reconcile
from infra.stage import Stage, invoke
from tests import plan
from tests.examples import nightly
from transform.aws import auditing, mending
from transform.aws.audit_sources import DAY_MS, Asked
from transform.lake import keys, watermark

pytestmark = nightly


class Drill:
    """Three films, each liked three times, all of it in the lake."""

    def __init__(self, stage, api, eventually):
        self.stage, self.api = stage, api
        self.bucket = compaction.bucket(stage)
        self.film = plan.film("changed")
        self.films = [f"{self.film}-{n}" for n in range(3)]
        before = len(self.raw())
        likes = ({"movie_id": one} for one in self.films for _ in range(3))
        assert api.post(*likes).status == 202
        eventually(lambda: [api.likes(one) for one in self.films], [3] * 3)
        eventually(lambda: len(self.raw()) > before, True)
        self.settle()

    def raw(self):
        return {one.key for one in self.bucket.list(watermark.RAW)}

    def settle(self):
        return compaction.merge(self.stage, None, False)

    def found(self):
        """Give what is off of the films: step, film and number."""
        asked = Asked(plan.now_ms(), None, 8, True)
        taken = auditing.audit(audit.sources(self.stage), asked, self.settle)
        return self.ours(taken.differences)

    def ours(self, found):
        return [(d.step, d.movie_id, d.number) for d in found if d.movie_id.startswith(self.film)]

    def repair(self):
        """Mend; gives what was off, and what is still."""
        done = reconcile.repair(self.stage, lambda text: None)
        return self.ours(done.found), self.ours(done.left)


@pytest.fixture
def drill(stage, api, eventually):
    return Drill(stage, api, eventually)


def test_a_count_that_was_changed(drill, role, monkeypatch):
    drill.stage.client("dynamodb").update_item(
        TableName=drill.stage.outputs.counts_table,
        Key={"movie_id": {"S": drill.films[0]}},
        UpdateExpression="ADD likes :more",
        ExpressionAttributeValues={":more": {"N": "7"}},
    )
    with monkeypatch.context() as patch:  # a mender's rights are enough
        patch.setattr(Stage, "client", role("mender"))
        assert drill.repair() == ([("count", drill.films[0], 7)], [])
    assert drill.api.likes(drill.films[0]) == 3


def test_a_day_of_the_lake_that_was_deleted(drill):
    key = keys.likes(plan.now_ms() // DAY_MS, "whole.parquet")
    drill.stage.client("s3").delete_object(Bucket=drill.stage.outputs.bucket, Key=key)
    told = invoke(drill.stage, "audit", {})  # by its own rights
    assert told["differs"] >= 9 and told["steps"]["compaction"] >= 3
    assert drill.repair() == ([("compaction", one, -3) for one in drill.films], [])
    assert [drill.api.likes(one) for one in drill.films] == [3] * 3


def test_a_raw_object_that_was_deleted_before_it_was_merged(drill, eventually, role, monkeypatch):
    before, film = drill.raw(), drill.films[1]
    assert drill.api.post({"movie_id": film}).status == 202
    eventually(lambda: len(drill.raw() - before) > 0, True)
    drill.bucket.remove(sorted(drill.raw() - before))
    eventually(lambda: drill.api.likes(film), 4)
    later = Asked(plan.now_ms() + 31 * 60_000, None, 8, True)
    with monkeypatch.context() as patch:
        patch.setattr(Stage, "client", role("mender"))
        done = mending.reconcile(audit.sources(drill.stage), later, drill.settle)
    assert ("archive", film, -1) in drill.ours(done.found) and done.brought >= 1
    assert drill.found() == [] and drill.api.likes(film) == 4


def test_a_line_that_is_replayed_and_a_count_anew(drill, run, eventually, role, monkeypatch):
    """By a mender's rights, all of it."""
    film, stage = f"{drill.film}-replayed", drill.stage
    line = json.dumps({"film": film, "source": film}).encode()
    stage.client("kinesis").put_record(
        StreamName=stage.outputs.stream_name, Data=line, PartitionKey=film
    )
    chosen = ("--reason", "missing_movie_id", "--source", film, "--format", "json")
    eventually(lambda: len(json.loads(run("rejected", *chosen))), 1)
    with monkeypatch.context() as patch:
        patch.setattr(Stage, "client", role("mender"))
        [done] = json.loads(run("replay", *chosen, "--map", "movie_id=film"))
        assert (done["understood"], done["new"]) == (1, 1)
        [again] = json.loads(run("replay", *chosen, "--map", "movie_id=film"))
        assert (again["understood"], again["new"]) == (1, 0)
        assert drill.api.likes(film) == 1
        stage.client("dynamodb").update_item(
            TableName=stage.outputs.counts_table,
            Key={"movie_id": {"S": film}},
            UpdateExpression="ADD likes :more",
            ExpressionAttributeValues={":more": {"N": "5"}},
        )
        done = reconcile.repair(stage, lambda text: None, accept=True)  # what a recount is
    assert drill.ours(done.found) == [("count", film, 5)] and drill.ours(done.left) == []
    assert drill.api.likes(film) == 1


def test_what_an_audit_finds_is_asked_in_sql(stage, run):
    invoke(stage, "audit", {})
    rows = json.loads(run("sql", "SELECT item FROM audit", "--format", "json"))
    assert {"counted", "archived", "in_lake", "tracked"} <= {row["item"] for row in rows}
