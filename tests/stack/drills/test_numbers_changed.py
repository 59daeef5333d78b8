"""What was changed or deleted is named and mended: see `numbers_changed.md`."""

import json
import time

import pytest

from infra.cli import audit, compaction, reconcile
from infra.stage import invoke
from tests import plan
from transform.aws import auditing, mending
from transform.aws.audit_sources import DAY_MS, Asked
from transform.lake import keys, watermark


@pytest.fixture
def found(stage):
    """Give what is off of the films whose ids begin so: step, film and number."""

    def of(film):
        asked = Asked(int(time.time() * 1000), None, 8, True)
        of = audit.sources(stage)
        taken = auditing.audit(of, asked, lambda: compaction.merge(stage, None, False))
        return [
            (one.step, one.movie_id, one.number)
            for one in taken.differences
            if one.movie_id.startswith(film)
        ]

    return of


def test_what_was_changed_or_deleted_is_named_and_mended(stage, api, eventually, found):
    film = plan.film("changed")
    films = [f"{film}-{n}" for n in range(3)]
    assert api.post(*({"movie_id": one} for one in films for _ in range(3))).status == 202
    eventually(lambda: [api.likes(one) for one in films], [3] * 3)
    merged = lambda: compaction.merge(stage, None, False) and found(film)  # noqa: E731
    eventually(merged, [])

    table = stage.client("dynamodb")
    table.update_item(
        TableName=stage.outputs.counts_table,
        Key={"movie_id": {"S": films[0]}},
        UpdateExpression="ADD likes :more",
        ExpressionAttributeValues={":more": {"N": "7"}},
    )
    assert found(film) == [("count", films[0], 7)]
    reconcile.repair(stage, lambda text: None)
    assert found(film) == [] and api.likes(films[0]) == 3

    bucket = compaction.bucket(stage)
    day = int(time.time() * 1000) // DAY_MS
    stage.client("s3").delete_object(
        Bucket=stage.outputs.bucket, Key=keys.likes(day, "whole.parquet")
    )
    assert found(film) == [("compaction", one, -3) for one in films]
    reconcile.repair(stage, lambda text: None)
    assert found(film) == [] and [api.likes(one) for one in films] == [3] * 3

    before = {one.key for one in bucket.list(watermark.RAW)}
    assert api.post({"movie_id": films[1]}).status == 202
    eventually(lambda: len({one.key for one in bucket.list(watermark.RAW)} - before) > 0, True)
    for one in bucket.list(watermark.RAW):
        if one.key not in before:
            bucket.remove([one.key])
    eventually(lambda: api.likes(films[1]), 4)
    later = Asked(int(time.time() * 1000) + 31 * 60_000, None, 8, True)
    done = mending.reconcile(
        audit.sources(stage), later, lambda: compaction.merge(stage, None, False)
    )
    assert ("archive", films[1], -1) in {(d.step, d.movie_id, d.number) for d in done.found}
    assert done.brought >= 1 and found(film) == [] and api.likes(films[1]) == 4


def test_the_function_audits_by_its_own_rights(stage, run):
    told = invoke(stage, "audit", {})
    assert set(told) == {"differs", "steps"}
    rows = json.loads(run("sql", "SELECT item FROM audit", "--format", "json"))
    assert {"counted", "archived", "in_lake", "tracked"} <= {row["item"] for row in rows}
