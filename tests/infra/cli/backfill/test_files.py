"""Files as other programs write them give the likes that they hold."""

import json
from datetime import UTC
from pathlib import Path

import pytest

from infra.cli.backfill import formats, source_files
from tests.infra.cli.backfill.commands import parsed

FILES = Path("tests/cases/files")
CASES = json.loads((FILES / "expected.json").read_text())
NOW = 1_798_761_600_000


def told(row):
    """Give a like as `expected.json` has it: without what is null, the usual action, and made
    ids."""
    kept = {name: value for name, value in row.items() if value is not None}
    for name in ("liked_at", "received_at"):
        if name in kept:
            moment = kept[name].replace(tzinfo=UTC)
            kept[name] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if kept["action"] == "like":
        del kept["action"]
    if len(kept["event_id"]) == 36 and kept["event_id"][14] == "8":  # a UUID that was derived
        del kept["event_id"]
    return kept


@pytest.mark.parametrize("case", CASES, ids=[f"{c['file']} {c['options']}" for c in CASES])
def test_a_file_gives_the_likes_that_it_holds(case, tmp_path):
    request = parsed(f"lake backfill {FILES / case['file']} {case['options']}")
    likes, rejected, lines = [], {}, 0
    for source in source_files.find(request.files, lambda: None).sources:
        for read in formats.read(source, request, None, NOW, NOW, 1, 0, tmp_path):
            likes += map(told, read.rows.to_pylist())
            lines += read.lines
            for bad in read.bad:
                rejected[bad.reason] = rejected.get(bad.reason, 0) + 1
    key = json.dumps
    assert sorted(likes, key=key) == sorted(map(dict, case["likes"]), key=key) or sorted(
        sorted(like.items()) for like in likes
    ) == sorted(sorted(like.items()) for like in case["likes"])
    assert rejected == case["rejected"]
    assert len(likes) + sum(rejected.values()) == lines


def test_each_preset_has_a_file_of_its_shape():
    from infra.cli.backfill import preset

    tried = {case["options"].partition("--preset ")[2] for case in CASES}
    assert {*preset.names()} <= tried


def test_our_own_rows_come_back_as_they_were(tmp_path):
    import pyarrow.parquet as pq

    [case] = [case for case in CASES if case["file"] == "own-parquet/hour.parquet"]
    rows = pq.read_table(FILES / case["file"]).drop_columns(["backfill"]).to_pylist()
    assert sorted(sorted(told(row).items()) for row in rows) == sorted(
        sorted(like.items()) for like in case["likes"]
    )
