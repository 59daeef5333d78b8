"""Whatever happens to it, the reader hands every record over, in order, children after parents."""

import random
import threading
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.fanout.progress import Progress, Saved
from infra.fanout.reader import RENEW_S, Delivery, Reader
from tests.examples import examples
from tests.infra.fanout.kinesis import CONSUMER, STREAM, Clock, Direct, Kinesis, hasty, refusal


class Crash(BaseException):
    """The process is gone, between a hand-over and its acknowledgement."""


class World:
    """A stream, what was put on it, a reader that may be replaced, and what that handed over."""

    def __init__(self, shards=1, progress=None, start="TRIM_HORIZON", cut=None):
        self.clock = Clock()
        self.kinesis = Kinesis(shards, self.clock, self.clock.sleep)
        self.progress = progress or Progress()
        self.start = start
        self.cut = cut or (lambda records: [records])
        self.put: dict[str, list[str]] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.handed: dict[str, list[str]] = {}
        self.deliveries: list[Delivery] = []
        self.wrong: list[str] = []  # an error raised would be retried
        self.failures = 0
        self.crash = False
        self.told: list[tuple[str | None, str | None]] = []
        self.restart()

    def restart(self):
        """Put a new reader in the place of the old one, at whatever step that was."""
        self.steps = {}
        self.reader = Reader(
            self.kinesis,
            STREAM,
            CONSUMER,
            self.handle,
            start=self.start,
            progress=self.progress,
            cut=self.cut,
            tell=lambda *told: self.told.append(told),
            subscribe=Direct,
            clock=self.clock,
        )

    def handle(self, delivery):
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        shard = delivery.shard_id
        seen = self.handed.setdefault(shard, [])
        for parent in self.parents.get(shard, ()):
            if set(self.handed.get(parent, ())) != set(self.put.get(parent, ())):
                self.wrong.append(f"{shard} before all of {parent}")
        for record in delivery.records:
            known = self.put[shard]
            reached = 1 + max((known.index(number) for number in seen), default=-1)
            if known.index(record.sequence_number) > reached:
                self.wrong.append(f"{shard} leaves out what is before {record.sequence_number}")
            seen.append(record.sequence_number)
        self.deliveries.append(delivery)
        if self.crash:
            self.crash = False
            raise Crash

    def add(self, shard, data=b"x"):
        self.put.setdefault(shard, []).append(self.kinesis.put(shard, data))

    def reshard(self, chance):
        shards = self.kinesis.open()
        if len(shards) > 1 and chance.random() < 0.5:
            one, other = chance.sample(shards, 2)
            made = [self.kinesis.merge(one, other)]
        else:
            made = self.kinesis.split(chance.choice(shards))
        for shard in made:
            self.parents[shard] = self.kinesis.shards[shard].parents

    def look(self):
        try:
            due = self.reader.readable()
        except Exception:
            return
        for shard in due:
            assert shard not in self.steps
            self.steps[shard] = self.reader.read(shard)

    def step(self, shard):
        try:
            self.clock.sleep(next(self.steps[shard]))
        except StopIteration:
            del self.steps[shard]
        except Crash:
            self.restart()

    def expire(self):
        finished = self.progress.finished()
        for shard in [s for s in self.kinesis.shards if s in finished]:
            if self.kinesis.shards[shard].last is not None:
                self.kinesis.expire(shard)
                return

    def drain(self, steps=3000):
        """Let the reader work undisturbed until it has handed over all there is."""
        for count in range(steps):
            if count % 10 == 0:
                self.look()
            if all(set(self.handed.get(s, ())) == set(n) for s, n in self.put.items()):
                assert self.wrong == []
                return
            for shard in list(self.steps):
                if shard in self.steps:
                    self.step(shard)
        raise AssertionError("not all was handed over")

    def once(self):
        assert self.wrong == []
        return all(Counter(self.handed.get(s, ())) == Counter(n) for s, n in self.put.items())


