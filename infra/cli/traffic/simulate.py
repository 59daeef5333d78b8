"""A believable stream of likes made from a seed, together with its exact totals."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from itertools import accumulate
from typing import Any, NamedTuple

from infra.cli.traffic.malformed import malformed

HOUR = 3_600_000
# How busy each hour of the day is, UTC, the busiest being 1.
DAY_AND_NIGHT = (
    *(0.50, 0.36, 0.26, 0.20, 0.17, 0.18, 0.24, 0.34, 0.42, 0.46, 0.50, 0.54),
    *(0.60, 0.60, 0.58, 0.60, 0.66, 0.74, 0.84, 0.94, 1.00, 0.98, 0.86, 0.68),
)
ZIPF = 1.05  # exponent of popularity: the film of rank r is liked in proportion to r ** -ZIPF
VIRAL_HOURS = 6  # the viral film rises over the last hours of the span, at most
VIRAL_PEAK = 0.4  # and has this share of all likes at the end of them
RECENT = 512  # how far back an unlike or a repeated line may reach


class Film(NamedTuple):
    """A film by its IMDb id."""

    movie_id: str
    title: str
    year: int


def films() -> tuple[Film, ...]:
    """The hundred-odd real films that are liked, in the order of the file."""
    text = resources.files("infra.cli.traffic").joinpath("films.csv").read_text("utf-8")
    return tuple(
        Film(row["movie_id"], row["title"], int(row["year"]))
        for row in csv.DictReader(text.splitlines())
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: `likes` distinct likes and unlikes over `days` up to `now`.

    `late` and `unlikes` are shares of the distinct events; `duplicates` and `malformed` lines
    come on top, as shares of them too. `now` is epoch milliseconds, and so is `peak`, at which the
    film that goes viral has its highest share; None: at the end.
    """

    now: int
    likes: int = 10_000
    seed: int = 1
    days: float = 1.0
    late: float = 0.03
    unlikes: float = 0.05
    duplicates: float = 0.02
    malformed: float = 0.01
    peak: int | None = None

    def __post_init__(self) -> None:
        if self.likes < 0:
            raise ValueError("The number of likes is 0 or more.")
        if not 0 < self.days <= 3660:
            raise ValueError("The days are more than 0 and at most 3660.")
        for name in ("late", "unlikes", "duplicates", "malformed"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"The share of {name} lies between 0 and 1.")


class Line(NamedTuple):
    """One line of the stream, and why it is no like (None where it is one)."""

    data: bytes
    reason: str | None


@dataclass(frozen=True, slots=True)
class Truth:
    """The exact totals of a stream.

    A repeated line counts in `good`, `likes`, `unlikes` and `net`, which describe the accepted
    lines; `events`, `net_distinct` and `by_hour` count each event id once. Films whose sum is zero
    stand in all maps. Hours are those of the event, UTC, as `2026-01-31T08`; of each film they
    hold the likes and the unlikes.
    """

    lines: int
    good: int
    malformed: Mapping[str, int]
    events: int
    duplicates: int
    likes: int
    unlikes: int
    late: int
    net: Mapping[str, int]
    net_distinct: Mapping[str, int]
    by_hour: Mapping[str, Mapping[str, tuple[int, int]]]
    viral: str

    @property
    def malformed_lines(self) -> int:
        """Lines that are no like."""
        return sum(self.malformed.values())


class _Event(NamedTuple):
    data: bytes
    movie_id: str
    user_id: str
    sign: int
    liked_at: int


