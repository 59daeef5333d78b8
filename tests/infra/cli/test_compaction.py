"""`lake compact`: what it merges, what it says, and how it fails."""

import io
import json
import re

import pytest
from click.testing import CliRunner
from rich.console import Console

import lake
from infra import stage
from infra.cli import compaction
from infra.stage import Stage
from tests import raw_likes
from tests.bucket import Objects
from tests.raw_likes import HOUR, Row
from tests.stages import OUTPUTS
from transform.aws.compacting import Done
from transform.lake import keys, watermark
from transform.lake.division import WHOLE, Division

NOW = 1_769_860_800_000  # 2026-01-31T12:00:00Z


@pytest.fixture
def s3(monkeypatch):
    fake = Objects()
    for n in range(3):
        rows = [Row(f"{k}", "m", None, "like", NOW - k * 24 * HOUR, NOW + n) for k in range(n + 1)]
        at = NOW - n * 24 * HOUR
        fake.add(raw_likes.raw_key(f"{n}", at), raw_likes.encode(rows), at)
    monkeypatch.setattr(Stage, "client", lambda self, service, **settings: fake)
    monkeypatch.setattr(stage, "open_stage", lambda name: Stage(name, OUTPUTS))
    return fake


def run(*arguments):
    return CliRunner().invoke(lake.main, ["compact", *arguments])


def likes(s3):
    return sorted(key for key in s3.objects if key.startswith("likes/"))


def test_it_merges_what_is_new_and_says_so(s3):
    told = run()
    assert (told.exit_code, told.stdout) == (
        0, "merged 3 objects: 6 rows, 3 duplicates, 3 days written\n")  # fmt: skip
    assert likes(s3) == sorted(keys.likes(NOW // HOUR // 24 - n, WHOLE) for n in range(3))
    assert run().stdout == "merged 0 objects: 0 rows, 0 duplicates, 0 days written\n"


def test_programs_are_told_it_in_numbers(s3):
    numbers = {"objects": 3, "rows": 6, "duplicates": 3, "days": 3, "adjusted": 0}
    told = numbers | {"failed": {}, "gone": []}
    assert json.loads(run("--format", "json").stdout) == [told]
    divided = run("--divide", "hour/5", "--format", "csv").stdout.splitlines()
    assert divided == ["division,days", "hour/5,3"]


def test_a_day_or_all_of_it_is_merged_again(s3):
    assert run("--day", "2026-01-30").stdout.startswith("merged 1 object: 2 rows, 0 duplicates, 2")
    assert run("--all").stdout.startswith("merged 3 objects: 6 rows, 5 duplicates, 2 days")


def test_days_are_divided_anew(s3):
    run()
    assert run("--divide", "hour").stdout == "divided by hour: 3 days written\n"
    assert watermark.decode(s3.objects[watermark.KEY]).division.is_like(Division(True))
    hour = f"hour-{NOW // HOUR % 24:02}.parquet"
    assert likes(s3) == sorted(keys.likes(NOW // HOUR // 24 - n, hour) for n in range(3))
    assert run("--divide", "hour").stdout == "divided by hour: 0 days written\n"
    assert run("--divide", "day").exit_code == 0
    assert likes(s3) == sorted(keys.likes(NOW // HOUR // 24 - n, WHOLE) for n in range(3))


@pytest.mark.parametrize(
    "arguments", [["--day", "x"], ["--all", "--day", "2026-01-31"], ["--divide", "day/65"],
                  ["--all", "--divide", "hour"], ["--divide", "week"]]
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(s3, arguments):
    assert run(*arguments).exit_code == 2 and not likes(s3)


def test_an_object_that_cannot_be_read_is_named_and_the_rest_is_merged(s3):
    bad = raw_likes.raw_key("bad", NOW)
    s3.add(bad, b"PAR1")
    told = run()
    assert told.exit_code == 1 and told.stdout.startswith("merged 3 objects")
    assert re.fullmatch(rf"{bad} cannot be read, and is tried again .*: .+\n", told.stderr)


def test_one_that_vanished_is_named_too():
    assert list(compaction.troubles(Done(gone=["raw/a"]))) == ["raw/a vanished before it was read."]


@pytest.mark.parametrize(("terminal", "shown"), [(True, True), (False, False)])
def test_a_terminal_shows_how_far_it_is(s3, terminal, shown):
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, color_system=None, width=80)
    compaction.merge(Stage("test", OUTPUTS), None, True, console)
    assert ("3/3 objects merged" in out.getvalue()) == shown
    out.truncate(0)
    compaction.divide(Stage("test", OUTPUTS), Division(True), console)
    assert ("3/3 days divided" in out.getvalue()) == shown
