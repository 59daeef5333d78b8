"""Which step lost or doubled what differs: told from which of the sources agree.

A film's count differs from the lake. Where the archive has the likes and the lake lacks them,
compaction lost them. Where what was tracked says as the count does, the archive lost them, or has
too many. Where it says as the lake does, the count is wrong. And where only what was tracked
differs, trends are.
"""

import types
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Literal, NamedTuple

import msgspec
import pyarrow as pa

from transform.audit import archive
from transform.lake import keys, watermark
from transform.lake.duck import HOUR_MS

Step = Literal[
    "count", "adjust", "archive", "raw", "compaction", "totals", "trends", "lake", "ledger"
]


class Difference(msgspec.Struct, frozen=True):
    """What a step lost (less than 0) or has too many of a film: likes less unlikes."""

    step: Step
    movie_id: str
    hour: int | None
    """The epoch hour of the events, where it is known."""
    number: int
    detail: str
    key: str = ""
    """The key of an object that cannot be read; then nothing is told of films and hours."""

    @property
    def what(self) -> tuple[Step, str, int | None, int, str]:
        """What tells it from others; its detail may name numbers that move on."""
        return self.step, self.movie_id, self.hour, self.number, self.key


class Otherwise(NamedTuple):
    """What of likes that the lake has otherwise than they came is to be told, what they come to by
    film and epoch hour, less what the lake has, and the films and hours that they came with."""

    differences: list[Difference]
    nets: Mapping[tuple[str, int], int]
    places: Set[tuple[str, int]]


LOST = "is gone, and likes name it"
"""Why the ledger of a backfill cannot be read that is not there."""
NOTHING = Otherwise([], {}, frozenset())


def of(
    films: pa.Table,
    hours: pa.Table,
    missing: pa.Table,
    lost: pa.Table,
    unarchived: pa.Table,
    witnessed: Set[tuple[str, int]] = frozenset(),
    otherwise: Otherwise = NOTHING,
    unsettled: Mapping[str, int] = types.MappingProxyType({}),
    held: pa.Table = archive.EMPTY,
) -> list[Difference]:
    """Give the differences of films that are off (`balance.SCHEMA`), of hours that were tracked
    otherwise than the lake has them (`hours.SCHEMA`), of likes that raw has and the lake lacks
    (`archive.SCHEMA`), of deliveries that the stream has and raw and the lake lack
    (`deliveries.SCHEMA`), of likes that the lake has and raw lacks, and of those that the lake has
    otherwise. Of films and hours that are `witnessed`, raw tells what was tracked; items of films
    may still be adjusted by stale totals, and so much more, which is no difference. What the lake
    `held` of the stream is told of elsewhere."""
    found = _named("compaction", missing, "raw has it, the lake lacks it")
    found += _named("archive", lost, "the stream has it, raw lacks it")
    found += _named("raw", unarchived, "the lake has it, raw lacks it")
    found += otherwise.differences
    lacking, told = _by_hour(missing), Counter[str]()
    lacking.update(otherwise.nets)
    lacking.update(_by_hour(held))
    tracked: dict[str, dict[int, int]] = defaultdict(dict)
    for row in hours.to_pylist():
        if row["not_tracked"]:
            detail = "archived, and not tracked"
            found.append(
                Difference("trends", row["movie_id"], row["hour"], -row["not_tracked"], detail)
            )
        left = row["difference"] - lacking.get((row["movie_id"], row["hour"]), 0)
        if left and (row["movie_id"], row["hour"]) in witnessed:
            detail = "raw tells it as it was tracked, the lake or its repeats otherwise"
            found.append(Difference("compaction", row["movie_id"], row["hour"], -left, detail))
            told[row["movie_id"]] += left
        elif left:
            tracked[row["movie_id"]][row["hour"]] = left
    without = Counter[str]()
    for (film, _), net in lacking.items():
        without[film] += net
    for row in films.to_pylist():
        film = row["movie_id"]
        # What a like has at another hour than it was tracked is no difference of its film.
        known = told[film] if row["difference"] - without[film] else 0
        more = unsettled.get(film, 0)
        found += _of_film(row, without[film] + known, tracked.pop(film, {}), more)
    for film, left in tracked.items():
        found += _trends(film, left)
    return found


def _of_film(
    row: Mapping[str, Any], lacking: int, tracked: Mapping[int, int], unsettled: int
) -> list[Difference]:
    film, found = row["movie_id"], []
    if row["adjusted"] not in (row["must_adjust"], row["must_adjust"] + unsettled):
        more = row["adjusted"] - row["must_adjust"]
        detail = f"its item holds {row['adjusted']} adjusted, the lake says {row['must_adjust']}"
        found.append(Difference("adjust", film, None, more, detail))
    if row["not_counted"]:
        detail = "archived, and not counted"
        found.append(Difference("count", film, None, -row["not_counted"], detail))
    left = row["difference"] - lacking
    if left and tracked and sum(tracked.values()) == left:
        for hour, more in sorted(tracked.items()):
            detail = "counted and tracked, and neither in raw nor in the lake"
            if more < 0:
                detail = "in the lake, and neither counted nor tracked"
            found.append(Difference("archive", film, hour, -more, detail))
        return found
    if left:
        streamed = row["likes"] - row["adjusted"]
        detail = f"the stream counted {streamed}, the lake says {streamed - left}"
        found.append(Difference("count", film, None, left, detail))
    return found + _trends(film, tracked)


