"""What a watched stage looks like: on narrow and wide terminals, low and high, and in a pipe."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from infra.cli.trending import Board, Entry
from infra.cli.watch import view
from infra.cli.watch.meter import Reading
from infra.cli.watch.view import Shown, View

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TITLES = {f"tt{n}": f"Film {n}" for n in range(20)} | {
    "tt1": "The Lord of the Rings: The Fellowship of the Ring",
    "tt2": "[red]Red[/red] [b",
}
READING = Reading(
    seconds=83.4,
    records=400,
    likes=12_345,
    unlikes=321,
    invalid=1,
    per_second=tuple(range(60)),
    rate=41.25,
    lag_ms=105,
    longest_lag_ms=1220,
    behind_ms=7,
    shards=2,
    rising=tuple((f"tt{n}", 2000 - n) for n in range(1, 11)),
)
ENTRIES = [
    Entry(n, [None, n + 3, n, 1][n % 4], f"tt{n}", 3000 - n, n, 50.55 - n) for n in range(1, 11)
]
BOARD = Board("15m", NOON - timedelta(seconds=34), ENTRIES)
SHOWN = Shown("local", "MovieLikesStream-local", READING, BOARD, "", NOON)


def drawn(shown=SHOWN, width=120, height=40):
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(View(shown, TITLES))
    return console.file.getvalue().splitlines()


def test_on_a_wide_terminal_the_lists_stand_side_by_side():
    lines = drawn(width=120)
    text = "\n".join(lines)
    assert "lake watch  local  MovieLikesStream-local  2 shards  0:01:23" in lines[0]
    assert "41.2" in text and "▁▂" in text and "█" in text
    assert "105 ms, 1,220 ms at most, 7 ms behind" in text
    assert "12,345 likes, 321 of them taken back, 1 invalid line" in text
    [titles] = [line for line in lines if "Liked in the last minute" in line]
    assert "Trending, 15m, ranked 0:00:34 ago" in titles
    [first] = [line for line in lines if "1,999" in line]
    assert "2,999" in first and "▲3" in first and "49.5" in first
    assert lines[-1].strip() == "Ctrl-C ends it."


def test_on_a_narrow_terminal_they_stand_one_above_the_other():
    lines = drawn(width=60, height=60)
    told = ("Liked in the last minute", "1,999", "Trending, 15m", "2,999")
    places = [next(i for i, line in enumerate(lines) if text in line) for text in told]
    assert places == sorted(places)
    assert any("…" in line for line in lines), "titles are cut to fit"


def test_markup_in_a_title_is_text():
    assert any("[red]Red[/red] [b" in line for line in drawn())


@given(st.integers(20, 250), st.integers(5, 80))
def test_no_line_is_wider_than_the_terminal(width, height):
    assert all(len(line) <= width for line in drawn(width=width, height=height))


@pytest.mark.parametrize("width", [40, 60, 80, 99, 100, 200])
@pytest.mark.parametrize("height", [18, 24, 30, 50])
def test_the_view_fits_the_terminal_s_height(width, height):
    assert len(drawn(width=width, height=height)) <= height


def test_a_high_terminal_shows_ten_films_of_each_and_a_low_one_fewer():
    assert sum("Film" in line for line in drawn(width=120, height=40)) == 8
    assert sum("Film" in line for line in drawn(width=120, height=14)) < 8


def test_before_anything_is_there_it_says_so():
    empty = replace(
        READING, seconds=0.2, likes=0, unlikes=0, invalid=0, per_second=(), rate=0.0, lag_ms=None,
        longest_lag_ms=None, behind_ms=None, shards=0, rising=(),
    )  # fmt: skip
    text = "\n".join(drawn(replace(SHOWN, reading=empty, board=None)))
    assert "waiting for the stream" in text and "0 likes" in text and "0 shards" in text
    assert "Trending: not asked yet" in text
    unranked = replace(SHOWN, board=Board("15m", None, []))
    assert any("Trending: not ranked yet" in line for line in drawn(unranked))


def test_a_silent_stream_still_tells_how_far_behind_it_is():
    quiet = replace(READING, lag_ms=None, longest_lag_ms=None)
    assert any(
        line.endswith("7 ms behind")
        for line in map(str.strip, drawn(replace(SHOWN, reading=quiet)))
    )


def test_trouble_stands_where_the_hint_was():
    lines = drawn(replace(SHOWN, trouble="The API cannot be reached."))
    assert lines[-1].strip() == "The API cannot be reached."


@pytest.mark.parametrize(
    ("counts", "bars"),
    [
        ((), ""),
        ((0, 0), "▁▁"),
        ((0, 1), "▁█"),
        ((5, 5), "██"),
        ((0, 1, 1000), "▁▂█"),
        (tuple(range(8)), "▁▂▃▄▅▆▇█"),
    ],
)
def test_bars_stand_beside_the_greatest(counts, bars):
    assert view.sparkline(counts) == bars


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_nothing_is_the_lowest_bar_and_anything_is_higher(counts):
    assert [bar == "▁" for bar in view.sparkline(counts)] == [count == 0 for count in counts]


def test_in_a_pipe_it_is_one_plain_line():
    line = view.line(replace(SHOWN, trouble="Trouble."), TITLES)
    assert line == (
        "12:00:00  41.2 likes/s  lag 105 ms, 1,220 ms at most, 7 ms behind  12,345 likes, 321 of "
        "them taken back, 1 invalid line  most liked The Lord of the Rings: The Fellowship of the "
        "Ring (1,999)  Trouble."
    )
    assert "most liked" not in view.line(
        replace(SHOWN, reading=replace(READING, rising=())), TITLES
    )


def test_programs_get_what_people_see():
    told = view.fields(replace(SHOWN, trouble="Away."))
    assert (told["at"], told["likes"], told["behind_ms"]) == (NOON, 12_345, 7)
    assert told["rising"]["tt1"] == 1999 and told["trouble"] == "Away."
    assert view.fields(SHOWN)["trouble"] is None and "per_second" not in told
