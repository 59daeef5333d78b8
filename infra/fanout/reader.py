"""An enhanced fan-out consumer: every record of a stream, a shard in order, children after parents.

What is handed over is remembered when the handler returns. A crash in between means that it is
handed over again, and so does nothing else.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from infra.fanout import shards
from infra.fanout.progress import Progress
from infra.fanout.shards import Shard, Start
from infra.fanout.subscription import Batch, Ended, Live, Subscription
from transform.event.stream_records import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

RENEW_S = 270
"""Age at which a subscription is replaced; AWS ends it at 300 (SubscribeToShard, API Reference)."""
LOOK_S = 10
"""How often to look for shards that nobody told of."""
_LOOK_AGAIN_S = 0.5
_REFUSED_S = 5.0  # a second subscription is refused for so long (SubscribeToShard, API Reference)
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.05, 5.0
_IN_USE = "ResourceInUseException"

logger = logging.getLogger(__name__)


class Delivery(msgspec.Struct, frozen=True):
    """Records of one shard in order, none in a heartbeat, and how far behind the tip they are."""

    shard_id: str
    records: list[Record]
    behind_ms: int


class _Part(msgspec.Struct, frozen=True):
    """A delivery, what is acknowledged with it, and whether its shard is finished with it."""

    delivery: Delivery
    upto: str | None
    ends: bool


class Reader:
    """Hands over what the stream holds and gets; one delivery of a shard at a time.

    `handle` is called from a thread for each shard. What it raises is tried again for ever, with
    the same records. `cut` divides records that are too many for one call. `tell` hears of a fault
    of a shard, or of the stream (shard None), and that it is over (text None).
    """

    def __init__(
        self,
        kinesis: KinesisClient,
        stream_name: str,
        consumer_arn: str,
        handle: Callable[[Delivery], None],
        *,
        start: Start,
        progress: Progress | None = None,
        cut: Callable[[list[Record]], list[list[Record]]] = lambda records: [records],
        tell: Callable[[str | None, str | None], None] = lambda shard_id, fault: None,
        subscribe: Callable[..., Subscription] = Live,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._kinesis = kinesis
        self._stream_name = stream_name
        self._consumer_arn = consumer_arn
        self._handle = handle
        self._start = start
        self._progress = progress or Progress()
        self._cut = cut
        self._tell = tell
        self._subscribe = subscribe
        self._clock = clock
        self._lock = Lock()
        self._latest: set[str] | None = None
        self._begun: set[str] = set()
        self._live: dict[str, Subscription] = {}
        self._threads: list[Thread] = []

    def run(self, stop: Event) -> None:
        """Read until told to stop; gives back when what was being handled is acknowledged."""
        while not stop.wait(LOOK_S if self._follow_readable(stop) else _LOOK_AGAIN_S):
            pass
        with self._lock:
            threads = list(self._threads)
        for subscription in list(self._live.values()):
            subscription.close()
        for thread in threads:
            thread.join()

    def reading(self) -> frozenset[str]:
        """The shards that are being read."""
        return frozenset(self._begun)

    def readable(self) -> list[str]:
        """Look at the stream; give the shards that may be read from now on, each once."""
        listed = self._listed()
        with self._lock:
            if self._latest is None:
                self._latest = self._begin_at_latest(listed)
            self._progress.keep({shard.shard_id for shard in listed})
            due = [
                shard_id
                for shard_id in shards.readable(listed, self._progress.finished())
                if shard_id not in self._begun
            ]
            self._begun.update(due)
        return due

    def read(self, shard_id: str) -> Generator[float, None, None]:
        """Read a shard to its end; after each step gives the seconds to wait before the next."""
        subscription: Subscription | None = None
        renew_at = 0.0
        pending: deque[_Part] = deque()
        failures = 0
        in_doubt = False
        try:
            while True:
                pause = 0.0
                try:
                    if pending:
                        self._hand_over(pending[0])
                        failures = self._well(shard_id, failures)
                        if pending.popleft().ends:
                            return
                    elif subscription is None:
                        if in_doubt and self._gone(shard_id):
                            self._progress.finish(shard_id)
                            return
                        subscription = self._subscribed(shard_id)
                        renew_at = self._clock() + RENEW_S
                    elif self._clock() >= renew_at:
                        renewed = self._renewed(shard_id, subscription)
                        renew_at = self._clock() + (RENEW_S if renewed else _REFUSED_S)
                        subscription = renewed or subscription
                    else:
                        pending.extend(self._parts(shard_id, subscription.take()))
                        failures = self._well(shard_id, failures)
                except Exception as error:  # whatever it is, the shard goes on where it was
                    failures += 1
                    if not pending:
                        in_doubt = _code(error) == "ResourceNotFoundException"
                        self._close(shard_id, subscription)
                        subscription = None
                        self._lost_position(shard_id, error)
                    if pending or failures > _tolerated(error):
                        what = "handler" if pending else "subscription"
                        self._tell(shard_id, f"{what}: {error or type(error).__name__}")
                    pause = _pause(error, failures)
                yield pause
        finally:
            self._close(shard_id, subscription)
            self._begun.discard(shard_id)

    def _follow_readable(self, stop: Event) -> bool:
        """Start a thread for each shard that may be read from now on; False where that failed."""
        try:
            due = self.readable()
        except Exception as error:  # the stream cannot be asked; it will be again
            self._tell(None, f"stream: {error or type(error).__name__}")
            return False
        self._tell(None, None)
        with self._lock:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            for shard_id in () if stop.is_set() else due:
                thread = Thread(target=self._follow, args=(shard_id, stop), name=shard_id)
                self._threads.append(thread)
                thread.start()
        return True

    def _follow(self, shard_id: str, stop: Event) -> None:
        with closing(self.read(shard_id)) as steps:
            for pause in steps:
                if stop.wait(pause):
                    return
        self._follow_readable(stop)  # its children

    def _begin_at_latest(self, listed: list[Shard]) -> set[str]:
        """The shards to begin at their end; those that are closed have nothing more to come."""
        if self._start != "LATEST" or self._progress.begun():
            return set()
        for shard in listed:
            if not shard.open:
                self._progress.finish(shard.shard_id)
        return {shard.shard_id for shard in listed if shard.open}

    def _listed(self) -> list[Shard]:
        listed = []
        page = self._kinesis.list_shards(StreamName=self._stream_name)
        while True:
            listed += [shards.shard(told) for told in page["Shards"]]
            if not page.get("NextToken"):
                return listed
            page = self._kinesis.list_shards(NextToken=page["NextToken"])

    def _gone(self, shard_id: str) -> bool:
        """Tell whether a shard has expired: where the stream answers, and no longer lists it."""
        return all(shard.shard_id != shard_id for shard in self._listed())

    def _well(self, shard_id: str, failures: int) -> int:
        if failures:
            self._tell(shard_id, None)
        return 0

    def _subscribed(self, shard_id: str) -> Subscription:
        begin: Start = "LATEST" if shard_id in (self._latest or ()) else "TRIM_HORIZON"
        position = shards.position(self._progress.acknowledged(shard_id), begin)
        made = self._subscribe(self._kinesis, self._consumer_arn, shard_id, position)
        self._live[shard_id] = made
        return made

    def _renewed(self, shard_id: str, old: Subscription) -> Subscription | None:
        """Take over from an old subscription; where that is refused, the old one still works."""
        try:
            new = self._subscribed(shard_id)
        except Exception as error:
            logger.info("Renewal refused shard=%s error=%s", shard_id, error)
            return None
        old.close()
        return new

    def _close(self, shard_id: str, subscription: Subscription | None) -> None:
        if subscription:
            subscription.close()
            self._live.pop(shard_id, None)

    def _parts(self, shard_id: str, came: Batch) -> Iterator[_Part]:
        *firsts, last = self._cut(came.records)
        for records in firsts:
            delivery = Delivery(shard_id, records, came.behind_ms)
            yield _Part(delivery, records[-1].sequence_number, ends=False)
        yield _Part(Delivery(shard_id, last, came.behind_ms), came.continuation, came.ends)

    def _hand_over(self, part: _Part) -> None:
        self._handle(part.delivery)
        shard_id = part.delivery.shard_id
        if part.upto:
            self._progress.acknowledge(shard_id, part.upto)
        if part.ends:
            self._progress.finish(shard_id)

    def _lost_position(self, shard_id: str, error: Exception) -> None:
        """Begin a shard again of which the service does not know the position any more."""
        if _code(error) == "InvalidArgumentException" and self._progress.acknowledged(shard_id):
            logger.warning("Position refused, reading anew shard=%s error=%s", shard_id, error)
            self._progress.forget(shard_id)
            (self._latest or set()).discard(shard_id)


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _tolerated(error: Exception) -> int:
    """How often in a row it may happen before it is a fault.

    A subscription ends or breaks now and then; one that is left behind by a crash or a broken
    connection is in the way for seconds.
    """
    return 15 if _code(error) == _IN_USE else 2 if isinstance(error, Ended) else 1


def _pause(error: Exception, failures: int) -> float:
    """Seconds to wait: ever longer, with jitter; a subscription in the way goes within seconds."""
    most = _REFUSED_S / 5 if _code(error) == _IN_USE else _MOST_PAUSE_S
    return min(most, _FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)