def _trends(film: str, tracked: Mapping[int, int]) -> list[Difference]:
    return [
        Difference("trends", film, hour, more, "tracked otherwise than counted and archived")
        for hour, more in sorted(tracked.items())
    ]


def _by_hour(rows: pa.Table) -> Counter[tuple[str, int]]:
    found = Counter[tuple[str, int]]()
    plain: Any = rows.select(["movie_id", "net", "liked_at"]).to_pylist()
    for row in plain:
        found[row["movie_id"], row["liked_at"] // HOUR_MS] += row["net"]
    return found


def _named(step: Step, rows: pa.Table, detail: str) -> list[Difference]:
    return [
        Difference(step, film, hour, -net, detail)
        for (film, hour), net in sorted(_by_hour(rows).items())
    ]


def older(
    told: Mapping[tuple[int, str], int], stands: Mapping[tuple[int, str], int]
) -> Iterable[Difference]:
    """Give where a day holds fewer likes and unlikes than its totals told, by hour and film: it
    was replaced by an older one, or deleted."""
    for (hour, film), number in sorted(told.items()):
        if (less := stands.get((hour, film), 0) - number) < 0:
            yield Difference("lake", film, hour, less, "the day held it, by its totals")


def without(held: Iterable[Difference], missing: pa.Table) -> list[Difference]:
    """Give differences, but of what the lake held only that which nothing else has told of."""
    plain: Any = missing.select(["movie_id", "liked_at"]).to_pylist()
    there = Counter((row["movie_id"], row["liked_at"] // HOUR_MS) for row in plain)
    found: dict[tuple[str, int | None], Difference] = {}
    others = []
    for one in held:
        if one.step != "lake":
            others.append(one)
        elif (number := one.number + there[one.movie_id, one.hour or 0]) < 0:
            found[one.movie_id, one.hour] = msgspec.structs.replace(one, number=number)
    return [*found.values(), *others]


def wrong(
    told: Mapping[tuple[int, str], tuple[int, ...]],
    stands: Mapping[tuple[int, str], tuple[int, ...]],
) -> Iterable[Difference]:
    """Give where totals tell otherwise than the day that they are of, by hour and film: likes,
    unlikes, backfilled and repeated."""
    nothing = (0, 0, 0, 0)
    for hour, film in sorted(told.keys() | stands.keys()):
        one, other = told.get((hour, film), nothing), stands.get((hour, film), nothing)
        if one == other:
            continue
        more = [a - b for a, b in zip(one, other, strict=True)]
        number = more[0] + more[1] or next(n for n in more if n)
        yield Difference("totals", film, hour, number, "likes_by_hour tells other likes")


def held(likes: pa.Table) -> list[Difference]:
    """Give likes that the lake has no more, as earlier versions of days have them."""
    return _named("lake", likes, "an earlier version of the day holds it")


def otherwise(rows: pa.Table) -> Otherwise:
    """Give where the lake has likes otherwise than they came (`archive.OTHERWISE`): of another film
    or hour, or in other columns."""
    nets, columns = Counter[tuple[str, int]](), dict[tuple[str, int], list[str]]()
    places = set()
    plain: list[dict[str, Any]] = rows.to_pylist()
    for row in plain:
        came = row["movie_id"], row["liked_at"] // HOUR_MS
        now = row["movie_id_now"], row["liked_at_now"] // HOUR_MS
        places.add(came)
        if came == now and row["net"] == row["net_now"]:
            columns.setdefault(came, []).append(row["columns"])
        nets[came] += row["net"]
        nets[now] -= row["net_now"]
    detail = "raw tells it otherwise than the lake"
    found = [
        Difference("compaction", film, hour, -net, detail)
        for (film, hour), net in sorted(nets.items())
        if net
    ]
    found += [
        Difference(
            "compaction", film, hour, len(told), f"raw tells another {', '.join(sorted({*told}))}"
        )
        for (film, hour), told in sorted(columns.items())
    ]
    return Otherwise(found, nets, places)


def unreadable(found: Mapping[str, str]) -> Iterable[Difference]:
    """Give objects that cannot be read, of which it is said why, by key."""
    for key, why in sorted(found.items()):
        place = next((name for name in _PLACES if key.startswith(name)), "")
        detail = f"{key} {why}" if why is LOST else f"{key} cannot be read: {why}"
        yield Difference(_PLACES.get(place, "compaction"), "", None, 1, detail, key)


def misplaced(rows: Mapping[tuple[int, str], int]) -> Iterable[Difference]:
    """Give likes and unlikes that an object of a day holds though they are of another."""
    for (hour, film), number in sorted(rows.items()):
        yield Difference("compaction", film, hour, number, "in the object of another day")


_PLACES: Mapping[str, Step] = {
    watermark.RAW: "raw",
    keys.LIKES: "lake",
    keys.TOTALS: "totals",
    keys.TRENDS: "trends",
    keys.ROLLUPS: "trends",
    keys.ADJUSTED: "adjust",
    keys.BACKFILLS: "ledger",
}
"""The step that objects are of, by what their keys start with."""


def by_step(found: Sequence[Difference]) -> dict[Step, list[Difference]]:
    """Give differences by their step."""
    steps: dict[Step, list[Difference]] = {}
    for one in found:
        steps.setdefault(one.step, []).append(one)
    return steps
