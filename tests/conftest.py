"""What holds for every test: nothing of the machine it runs on reaches it."""

import os
import signal

import polars  # noqa: F401
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["tests.browser"]

STACK = "tests/stack/"

# Powertools reads its settings when a function is imported, whichever test does that first.
os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "MovieLikes", "POWERTOOLS_SERVICE_NAME": "Function"}

# What runs in the background of a script ignores Ctrl-C, and so would all that the tests start.
# Polars takes Ctrl-C over when it is imported, and then a read that waits is not cut short by it:
# so it is imported before.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy: a slow example is not a wrong one.
settings.register_profile("lake", deadline=None)
settings.load_profile("lake")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of the stack, and have them last, for the fast ones tell more, sooner.

    Beside others they are first, for they take longest and mostly wait.
    """
    stack = [item for item in items if item.nodeid.startswith(STACK)]
    others = [item for item in items if not item.nodeid.startswith(STACK)]
    for item in stack:
        item.add_marker("stack")
    items[:] = stack + others if hasattr(config, "workerinput") else others + stack


class _TogetherByFile(LoadFileScheduling):
    """Has one worker do the tests of a file, and all of the stack: they share what is set up."""

    def _split_scope(self, nodeid: str) -> str:
        return STACK if nodeid.startswith(STACK) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """Share the tests out, where there are several workers."""
    return _TogetherByFile(config, log)


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
