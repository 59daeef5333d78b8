"""A producer's export of likes as JSON lines, made fast from a seed, and what is true of it."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.cli.traffic import simulate
from infra.cli.traffic.malformed import malformed

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

LIKES_A_DAY = 1_000_000
DAY_MS = 86_400_000
NOW = 1_780_000_000_000
"""When the last like arrives, in epoch milliseconds."""
CHUNK = 200_000
LATE = 0.03
COPIES = 0.02
MALFORMED = 0.005
UNLIKES = 0.05
APPS = 0.25  # of the events, a quarter has a field that the lake has no column for
SOURCES = {"web": 0.55, "ios": 0.25, "android": 0.20}
_APP = b',"app":{"version":"7.2.1","build":7210}'


@dataclass(frozen=True, slots=True)
class Truth:
    """The totals of an export: `good` lines are `events` and their copies, all others rejected.

    `rejected` is by reason; `net` has the net likes of each film, each event once.
    """

    bytes: int
    lines: int
    good: int
    events: int
    rejected: Mapping[str, int]
    net: Mapping[str, int]


def write(path: Path, clean: Path, likes: int, seed: int = 1) -> Truth:
    """Write `likes` events, a million a day, as they arrive; the same seed gives the same bytes.

    3 % come up to two days late, 2 % a second time within some 200,000 lines, and 0.5 % as many
    lines as events are no likes; `clean` has all lines but those. Memory is the same for any
    number of likes.
    """
    size = good = 0
    rejected: Counter[str] = Counter()
    net: Counter[str] = Counter()
    with path.open("wb") as file, clean.open("wb") as clean_file:
        for chunk in _chunks(likes, seed):
            size += file.write(_bytes(chunk.pool, chunk.order))
            of_likes = chunk.order[chunk.order < len(chunk.pool) - len(chunk.refused)]
            clean_file.write(_bytes(chunk.pool, of_likes))
            good += len(of_likes)
            rejected.update(chunk.refused)
            net.update(chunk.net)  # adds, and keeps what is below zero
    return Truth(size, good + rejected.total(), good, likes, dict(rejected), dict(net))


class _Chunk(NamedTuple):
    """Lines in `order`, from a pool whose last are no likes, `refused` for these reasons."""

    pool: "pa.Array"
    order: Any
    refused: list[str]
    net: Mapping[str, int]


def _chunks(likes: int, seed: int) -> Iterator[_Chunk]:
    import numpy as np
    import pyarrow as pa

    chance, rng = np.random.default_rng(seed), random.Random(seed)
    films = np.array([film.movie_id for film in simulate.films()])
    chance.shuffle(films)
    weights = np.arange(1, len(films) + 1) ** -simulate.ZIPF
    before = pa.array([], pa.binary())
    for first in range(0, likes, CHUNK):
        count = min(CHUNK, likes - first)
        places = np.sort(chance.random(count)) * count + first
        arrived = (NOW - (likes - places) * DAY_MS / LIKES_A_DAY).astype(np.int64)
        film = chance.choice(len(films), count, p=weights / weights.sum())
        unlike = chance.random(count) < UNLIKES
        events = _events(chance, arrived, films[film], unlike, max(50, likes // 4))
        bad = [malformed(rng, int(arrived[at])) for at in _some(chance, count, MALFORMED)]
        lines = pa.array([line + b"\n" for line, _ in bad], pa.binary())
        yield _Chunk(
            pa.concat_arrays([before, events, lines]),
            _order(chance, len(before), len(events), len(bad)),
            [reason for _, reason in bad],
            _net(films, film, unlike),
        )
        before = events


def _events(
    chance: "np.random.Generator", arrived: Any, films: Any, unlike: Any, users: int
) -> "pa.Array":
    """Give events as JSON text, one for each arrival."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(arrived)
    late = np.where(chance.random(count) < LATE, chance.integers(0, 2 * DAY_MS, count), 0)
    user = (chance.random(count) ** 2 * users).astype(np.int64)
    source = chance.choice(len(SOURCES), count, p=list(SOURCES.values()))
    app = chance.random(count) < APPS

    def chosen(texts: list[str], which: Any) -> Any:
        return pa.array(texts).take(pa.array(which))

    return pc.binary_join_element_wise(
        '{"event_id":"',
        ids(chance, count),
        '","movie_id":"',
        pa.array(films),
        '","user_id":"user-',
        _text(_digits(user, 7)),
        '","action":"',
        chosen(["like", "unlike"], unlike.astype(np.int8)),
        '","liked_at":"',
        _times(arrived - late),
        '","source":"',
        chosen([f'{name}"' for name in SOURCES], source),
        chosen(["}\n", f"{_APP.decode()}}}\n"], app.astype(np.int8)),
        "",
    ).cast(pa.binary())


