"""`lake backfill`: what it tells programs of a run, and of one that only tries."""

import json

from click.testing import CliRunner

import lake
from infra import stage
from infra.cli.backfill import command
from infra.cli.backfill.source_files import PassedOver
from infra.stage import Stage
from tests.stages import OUTPUTS

LINES = b'{"movie_id":"a","event_id":"1"}\n{"movie_id":"a","event_id":"1"}\nnonsense\n'


def test_a_run_is_told_in_numbers_with_what_was_rejected_and_not_read(world):
    world.write("a.jsonl", LINES)
    told = command.fields(world.run("a.jsonl"), [PassedOver("b.txt", "is of no known kind")])
    assert told == {
        "number": 1,
        "lines": 3,
        "likes": 2,
        "new": 1,
        "duplicates": 1,
        "rejected": 1,
        "reasons": {"not_json": 1},
        "failed": {},
        "not_read": {"b.txt": "is of no known kind"},
    }


def test_one_that_only_tries_has_no_number_and_knows_of_nothing_new(tmp_path, monkeypatch):
    monkeypatch.setattr(
        stage, "open_stage", lambda name: Stage(name, OUTPUTS, "http://127.0.0.1:9")
    )
    file = tmp_path / "a.jsonl"
    file.write_bytes(LINES)
    done = CliRunner().invoke(lake.main, ["backfill", str(file), "--dry-run", "--format", "json"])
    assert done.exit_code == 0, done.stderr
    [told] = json.loads(done.stdout)
    assert (told["number"], told["new"], told["duplicates"]) == (None, None, None)
    assert (told["lines"], told["likes"], told["rejected"]) == (3, 2, 1)
