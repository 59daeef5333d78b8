"""The scripts in infra/bin, with programs of our own in place of Terraform and Docker."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from infra.paths import REPOSITORY

STUB = REPOSITORY / "infra/bin/terraform"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH with the usual tools, and a home, where neither Terraform nor a mirror is."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "dirname", "env", "find", "id", "mkdir", "sed"):
        tools.joinpath(name).symlink_to(shutil.which(name))
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith("TF_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LAKE_HOME", str(tmp_path / "lake"))
    monkeypatch.setenv("PATH", str(tools))
    return tools


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def stub(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([STUB, *arguments], capture_output=True, text=True)


def test_without_terraform_or_docker_one_sentence_says_so(path):
    ended = stub("version")
    assert ended.returncode == 127
    assert ended.stdout == "" and len(ended.stderr.splitlines()) == 1
    assert "put Terraform 1.11 or newer on PATH, or start Docker" in ended.stderr


def test_a_docker_that_does_not_run_is_none(path):
    program(path / "docker", "exit 1")
    assert stub("version").returncode == 127


def test_docker_runs_terraform_with_the_repository_where_it_is(path, monkeypatch):
    program(path / "docker", '[ "$1" = info ] || printf "%s\\n" "$@"')
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    said = stub("fmt", "-check").stdout.splitlines()
    assert said[0] == "run" and said[-2:] == ["fmt", "-check"]
    assert said[-3].startswith("hashicorp/terraform:")
    assert f"{REPOSITORY}:{REPOSITORY}" in said
    assert said[said.index("AWS_REGION") - 1] == "--env"
    assert not any("eu-central-1" in word for word in said), "values stay out of the process list"


def test_a_missing_configuration_file_is_forgotten_and_a_present_one_kept(
    path, tmp_path, monkeypatch
):
    program(path / "terraform", 'printf "%s" "${TF_CLI_CONFIG_FILE-none}"')
    present = tmp_path / "terraformrc"
    present.touch()
    for name, told in ((tmp_path / "missing", "none"), (present, str(present))):
        monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(name))
        assert stub("version").stdout == told


def test_a_mirror_is_found_for_init_only_and_only_where_the_caller_says_nothing(
    path, tmp_path, monkeypatch
):
    mirror = tmp_path / "home/share/mirror"
    (mirror / "registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    program(path / "terraform", 'printf "%s" "${TF_CLI_ARGS_init-none}"')
    # One at the root of the machine's own disk is found first, and is as good.
    assert re.fullmatch(r"-plugin-dir=(.+)", stub("init").stdout)
    found = Path(stub(f"-chdir={tmp_path}", "init").stdout.removeprefix("-plugin-dir="))
    assert (found / "registry.terraform.io/hashicorp/aws").is_dir()
    assert stub("plan").stdout == "none"
    assert stub("init", "-plugin-dir=elsewhere").stdout == "none"
    monkeypatch.setenv("TF_CLI_ARGS_init", "-upgrade")
    assert stub("init").stdout == "-upgrade"


@pytest.mark.parametrize(
    ("valid", "style", "stack", "tools", "others", "code"),
    [
        (0, 0, 0, 0, 0, 0),
        (0, 0, 1, 0, 0, 1),
        (0, 0, 0, 1, 0, 1),
        (0, 0, 0, 0, 1, 1),
        (1, 1, 1, 1, 1, 1),
        (0, 0, 5, 0, 0, 1),
        (0, 1, 0, 0, 0, 1),
        (1, 0, 0, 0, 0, 1),
    ],
)
def test_all_tests_passed_only_if_each_part_did_and_each_is_told(
    tmp_path, valid, style, stack, tools, others, code
):
    script = tmp_path / "infra/bin/test"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "infra/bin/test", script)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    program(
        python,
        f'case "$*" in *"--ignore tests/clients"*) echo others; exit {others};; "-c "*) exit 0;; '
        f"*tests/stack*) echo stack; exit {stack};; *test_modules*) echo tools; exit {tools};; "
        "*tests/queries*) echo queries; exit 0;; "
        "esac\nexit 9",
    )
    targets = f"valid:\n\t@echo valid; exit {valid}\nstyle:\n\t@echo style; exit {style}\n"
    tmp_path.joinpath("Makefile").write_text(f"setup:\n{targets}")

    ended = subprocess.run(
        [script], env=os.environ | {"PYTHON": "/none"}, capture_output=True, text=True
    )

    assert ended.returncode == code, ended.stderr
    assert {"valid", "style", "others", "stack", "tools", "queries"} <= set(ended.stdout.split())


@pytest.mark.parametrize(("examples", "which"), [(None, "not nightly"), ("10", "")])
def test_what_costs_long_is_left_to_the_night(tmp_path, monkeypatch, examples, which):
    script = tmp_path / "infra/bin/test"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "infra/bin/test", script)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    program(python, 'while [ $# -gt 1 ]; do [ "$1 $2" = "-m $2" ] && echo "<$2>"; shift; done')
    tmp_path.joinpath("Makefile").write_text("setup valid style:\n")
    if examples:
        monkeypatch.setenv("LAKE_EXAMPLES", examples)
    ended = subprocess.run([script], capture_output=True, text=True)
    assert re.findall("<(.*)>", ended.stdout) == ["pytest", which] * 4


def test_nothing_is_tested_where_setting_up_fails(tmp_path):
    script = tmp_path / "infra/bin/test"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "infra/bin/test", script)
    tmp_path.joinpath("Makefile").write_text(
        "setup:\n\t@echo no index; exit 1\nvalid:\n\t@sleep 60\n"
    )
    ended = subprocess.run([script], capture_output=True, text=True, timeout=50)
    assert ended.returncode == 1
    assert ended.stdout == "no index\n"
