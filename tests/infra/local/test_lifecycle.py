"""The local stage comes up whatever was left behind, and touches nothing that is not its own."""

import fcntl
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from infra.cli.steps import Steps
from infra.local import after_kill, emulator, lifecycle, ports
from infra.local.bridge import daemon
from infra.local.emulator import EmulatorError
from infra.local.lifecycle import Parts
from infra.local.site import daemon as site
from infra.stage import Local, Outputs, Stage, StageError
from infra.terraform.runner import TerraformError
from tests.stages import OUTPUTS

STAND_IN = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
def end(*_):
    if os.path.exists("../order"):
        open("../order", "a").write("emulator ended\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
http.server.HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Handler).serve_forever()
"""

BRIDGE = """
import os, signal, sys, time
from pathlib import Path
def end(*_):
    Path(os.environ["LAKE_HOME"], "order").open("a").write("bridge ended\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
Path(os.environ["LAKE_HOME"], "bridge-status.json").write_text('{"updated_at": 1}')
while True:
    time.sleep(0.01)
"""

SITE = """
import http.server, os, signal, sys
from pathlib import Path
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
def end(*_):
    Path(os.environ["LAKE_HOME"], "order").open("a").write("site ended\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Bench:
    """A home of its own with a stand-in emulator, a Terraform that remembers, and the steps."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.applied = 0
        self.fail: list[BaseException] = []
        self.zip = b"zip"
        self.out = io.StringIO()
        self.port = ports.any_free()
        self.stocked: list[Stage] = []
        self.left = [0]
        self.mended = 0

    def up(self, port: int | None = None):
        return lifecycle.up(self.home, port or self.port, self.steps, self.parts())

    def parts(self, require=lambda: None) -> Parts:
        stand_in = (sys.executable, "-c", STAND_IN)
        bridge = (sys.executable, "-c", BRIDGE)
        served = (sys.executable, "-c", SITE)
        made = (self._build, self._apply, lambda url: None, require)
        return Parts(stand_in, *made, bridge, served, self.stocked.append, self._mend)

    def _mend(self, stage, tell) -> int:
        self.mended += 1
        return self.left.pop(0)

    @property
    def steps(self) -> Steps:
        return Steps(Console(file=self.out, width=200))

    @property
    def said(self) -> str:
        return self.out.getvalue()

    def _build(self, out: Path) -> Path:
        out.mkdir(exist_ok=True)
        (out / "functions.zip").write_bytes(self.zip)
        return out / "functions.zip"

    def _apply(self, process, package, tell) -> Outputs:
        self.applied += 1
        state = lifecycle.state(self.home)
        state.parent.mkdir(exist_ok=True)
        state.write_text("{}")
        if self.fail:
            raise self.fail.pop(0)
        return OUTPUTS


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path / "home")
    yield made
    lifecycle.down(made.home, made.steps)


def kill(home: Path) -> None:
    process = emulator.find(home).process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    while emulator.find(home).process:
        time.sleep(0.01)


def test_up_starts_applies_and_writes_how_to_reach_it(bench):
    stage = bench.up()
    process = emulator.find(bench.home).process
    told = msgspec.json.decode((bench.home / "local.json").read_bytes(), type=Local)
    url = site_of(bench).url
    outputs = msgspec.structs.replace(OUTPUTS, site_url=url, reports_url=f"{url}/reports/")
    assert told == Local(f"http://127.0.0.1:{bench.port}", "us-east-1", process.pid, outputs)
    assert (stage.name, stage.endpoint, stage.outputs) == ("local", told.endpoint, outputs)
    for step in ("Starting the emulator", "Building", "Applying Terraform", "Waiting for the API"):
        assert step in bench.said
    assert "done in" in bench.said
    assert bench.stocked == [Stage("local", OUTPUTS, stage.endpoint)]


def test_up_again_leaves_what_runs_and_is_unchanged(bench):
    bench.up()
    before = emulator.find(bench.home).process
    bench.up()
    assert emulator.find(bench.home).process == before
    assert bench.applied == 1
    assert "nothing changed" in bench.said


def test_new_functions_are_applied(bench):
    bench.up()
    bench.zip = b"other"
    bench.up()
    assert bench.applied == 2


def test_down_and_up_again_needs_no_apply(bench):
    bench.up()
    assert lifecycle.down(bench.home, bench.steps)
    assert not (bench.home / "local.json").exists()
    bench.up()
    assert bench.applied == 1


def test_another_port_is_applied_anew_and_refused_while_it_runs(bench):
    bench.up()
    other = Bench(bench.home).port
    with pytest.raises(EmulatorError, match=f"runs on port {bench.port}"):
        bench.up(other)
    lifecycle.down(bench.home, bench.steps)
    assert bench.up(other).endpoint == f"http://127.0.0.1:{other}"
    assert bench.applied == 2


def test_the_port_is_remembered(bench):
    bench.up()
    lifecycle.down(bench.home, bench.steps)
    assert lifecycle.up(bench.home, None, bench.steps, bench.parts()).endpoint.endswith(
        f":{bench.port}"
    )


def test_a_killed_emulator_is_started_and_applied_again_and_that_is_said(bench):
    bench.up()
    kill(bench.home)
    bench.up()
    assert bench.applied == 2
    assert "ended without saving" in bench.said


def test_what_a_kill_left_is_mended_and_marked_until_it_is(bench):
    bench.up()
    assert bench.mended == 0
    kill(bench.home)
    bench.left = [3, 0]
    bench.up()
    assert bench.mended == 1 and "`lake reconcile --repair` mends" in bench.said
    assert after_kill.mark(bench.home).exists()
    bench.up()
    bench.up()
    assert bench.mended == 2 and not after_kill.mark(bench.home).exists()


def test_after_an_apply_the_emulator_has_been_stopped_once_to_save(bench):
    bench.up()
    assert "Saving the emulator's state" in bench.said


def test_an_interrupted_apply_goes_on_the_next_time(bench):
    bench.fail = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        bench.up()
    assert not (bench.home / "local.json").exists()
    bench.up()
    assert bench.applied == 2
    assert "empty stage" not in bench.said


def test_what_an_interruption_left_beyond_mending_is_replaced_and_that_is_said(bench):
    bench.fail = [KeyboardInterrupt(), TerraformError("already exists")]
    with pytest.raises(KeyboardInterrupt):
        bench.up()
    marker = bench.home / "emulator" / "state" / "old"
    marker.touch()
    bench.up()
    assert bench.applied == 3
    assert not marker.exists()
    assert "already exists" in bench.said and "empty stage" in bench.said


def test_where_an_answer_to_the_first_apply_was_lost_the_stage_is_made_anew_once(bench):
    lost = "creating IAM Role: StatusCode: 409, EntityAlreadyExists: it already exists"
    bench.fail = [TerraformError(lost)]
    bench.up()
    assert bench.applied == 2 and "empty stage" in bench.said
    bench.zip = b"other"
    bench.fail = [TerraformError(lost)]
    with pytest.raises(TerraformError):
        bench.up()  # a stage that was whole is never emptied
    assert bench.applied == 3


class Killed(BaseException):
    """Nothing of ours runs any more: what a kill would prevent, the test undoes."""


def cut_off(bench: Bench, whole: bool = False) -> Path:
    """A home whose apply was cut off by a kill; gives something that the emulator had kept."""
    if whole:
        bench.up()
        bench.zip = b"other"
    bench.fail = [Killed()]
    with pytest.raises(Killed):
        bench.up()
    (bench.home / "changing").write_text("cut off")
    marker = bench.home / "emulator" / "state" / "old"
    marker.touch()
    return marker


def test_a_first_apply_that_was_cut_off_is_not_mended_but_made_anew(bench):
    marker = cut_off(bench)
    bench.up()
    assert not marker.exists() and bench.applied == 2
    assert "cut off before the stage was whole" in bench.said
    assert not (bench.home / "changing").exists()


def test_a_stage_that_was_whole_keeps_what_it_holds_when_an_apply_is_cut_off(bench):
    marker = cut_off(bench, whole=True)
    bench.fail = [TerraformError("already exists")]
    with pytest.raises(TerraformError):
        bench.up()
    bench.up()
    assert marker.exists()


def test_while_terraform_runs_the_mark_says_that_it_was_cut_off(bench, monkeypatch):
    seen = []
    apply = bench._apply

    def look(*given):
        seen.append((bench.home / "changing").read_text())
        return apply(*given)

    monkeypatch.setattr(bench, "_apply", look)
    bench.up()
    assert seen == ["cut off"]


HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_terraform_that_outlived_its_command_is_waited_for(bench, monkeypatch):
    cut_off(bench)
    monkeypatch.setattr(lifecycle, "TERRAFORM_S", 0.3)
    held = [sys.executable, "-c", HOLD, str(lifecycle.state(bench.home))]
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as orphan:
        assert orphan.stdout
        orphan.stdout.readline()
        with pytest.raises(StageError, match="still at work"):
            bench.up()
        orphan.communicate(b"\n")
    bench.up()
    assert bench.applied == 2


def test_an_emulator_that_ends_during_an_apply_is_named_as_the_cause(bench, monkeypatch):
    def apply(*given):
        kill(bench.home)
        raise TerraformError("connection refused")

    monkeypatch.setattr(bench, "_apply", apply)
    with pytest.raises(EmulatorError, match="ended while Terraform was applied"):
        bench.up()


def test_an_apply_that_simply_fails_replaces_nothing(bench):
    bench.up()
    marker = bench.home / "emulator" / "state" / "old"
    marker.touch()
    bench.zip, bench.fail = b"other", [TerraformError("no such argument")]
    with pytest.raises(TerraformError, match="no such argument"):
        bench.up()
    assert marker.exists()


def test_a_first_apply_that_fails_is_told_as_it_is(bench):
    bench.fail = [TerraformError("no such argument")]
    with pytest.raises(TerraformError, match="no such argument"):
        bench.up()
    assert bench.applied == 1


def test_an_emulator_that_does_not_answer_is_replaced(bench, monkeypatch):
    bench.up()
    before = emulator.find(bench.home).process
    answers = iter([False])
    healthy = emulator.healthy
    monkeypatch.setattr(emulator, "healthy", lambda process: next(answers, healthy(process)))
    bench.up()
    assert emulator.find(bench.home).process != before


def bridge_of(bench: Bench):
    return daemon.find(bench.home).process


def site_of(bench: Bench):
    return site.find(bench.home).process


def test_up_starts_bridge_and_site_and_down_stops_them_before_the_emulator(bench):
    bench.up()
    assert bridge_of(bench) and site.answers(site_of(bench).url)
    (bench.home / "order").unlink(missing_ok=True)
    lifecycle.down(bench.home, bench.steps)
    assert bridge_of(bench) is site_of(bench) is None
    assert (bench.home / "order").read_text() == "site ended\nbridge ended\nemulator ended\n"


def test_a_running_site_of_the_same_stage_is_left_alone_and_a_changed_one_is_served_anew(bench):
    bench.up()
    before = site_of(bench)
    bench.up()
    assert site_of(bench) == before
    bench.zip = b"other"
    bench.up()
    assert site_of(bench) != before and site_of(bench).url == before.url


def test_a_site_may_be_told_its_port(bench):
    bench.up()
    before = site_of(bench)
    port = ports.any_free()
    stage = lifecycle.up(bench.home, bench.port, bench.steps, bench.parts(), site_port=port)
    assert stage.outputs.site_url == f"http://127.0.0.1:{port}" != before.url
    assert not site.answers(before.url)


def test_a_running_bridge_of_the_same_stage_is_left_alone(bench):
    bench.up()
    before = bridge_of(bench)
    bench.up()
    assert bridge_of(bench) == before
    assert "bridge runs already" in bench.said


def test_a_bridge_that_died_is_started_again(bench):
    bench.up()
    before = bridge_of(bench)
    os.kill(before.pid, signal.SIGKILL)
    while bridge_of(bench):
        time.sleep(0.01)
    bench.up()
    assert bridge_of(bench) not in (None, before)
    assert bench.applied == 1


def test_a_changed_stage_is_applied_without_a_bridge_and_gets_a_new_one(bench, monkeypatch):
    bench.up()
    before, during = bridge_of(bench), []
    apply = bench._apply

    def look(*given):
        during.append(bridge_of(bench))
        return apply(*given)

    monkeypatch.setattr(bench, "_apply", look)
    bench.zip = b"other"
    bench.up()
    assert during == [None]
    assert bridge_of(bench) not in (None, before)


def test_other_sources_of_the_bridge_need_a_new_one_but_no_apply(bench, monkeypatch):
    bench.up()
    before = bridge_of(bench)
    monkeypatch.setattr(daemon, "made_of", lambda applied: "other sources")
    bench.up()
    assert bridge_of(bench) != before
    assert bench.applied == 1


def test_progress_is_kept_from_down_to_up(bench):
    bench.up()
    daemon.progress(bench.home).touch()
    lifecycle.down(bench.home, bench.steps)
    bench.up()
    assert daemon.progress(bench.home).exists()


def test_progress_goes_with_the_state_that_a_kill_of_the_emulator_loses(bench):
    bench.up()
    daemon.progress(bench.home).touch()
    before = bridge_of(bench)
    kill(bench.home)
    bench.up()
    assert not daemon.progress(bench.home).exists()
    assert bridge_of(bench) not in (None, before)


def test_progress_goes_with_a_stage_that_is_made_anew(bench):
    cut_off(bench)
    daemon.progress(bench.home).touch()
    bench.up()
    assert not daemon.progress(bench.home).exists()


def test_down_stops_a_bridge_whose_emulator_is_gone(bench):
    bench.up()
    kill(bench.home)
    assert not lifecycle.down(bench.home, bench.steps)
    assert bridge_of(bench) is None


def test_two_at_once_do_not_interleave(bench):
    bench.up()
    with (bench.home / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StageError, match="Another"):
            bench.up()
        with pytest.raises(StageError, match="Another"):
            lifecycle.down(bench.home, bench.steps)


def test_down_wipes_only_when_told(bench):
    bench.up()
    lifecycle.down(bench.home, bench.steps)
    assert (bench.home / "emulator" / "state").is_dir()
    lifecycle.down(bench.home, bench.steps, wipe=True)
    assert not bench.home.exists()
    assert not lifecycle.down(bench.home, bench.steps, wipe=True)


def test_a_directory_with_other_things_is_neither_used_nor_wiped(bench):
    bench.home.mkdir()
    (bench.home / "thesis.txt").touch()
    with pytest.raises(StageError, match="holds other things"):
        bench.up()
    lifecycle.down(bench.home, bench.steps, wipe=True)
    assert [path.name for path in bench.home.iterdir()] == ["thesis.txt"]


def test_the_wait_for_the_api_ends_when_it_answers(monkeypatch):
    answers = iter([500, 404, 200])

    class Response:
        data = b"x"

        def __init__(self) -> None:
            self.status = next(answers)

    monkeypatch.setattr(lifecycle.urllib3, "request", lambda *given, **more: Response())
    lifecycle._wait_for_api("http://127.0.0.1")
    assert next(answers, None) is None


def test_an_api_that_never_answers_is_an_error_with_its_last_word(monkeypatch):
    monkeypatch.setattr(lifecycle, "API_S", 0.3)
    with pytest.raises(StageError, match="did not answer within"):
        lifecycle._wait_for_api("http://127.0.0.1:9")


def test_the_fingerprint_changes_with_any_file_terraform_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(lifecycle, "REPOSITORY", tmp_path)
    package = tmp_path / "functions.zip"
    package.write_bytes(b"zip")
    seen = {lifecycle._fingerprint(package)}
    for name in (
        "infra/terraform/modules/a/main.tf",
        "infra/terraform/stages/local/main.tf",
        "glue/tables/t.json",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("one")
        seen.add(lifecycle._fingerprint(package))
        path.write_text("two")
        seen.add(lifecycle._fingerprint(package))
    package.write_bytes(b"other")
    seen.add(lifecycle._fingerprint(package))
    assert len(seen) == 8
    (tmp_path / "infra/terraform/modules/a/README.md").write_text("not read")
    assert lifecycle._fingerprint(package) in seen


def test_without_terraform_nothing_is_started(bench):
    def missing() -> None:
        raise TerraformError("Terraform is missing.")

    with pytest.raises(TerraformError):
        lifecycle.up(bench.home, bench.port, bench.steps, bench.parts(missing))
    assert emulator.find(bench.home).process is None
