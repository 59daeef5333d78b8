"""What rises on a stage, as its own HTTP API tells it, and rows of it for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
import urllib3

from infra.cli import answers
from infra.cli.output.formats import Format
from transform.trends import leaderboards

_TIMEOUT = urllib3.Timeout(connect=5, read=30)
# A throttled API, or one whose table was, says when to come back.
_RETRIES = urllib3.Retry(
    2, connect=0, read=0, status_forcelist=(429, 503), backoff_factor=0.5, raise_on_status=False
)


class TrendingError(Exception):
    """Trends that cannot be had; the message says why in a sentence."""


class Entry(leaderboards.Entry, frozen=True):
    """A film's place, and how it came there."""

    @property
    def change(self) -> str:
        """How it moved since the previous ranking: ▲3, ▼1, =, or new."""
        if self.previous_rank is None:
            return "new"
        risen = self.previous_rank - self.rank
        return f"▲{risen}" if risen > 0 else f"▼{-risen}" if risen else "="


class Board(msgspec.Struct, frozen=True):
    """A leaderboard, best first; `as_of` is None before the first ranking."""

    window: str
    as_of: datetime | None
    trends: list[Entry]


class Source:
    """The trends of a stage, asked for again and again: what has not changed is not sent again."""

    def __init__(self, api_url: str, window: str, limit: int) -> None:
        self._url = api_url
        self._fields = {"window": window, "limit": str(limit)}
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES)
        self._last: tuple[str, Board] | None = None

    def ask(self) -> Board:
        """Give the leaderboard as it is now; raises `TrendingError`."""
        held = {"If-None-Match": self._last[0]} if self._last else {}
        try:
            response = self._pool.request(
                "GET", f"{self._url}/trends", fields=self._fields, headers=held
            )
        except urllib3.exceptions.HTTPError as error:
            raise TrendingError(
                f"The API at {self._url} cannot be reached; `lake status` shows how the stage is."
            ) from error
        if response.status == 304 and self._last:
            return self._last[1]
        if response.status != 200:
            said = answers.message(response.data)
            raise TrendingError(f"The API did not tell the trends: HTTP {response.status}: {said}")
        try:
            board = msgspec.json.decode(response.data, type=Board)
        except msgspec.MsgspecError as error:
            raise TrendingError(f"The API told something else than trends: {error}") from error
        etag = response.headers.get("ETag")
        self._last = (etag, board) if etag else None
        return board


def rows(
    board: Board, titles: Mapping[str, str], form: Format
) -> tuple[tuple[str, ...], Iterable[tuple[object, ...]]]:
    """Give columns and rows: how films moved for people, ranks and time for programs."""
    people = form == "table"
    columns = (
        *("rank", "change" if people else "previous_rank", "title", "movie_id"),
        *("likes", "unlikes", "score"),
        *(() if people else ("as_of",)),
    )
    return columns, (
        (
            *(entry.rank, entry.change if people else entry.previous_rank),
            *(titles.get(entry.movie_id), entry.movie_id),
            *(entry.likes, entry.unlikes, round(entry.score, 1)),
            *(() if people else (board.as_of,)),
        )
        for entry in board.trends
    )


def told(board: Board, now: datetime) -> str:
    """Say in a sentence what a leaderboard is of, and how old it is."""
    if board.as_of is None:
        return "Nothing has been ranked yet; the films are ranked each minute."
    what = "The last" if board.trends else "No film was liked in the last"
    ago = age(board.as_of, now)
    return f"{what} {board.window} as of {board.as_of:%Y-%m-%d %H:%M:%S} UTC, {ago} ago."


def age(as_of: datetime, now: datetime) -> timedelta:
    """Give the age of a ranking in whole seconds, never below 0 where clocks disagree."""
    return max(timedelta(), timedelta(seconds=int((now - as_of).total_seconds())))