def play(world, chance, actions, crashes):
    world.kinesis.last_with_records = chance.random() < 0.5
    for _ in range(actions):
        match chance.choice("pppppllssssssssssrefbtghxc"):
            case "p":
                world.add(chance.choice(world.kinesis.open()))
            case "l":
                world.look()
            case "s":
                if world.steps:
                    world.step(chance.choice(sorted(world.steps)))
            case "r":
                if len(world.parents) < 12:
                    world.reshard(chance)
            case "e":
                world.expire()
            case "f":
                world.failures = chance.randint(1, 4)
            case "b":
                world.kinesis.breaks.append(ConnectionError("reset"))
            case "t":
                world.kinesis.faults.append(refusal("LimitExceededException"))
            case "g":
                world.clock.sleep(chance.choice([1, 6, 100, 400]))
            case "h":
                world.kinesis.most_events = chance.choice([None, 1, 3])
            case "x":
                world.restart()
            case "c":
                world.crash = crashes
    world.kinesis.most_events = None
    world.crash = False
    world.drain()


def cut_by(most):
    def cut(records):
        return [records[first : first + most] for first in range(0, len(records), most)] or [[]]

    return cut


@settings(max_examples=examples(50))
@given(st.integers(0, 2**32), st.integers(1, 3), st.booleans(), st.sampled_from([1, 2, 1000]))
def test_every_record_is_handed_over_in_order_and_children_after_parents(
    seed, shards, crashes, most
):
    chance = random.Random(seed)
    world = World(shards, cut=cut_by(most))
    play(world, chance, 200, crashes)
    assert crashes or world.once(), "only a crash may hand a record over again"


def test_progress_in_a_file_survives_as_that_in_memory_does(tmp_path):
    for seed in range(10):
        path = tmp_path / f"{seed}.json"
        world = World(2)
        world.progress = Saved(path, STREAM)
        restart = world.restart

        def reread(world=world, path=path, restart=restart):
            world.progress = Saved(path, STREAM)
            restart()

        world.restart = reread
        world.restart()
        play(world, random.Random(seed), 120, crashes=False)
        assert world.once()


ONE = "shardId-000000000000"


def taken(world, steps=40):
    for _ in range(steps):
        world.look()
        for shard in list(world.steps):
            world.step(shard)


def test_a_record_tells_all_that_the_stream_does():
    world = World()
    world.add(ONE, b"\xff\x00")
    world.drain()
    [record] = world.deliveries[0].records
    assert (record.data, record.shard_id, record.partition_key) == (b"\xff\x00", ONE, "key")
    assert record.sequence_number == world.put[ONE][0]
    assert record.arrived_at == 1_780_000_000_000


def test_a_heartbeat_is_handed_over_and_how_far_behind_it_is():
    world = World()
    world.kinesis.most_records = 1
    world.add(ONE)
    world.add(ONE)
    taken(world, 8)
    told = [(len(d.records), d.behind_ms) for d in world.deliveries]
    assert told[:3] == [(1, 1000), (1, 0), (0, 0)]


def test_a_subscription_is_renewed_before_it_ends():
    world = World()
    taken(world, 400)
    times = len(world.kinesis.subscribed)
    assert times > 2
    assert world.clock.now - 1_780_000_000 < times * (RENEW_S + 10)
    assert world.kinesis.connected == 1, "the old one is closed"
    assert world.told == [], "and that is nothing to tell of"


def test_where_a_renewal_is_refused_the_old_subscription_is_read_on():
    world = World()
    taken(world, 4)
    world.clock.sleep(RENEW_S)
    world.kinesis.faults = [refusal("LimitExceededException")] * 2
    taken(world, 10)
    world.add(ONE)
    taken(world, 10)
    assert world.once()
    assert len(world.kinesis.subscribed) == 2
    assert world.told == []


def test_latest_leaves_out_what_was_there_and_nothing_that_comes():
    world = World(2, start="LATEST")
    world.add(ONE)
    world.kinesis.split(ONE)
    del world.put[ONE]
    other = "shardId-000000000001"
    world.kinesis.put(other, b"before")
    taken(world, 4)
    world.add(other)
    children = world.kinesis.split(other)
    for child in children:
        world.add(child)
    taken(world, 30)
    assert world.once() and ONE not in world.handed
    asked = dict(world.kinesis.subscribed)
    assert asked[other]["Type"] == "LATEST" or asked[other]["SequenceNumber"]
    assert all(asked[child]["Type"] == "TRIM_HORIZON" for child in children)