@dataclass(slots=True)
class Simulation:
    """The lines of a plan, one after another; iterate once, then ask for the truth.

    Memory grows with hours and films, not with likes. The same plan gives the same bytes.
    """

    plan: Plan
    _truth: Truth | None = field(default=None, init=False)

    @property
    def truth(self) -> Truth:
        """The totals of what was made; `RuntimeError` until the last line has been taken."""
        if self._truth is None:
            raise RuntimeError("The totals are known once every line has been taken.")
        return self._truth

    def __iter__(self) -> Iterator[Line]:
        plan, rng = self.plan, random.Random(self.plan.seed)
        tally = _Tally()
        popular, viral = _popularity(rng)
        recent: deque[_Event] = deque(maxlen=RECENT)
        for arrival, share in _arrivals(plan, rng):
            event = _event(plan, rng, arrival, share, popular, viral, recent, tally)
            recent.append(event)
            tally.add(event)
            yield Line(event.data, None)
            if rng.random() < plan.duplicates:
                again = _pick(rng, recent)
                tally.add(again, duplicate=True)
                yield Line(again.data, None)
            if rng.random() < plan.malformed:
                data, reason = malformed(rng, arrival)
                tally.malformed[reason] += 1
                yield Line(data, reason)
        self._truth = tally.truth(viral)


