"""The wrapper of Terraform, with a Terraform of our own."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra.paths import REPOSITORY
from infra.terraform import runner
from infra.terraform.runner import TerraformError


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A Terraform of our own: `fake(shell)` makes it, what it is called with is written down."""
    monkeypatch.setenv("LAKE_HOME", str(tmp_path / "lake"))
    command = tmp_path / "terraform"
    calls = tmp_path / "calls"

    def make(text: str) -> Path:
        init = 'case " $* " in *" init "*) exit 0;; esac'
        command.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{init}\n{text}\n')
        command.chmod(0o755)
        return calls

    monkeypatch.setattr(runner, "_COMMAND", command)
    return make


def says(*messages: object) -> str:
    return "".join(f"cat <<'END'\n{json.dumps(message)}\nEND\n" for message in messages)


def done(kind: str, address: str, action: str = "create") -> dict[str, object]:
    return {"type": kind, "hook": {"action": action, "resource": {"addr": address}}}


def test_apply_tells_how_far_it_is_and_gives_the_outputs(fake, tmp_path):
    calls = fake(
        says(
            {"type": "version", "terraform": "1.11.4"},
            done("apply_complete", "data.aws_region.current", "read"),
            {"type": "change_summary", "changes": {"add": 2, "change": 1, "operation": "plan"}},
            done("apply_progress", "module.pipeline.module.stream.aws_kinesis_stream.this"),
            done("apply_complete", "module.pipeline.module.stream.aws_kinesis_stream.this"),
            done("apply_complete", 'module.pipeline.module.lake.aws_s3_bucket.a["b"]'),
            {"type": "outputs", "outputs": {"bucket": {"value": "b"}, "names": {"value": ["n"]}}},
        )
    )
    lines: list[str] = []
    outputs = runner.apply("local", {"package": "a b.zip"}, lines.append)
    assert outputs == {"bucket": "b", "names": ["n"]}
    assert lines == [
        "0 of 3: stream.aws_kinesis_stream",
        "1 of 3: stream.aws_kinesis_stream",
        '2 of 3: lake.aws_s3_bucket.a["b"]',
    ]
    init, apply = calls.read_text().splitlines()
    assert f"-backend-config=path={tmp_path}/lake/terraform/local.tfstate" in init
    assert "-auto-approve" in apply and "-var=package=a b.zip" in apply


def test_an_error_is_terraforms_own_in_one_line(fake):
    fake(
        says(
            {
                "type": "diagnostic",
                "diagnostic": {"severity": "warning", "summary": "Old", "detail": "Deprecated"},
            },
            {
                "type": "diagnostic",
                "diagnostic": {"severity": "error", "summary": "creating S3", "detail": "a\nb"},
            },
            {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "other"}},
        )
        + "exit 1"
    )
    with pytest.raises(TerraformError, match=r"^Terraform failed: creating S3 a b \(and 1 more\)$"):
        runner.apply("local")


def test_an_error_for_people_is_read_out_of_its_frame(fake):
    frame = "\\033[31m╷\\n│\\033[0m Error: No such bucket\\n│ \\n│ Make it first.\\n╵\\n"
    fake(f"printf '{frame}' >&2\nexit 1")
    with pytest.raises(TerraformError, match=r"^Terraform failed: No such bucket Make it first\.$"):
        runner.plan("local")


def test_a_missing_terraform_is_what_the_stub_says(fake):
    fake("echo 'Terraform is missing: start Docker.' >&2; exit 127")
    with pytest.raises(TerraformError, match=r"^Terraform is missing: start Docker\.$"):
        runner.require()


@pytest.mark.parametrize(("code", "changes"), [(0, False), (2, True)])
def test_a_plan_is_told_line_by_line(code, changes, fake):
    fake(f"echo one; echo two; exit {code}")
    lines: list[str] = []
    assert runner.plan("local", tell=lines.append) is changes
    assert lines == ["one", "two"]


def test_the_emulator_is_applied_to_without_anything_of_aws(fake, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("LAKE_STATE_BUCKET", "states")
    fake('echo "profile ${AWS_PROFILE-none}"')
    told: dict[str, list[str]] = {"local": [], "test": []}
    for stage, lines in told.items():
        runner.plan(stage, tell=lines.append)
    assert told == {"local": ["profile none"], "test": ["profile work"]}


@pytest.mark.parametrize("stage", ["bootstrap", "test", "prod"])
def test_a_stage_on_aws_keeps_its_state_in_the_bucket_that_is_named(stage, fake, monkeypatch):
    """Bootstrap, too, though it looks after that bucket."""
    calls = fake("echo '{}'")
    monkeypatch.setenv("LAKE_STATE_BUCKET", "states")
    runner.init(stage)
    assert "-backend-config=bucket=states" in calls.read_text()


@pytest.mark.parametrize(("stage", "locked"), [("bootstrap", False), ("prod", True)])
def test_a_table_of_locks_is_used_by_all_but_who_makes_it(stage, locked, fake, monkeypatch):
    calls = fake("echo '{}'")
    monkeypatch.setenv("LAKE_STATE_BUCKET", "states")
    monkeypatch.setenv("LAKE_LOCK_TABLE", "locks")
    runner.init(stage)
    assert ("-backend-config=dynamodb_table=locks" in calls.read_text()) == locked


def test_where_nobody_can_tell_the_bucket_it_is_said(fake, monkeypatch):
    fake("echo '{}'")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(TerraformError, match="There is no AWS region"):
        runner.init("prod")


def test_a_stage_never_applied_has_no_outputs(fake):
    fake("echo '{}'")
    with pytest.raises(TerraformError, match="Stage local has not been applied"):
        runner.outputs("local")


def test_an_unknown_stage_is_refused(fake):
    fake("exit 0")
    with pytest.raises(TerraformError, match="There is no stage 'staging'"):
        runner.init("staging")


def test_an_interruption_lets_terraform_finish_what_it_has_begun(fake, tmp_path):
    """Terraform hears of it once, though the terminal would send Ctrl-C to both."""
    heard = tmp_path / "heard"
    fake(
        f"trap 'echo interrupted >> {heard}; sleep 0.2; echo saved >> {heard}; exit 1' INT\n"
        + says(done("apply_start", "aws_s3_bucket.this"))
        + "while :; do sleep 0.05; done"
    )

    def interrupt(text: str) -> None:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        runner.apply("local", tell=interrupt)
    assert heard.read_text().split() == ["interrupted", "saved"]


def test_the_wrapper_needs_nothing_but_this_package():
    imported = subprocess.run(
        [sys.executable, "-c", "import infra.terraform, sys; print('boto3' in sys.modules)"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout == "False\n"