def test_a_position_that_the_service_lost_is_read_anew_and_that_is_logged(caplog):
    world = World()
    world.add(ONE)
    world.drain()
    taken(world, 3)
    world.kinesis.lost.add(ONE)
    world.clock.sleep(10)
    world.restart()
    taken(world)
    assert world.handed[ONE] == world.put[ONE] * 2
    assert "Position refused, reading anew" in caplog.text


def test_a_shard_begun_at_its_end_loses_nothing_with_its_position():
    world = World(start="LATEST")
    taken(world, 3)
    world.kinesis.lost.add(ONE)
    world.kinesis.breaks = [ConnectionError("reset")]
    world.add(ONE)
    taken(world)
    assert world.once()


def test_what_came_while_no_reader_was_there_is_not_left_out_by_latest():
    world = World(start="LATEST")
    taken(world, 3)
    world.restart()
    world.add(ONE)
    for child in world.kinesis.split(ONE):
        world.add(child)
    taken(world)
    assert world.once()


@pytest.mark.parametrize("latest", [True, False])
def test_the_shards_of_every_page_are_read(latest):
    world = World(7, start="LATEST" if latest else "TRIM_HORIZON")
    world.kinesis.page = 3
    assert len(world.reader.readable()) == 7
    assert world.reader.readable() == [], "each once"
    assert len(world.reader.reading()) == 7


def test_a_shard_that_is_gone_is_finished_but_not_while_the_stream_is_silent():
    world = World()
    taken(world, 3)
    children = world.kinesis.split(ONE)
    world.kinesis.breaks = [ConnectionError("reset")]
    world.kinesis.expire(ONE)
    world.clock.sleep(10)
    world.kinesis.faults = [refusal("ResourceNotFoundException")] * 6
    taken(world, 5)
    assert world.progress.finished() == set()
    taken(world, 10)
    taken(world, 1)
    assert set(world.steps) == set(children)


def test_a_finished_shard_that_is_open_again_is_read_on():
    world = World()
    world.add(ONE)
    world.drain()
    world.kinesis.split(ONE)
    taken(world, 10)
    assert ONE in world.progress.finished() and ONE not in world.steps
    world.kinesis.shards[ONE].last = None  # the emulator is back, as it was before the split
    world.add(ONE)
    taken(world)
    assert world.once()


def test_a_failing_handler_gets_the_same_records_and_is_told_of_until_it_works():
    world = World(2)
    for shard in world.kinesis.open():
        world.add(shard)
    world.failures = 3
    world.drain()
    assert world.once()
    faults = [told for told in world.told if told[1]]
    assert len(faults) == 3 and "handler: not now" in faults[0]
    assert {shard for shard, fault in world.told if fault is None} == {s for s, _ in faults}


def test_a_broken_subscription_is_a_fault_only_when_it_happens_again():
    world = World()
    taken(world, 3)
    world.kinesis.breaks = [ConnectionError("reset")]
    taken(world)
    assert not [fault for _, fault in world.told if fault]
    world.told.clear()
    world.kinesis.breaks = [ConnectionError("reset")]
    world.kinesis.faults = [ConnectionError("refused")] * 10
    taken(world)
    assert world.told[0] == (ONE, "subscription: refused")
    assert world.told[-1] == (ONE, None)


class Hall:
    """A reader in its threads, on a stream that answers at once."""

    def __init__(self, shards=2):
        self.kinesis = hasty(shards)
        self.seen: list[bytes] = []
        self.stop = threading.Event()
        self.reader = Reader(self.kinesis, STREAM, CONSUMER, self.handle, start="TRIM_HORIZON")
        self.thread = threading.Thread(target=self.reader.run, args=(self.stop,))

    def handle(self, delivery):
        self.seen += [record.data for record in delivery.records]

    def wait_for(self, seen):
        deadline = time.monotonic() + 30
        while sorted(self.seen) != sorted(seen):
            assert time.monotonic() < deadline, self.seen
            time.sleep(0.005)


