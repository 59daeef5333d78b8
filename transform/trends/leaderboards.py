"""The leaderboards: which there are, and what each tells of a film."""

import msgspec

WINDOWS = {"15m": 15, "1h": 60, "24h": 1440}
"""Their names, and minutes of event time that they look at."""


class Entry(msgspec.Struct, frozen=True):
    """A film's place on a leaderboard; `previous_rank` is None where it was not on the last one."""

    rank: int
    previous_rank: int | None
    movie_id: str
    likes: int
    unlikes: int
    score: float
