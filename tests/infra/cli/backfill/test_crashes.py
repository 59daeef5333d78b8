"""However often a backfill is cut off, and whoever runs it beside, it counts each like once."""

import tempfile
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill import line_chunks, segment
from tests import raw_likes
from tests.examples import every, examples
from tests.infra.cli.backfill.world import NOW, World, line, lines, truth
from tests.raw_likes import HOUR

MINUTE = 60_000
A = lines(
    *(line(f"e{n}", "ab"[n % 2], NOW - n % 2 * HOUR, action=["like", "unlike"][n == 3])
      for n in range(7)),
    b"no like", b"{}", line("e1", "b", NOW - HOUR), b"[]", line(None, "c"), line(None, "c", None),
)  # fmt: skip
B = lines(line("e2", "a", NOW), line("f", "d", NOW - HOUR), b"[1]", line(None, "c"))


def two_files(folder):
    world = World(folder)
    world.write("a.json", A, NOW - 5 * MINUTE)
    world.write("b.json.gz", B, NOW - MINUTE)
    return world


FILES = ("a.json", "b.json.gz")


@pytest.fixture
def clean(tmp_path, small):
    """Run once, without a crash."""
    world = two_files(tmp_path)
    world.run(*FILES)
    calls = world.fate.calls
    assert world.counted() == world.net() and len(world.rejected()) == 4
    assert world.ledgers()[0].ended
    world.fate.calls = calls
    return world


def test_a_crash_at_any_call_loses_and_adds_nothing(clean, tmp_path):
    stands = clean.stands()
    # After a call is before the next one, and before one that reads is before the next that writes.
    for last in clean.fate.writes:
        world = two_files(tmp_path)
        assert world.dies(last, *FILES)
        world.now += HOUR
        ledger = world.run(*FILES).ledger
        assert world.stands() == stands, last
        assert (ledger.number, ledger.ended) == (1, world.now), last
        told, truth = ledger.totals, clean.ledgers()[0].totals
        assert (told.lines, told.likes, told.rejected) == (
            truth.lines, truth.likes, truth.rejected
        ), last  # fmt: skip
        assert told.new == truth.new or ledger.runs == 2 and told.new < truth.new, last


def test_two_runs_of_the_same_count_once(clean, tmp_path):
    """One does its whole work between any two calls of the other."""
    stands = clean.stands()
    for turn in range(1, clean.fate.calls + 1, every(10)):
        world = two_files(tmp_path)
        world.fate.act[turn] = partial(world.run, *FILES)
        world.run(*FILES)
        assert not world.fate.act
        assert world.stands() == stands, turn
        ledgers = world.ledgers()
        assert all(each.ended for each in ledgers)
        assert sum(each.totals.new for each in ledgers) <= clean.ledgers()[0].totals.new, turn


def moment(name):
    return NOW - (int(name) % 3) * HOUR


names = st.sampled_from("01234567")
good = st.builds(
    lambda name, film, action: line(f"e{name}", film, moment(name), action=action),
    names, st.sampled_from("abc"), st.sampled_from(["like", "unlike"]),
)  # fmt: skip
nameless = st.builds(line, st.none(), st.sampled_from("ab"), st.sampled_from([None, NOW - HOUR]))
others = st.sampled_from(
    [b"", b" ", b"7", b"{]", b"{}", b"no", line("ahead", "a", NOW + 9 * HOUR),
     line("soon", "a", NOW + 9 * MINUTE)]
)  # fmt: skip
contents = st.lists(st.one_of(good, good, nameless, others), max_size=14)
files = st.lists(
    st.tuples(contents, st.sampled_from([0, MINUTE, 50 * HOUR]), st.booleans()),
    min_size=1, max_size=3,
)  # fmt: skip


@contextmanager
def sizes(**small):
    """Have other sizes for an example."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            line_chunks, "lines", partial(line_chunks.lines, chunk_bytes=small.pop("chunk"))
        )
        for name, size in small.items():
            patch.setattr(segment, name, size)
        yield


def is_ended(world):
    return any(ledger.ended for ledger in world.ledgers())


@settings(max_examples=examples(12))
@given(
    files,
    st.lists(st.integers(1, 120), max_size=3),
    st.lists(st.integers(1, 120), max_size=2),
    st.fixed_dictionaries(
        {"chunk": st.integers(1, 400), "SEGMENT_ROWS": st.integers(1, 30),
         "STAGED_ROWS": st.integers(1, 30), "REJECTED_LINES": st.integers(1, 5)}
    ),
)  # fmt: skip
def test_any_files_crashes_and_runs_beside_leave_each_like_once(given, crashes, beside, small):
    with tempfile.TemporaryDirectory() as folder, sizes(**small):
        world = World(folder)
        named = {f"{n}.json{'.gz' * each[2]}": each for n, each in enumerate(given)}
        for name, (content, age, _) in named.items():
            world.write(name, lines(*content), NOW - age)
        for last in crashes:
            world.dies(last, *named)
            if is_ended(world):
                break
            world.now += 20 * MINUTE

        def other():
            if not is_ended(world):
                world.run(*named)

        for turn in beside:
            world.fate.act[world.fate.calls + turn] = other
        if not is_ended(world):
            world.run(*named)
        world.fate.act.clear()

        world.now = world.ledgers()[0].began
        rows, bad = [], []
        for name, (content, age, _) in named.items():
            told = truth(name, lines(*content), NOW - age, world.now)
            rows += told.rows
            bad += told.bad
        assert world.rows() == raw_likes.days(rows)
        assert world.totals() == world.net() == world.counted()
        assert [each[:4] for each in world.rejected()] == sorted(bad)
        assert all(ledger.ended for ledger in world.ledgers())
        stands = world.stands()
        world.run(*named)
        assert world.stands() == stands
