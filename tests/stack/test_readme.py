"""What README shows, run as it stands there, on the stage that is up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import readme

# What starts, stops or changes whole stages is tested elsewhere.
COMMANDS = [line for line in readme.commands() if line.startswith("lake ")]


@pytest.fixture
def environment(home):
    """A shell's, with `lake` of this environment on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"LAKE_HOME": str(home), "PATH": path}


def test_there_is_something_to_run():
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command, stage, environment, tmp_path):
    done = subprocess.run(
        command, shell=True, env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("program", readme.blocks("python"))
def test_python_runs(program, stage, environment):
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
