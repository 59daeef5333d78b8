"""Posts lines of likes to the API: in batches, at once, again where the API asks for it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import NamedTuple

import msgspec
import urllib3

from infra.cli import answers
from infra.cli.traffic.lines import Item, Refused, read
from infra.cli.traffic.writers import Headers, stranger

MAX_LIKES = 500
MAX_BYTES = 900_000
ATTEMPTS = 8
RETRY = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the lines: every one that is not blank is accepted, repeated, refused or
    failed. A repeated one has an event id that the same request had before."""

    lines: int
    accepted: int
    refused: Mapping[str, int]
    failed: int
    requests: int
    retries: int
    seconds: float
    repeated: int = 0


class Progress(NamedTuple):
    """How far it is: bytes of the source that are read, and lines that are settled."""

    bytes_read: int
    settled: int


class _Answer(NamedTuple):
    """How the API settled a batch: taken, or each item with why it was not; and which were again
    what the same request had before."""

    accepted: int
    refused: list[Refused]
    failed: list[tuple[Item, str]]
    repeated: list[Item]


class _Error(msgspec.Struct):
    index: int
    reason: str = "refused"
    detail: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


class _Accepted(msgspec.Struct):
    repeated: list[int] = []


def send(
    source: Iterable[bytes],
    url: str,
    *,
    headers: Headers = stranger,
    batch: int = MAX_LIKES,
    workers: int = 4,
    refused: Callable[[Refused], None] = lambda line: None,
    failed: Callable[[Item, str], None] = lambda item, why: None,
    repeated: Callable[[Item], None] = lambda item: None,
    progress: Callable[[Progress], None] = lambda done: None,
    attempts: int = ATTEMPTS,
    backoff_s: float = 0.25,
) -> Sent:
    """Post the lines of `source` to `<url>/likes` and tell what became of them.

    `headers` says who sends them, of each request anew: a signature holds for minutes.

    A line without an event id gets one before it is sent, so that a request repeated after a lost
    answer carries the same ids. `refused` is called for each line that is no like, `failed` for
    each that was given up with what was sent and why, `repeated` for each whose event id the same
    request had before; none stops the rest. 429, 5xx and lost
    connections are tried `attempts` times, after what Retry-After asks or a random wait that
    doubles. At most `2 * workers` batches are held in memory.
    """
    if not 1 <= batch <= MAX_LIKES:
        raise ValueError(f"A batch has 1 to {MAX_LIKES} likes.")
    run = _Run(url.rstrip("/") + "/likes", headers, workers, attempts, backoff_s)
    started = monotonic()
    lines = accepted = failures = twice = bytes_read = 0
    reasons: Counter[str] = Counter()

    def settle(answer: _Answer) -> None:
        nonlocal accepted, failures, twice
        accepted += answer.accepted
        for item in answer.repeated:
            twice += 1
            repeated(item)
        for line in answer.refused:
            reasons[line.reason] += 1
            refused(line)
        for item, why in answer.failed:
            failures += 1
            failed(item, why)
        progress(Progress(bytes_read, accepted + twice + failures + reasons.total()))

    def items() -> Iterator[Item]:
        nonlocal lines, bytes_read
        for size, line in read(source, MAX_BYTES - 2):
            bytes_read += size
            if line is None:
                continue
            lines += 1
            if isinstance(line, Item):
                yield line
            else:
                settle(_Answer(0, [line], [], []))

    pool = ThreadPoolExecutor(workers, thread_name_prefix="send")
    under_way: set[Future[_Answer]] = set()
    try:
        for group in _batches(items(), batch):
            under_way.add(pool.submit(run.settle, group))
            if len(under_way) >= 2 * workers:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    settle(future.result())
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                settle(future.result())
    finally:
        run.stop.set()
        pool.shutdown(cancel_futures=True)
        run.pool.clear()
    seconds = monotonic() - started
    return Sent(lines, accepted, dict(reasons), failures, run.requests, run.retries, seconds, twice)


