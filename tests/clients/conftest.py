"""The stage, for programs in an environment of their own, which `make clients` sets up."""

import subprocess
from pathlib import Path

import pytest

from tests.stack.conftest import home, stage

__all__ = ["home", "stage"]
BIN = Path(__file__).parents[2] / ".clients/bin"


@pytest.fixture
def program(stage, tmp_path):
    """Runs a program with nothing but the emulator's address in its environment."""

    def run(name, *arguments, fails=False):
        assert (BIN / name).exists(), "`make clients` sets it up"
        done = subprocess.run(
            [BIN / name, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            env={
                "PATH": f"{BIN}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "LANG": "C.UTF-8",
                "AWS_ENDPOINT_URL": stage.endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_PAGER": "",
            },
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
