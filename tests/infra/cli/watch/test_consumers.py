"""A watch's consumer: there while it is needed, gone after it, whatever ends the watch."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from infra.cli.watch import consumers
from infra.cli.watch.consumers import WatchError
from tests.infra.cli.watch.stream import ARN, LIMIT, Kinesis

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINE = consumers.name()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(consumers, "_POLL_S", 0.001)


@pytest.mark.parametrize("host", [None, "h", "Zoë's laptop.local", "h" * 300])
def test_a_name_is_one_that_kinesis_takes(host):
    assert re.fullmatch(r"lake-watch-[a-zA-Z0-9_.-]{1,100}-\d+", consumers.name(host))
    assert len(consumers.name(host, 2**31)) <= 128


def test_a_consumer_is_there_while_it_is_needed():
    kinesis = Kinesis(slow=3)
    with consumers.registered(kinesis, ARN, Event()) as arn:
        assert kinesis.consumers[MINE]["ConsumerStatus"] == "ACTIVE"
        assert arn == kinesis.consumers[MINE]["ConsumerARN"]
    assert kinesis.consumers == {}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_it_is_gone_whatever_happens(error):
    kinesis = Kinesis()
    with pytest.raises(error), consumers.registered(kinesis, ARN, Event()):
        raise error
    assert kinesis.consumers == {}


def test_it_is_gone_where_its_answer_was_lost(monkeypatch):
    kinesis = Kinesis()
    register = kinesis.register_stream_consumer

    def lost(**given):
        register(**given)
        raise ConnectionError("gone")

    monkeypatch.setattr(kinesis, "register_stream_consumer", lost)
    with pytest.raises(ConnectionError), consumers.registered(kinesis, ARN, Event()):
        pass
    assert kinesis.consumers == {}


def test_somebody_else_may_have_removed_it():
    kinesis = Kinesis()
    with consumers.registered(kinesis, ARN, Event()):
        kinesis.consumers.clear()
    assert kinesis.calls[-1] == f"deregister {MINE}"


def test_who_stops_while_it_is_made_does_not_wait_for_it():
    kinesis = Kinesis(slow=10**9)
    stop = Event()
    stop.set()
    with consumers.registered(kinesis, ARN, stop):
        assert kinesis.consumers[MINE]["ConsumerStatus"] == "CREATING"
    assert kinesis.consumers == {} and kinesis.calls.count("describe") == 1


def test_one_that_is_never_active_is_given_up_and_removed(monkeypatch):
    monkeypatch.setattr(consumers, "ACTIVE_S", 0.01)
    kinesis = Kinesis(slow=10**9)
    with pytest.raises(WatchError, match="not active"), consumers.registered(kinesis, ARN, Event()):
        pass
    assert kinesis.consumers == {}


def test_a_stream_that_takes_no_more_is_one_sentence():
    kinesis = Kinesis()
    for number in range(LIMIT):
        kinesis.add(f"other-{number}")
    with pytest.raises(WatchError) as told, consumers.registered(kinesis, ARN, Event()):
        pass
    assert str(told.value).startswith("The stream takes no more consumers")
    assert len(kinesis.consumers) == LIMIT


def test_what_killed_watches_of_this_machine_left_is_removed():
    kinesis = Kinesis()
    left = [consumers.name(pid=11), consumers.name(pid=12), consumers.name(pid=13), MINE]
    kept = [
        consumers.name(pid=21),
        consumers.name("elsewhere", 11),
        consumers.name() + "-more",
        "lake-watch-11",
        "TrackTrends-local",
    ]
    for name in left + kept:
        kinesis.add(name, NOW - timedelta(hours=23))
    kinesis.consumers[left[0]]["ConsumerCreationTimestamp"] = NOW - timedelta(hours=25)
    going = consumers.name(pid=14)
    kinesis.add(going, status="DELETING")
    running = {11, 21, os.getpid()}
    assert consumers.sweep(kinesis, ARN, NOW, running.__contains__) == left
    assert set(kinesis.consumers) == {*kept, going}


def test_where_two_sweep_at_once_neither_fails(monkeypatch):
    kinesis = Kinesis()
    kinesis.add(MINE)
    pages = kinesis.get_paginator("list_stream_consumers")
    monkeypatch.setattr(kinesis, "get_paginator", lambda operation: pages)
    kinesis.consumers.clear()
    assert consumers.sweep(kinesis, ARN) == [MINE]


def test_a_process_runs_or_does_not():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert consumers.runs(child.pid)
        assert child.stdin
        child.stdin.close()
        child.wait()
        assert not consumers.runs(child.pid)
    assert consumers.runs(1), "another user's runs too"
    assert not consumers.runs(10**30), "a name may hold any digits"
