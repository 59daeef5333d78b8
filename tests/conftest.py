"""What holds for every test: nothing of the machine it runs on reaches it."""

import gc
import os
import signal
from pathlib import Path

import boto3
import polars  # noqa: F401
import pytest
from hypothesis import settings

from tests import engines
from tests.examples import examples
from transform.lake import duck

pytest_plugins = ["tests.browser"]
# `make clients` sets up what these run, in an environment of their own.
collect_ignore = [] if (Path(__file__).parents[1] / ".clients/ready").exists() else ["clients"]

# Powertools reads its settings when a function is imported, whichever test does that first.
os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "MovieLikes", "POWERTOOLS_SERVICE_NAME": "Function"}

# What runs in the background of a script ignores Ctrl-C, and so would all that the tests start.
# Polars takes Ctrl-C over when it is imported, and then a read that waits is not cut short by it:
# so it is imported before.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy: a slow example is not a wrong one.
settings.register_profile("lake", deadline=None, max_examples=examples(25))
settings.load_profile("lake")
duck.engine = engines.engine  # type: ignore[assignment]  # which gives a context, as it does


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the stack, and run them last: the fast ones tell more, sooner."""
    stack = [item for item in items if item.nodeid.startswith("tests/stack/")]
    for item in stack:
        item.add_marker("stack")
    items[:] = [item for item in items if not item.get_closest_marker("stack")] + stack


def pytest_collection_finish() -> None:
    """Have the collector pass over the modules and tests that are there now, and look less often.
    It took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_unconfigure() -> None:
    """Let go of what Hypothesis has the collector call, and of what it passed over: they would keep
    modules from their end, of which nanobind, by which DuckDB is bound, then prints sixty lines."""
    gc.callbacks.clear()
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the account, the stage or the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LAKE_", "POWERTOOLS_")):
            monkeypatch.delenv(name)
    nowhere = os.devnull
    monkeypatch.setenv("AWS_CONFIG_FILE", nowhere)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps whose credentials it found first
