"""README names all there is, and what it names is there."""

import re
import subprocess
from pathlib import Path

import pytest

import lake
import queries
from tests import readme
from transform.event import likes

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", sorted(lake.main.commands))
def test_every_command_is_named(command):
    assert re.search(rf"\b(lake|make) {command}\b", readme.TEXT)


@pytest.mark.parametrize("target", ["demo", "test", "notebook", "strip", "bench", "plan", "apply"])
def test_every_target_it_shows_is_there(target):
    assert f"make {target}" in readme.TEXT
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"make {target} " in done.stdout


@pytest.mark.parametrize("question", [question.name for question in queries.library()])
def test_every_question_is_named(question):
    assert f"`{question}`" in readme.TEXT


def test_every_field_of_the_event_is_told():
    for field in likes.Like.__struct_fields__:
        assert f"| `{field}` |" in readme.TEXT


LAYOUT = readme.TEXT.partition("## Where things are")[2].partition("Imports run")[0]


@pytest.mark.parametrize("path", re.findall(r"`([a-z_./]+)`", LAYOUT))
def test_every_place_it_tells_of_is_there(path):
    under = [ROOT, ROOT / "tests"]  # what is named in the row of tests/ lies there
    assert any((folder / path).exists() for folder in under)


def test_what_it_shows_was_filled_in():
    assert "DEMO" not in readme.TEXT and "BENCH" not in readme.TEXT
