"""What was delivered: rates, lags and films of the last minute by the second, and totals."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from heapq import nsmallest
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from transform.event import stream_records

if TYPE_CHECKING:
    from infra.fanout.reader import Delivery

WINDOW_S = 60
RATE_S = 5
LAG_S = 10
SILENT_S = 30
"""How long a shard may say nothing before it no longer counts: fan-out tells something at least
every few seconds, and closed shards nothing any more."""


class Reading(msgspec.Struct, frozen=True):
    """What the meter shows at a moment; lags are milliseconds, None where nothing arrived.

    `per_second` holds the likes of the last whole seconds, oldest first, `rate` their mean over
    the last few. Unlikes count among the likes, but make no film rise.
    """

    seconds: float
    records: int
    likes: int
    unlikes: int
    invalid: int
    per_second: tuple[int, ...]
    rate: float
    lag_ms: int | None
    longest_lag_ms: int | None
    behind_ms: int | None
    shards: int
    rising: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Second:
    number: int
    likes: int = 0
    films: Counter[str] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)


class Meter:
    """Adds deliveries up. Its seconds are a monotonic clock's, which it is told, and never run
    backwards; lags are told by the wall clock, and are never below 0 where clocks disagree."""

    def __init__(self, began: float) -> None:
        self._began = self._now = began
        self._last: deque[_Second] = deque([_Second(0)])
        self._films: Counter[str] = Counter()
        self._behind: dict[str, tuple[float, int]] = {}
        self._records = self._likes = self._unlikes = self._invalid = 0

    def add(self, delivery: Delivery, now: float, wall_ms: int) -> None:
        """Add what was delivered at the moment `now` (seconds), `wall_ms` in epoch milliseconds."""
        second = self._second(now)
        self._behind[delivery.shard_id] = (self._now, delivery.behind_ms)
        for record in delivery.records:
            good, bad = stream_records.read(record)
            liked = [like.movie_id for like in good if like.action == "like"]
            self._films.update(liked)
            second.films.update(liked)
            second.likes += len(good)
            second.lags.append(max(0, wall_ms - record.arrived_at))
            self._records += 1
            self._likes += len(good)
            self._unlikes += len(good) - len(liked)
            self._invalid += len(bad)

    def read(self, now: float, most: int = 10) -> Reading:
        """Read at the moment `now` (seconds); at most so many rising films."""
        current = self._second(now).number
        counts = {second.number: second.likes for second in self._last}
        whole = range(max(0, current - WINDOW_S), current)
        per_second = tuple(counts.get(number, 0) for number in whole)
        recent = per_second[-RATE_S:]
        lags = [lag for second in self._last if second.number > current - LAG_S
                for lag in second.lags]  # fmt: skip
        heard = [behind for at, behind in self._behind.values() if self._now - at <= SILENT_S]
        return Reading(
            seconds=self._now - self._began,
            records=self._records,
            likes=self._likes,
            unlikes=self._unlikes,
            invalid=self._invalid,
            per_second=per_second,
            rate=sum(recent) / len(recent) if recent else 0.0,
            lag_ms=round(median(lags)) if lags else None,
            longest_lag_ms=max(lags, default=None),
            behind_ms=max(heard, default=None),
            shards=len(heard),
            rising=tuple(
                nsmallest(most, self._films.items(), key=lambda film: (-film[1], film[0]))
            ),
        )

    def _second(self, now: float) -> _Second:
        """Give the second that `now` is in, and let go of what is older than the window."""
        self._now = max(self._now, now)
        number = int(self._now - self._began)
        if number > self._last[-1].number:
            self._last.append(_Second(number))
        while self._last[0].number < number - WINDOW_S:
            for film, likes in self._last.popleft().films.items():
                self._films[film] -= likes
                if not self._films[film]:
                    del self._films[film]
        return self._last[-1]
