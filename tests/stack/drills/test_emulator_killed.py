"""What a kill of the emulator leaves is mended by `lake up`: see `emulator_killed.md`."""

import os
import signal
import time

from rich.console import Console

from infra.cli import audit, compaction, health
from infra.cli.steps import Steps
from infra.local import after_kill, emulator, lifecycle, ports
from infra.stage import counts
from tests import plan
from tests.stack.conftest import Api
from transform.audit import report
from transform.aws.audit_sources import Asked
from transform.lake import watermark


def test_counts_follow_the_lake_after_the_emulator_was_killed(tmp_path, monkeypatch, eventually):
    home = tmp_path / "lake"
    monkeypatch.setenv("LAKE_HOME", str(home))
    said = Console(file=(tmp_path / "said").open("w"), width=200)
    port = ports.any_free()
    stage = lifecycle.up(home, port, Steps(said))
    try:
        film = plan.film("killed")
        api, bucket = Api(stage.outputs.api_url), compaction.bucket(stage)
        for number in range(4):
            assert api.post(*({"movie_id": f"{film}-{n}"} for n in range(3))).status == 202
            eventually(lambda: api.likes(f"{film}-2"), number + 1)
            wanted = number + 1
            eventually(lambda: len(list(bucket.list(watermark.RAW))), wanted)  # noqa: B023
            if number == 1:
                compaction.merge(stage, None, False)

        process = emulator.find(home).process
        assert process
        os.kill(process.pid, signal.SIGKILL)
        eventually(lambda: emulator.find(home).killed, True)
        assert not all(check.ok for check in health.check("local"))

        stage = lifecycle.up(home, port, Steps(said))
        said.file.flush()
        told = (tmp_path / "said").read_text()
        assert "ended without saving its state" in told and "12 likes counted" in told
        assert counts(stage) == {f"{film}-{n}": 4 for n in range(3)}
        assert not after_kill.mark(home).exists()
        api = Api(stage.outputs.api_url)
        assert api.post({"movie_id": f"{film}-0"}).status == 202
        eventually(lambda: api.likes(f"{film}-0"), 5)
        _, items = audit.take(stage, Asked(int(time.time() * 1000)), lambda text: None)
        assert report.differs(items) == 0
    finally:
        lifecycle.down(home, Steps(said), wipe=True)
