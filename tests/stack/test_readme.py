"""What README shows, run as it stands there, on the stage that is up."""

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glue import schema, tables
from tests import plan, readme

# What starts, stops or changes whole stages is tested elsewhere.
COMMANDS = [line for line in readme.commands() if line.startswith("lake ")]
SHELL = set("|&><;$")
"""What a shell is needed for; else a command runs in this process, which starts no Python."""


@pytest.fixture
def environment(home):
    """A shell's, with `lake` of this environment on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"LAKE_HOME": str(home), "PATH": path}


@pytest.fixture(scope="module", autouse=True)
def likes(stage):
    """A like in the lake, for the programs that read its days, gone again afterwards."""
    at = plan.days("readme").at(0, 7).replace(tzinfo=None)
    row = {"event_id": "readme", "movie_id": "readme", "action": "like", "liked_at": at}
    table = pa.Table.from_pylist([row | {"received_at": at}], schema.arrow(tables.read("likes")))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, store_schema=False)
    place = {"Bucket": stage.outputs.bucket, "Key": f"likes/day={at:%Y-%m-%d}/readme.parquet"}
    stage.client("s3").put_object(**place, Body=buffer.getvalue())
    yield
    stage.client("s3").delete_object(**place)


def test_there_is_something_to_run():
    assert len(COMMANDS) >= 6
    assert len(readme.blocks("python")) >= 4


@pytest.mark.parametrize("command", [one for one in COMMANDS if SHELL & set(one)])
def test_a_command_runs_in_a_shell(command, stage, environment, tmp_path):
    done = subprocess.run(
        command, shell=True, env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", [one for one in COMMANDS if not SHELL & set(one)])
def test_a_command_runs(command, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*shlex.split(command)[1:]).strip()


def test_python_runs(stage, environment):
    """Each with names of its own, in one process, which takes most of the time to start."""
    run = (
        "import sys\n"
        "for number, program in enumerate(sys.argv[1:]):\n"
        "    code = compile(program, f'<program {number} of README>', 'exec')\n"
        "    exec(code, {'__name__': '__main__'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, *readme.blocks("python")],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
