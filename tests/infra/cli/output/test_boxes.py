"""Tables that fit the terminal."""

import io
import os
import pty

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from infra.cli.output import boxes, tables
from infra.cli.output.boxes import Column
from infra.cli.output.display import Display

COLUMNS = [
    Column("id", False, ["2bbfd067-159a-4416-91a7-e83578e4621b", "x"]),
    Column("title", False, ["A rather long title of a film", "千と千尋の神隠し"]),
    Column("likes", True, ["1,234,567", "2"]),
    Column("detail", False, ["something more that takes room", ""]),
    Column("day", False, ["2026-01-31", "2026-02-01"]),
]


def drawn(width, columns=COLUMNS, fold=False):
    natural, numbers = [c.width() for c in columns], [c.numbers for c in columns]
    fitted = (boxes.folded if fold else boxes.fit)(natural, numbers, width)
    return fitted, list(boxes.lines(columns, fitted, fold=fold))


def test_where_there_is_room_all_is_shown():
    for width in (None, 200):
        fitted, lines = drawn(width)
        assert fitted.gap is None and "…" not in "".join(lines)
        assert lines[0].split() == ["id", "title", "likes", "detail", "day"]
        assert lines[2].split()[0] == COLUMNS[0].cells[0] and len(lines) == 4


def test_texts_are_cut_before_columns_are_left_out_and_numbers_never():
    fitted, lines = drawn(90)
    assert fitted.gap is None and len(fitted.widths) == 5
    assert max(map(cell_len, lines)) <= 90
    assert "1,234,567" in lines[2] and "2bbfd067" in lines[2] and "…" in lines[2]


def test_columns_in_the_middle_are_left_out_and_their_place_is_marked():
    fitted, lines = drawn(50)
    assert list(fitted.widths) == [0, 1, 4] and fitted.gap == 2
    assert lines[0].split() == ["id", "title", "…", "day"]
    assert lines[2].endswith("…  2026-01-31")


def test_a_cell_of_a_megabyte_takes_no_more_than_its_place():
    _, lines = drawn(80, [Column("n", True, ["1"]), Column("payload", False, ["x" * 1_000_000])])
    assert lines[2] == "1  " + "x" * 76 + "…"


def test_folded_cells_go_on_in_the_next_line():
    columns = [Column("part", False, ["site"]), Column("detail", False, ["does not answer at all"])]
    _, lines = drawn(16, columns, fold=True)
    assert lines[2:] == ["site  does not", "      answer at", "      all"]


CELLS = st.lists(st.text(max_size=30), min_size=2, max_size=2)
MADE = st.lists(st.builds(Column, st.text(max_size=20), st.just(False), CELLS), min_size=1)


@given(MADE, st.integers(1, 120), st.booleans())
def test_whatever_it_holds_it_is_no_wider_than_it_may_be(columns, width, fold):
    shown = [
        Column(tables._shown("x", c.name), False, [tables._shown("x", cell) for cell in c.cells])
        for c in columns
    ]
    narrowest = 4 * len(columns) if fold else 6
    _, lines = drawn(width, shown, fold)
    assert max(map(cell_len, lines)) <= max(width, narrowest)
    if not fold:
        assert len(lines) == 4
    else:
        whole = "".join(lines)
        assert all(c in whole for column in shown for cell in column.cells for c in cell)


class Answer:
    """An answer of these batches."""

    def __init__(self, *batches):
        self.schema, self.batches = batches[0].schema, iter(batches)


def shown(*batches, out=None, **display):
    out = out or io.StringIO()
    Display("table", **display).write(Answer(*batches), out)
    return out.getvalue() if isinstance(out, io.StringIO) else ""


def test_rows_that_are_not_shown_are_counted():
    batches = [pa.record_batch({"n": range(n, n + 70)}) for n in (0, 70, 140)]
    lines = shown(*batches, rows=100).splitlines()
    assert lines[2:102] == [f"{n:>2}" for n in range(100)]
    assert lines[102:] == ["(100 of 210 rows shown)"]
    assert shown(*batches, rows=210).splitlines()[-1] == "209"


def test_no_rows_are_said_so():
    assert shown(pa.record_batch({"n": pa.array([], pa.int64())})) == "n\n─\n(0 rows)\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.30000000000000004, "0.3"),
        (12.34567, "12.35"),
        (1234567.8, "1,234,568"),
        (0.000012345678, "1.235e-05"),
        (5.0, "5.0"),
        (-0.0, "-0.0"),
        (1e22, "1e+22"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_have_four_significant_digits_or_those_before_the_point(value, text):
    assert shown(pa.record_batch({"x": [value]})).splitlines()[2] == text


def test_values_that_nest_are_json_and_codes_never_reach_the_terminal():
    rows = pa.record_batch({"a": [["\x1b[2J", None]], "year": [1994], "n": [1994]})
    assert shown(rows).splitlines()[2].split() == ['["\\u001b[2J",', "null]", "1994", "1,994"]


def test_a_terminal_is_not_exceeded_but_a_pipe_and_wide_show_all(monkeypatch):
    rows = pa.record_batch({f"column_{n}": ["a text of some length"] for n in range(9)})
    assert len(shown(rows).splitlines()[0]) > 150
    monkeypatch.setenv("COLUMNS", "80")
    ours, theirs = pty.openpty()
    try:
        for wide in (False, True):
            with os.fdopen(os.dup(theirs), "w") as out:
                shown(rows, out=out, wide=wide)
            lines = os.read(ours, 65536).decode().split("\r\n")
            assert (len(lines[0]) <= 80) != wide
            told = "(5 of 9 columns shown, --wide shows all)"
            assert (told in lines) != wide
    finally:
        os.close(ours)
        os.close(theirs)
