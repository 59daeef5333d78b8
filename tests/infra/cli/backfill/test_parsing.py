"""Chunks become rows in their order, a few at a time, and what fails does so after the rest."""

import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import parsing
from infra.cli.backfill.line_chunks import Chunk
from infra.cli.backfill.parsing import Rules, parse
from infra.cli.backfill.source_files import SourceError
from infra.cli.backfill.where import Where
from tests.examples import examples
from tests.infra.cli.backfill.world import NOW, line, lines
from transform.event.stream_records import BadLine

RULES = Rules(NOW, NOW)
LINES = st.lists(
    st.sampled_from([b"", b" ", b"{}", b"no", b"[]", *(line(f"{n}", f"m{n}") for n in range(5))])
)


def cut(data, size):
    """Give data in chunks of whole lines, of so many bytes and the line they end in."""
    first, held = 1, b""
    for one in data.splitlines(keepends=True):
        held += one
        if len(held) >= size:
            yield Chunk(first, held)
            first, held = first + held.count(b"\n"), b""
    if held:
        yield Chunk(first, held)


def films(read):
    return sorted(read.rows["movie_id"].to_pylist())


@settings(max_examples=examples(20))
@given(LINES, st.integers(1, 90), st.integers(1, 3), st.booleans())
def test_nothing_depends_on_chunks_and_workers(given, size, workers, ends):
    data = b"\n".join(given) + b"\n" * ends
    found = list(parse(cut(data, size), RULES, workers))
    assert [read.last for read in found] == [
        chunk.first + chunk.data.rstrip(b"\n").count(b"\n") + len(chunk.data)
        - len(chunk.data.rstrip(b"\n")) - chunk.data.endswith(b"\n")
        for chunk in cut(data, size)
    ]  # fmt: skip
    assert sum(read.size for read in found) == len(data)
    assert sum(read.lines for read in found) == len(data.splitlines())
    good = sorted(film for read in found for film in films(read))
    assert good == sorted(json.loads(one)["movie_id"] for one in given if b"event_id" in one)
    bad = [(one.number, one.payload) for read in found for one in read.bad]
    kept = {b"{}", b"no", b"[]"}
    assert bad == [(n, one) for n, one in enumerate(given, 1) if one in kept]


def test_rows_that_are_none_come_in_their_place():
    bad = BadLine(3, b"a,b,c", "not_csv", "A row has 2 fields; this has 3.")
    found = list(parse([Chunk(2, line("1"), [2]), bad, Chunk(4, line("2"), [4])], RULES, 2))
    assert [read.last for read in found] == [2, 3, 4]
    assert found[1].bad == [bad] and (found[1].size, found[1].lines) == (5, 1)
    assert len(found[1].rows) == 0 and found[1].rows.schema == found[0].rows.schema


@pytest.mark.parametrize("workers", [1, 3])
def test_so_many_chunks_are_read_ahead_and_no_more(workers):
    taken = []

    def chunks():
        for number in range(1, 30):
            taken.append(number)
            yield Chunk(number, line(f"{number}"))

    for seen, read in enumerate(parse(chunks(), RULES, workers), 1):
        assert read.last == seen
        assert len(taken) <= seen + 2 * workers


def test_chunks_are_parsed_beside_each_other(monkeypatch):
    both = threading.Barrier(2, timeout=30)
    work = parsing._parse
    monkeypatch.setattr(parsing, "_parse", lambda *given: both.wait() and None or work(*given))
    assert len(list(parse([Chunk(1, b"{}"), Chunk(2, b"{}")], RULES, 2))) == 2


@pytest.mark.parametrize("whole", [0, 1, 7])
def test_a_source_that_fails_does_so_after_what_came_before(whole):
    def chunks():
        for number in range(1, whole + 1):
            yield Chunk(number, line(f"{number}"))
        raise SourceError("It is gone.")

    found = []
    with pytest.raises(SourceError, match=r"It is gone\."):
        for read in parse(chunks(), RULES, 2):
            found.append(read.last)
    assert found == list(range(1, whole + 1))


@settings(max_examples=examples(12))
@given(LINES, st.integers(1, 90))
def test_a_condition_leaves_lines_out_and_the_numbers_of_others_are_right(given, size):
    sample = lines(line("0", "m0"))
    rules = RULES._replace(where=Where("movie_id <> 'm1'", sample))
    data = lines(*given)
    found = list(parse(cut(data, size), rules, 2))
    left = [(n, one) for n, one in enumerate(given, 1) if b"m1" not in one and one != b"{}"]
    assert sum(read.lines for read in found) == len(left)
    bad = [(one.number, one.payload) for read in found for one in read.bad]
    assert bad == [(n, one) for n, one in left if one in (b"no", b"[]")]
    assert sum(len(read.rows) for read in found) == sum(b"event_id" in one for _, one in left)
    if found:
        assert found[-1].last == len(given)


def test_a_condition_that_fails_for_a_value_does_so_after_what_came_before():
    where = Where("n::INTEGER = 1", b'{"n":"1"}')
    given = [Chunk(1, line("1", n="1")), Chunk(2, line("2", n="x")), Chunk(3, line("3", n="1"))]
    found = []
    with pytest.raises(SourceError, match="fails"):
        for read in parse(given, RULES._replace(where=where), 1):
            found.append(read.last)
    assert found == [1]


@pytest.mark.parametrize("numbers", [None, [4, 9, 11]])
def test_a_rejected_line_is_kept_as_it_came(numbers):
    bad = b'{"film" : "a b",  "when":1}'
    given = lines(b'{"film":"a"}', bad, b" ")
    rules = RULES._replace(fields={"movie_id": "film"}, unit="s")
    [read] = parse([Chunk(4, given, numbers)], rules, 1)
    assert [(one.number, one.payload) for one in read.bad] == [((numbers or [4, 5])[1], bad)]
    assert films(read) == ["a"] and read.last == (numbers or [4, 5, 6])[-1]


def test_of_a_chunk_of_which_nothing_is_kept_only_the_lines_are_told():
    where = Where("movie_id = 'z'", line("1", "a"))
    given = lines(line("1", "a"), line("2", "b"))
    [read] = parse([Chunk(1, given)], RULES._replace(where=where), 1)
    assert read[:3] == (2, len(given), 0) and len(read.rows) == 0 and read.bad == []


def test_ahead_is_told_by_now_and_no_time_by_the_arrival():
    given = lines(line("1", at=NOW), line("2", at=NOW + 10**9), line("3", at=None))
    rules = Rules(NOW - 10**9, NOW)
    [read] = parse([Chunk(1, given)], rules, 1)
    assert [one.number for one in read.bad] == [2]
    assert sorted(read.rows["liked_at"].cast("int64").to_pylist()) == [NOW - 10**9, NOW]