class _Tally:
    """The totals so far."""

    def __init__(self) -> None:
        self.malformed: Counter[str] = Counter()
        self.net: Counter[str] = Counter()
        self.net_distinct: Counter[str] = Counter()
        self.by_hour: Counter[tuple[int, str, int]] = Counter()
        self.signs: Counter[int] = Counter()
        self.events = self.duplicates = self.late = 0

    def add(self, event: _Event, *, duplicate: bool = False) -> None:
        self.net[event.movie_id] += event.sign
        self.signs[event.sign] += 1
        if duplicate:
            self.duplicates += 1
        else:
            self.events += 1
            self.by_hour[event.liked_at // HOUR, event.movie_id, event.sign] += 1
            self.net_distinct[event.movie_id] += event.sign

    def truth(self, viral: str) -> Truth:
        good = self.events + self.duplicates
        return Truth(
            lines=good + self.malformed.total(),
            good=good,
            malformed=dict(sorted(self.malformed.items())),
            events=self.events,
            duplicates=self.duplicates,
            likes=self.signs[1],
            unlikes=self.signs[-1],
            late=self.late,
            net=dict(sorted(self.net.items())),
            net_distinct=dict(sorted(self.net_distinct.items())),
            by_hour=self._hours(),
            viral=viral,
        )

    def _hours(self) -> dict[str, dict[str, tuple[int, int]]]:
        hours: dict[str, dict[str, tuple[int, int]]] = {}
        for hour, movie_id in sorted({(hour, movie) for hour, movie, _ in self.by_hour}):
            text = datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H")
            likes, unlikes = (self.by_hour[hour, movie_id, sign] for sign in (1, -1))
            hours.setdefault(text, {})[movie_id] = (likes, unlikes)
        return hours


def _popularity(rng: random.Random) -> tuple[tuple[list[str], list[float]], str]:
    """Films in a random order with their cumulated Zipf weights, and the film that goes viral."""
    order = [film.movie_id for film in films()]
    for last in range(len(order) - 1, 0, -1):  # Fisher-Yates: the same in every Python version
        other = int(rng.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    viral = order.pop()
    return (order, list(accumulate((i + 1) ** -ZIPF for i in range(len(order))))), viral


def _arrivals(plan: Plan, rng: random.Random) -> Iterator[tuple[int, float]]:
    """Arrival times in order, and the viral film's share at each: busy by day, quiet at night."""
    span = round(plan.days * 24 * HOUR)
    start = plan.now - span
    rise = min(VIRAL_HOURS * HOUR, span // 2)
    peak = plan.now if plan.peak is None else plan.peak
    edges = [start, *range((start // HOUR + 1) * HOUR, plan.now, HOUR), plan.now]
    weights = [
        (right - left) * DAY_AND_NIGHT[left // HOUR % 24]
        for left, right in zip(edges, edges[1:], strict=False)
    ]
    ends = list(accumulate(weights))
    slot = 0
    for i in range(plan.likes):
        at = (i + rng.random()) / plan.likes * ends[-1]
        while slot < len(ends) - 1 and at >= ends[slot]:
            slot += 1
        part = 1 - (ends[slot] - at) / weights[slot]
        time = edges[slot] + int(part * (edges[slot + 1] - edges[slot]))
        risen = max(0.0, 1 - abs(peak - time) / rise)
        yield time, VIRAL_PEAK * risen * risen


def _event(
    plan: Plan,
    rng: random.Random,
    arrival: int,
    share: float,
    popular: tuple[list[str], list[float]],
    viral: str,
    recent: deque[_Event],
    tally: _Tally,
) -> _Event:
    """The next like, or the unlike of an earlier one."""
    sign, liked_at = 1, arrival
    if rng.random() < plan.late:
        tally.late += 1
        liked_at -= int(HOUR * 48 ** rng.random())  # one hour to two days late
    user_id = f"user-{int(rng.random() ** 2 * max(50, plan.likes // 4)):06d}"
    unlike = rng.random() < plan.unlikes
    if unlike and recent and (undone := _pick(rng, recent)).sign == 1:
        sign, movie_id, user_id = -1, undone.movie_id, undone.user_id
    elif rng.random() < max(share, 0.0005):
        movie_id = viral
    else:
        order, weights = popular
        movie_id = rng.choices(order, cum_weights=weights)[0]
    data = _line(rng, arrival, liked_at, movie_id, user_id, sign)
    return _Event(data, movie_id, user_id, sign, liked_at)


def _line(
    rng: random.Random, arrival: int, liked_at: int, movie_id: str, user_id: str, sign: int
) -> bytes:
    """The event as one of five producers writes it."""
    action = "like" if sign == 1 else "unlike"
    event_id = _event_id(rng, arrival)
    draw = rng.random()
    event: dict[str, Any]
    if draw < 0.40:  # the web site: every field, UTC
        event = {
            "event_id": event_id,
            "movie_id": movie_id,
            "user_id": user_id,
            "action": action,
            "liked_at": _rfc3339(liked_at, UTC),
            "source": "web",
        }
    elif draw < 0.65:  # camelCase, local time with an offset, the app's version on top
        local = timezone(timedelta(minutes=(-300, 60, 330, 540)[int(rng.random() * 4)]))
        event = {
            "eventId": event_id,
            "movieId": movie_id,
            "userId": user_id,
            "action": action,
            "likedAt": _rfc3339(liked_at, local),
            "source": "ios",
            "app": {"version": "7.2.1", "build": 7210 + int(rng.random() * 5)},
        }
    elif draw < 0.85:  # epoch milliseconds
        event = {
            "event_id": event_id,
            "movie_id": movie_id,
            "user_id": user_id,
            "action": action,
            "liked_at": liked_at,
            "source": "android",
        }
    elif draw < 0.95:  # a television: camelCase, nobody signed in, says nothing it need not say
        event = {"movieId": movie_id, "eventId": event_id, "likedAt": liked_at, "source": "tv"}
        if sign == -1:
            event["action"] = action
    else:  # a partner's export: padded ids, no source
        event = {
            "movie_id": f" {movie_id} ",
            "event_id": event_id,
            "user_id": user_id,
            "action": action,
            "liked_at": _rfc3339(liked_at, UTC),
            "campaign": f"spring-{int(rng.random() * 3)}",
        }
    return json.dumps(event, separators=(",", ":")).encode()


def _event_id(rng: random.Random, time: int) -> str:
    """A time-ordered UUID (version 7, RFC 9562) whose random part comes from the seed."""
    bits = rng.getrandbits(74)
    low = 0x8000_0000_0000_0000 | bits & 0x3FFF_FFFF_FFFF_FFFF
    text = f"{time:012x}7{bits >> 62:03x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _rfc3339(time: int, zone: timezone) -> str:
    moment = datetime.fromtimestamp(time // 1000, zone).replace(microsecond=time % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pick(rng: random.Random, recent: deque[_Event]) -> _Event:
    return recent[int(rng.random() * len(recent))]
