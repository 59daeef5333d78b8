"""A stage on AWS is changed only after its changes were shown and somebody said yes."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import lake
from infra import build
from infra.cli.movies import table
from infra.terraform import runner
from tests.stages import OUTPUTS


@pytest.fixture
def called(monkeypatch, tmp_path):
    """A Terraform and a build that only remember; `changes` says whether one is needed."""
    monkeypatch.setenv("LAKE_HOME", str(tmp_path))
    calls = []

    def plan(stage, variables, tell):
        calls.append(("plan", stage))
        called.variables = variables
        tell("1 to add")
        return called.changes

    def apply(stage, variables, tell):
        assert variables == called.variables
        calls.append(("apply", stage))
        return {"stage": msgspec.to_builtins(OUTPUTS)}

    def built(flavour, out):
        calls.append(("build", flavour))
        return Path("functions-aws.zip")

    def layer(name, out):
        calls.append(("build", name))
        return Path(f"{name}-layer.zip")

    def publish(stage):
        calls.append(("publish", stage.name))
        return called.films

    def called():
        return calls

    called.changes = True
    called.films = 2
    monkeypatch.setattr(table, "publish", publish)
    monkeypatch.setattr(runner, "plan", plan)
    monkeypatch.setattr(runner, "apply", apply)
    monkeypatch.setattr(build, "build", built)
    monkeypatch.setattr(build, "layer", layer)
    return called


def run(*arguments, answer=None):
    return CliRunner().invoke(lake.main, arguments, input=answer)


def test_a_plan_shows_and_changes_nothing(called):
    done = run("plan", "--stage", "test")
    built = [("build", "aws"), *(("build", name) for name in build.LAYERS)]
    assert (done.exit_code, called()) == (0, [*built, ("plan", "test")])
    assert called.variables["package"] == "functions-aws.zip"
    told = {name: f"{name}-layer.zip" for name in ("duckdb", "pandas", "pyarrow")}
    assert json.loads(called.variables["layers"]) == told
    assert "1 to add" in done.stdout


@pytest.mark.parametrize(("arguments", "answer"), [((), "y\n"), (("--yes",), None)])
def test_a_yes_applies(arguments, answer, called):
    done = run("apply", "--stage", "test", *arguments, answer=answer)
    assert (done.exit_code, called()[-2:]) == (0, [("apply", "test"), ("publish", "test")])
    assert f"Stage test: {OUTPUTS.api_url}/likes\n" in done.stdout
    assert f"{OUTPUTS.site_url}\n" in done.stdout


def test_a_stage_without_a_title_says_so(called):
    for called.films, said in ((0, True), (1, False)):
        done = run("apply", "--stage", "prod", "--yes")
        assert ("`lake movies load FILE --stage prod`" in done.stderr) == said


@pytest.mark.parametrize("changes", [True, False])
def test_programs_are_told_what_is_needed_and_what_was_done(changes, called):
    called.changes = changes
    done = run("plan", "--stage", "test", "--format", "json")
    assert json.loads(done.stdout) == [{"stage": "test", "changes": changes}]
    assert "1 to add" in done.stderr
    done = run("apply", "--stage", "test", "--format", "json", answer="y\n")
    [told] = json.loads(done.stdout)
    assert (told["stage"], told["changed"]) == ("test", changes)
    assert (told.get("api_url") == OUTPUTS.api_url) == changes
    assert ("Make these changes" in done.stderr) == changes


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_anything_else_does_not(answer, called):
    done = run("apply", "--stage", "prod", answer=answer)
    assert done.exit_code != 0
    assert ("apply", "prod") not in called()


def test_where_nothing_would_change_nobody_is_asked(called):
    called.changes = False
    assert run("apply", "--stage", "test").exit_code == 0
    assert ("apply", "test") not in called()


def test_bootstrap_needs_no_functions(called):
    run("apply", "--stage", "bootstrap", "--yes")
    assert called() == [("plan", "bootstrap"), ("apply", "bootstrap")]


@pytest.mark.parametrize(("stage", "said"), [("local", "lake up"), ("nosuch", "There is no stage")])
def test_a_stage_that_is_not_made_so_is_said_so(stage, said, called):
    done = run("apply", "--stage", stage)
    assert (done.exit_code, called()) == (1, [])
    assert said in done.stderr
