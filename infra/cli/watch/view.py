"""How a watched stage looks: live on a terminal of any width, or as a line in a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from infra.cli import trending
from infra.cli.output.tables import counted
from infra.cli.trending import Board
from infra.cli.watch.meter import Reading

WIDE = 100
"""Columns from which the two lists of films stand side by side."""
_BARS = "▁▂▃▄▅▆▇█"
_HEAD = 7  # lines above and below the lists


class Shown(msgspec.Struct, frozen=True):
    """All that is shown at a moment; `trouble` is a sentence, or empty."""

    stage: str
    stream: str
    reading: Reading
    board: Board | None
    trouble: str
    now: datetime


class View:
    """A live view that fits the terminal: lists side by side where it is wide, else stacked."""

    def __init__(self, shown: Shown, titles: Mapping[str, str]) -> None:
        self._shown = shown
        self._titles = titles

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it for this width and height."""
        wide = options.max_width >= WIDE
        lines = max(6, console.height - _HEAD)
        films = max(1, min(10, lines - 3 if wide else (lines - 7) // 2))
        lists = (self._rising(films), self._trending(films))
        yield self._head(options.max_width)
        if wide:
            beside = Table.grid(padding=(0, 4), expand=True)
            beside.add_column(ratio=2)
            beside.add_column(ratio=3)
            beside.add_row(*lists)
            yield beside
        else:
            yield Group(lists[0], Text(), lists[1])
        yield Text(
            self._shown.trouble or "Ctrl-C ends it.", "red" if self._shown.trouble else "dim"
        )

    def _head(self, width: int) -> RenderableType:
        shown, reading = self._shown, self._shown.reading
        what = Text.assemble(("lake watch", "bold"), f"  {shown.stage}  {shown.stream}")
        since = timedelta(seconds=int(reading.seconds))
        what.append(f"  {counted(reading.shards, 'shard')}  {since}", "dim")
        what.truncate(width, overflow="ellipsis")
        rate = f"{reading.rate:,.1f}"
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim", no_wrap=True, min_width=7)
        facts.add_column(no_wrap=True, overflow="ellipsis")
        line = sparkline(reading.per_second[-max(1, width - 20 - len(rate)) :])
        facts.add_row("likes/s", Text.assemble((rate, "bold"), "  ", (line, "green")))
        facts.add_row("lag", lag(reading))
        facts.add_row("seen", totals(reading))
        return Group(what, Text(), facts, Text())

    def _rising(self, films: int) -> RenderableType:
        table = _films("Liked in the last minute", ("film", "likes"))
        for movie_id, likes in self._shown.reading.rising[:films]:
            table.add_row(self._film(movie_id), f"{likes:,}")
        return table

    def _trending(self, films: int) -> RenderableType:
        board = self._shown.board
        if board is None or board.as_of is None:
            title = "Trending: not ranked yet" if board else "Trending: not asked yet"
        else:
            age = trending.age(board.as_of, self._shown.now)
            title = f"Trending, {board.window}, ranked {age} ago"
        table = _films(title, ("", "", "film", "likes", "score"))
        for entry in board.trends[:films] if board else ():
            style = {"▲": "green", "▼": "red", "n": "yellow"}.get(entry.change[0], "dim")
            table.add_row(
                str(entry.rank),
                Text(entry.change, style),
                self._film(entry.movie_id),
                f"{entry.likes:,}",
                f"{entry.score:,.1f}",
            )
        return table

    def _film(self, movie_id: str) -> Text:
        return Text(self._titles.get(movie_id, movie_id), overflow="ellipsis", no_wrap=True)


def line(shown: Shown, titles: Mapping[str, str]) -> str:
    """Give the whole in one line, without any code of a terminal."""
    reading = shown.reading
    parts = [
        f"{shown.now:%H:%M:%S}",
        f"{reading.rate:,.1f} likes/s",
        f"lag {lag(reading)}",
        totals(reading),
    ]
    if reading.rising:
        movie_id, likes = reading.rising[0]
        parts.append(f"most liked {titles.get(movie_id, movie_id)} ({likes:,})")
    if shown.trouble:
        parts.append(shown.trouble)
    return "  ".join(parts)


def fields(shown: Shown) -> dict[str, object]:
    """Give the whole for programs, but for the seconds before this one, which they had."""
    reading = msgspec.structs.asdict(shown.reading)
    del reading["per_second"]
    told = {"rising": dict(shown.reading.rising), "trouble": shown.trouble or None}
    return {"at": shown.now} | reading | told


def sparkline(counts: Sequence[int]) -> str:
    """Draw counts as bars beside the greatest of them; whatever is above 0 stands out."""
    most = max(counts, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[-(-count * steps // most) if most else 0] for count in counts)


def lag(reading: Reading) -> str:
    """Say how long likes take from the stream to here, and how far behind its end this is."""
    if reading.behind_ms is None:
        return "waiting for the stream"
    behind = f"{reading.behind_ms:,} ms behind"
    if reading.lag_ms is None:
        return behind
    return f"{reading.lag_ms:,} ms, {reading.longest_lag_ms:,} ms at most, {behind}"


def totals(reading: Reading) -> str:
    """Say what was seen since it began."""
    return (
        f"{counted(reading.likes, 'like')}, {reading.unlikes:,} of them taken back, "
        f"{counted(reading.invalid, 'invalid line')}"
    )


def _films(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True,
        title=Text(title, "bold"), title_justify="left",
    )  # fmt: skip
    for column in columns:
        if column == "film":
            table.add_column(column, ratio=1, no_wrap=True, overflow="ellipsis")
        else:
            table.add_column(column, justify="right", no_wrap=True)
    return table
