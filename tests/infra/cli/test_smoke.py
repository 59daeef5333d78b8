"""A smoke test waits for what is on its way, and fails for what is missing or doubled."""

import pandas as pd
import pytest
from rich.console import Console

from infra.cli import smoke
from infra.cli.smoke import Run
from infra.cli.steps import Steps
from infra.stage import Stage
from tests.stages import OUTPUTS

STAGE = Stage("test", OUTPUTS, "http://127.0.0.1:9")


@pytest.fixture
def run(monkeypatch):
    """A run whose answers are `found`, one after another; the last stays."""
    monkeypatch.setattr(smoke, "_PAUSE_S", 0.0)
    found = []

    def ask(question, /, **parameters):
        assert parameters["film"] == run.film
        return pd.DataFrame({"likes": [found.pop(0) if len(found) > 1 else found[0]]})

    run = Run(STAGE, ask, patience_s=0.05)
    run.sent, run.found = 3, found
    return run


def take(run, monkeypatch, *names):
    steps = [(name, getattr(Run, name)) for name in names]
    monkeypatch.setattr(smoke, "STEPS", tuple(steps))
    return [(one.step, one.ok, one.detail) for one in smoke.smoke(run, Steps(Console(quiet=True)))]


def test_what_is_on_its_way_is_waited_for(run, monkeypatch):
    run.found += [0, 1, 3]
    run._patience_s = 60
    assert take(run, monkeypatch, "archived") == [("archived", True, "3 likes")]


@pytest.mark.parametrize(
    ("found", "said"),
    [(2, "2 of 3 likes after 0 s"), (4, "4 likes, where 3 were sent")],
    ids=["missing", "doubled"],
)
def test_what_is_missing_or_doubled_ends_it(found, said, run, monkeypatch):
    run.found.append(found)
    told = take(run, monkeypatch, "archived", "archived")
    assert told == [("archived", False, said)]


def test_a_door_that_cannot_be_reached_is_named(run, monkeypatch):
    [(step, ok, said)] = take(run, monkeypatch, "http")
    assert (step, ok) == ("http", False) and "127.0.0.1" in said
