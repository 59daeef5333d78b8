"""What a kill of the emulator leaves is mended by `lake up`: see `emulator_killed.md`."""

import io
import os
import signal

import pytest
from rich.console import Console

from infra.cli import audit, compaction, health
from infra.cli.steps import Steps
from infra.local import after_kill, emulator, lifecycle, ports
from infra.stage import counts
from tests import plan
from tests.examples import nightly
from tests.stack.conftest import Api
from transform.audit import report
from transform.aws.audit_sources import Asked
from transform.lake import watermark

pytestmark = nightly


class Home:
    """A stage of its own, whose emulator may be killed."""

    def __init__(self, home):
        self.home, self.port = home, ports.any_free()
        self.said = io.StringIO()
        self.film = plan.film("killed")

    def up(self):
        return lifecycle.up(self.home, self.port, self.steps())

    def steps(self):
        return Steps(Console(file=self.said, width=200))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Two tests share it, as each start takes a minute or two."""
    own = Home(tmp_path_factory.mktemp("killed") / "lake")
    yield own
    lifecycle.down(own.home, own.steps(), wipe=True)


@pytest.fixture(autouse=True)
def _at_home(own, monkeypatch):
    """For each test, as the environment of the one before is taken back."""
    monkeypatch.setenv("LAKE_HOME", str(own.home))


def test_an_emulator_that_is_killed_is_not_well(own, eventually):
    stage = own.up()
    api, bucket = Api(stage.outputs.api_url), compaction.bucket(stage)
    for number in range(1, 5):
        assert api.post(*({"movie_id": f"{own.film}-{n}"} for n in range(3))).status == 202
        eventually(lambda: api.likes(f"{own.film}-2"), number)
        eventually(lambda: len(list(bucket.list(watermark.RAW))), number)
        if number == 2:
            compaction.merge(stage, None, False)
    process = emulator.find(own.home).process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: emulator.find(own.home).killed, True)
    assert not all(check.ok for check in health.check("local"))


def test_its_counts_follow_the_lake_once_it_is_up_again(own, eventually):
    stage = own.up()
    told = own.said.getvalue()
    assert "ended without saving its state" in told and "12 likes counted" in told
    assert counts(stage) == {f"{own.film}-{n}": 4 for n in range(3)}
    assert not after_kill.mark(own.home).exists()
    api = Api(stage.outputs.api_url)
    assert api.post({"movie_id": f"{own.film}-0"}).status == 202
    eventually(lambda: api.likes(f"{own.film}-0"), 5)
    _, items = audit.take(stage, Asked(plan.now_ms()), lambda text: None)
    assert report.differs(items) == 0
