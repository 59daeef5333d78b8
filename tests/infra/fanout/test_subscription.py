"""Events wait for a slow handler, are folded, and never hold up whoever closes the subscription."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import EventStreamError

from infra.fanout.subscription import WAITING, Batch, Ended, Live, batch
from tests.infra.fanout.kinesis import CONSUMER
from transform.event.stream_records import Record

BROKEN = EventStreamError({"Error": {"Code": "InternalFailure"}}, "SubscribeToShard")


def event(number, continuation="9", **more):
    record = {
        "SequenceNumber": str(number),
        "ApproximateArrivalTimestamp": datetime(2026, 1, 31, 8, 0, 0, 123000, UTC),
        "Data": b"x",
        "PartitionKey": "key",
    }
    told = {"Records": [record], "MillisBehindLatest": 10 - number} | more
    return told | ({"ContinuationSequenceNumber": continuation} if continuation else {})


def record(number):
    return Record(b"x", 1_769_846_400_123, "shard", str(number), "key")


def test_events_are_folded_in_order_and_the_last_one_says_where_they_end():
    folded = batch("shard", [event(1, "1"), event(2, "2"), event(3, "7")])
    assert folded == Batch([record(1), record(2), record(3)], 7, "7", ends=False)


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        (event(1, "1"), False),
        (event(1, "1", ChildShards=[]), False),
        (event(1, "1", ChildShards=[{"ShardId": "child"}]), True),
        (event(1, None), True),
    ],
    ids=["goes on", "names nobody", "names its children", "cannot go on"],
)
def test_a_shard_ends_where_it_names_children_or_cannot_go_on(last, ends):
    assert batch("shard", [event(0), last]).ends == ends


class Stream:
    """What boto3 gives: events, and then silence until it is cut, or an end."""

    def __init__(self, events, over=None):
        self.events = events
        self.over = over
        self.cut = threading.Event()
        self.closed = threading.Event()

    def __iter__(self):
        for told in self.events:
            yield {"SubscribeToShardEvent": told}
        if self.over is None:
            assert self.cut.wait(30)
            raise ConnectionError("cut")
        if not isinstance(self.over, Ended):
            raise self.over

    @property
    def _raw_stream(self):
        return SimpleNamespace(shutdown=self.cut.set)

    def close(self):
        self.closed.set()


def live(stream):
    asked = []

    def subscribe_to_shard(**told):
        asked.append(told)
        return {"EventStream": stream}

    kinesis = SimpleNamespace(subscribe_to_shard=subscribe_to_shard)
    made = Live(kinesis, CONSUMER, "shard", {"Type": "LATEST"})
    assert asked == [
        {"ConsumerARN": CONSUMER, "ShardId": "shard", "StartingPosition": {"Type": "LATEST"}}
    ]
    return made


def test_what_came_is_given_before_what_ended_it():
    subscription = live(Stream([event(1), event(2)], BROKEN))
    seen = []
    with pytest.raises(EventStreamError):
        while True:
            seen += subscription.take().records
    assert seen == [record(1), record(2)]
    with pytest.raises(EventStreamError):
        subscription.take()


def test_a_peaceful_end_is_told_from_a_break():
    stream = Stream([], Ended())
    with pytest.raises(Ended):
        live(stream).take()
    assert stream.closed.wait(30)


def test_closing_wakes_who_waits_and_ends_the_thread():
    stream = Stream([])
    subscription = live(stream)
    woken = threading.Event()

    def wait():
        with pytest.raises((ConnectionError, Ended)):
            subscription.take()
        woken.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not woken.wait(0.05)
    subscription.close()
    assert woken.wait(30) and stream.closed.wait(30)


def test_closing_ends_the_thread_that_has_more_than_may_wait():
    stream = Stream([event(number) for number in range(WAITING + 1)])
    subscription = live(stream)
    while subscription._came.qsize() < WAITING:
        pass
    assert not stream.closed.is_set()
    subscription.close()
    assert stream.closed.wait(30)


def test_a_stream_that_cannot_be_cut_any_more_is_no_error():
    def released():
        raise RuntimeError("Cannot shutdown as connection has already been released to the pool")

    stream = Stream([], Ended())
    subscription = live(stream)
    assert stream.closed.wait(30)
    stream.cut.set = released
    subscription.close()


@pytest.mark.parametrize("waiting", [0, 1, WAITING - 1])
def test_after_closing_nobody_waits_also_where_the_stream_had_ended(waiting):
    stream = Stream([event(number) for number in range(waiting)], Ended())
    subscription = live(stream)
    assert stream.closed.wait(30)
    subscription.close()  # drops all that waited, the end among it
    with pytest.raises(Ended):
        subscription.take()
