"""The bridge invokes the function as Lambda would, says how it is, and ends when it is told to."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import msgspec
import pytest

from infra.local.bridge import daemon, status
from infra.local.bridge.program import Bridge
from infra.paths import REPOSITORY
from infra.stage import Local
from tests import aws
from tests.infra.fanout.kinesis import CONSUMER, hasty
from tests.infra.local.bridge.test_events import shape
from tests.stages import OUTPUTS
from transform.event import stream_records

ROLE = "arn:aws:iam::000000000000:role/TrackTrends-local"


class Functions:
    """The Lambda client: keeps what it is invoked with; answers as `answers` says."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.answers: list[dict | Exception] = []
        self.busy = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def get_function_configuration(self, FunctionName):
        assert FunctionName == "TrackTrends-local"
        return {"Role": ROLE}

    def invoke(self, FunctionName, Qualifier, InvocationType, Payload):
        assert (FunctionName, Qualifier) == ("TrackTrends-local", "live")
        assert InvocationType == "RequestResponse"
        self.busy.set()
        assert self.free.wait(30)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        self.payloads.append(Payload)
        return {"StatusCode": 200, "Payload": io.BytesIO(b'"no such table"')} | answer

    @property
    def records(self):
        return [
            r for payload in self.payloads for r in stream_records.from_lambda(json.loads(payload))
        ]