@pytest.fixture
def hall():
    made = Hall()
    yield made
    made.stop.set()
    if made.thread.ident:
        made.thread.join()


def test_in_threads_shards_are_followed_to_their_children_until_told_to_stop(hall, monkeypatch):
    monkeypatch.setattr("infra.fanout.reader.LOOK_S", 3600)
    one, other = hall.kinesis.open()
    hall.kinesis.put(one, b"1")
    hall.kinesis.put(other, b"2")
    hall.thread.start()
    hall.wait_for([b"1", b"2"])
    child = hall.kinesis.merge(one, other)
    hall.kinesis.put(child, b"3")
    hall.wait_for([b"1", b"2", b"3"])
    hall.stop.set()
    hall.thread.join(30)
    assert not hall.thread.is_alive()


def test_in_threads_shards_that_nobody_told_of_are_found(hall, monkeypatch):
    monkeypatch.setattr("infra.fanout.reader.LOOK_S", 0.01)
    hall.thread.start()
    late = hall.kinesis.add()
    hall.kinesis.put(late, b"1")
    hall.wait_for([b"1"])


def test_a_shard_whose_handler_fails_holds_up_no_other(hall):
    one, other = hall.kinesis.open()
    well = hall.handle

    def handle(delivery):
        if delivery.shard_id == one and delivery.records and not mended.is_set():
            failed.set()
            raise RuntimeError("not now")
        well(delivery)

    mended, failed = threading.Event(), threading.Event()
    hall.reader._handle = handle
    hall.kinesis.put(one, b"1")
    hall.thread.start()
    assert failed.wait(30)
    hall.kinesis.put(other, b"2")
    hall.wait_for([b"2"])
    mended.set()
    hall.wait_for([b"1", b"2"])


def test_what_came_while_the_handler_was_busy_is_handed_over_together(hall):
    one, _ = hall.kinesis.open()
    well, busy, free = hall.handle, threading.Event(), threading.Event()
    sizes = []

    def handle(delivery):
        if delivery.records and not busy.is_set():
            busy.set()
            assert free.wait(30)
        sizes.append(len(delivery.records))
        well(delivery)

    hall.reader._handle = handle
    hall.kinesis.most_records = 1
    hall.kinesis.put(one, b"0")
    hall.thread.start()
    assert busy.wait(30)
    expected = [b"%d" % number for number in range(8)]
    for data in expected[1:]:
        hall.kinesis.put(one, data)
    deadline = time.monotonic() + 30
    while hall.reader._live[one]._came.qsize() < 8:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    free.set()
    hall.wait_for(expected)
    assert max(sizes) > 1
    assert hall.seen == expected


def test_a_stop_ends_a_reader_whose_shards_say_nothing():
    class Silent:
        def __init__(self, *given):
            self.closed = threading.Event()
            silent.append(self)

        def take(self):
            taking.set()
            assert self.closed.wait(60)
            raise ConnectionError("cut")

        def close(self):
            self.closed.set()

    silent: list[Silent] = []
    taking, stop = threading.Event(), threading.Event()
    reader = Reader(
        hasty(), STREAM, CONSUMER, lambda delivery: None, start="LATEST", subscribe=Silent
    )
    thread = threading.Thread(target=reader.run, args=(stop,))
    thread.start()
    assert taking.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive() and silent[0].closed.is_set()


def test_a_stop_while_the_handler_is_at_work_lets_it_finish(hall):
    one, _ = hall.kinesis.open()
    busy, free = threading.Event(), threading.Event()

    def handle(delivery):
        if delivery.records:
            busy.set()
            assert free.wait(30)

    hall.reader._handle = handle
    number = hall.kinesis.put(one, b"1")
    hall.thread.start()
    assert busy.wait(30)
    hall.stop.set()
    assert hall.reader._progress.acknowledged(one) != number
    free.set()
    hall.thread.join(30)
    assert hall.reader._progress.acknowledged(one) == number