def _order(chance: "np.random.Generator", earlier: int, count: int, bad: int) -> Any:
    """Give an order of `count` events with some of all a second time, and lines that are no likes.

    The pool holds `earlier` events that were written before, those to write, and then `bad` lines.
    """
    import numpy as np

    at = _some(chance, count, COPIES)
    back = (float(count) ** chance.random(len(at))).astype(np.int64)  # most are near
    copies = np.maximum(at + earlier - back, 0)
    which = np.concatenate([np.arange(count) + earlier, copies, np.arange(bad) + earlier + count])
    where = np.concatenate(
        [np.arange(count), at + 0.5, np.sort(chance.integers(0, count, bad)) + 0.7]
    )
    return which[np.argsort(where, kind="stable")]


def _bytes(pool: "pa.Array", order: Any) -> memoryview:
    import numpy as np
    import pyarrow as pa

    lines = pool.take(pa.array(order))
    _, offsets, text = lines.buffers()
    return memoryview(text)[: np.frombuffer(offsets, np.int32)[len(lines)]]


def _some(chance: "np.random.Generator", count: int, share: float) -> Any:
    import numpy as np

    return np.flatnonzero(chance.random(count) < share)


def _net(films: Any, film: Any, unlike: Any) -> dict[str, int]:
    import numpy as np

    sums = np.bincount(film, np.where(unlike, -1, 1), len(films))
    return {str(name): int(net) for name, net in zip(films, sums, strict=True)}


def ids(chance: "np.random.Generator", count: int) -> "pa.Array":
    """Give random UUIDs as text (version 4, RFC 9562)."""
    import numpy as np

    data = np.frombuffer(chance.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    data[:, 6] = data[:, 6] & 0x0F | 0x40
    data[:, 8] = data[:, 8] & 0x3F | 0x80
    pairs = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint8)
    digits = pairs.reshape(256, 2)[data].reshape(count, 32)
    text = np.full((count, 36), ord("-"), np.uint8)
    for start, end in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)):
        dashes = sum(start >= place for place in (8, 12, 16, 20))
        text[:, start + dashes : end + dashes] = digits[:, start:end]
    return _text(text)


def places(count: int, first: int = 0) -> list[str]:
    """Give where likes stood on the stream, each in a record of its own, from one on."""
    from transform.event import places

    shard, sequence = (
        "shardId-000000000000",
        49590338271490256608559692538361571095921575989136588898,
    )
    return [places.make(shard, str(sequence + first + number), 0, 0) for number in range(count)]


def _times(moments: Any) -> "pa.Array":
    """Give epoch milliseconds as RFC 3339 text in UTC with three digits of a second."""
    import numpy as np

    days = np.datetime_as_string(moments.astype("datetime64[ms]").astype("datetime64[D]"))
    text = np.empty((len(moments), 24), np.uint8)
    text[:, :10] = days.astype("S10").view(np.uint8).reshape(-1, 10)
    text[:, 10:] = np.frombuffer(b"T00:00:00.000Z", np.uint8)
    rest = moments % DAY_MS
    for place, width, value in (
        (11, 2, rest // 3_600_000),
        (14, 2, rest // 60_000 % 60),
        (17, 2, rest // 1000 % 60),
        (20, 3, rest % 1000),
    ):
        text[:, place : place + width] = _digits(value, width)
    return _text(text)


def _digits(values: Any, width: int) -> Any:
    """Give whole numbers as rows of so many ASCII digits."""
    import numpy as np

    powers = 10 ** np.arange(width - 1, -1, -1)
    return (values[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def _text(rows: Any) -> "pa.Array":
    """Give rows of ASCII codes, all as long, as text."""
    import numpy as np
    import pyarrow as pa

    count, width = rows.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(rows, np.uint8)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))