def _batches(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """Groups of items, none above `most` items or `MAX_BYTES` as a JSON array."""
    group: list[Item] = []
    size = 1
    for item in items:
        if group and (len(group) == most or size + len(item.data) + 1 > MAX_BYTES):
            yield group
            group, size = [], 1
        group.append(item)
        size += len(item.data) + 1
    if group:
        yield group


@dataclass(slots=True)
class _Run:
    """One use of the API by several threads."""

    url: str
    headers: Headers
    workers: int
    attempts: int
    backoff_s: float
    stop: Event = field(default_factory=Event)
    tallies: list[bool] = field(default_factory=list)
    """One entry a request, true for a repeated one: appending is atomic, `+=` is not."""
    down: bool = False
    """Whether the API was given up; what follows is tried once, until an answer comes."""
    pool: urllib3.PoolManager = field(init=False)

    def __post_init__(self) -> None:
        self.pool = urllib3.PoolManager(
            maxsize=self.workers,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=5, read=30),
        )

    @property
    def requests(self) -> int:
        return len(self.tallies)

    @property
    def retries(self) -> int:
        return sum(self.tallies)

    def settle(self, items: list[Item]) -> _Answer:
        """Send a batch until each item is settled, leaving out what is refused, splitting what is
        too large. Nothing of a batch that holds a bad item is accepted, so the rest goes again."""
        accepted = 0
        repeated: list[Item] = []
        refused: list[Refused] = []
        failed: list[tuple[Item, str]] = []
        waiting = [items]
        while waiting:
            group = waiting.pop()
            status, body = self._post(group)
            if 200 <= status < 300:
                again = [group[i] for i in _repeated(body, len(group))]
                repeated += again
                accepted += len(group) - len(again)
            elif status == 400 and (errors := _errors(body, len(group))):
                refused += [
                    Refused(group[i].line, error.reason, error.detail)
                    for i, error in sorted(errors.items())
                ]
                if rest := [item for i, item in enumerate(group) if i not in errors]:
                    waiting.append(rest)
            elif status in (400, 413) and len(group) > 1:
                half = len(group) // 2
                waiting += [group[half:], group[:half]]
            elif status in (400, 413):
                reason = "too_large" if status == 413 else "refused"
                refused.append(Refused(group[0].line, reason, answers.message(body)))
            else:
                why = f"HTTP {status}: {answers.message(body)}" if status else answers.message(body)
                failed += [(item, why) for item in group]
        return _Answer(accepted, refused, failed, repeated)

    def _post(self, items: list[Item]) -> tuple[int, bytes]:
        """Send one body until the API takes a stand; status 0 stands for no answer at all."""
        body = b"[" + b",".join(item.data for item in items) + b"]"
        status, answer = 0, b"stopped"
        for attempt in range(self.attempts):
            if self.stop.is_set():
                break
            self.tallies.append(attempt > 0)
            try:
                response = self.pool.request(
                    "POST", self.url, body=body, headers=self.headers(self.url, body)
                )
                status, answer, asked = response.status, response.data, response.headers
            except urllib3.exceptions.HTTPError as error:
                status, answer, asked = 0, str(error).encode(), urllib3.HTTPHeaderDict()
            if status and status not in RETRY:
                self.down = False
                return status, answer
            if self.down:
                break
            if attempt + 1 < self.attempts:
                self.stop.wait(self._pause(attempt, asked.get("Retry-After")))
        self.down = True
        return status, answer

    def _pause(self, attempt: int, retry_after: str | None) -> float:
        """Seconds to wait: at least what the API asks, and a random part so that senders spread
        ("Full jitter", AWS Architecture Blog, Exponential Backoff And Jitter)."""
        jitter = random.uniform(0, min(20.0, self.backoff_s * 2**attempt))
        return min(LONGEST_WAIT_S, _seconds(retry_after) + jitter)


def _seconds(retry_after: str | None) -> float:
    """What Retry-After asks for: seconds or an HTTP date (RFC 9110, section 10.2.3)."""
    if not retry_after:
        return 0.0
    try:
        return urllib3.Retry().parse_retry_after(retry_after)
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return 0.0


def _repeated(body: bytes, items: int) -> list[int]:
    """The items whose event id stands in the request before, by index, as a 202 names them."""
    try:
        told = msgspec.json.decode(body, type=_Accepted).repeated
    except msgspec.MsgspecError:
        return []
    return [index for index in told if 0 <= index < items]


def _errors(body: bytes, items: int) -> dict[int, _Error]:
    """The bad items of a 400 by index; none where the body does not name them."""
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except msgspec.MsgspecError:
        return {}
    return {error.index: error for error in errors if 0 <= error.index < items}