class Bench:
    """A bridge in a thread, between a stream and a function."""

    def __init__(self, home, shards=1) -> None:
        self.home = home
        self.kinesis = hasty(shards)
        self.functions = Functions()
        self.stop = threading.Event()
        self.thread = threading.Thread()

    def start(self) -> None:
        self.stop = threading.Event()
        bridge = Bridge(OUTPUTS, self.home, self.kinesis, self.functions)
        self.thread = threading.Thread(target=bridge.run, args=(self.stop,))
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.functions.free.set()
        if self.thread.ident:
            self.thread.join(30)
            assert not self.thread.is_alive()

    def put(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.kinesis.put(self.kinesis.open()[0], payload)

    def told(self):
        return status.read(daemon.status(self.home))

    def data(self):
        return [record.data for record in self.functions.records]


def until(what) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def bench(tmp_path):
    assert OUTPUTS.consumer_arn == CONSUMER
    made = Bench(tmp_path)
    yield made
    made.end()


def test_the_function_gets_the_event_that_lambda_would_send(bench):
    bench.put(b'{"movie_id": "tt1"}', b"\xff")
    bench.start()
    until(lambda: len(bench.functions.records) == 2)
    assert bench.data() == [b'{"movie_id": "tt1"}', b"\xff"]
    [entry, _] = (e for p in bench.functions.payloads for e in json.loads(p)["Records"])
    assert shape(entry) == shape(aws.event("kinesis")["Records"][0])
    assert (entry["invokeIdentityArn"], entry["eventSourceARN"]) == (ROLE, CONSUMER)


def test_a_heartbeat_invokes_nothing(bench):
    bench.start()
    until(lambda: bench.told() and bench.told().shards)
    bench.end()
    assert bench.functions.payloads == []


def test_what_is_too_much_for_one_call_is_cut_and_acknowledged_part_by_part(bench):
    bench.put(*[bytes([65 + number]) * 900_000 for number in range(6)])
    bench.functions.answers = [{}, ConnectionError("reset"), {"FunctionError": "Unhandled"}]
    bench.start()
    until(lambda: len(bench.functions.payloads) == 3)
    sizes = [len(json.loads(payload)["Records"]) for payload in bench.functions.payloads]
    assert sizes == [5, 1, 1], "the first part is not sent again"
    assert max(map(len, bench.functions.payloads)) < 6 * 1024 * 1024


def test_a_function_that_fails_gets_the_same_again_and_the_status_says_so(bench):
    bench.functions.answers = [{"FunctionError": "Unhandled"}] * 3
    bench.put(b"1")
    bench.functions.free.clear()
    bench.start()
    assert bench.functions.busy.wait(30)
    seen = []
    bench.functions.free.set()
    until(lambda: seen.extend(bench.told().faults() if bench.told() else ()) or seen)
    assert seen[0].startswith("shardId-000000000000 handler: TrackTrends-local failed")
    assert "no such table" in seen[0]
    until(lambda: len(bench.functions.payloads) == 4)
    assert len(set(bench.functions.payloads)) == 1
    until(lambda: bench.told().faults() == [])


def test_the_status_tells_each_shard(bench):
    bench.put(b"1")
    bench.start()
    [shard] = bench.kinesis.open()
    number = bench.kinesis.shards[shard].records[0]["SequenceNumber"]
    until(lambda: bench.told() and bench.told().shards.get(shard, status.Shard()).last == number)
    assert bench.told().shards[shard].behind_ms == 0
    assert time.time() - bench.told().updated_at < 60


def test_after_a_stop_the_next_bridge_goes_on_and_repeats_nothing(bench):
    bench.put(b"1")
    bench.start()
    until(lambda: bench.data() == [b"1"])
    bench.end()
    bench.put(b"2")
    bench.start()
    until(lambda: len(bench.data()) > 1)
    assert bench.data() == [b"1", b"2"]


def test_a_stream_made_anew_is_read_from_its_beginning(bench):
    bench.put(b"1")
    bench.start()
    until(lambda: bench.data() == [b"1"])
    bench.end()
    told = msgspec.json.decode(daemon.progress(bench.home).read_bytes())
    daemon.progress(bench.home).write_bytes(msgspec.json.encode(told | {"stream": "older"}))
    bench.start()
    until(lambda: bench.data() == [b"1", b"1"])


def test_a_stop_waits_for_the_call_under_way_and_remembers_it(bench):
    bench.put(b"1")
    bench.functions.free.clear()
    bench.start()
    assert bench.functions.busy.wait(30)
    bench.stop.set()
    bench.end()
    bench.put(b"2")
    bench.start()
    until(lambda: len(bench.data()) > 1)
    assert bench.data() == [b"1", b"2"]


def test_a_stage_that_does_not_answer_is_waited_for_and_that_is_told(bench, monkeypatch):
    monkeypatch.setattr("infra.local.bridge.program._ASK_AGAIN_S", 0.01)
    bench.kinesis.faults = [ConnectionError("refused")] * 1000
    bench.start()
    until(lambda: bench.told() and bench.told().fault == "stage: refused")
    bench.kinesis.faults = []
    bench.put(b"1")
    until(lambda: bench.data() == [b"1"])
    until(lambda: bench.told().fault is None)


def test_a_status_that_cannot_be_written_stops_nothing(bench, monkeypatch):
    def full(path, value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("infra.local.bridge.status.process.write", full)
    bench.put(b"1")
    bench.functions.free.clear()
    bench.start()
    assert bench.functions.busy.wait(30)


@pytest.fixture
def process(tmp_path):
    """The bridge as `lake up` starts it, of a stage that does not answer."""
    local = Local("http://127.0.0.1:9", "us-east-1", 1, OUTPUTS)
    (tmp_path / "local.json").write_bytes(msgspec.json.encode(local))
    started = daemon.start(tmp_path, "this")
    yield tmp_path, started
    daemon.stop(tmp_path)


def test_the_process_keeps_trying_quietly_until_it_is_told_to_end(process):
    home, started = process
    until(lambda: (told := status.read(daemon.status(home))) and told.fault)
    assert os.getsid(started.pid) == started.pid, "Ctrl-C here must not reach it"
    os.kill(started.pid, signal.SIGTERM)
    until(lambda: daemon.find(home).killed)
    said = daemon.log(home).read_text()
    assert said.count("Fault shard=None") == 1 and "Ended" in said and "Traceback" not in said


def test_the_process_without_a_stage_ends_with_a_reason(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.bridge.program"],
        cwd=REPOSITORY,
        env={"LAKE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "start it with `lake up`" in done.stderr
