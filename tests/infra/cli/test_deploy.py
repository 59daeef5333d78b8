"""A stage on AWS is changed only after its changes were shown and somebody said yes."""

import json
import os

import boto3
import msgspec
import pytest
from click.testing import CliRunner

import lake
from infra import build
from infra.cli import quotas, rollback
from infra.cli.movies import table
from infra.cli.quotas import Account
from infra.terraform import runner, states
from tests.stages import OUTPUTS

BUILT = [("build", "aws"), *(("build", name) for name in build.LAYERS)]


@pytest.fixture
def called(monkeypatch, tmp_path):
    """A Terraform and a build that only remember; `changes` says whether one is needed."""
    monkeypatch.setenv("LAKE_HOME", str(tmp_path))
    calls = []

    def plan(stage, variables, tell, options):
        calls.append(("plan", stage, *(["destroy"] if "-destroy" in options else [])))
        called.variables = variables
        runner.planned(stage).parent.mkdir(parents=True, exist_ok=True)
        tell("1 to add")
        return called.changes

    def apply(stage, tell):
        calls.append(("apply", stage))
        return {"stage": msgspec.to_builtins(OUTPUTS)}

    def built(flavour, out):
        calls.append(("build", flavour))
        return zip_(out / "functions-aws.zip")

    def layer(name, out):
        calls.append(("build", name))
        return zip_(out / f"{name}-layer.zip")

    def zip_(path):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"zip")
        return path

    def publish(stage):
        calls.append(("publish", stage.name))
        return called.films

    def called():
        return calls

    called.changes = True
    called.films = 2
    called.bucket = True
    called.account = Account(1000, 1000, 10_000, 50)
    monkeypatch.setattr(table, "publish", publish)
    monkeypatch.setattr(rollback, "prune", lambda stage: calls.append(("prune", stage.name)))
    monkeypatch.setattr(runner, "plan", plan)
    monkeypatch.setattr(runner, "apply_planned", apply)
    monkeypatch.setattr(build, "build", built)
    monkeypatch.setattr(build, "layer", layer)
    monkeypatch.setattr(boto3, "client", None)
    monkeypatch.setattr(quotas, "ask", lambda client, stage, untold: called.account)
    monkeypatch.setattr(states, "bucket", lambda: "states-eu-west-1")
    monkeypatch.setattr(states, "exists", lambda name: called.bucket)
    monkeypatch.setattr(states, "make", lambda name: calls.append(("bucket", name)))
    return called


def run(*arguments, answer=None):
    return CliRunner().invoke(lake.main, arguments, input=answer)


def test_a_plan_shows_and_changes_nothing(called):
    done = run("plan", "--stage", "test")
    assert (done.exit_code, called()) == (0, [*BUILT, ("plan", "test")])
    assert "1 to add" in done.stdout


def test_files_are_named_from_the_stage_on(called, tmp_path):
    """On every machine alike: else the plan of another machine would change every function."""
    run("plan", "--stage", "test")
    to = os.path.relpath(tmp_path / "build", build.ROOT / "infra/terraform/stages/test")
    assert to.startswith("../") and called.variables["package"] == f"{to}/functions-aws.zip"
    told = {name: f"{to}/{name}-layer.zip" for name in ("duckdb", "pandas", "pyarrow")}
    assert json.loads(called.variables["layers"]) == told


def test_what_the_account_has_no_room_for_is_told_before_anything_is_made(called):
    assert run("plan", "--stage", "prod").exit_code == 0
    assert called.variables["archive_executions"] == "200"
    called.account = Account(10, 10, 10_000, 50)
    done = run("plan", "--stage", "prod")
    assert called.variables["archive_executions"] == "-1"
    assert "Quota: Lambda runs 10 functions at a time here; 10000 requests" in done.stderr


@pytest.mark.parametrize(("arguments", "answer"), [((), "y\n"), (("--yes",), None)])
def test_a_yes_applies(arguments, answer, called):
    done = run("apply", "--stage", "test", *arguments, answer=answer)
    assert (done.exit_code, called()[-3:]) == (
        0,
        [("apply", "test"), ("publish", "test"), ("prune", "test")],
    )
    assert f"Stage test: {OUTPUTS.api_url}/likes\n" in done.stdout
    assert f"{OUTPUTS.site_url}\n" in done.stdout


def test_what_was_planned_is_applied_without_another_plan(called):
    assert run("apply", "--stage", "test", "--planned", "--yes").exit_code == 1
    assert called() == []
    run("plan", "--stage", "test")
    assert run("apply", "--stage", "test", "--planned", "--yes").exit_code == 0
    assert called()[len(BUILT) :] == [
        ("plan", "test"),
        ("apply", "test"),
        ("publish", "test"),
        ("prune", "test"),
    ]


def test_a_plan_to_destroy_is_not_applied_by_mistake(called):
    run("plan", "--stage", "test", "--destroy")
    done = run("apply", "--stage", "test", "--planned", "--yes")
    assert done.exit_code == 1 and "lake destroy --stage test" in done.stderr
    assert called() == [("plan", "test", "destroy")]


@pytest.mark.parametrize(
    ("stage", "answer", "done"),
    [
        ("test", "y\n", True),
        ("test", "n\n", False),
        ("prod", "y\n", False),
        ("prod", "y\nproduction\n", False),
        ("prod", "y\nprod\n", True),
    ],
)
@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_prod_is_asked_for_twice(command, stage, answer, done, called):
    ended = run(command, "--stage", stage, answer=answer)
    assert (ended.exit_code == 0) is done is (("apply", stage) in called())


def test_a_stage_is_destroyed_and_nothing_is_built_for_it(called):
    done = run("destroy", "--stage", "test", "--yes")
    assert (done.exit_code, called()) == (0, [("plan", "test", "destroy"), ("apply", "test")])
    assert "Stage test is destroyed." in done.stdout


def test_prod_is_not_destroyed_on_a_yes_alone(called):
    assert run("destroy", "--stage", "prod", "--yes").exit_code != 0
    assert ("apply", "prod") not in called()


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
    assert run("destroy", "--stage", "test").exit_code == 0
    assert ("apply", "test") not in called()


def test_bootstrap_needs_no_functions(called):
    run("apply", "--stage", "bootstrap", "--yes")
    assert called() == [("plan", "bootstrap"), ("apply", "bootstrap")]
    assert called.variables == {"bucket": "states-eu-west-1"}


def test_the_bucket_of_the_states_comes_first(called):
    """Bootstrap's own state lies in it from the beginning."""
    called.bucket = False
    assert run("plan", "--stage", "bootstrap").exit_code == 1
    assert run("apply", "--stage", "bootstrap", answer="n\n").exit_code != 0
    assert called() == []
    done = run("apply", "--stage", "bootstrap", answer="y\ny\n")
    assert "Make bucket states-eu-west-1 for the states" in done.stdout
    made = [("bucket", "states-eu-west-1"), ("plan", "bootstrap"), ("apply", "bootstrap")]
    assert (done.exit_code, called()) == (0, made)


@pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
@pytest.mark.parametrize(("stage", "said"), [("local", "lake up"), ("nosuch", "There is no stage")])
def test_a_stage_that_is_not_made_so_is_said_so(stage, said, command, called):
    done = run(command, "--stage", stage)
    assert (done.exit_code, called()) == (1, [])
    assert said in done.stderr
