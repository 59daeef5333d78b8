"""A smoke test waits for what is on its way, and fails for what is missing or doubled."""

import msgspec
import pandas as pd
import pytest
from rich.console import Console

from infra.cli import smoke
from infra.cli.smoke import Run
from infra.cli.steps import Steps
from infra.cli.traffic.writers import JSON, stranger
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


@pytest.mark.parametrize(
    ("answers", "known", "said"),
    [
        ({stranger: 403}, False, (True, "closed to strangers (403)")),
        ({stranger: 403, "keyed": 202}, True, (True, "2 likes, closed to strangers (403)")),
        ({stranger: 202}, True, (False, "answered a stranger 202: {}")),
        ({stranger: 401, "keyed": 403}, True, (False, "answered 403: {}")),
    ],
    ids=["no key", "a key", "open to strangers", "a bad key"],
)
def test_a_door_that_is_closed_refuses_strangers_and_takes_who_may(
    answers, known, said, monkeypatch
):
    def keyed(url, body):
        return JSON | {"x-api-key": "key"}

    monkeypatch.setattr(
        Run,
        "_post",
        lambda run, headers: (answers[headers if headers is stranger else "keyed"], b"{}"),
    )
    closed = msgspec.structs.replace(OUTPUTS, writers="api_key")
    run = Run(Stage("test", closed), lambda *asked, **more: None, headers=keyed if known else None)
    [(_, ok, detail)] = take(run, monkeypatch, "http")
    assert (ok, detail) == said
    assert run.sent == (2 if "2 likes" in detail else 0)
