"""What a backfill does where files grow, the stream brings the same, and others run beside it."""

from functools import partial

import pytest

from tests.examples import every
from tests.infra.cli.backfill.world import NOW, World, line, lines, truth
from tests.raw_likes import HOUR, Row

MINUTE = 60_000

TODAY = NOW // HOUR // 24, "whole.parquet"


def ids(world):
    return sorted(row.event_id for rows in world.rows().values() for row in rows)


def by_the_stream(*names):
    return [Row(name, "a", None, "like", NOW - HOUR, NOW) for name in names]


def test_of_a_file_that_grew_only_the_new_lines_are_added(world):
    old = lines(*(line(f"{n}") for n in range(9)))
    world.write("a.json", old)
    world.run("a.json")
    world.write("a.json", old + lines(line("9"), line("0")), NOW + MINUTE)
    world.now += MINUTE

    ledger = world.run("a.json").ledger

    assert (ledger.totals.new, world.counted()) == (1, {"a": 10})
    found = {row.event_id: row.backfill for rows in world.rows().values() for row in rows}
    assert found == {f"{n}": 1 for n in range(9)} | {"9": 2}


@pytest.mark.parametrize("last", range(5, 90, 12))
def test_a_file_may_grow_between_a_crash_and_the_run_that_goes_on(world, last):
    old = lines(*(line(f"{n}") for n in range(9)))
    world.write("a.json", old)
    world.dies(last, "a.json")
    world.write("a.json", old + lines(line("9")), NOW + MINUTE)
    world.now += HOUR

    world.run("a.json")

    assert ids(world) == [f"{n}" for n in range(10)] and world.counted() == {"a": 10}


def test_of_likes_that_the_stream_brought_before_none_is_counted_again(world):
    world.merge_raw(*by_the_stream("1", "2"))
    world.write("a.json", lines(line("1"), line("2"), line("3")))

    ledger = world.run("a.json").ledger

    assert (ledger.totals.new, world.counted()) == (1, {"a": 3})
    assert {row.event_id: row.backfill for rows in world.rows().values() for row in rows} == {
        "1": None, "2": None, "3": 1,
    }  # fmt: skip


def test_likes_that_the_stream_brings_after_take_the_place_and_count_once(world):
    world.write("a.json", lines(line("1"), line("2")))
    world.run("a.json")

    world.merge_raw(*by_the_stream("1"))

    assert world.rows() == {TODAY: [*by_the_stream("1"), *truth("", line("2")).rows]}
    assert world.counted() == {"a": 2} and world.adjusted() == {"a": 1}
    stands = world.stands()
    assert world.run("a.json").ledger.totals.new == 0 and world.stands() == stands


def test_likes_that_the_stream_brings_meanwhile_count_once(world):
    world.write("a.json", lines(line("1"), line("2")))
    world.run("a.json")
    for turn in range(1, world.fate.calls, 5):
        again = World(world.folder)
        again.fate.act[turn] = partial(again.merge_raw, *by_the_stream("1"))

        again.run("a.json")

        assert ids(again) == ["1", "2"] and again.counted() == {"a": 2}
        assert {row.backfill for row in again.rows()[TODAY]} == {None, 1}
        assert again.adjusted() == {"a": 1}
        stands = again.stands()
        again.run("a.json")
        assert again.stands() == stands


def test_backfills_of_other_files_beside_each_other_count_each_like_once(world):
    world.write("a.json", lines(line("1"), line("2"), b"no"))
    world.write("b.json", lines(line("3"), line("4", "b", NOW), b"{}"))
    world.run("a.json")
    for turn in range(1, world.fate.calls, 5):
        again = World(world.folder)
        again.fate.act[turn] = partial(again.run, "b.json")
        again.run("a.json")
        assert ids(again) == ["1", "2", "3", "4"] and again.counted() == {"a": 3, "b": 1}
        assert len(again.rejected()) == 2
        assert {ledger.number for ledger in again.ledgers()} == {1, 2}


def test_other_wishes_begin_another_backfill_while_one_is_open(world):
    world.write("a.json", lines(line("1")))
    world.write("b.json", lines(line("2")))
    world.dies(40, "a.json")
    assert world.run("b.json").ledger.number == 2
    assert world.run("a.json").ledger.number == 1
    assert world.counted() == {"a": 2}


@pytest.mark.parametrize("turn", range(1, 20, 3))
def test_a_file_that_grows_while_two_runs_of_the_same_read_it_is_counted_whole(world, turn):
    """One ends with the file as it was, before the other names the hours of what it has read."""
    old = lines(*(line(f"{n}") for n in range(9)))
    new = old + lines(line("9"), line("10"))
    world.write("a.json", old, NOW - MINUTE)
    world.dies(30, "a.json")

    def other():
        world.write("a.json", old, NOW - MINUTE)
        world.run("a.json")
        world.write("a.json", new)

    world.write("a.json", new)
    world.fate.act[world.fate.calls + turn] = other
    if world.run("a.json").failed:  # it changed while it was open
        world.run("a.json")

    assert len(ids(world)) == 11 and world.counted() == world.net() == {"a": 11}


def test_backfills_that_share_likes_count_each_of_them_once(tmp_path):
    """The second begins at any moment of the first, and ends before the first goes on."""
    data = lines(line("1"), line("2"))
    world = World(tmp_path)
    world.write("a.json", data)
    world.run("a.json")
    for turn in range(1, world.fate.calls, every(8)):
        world = World(tmp_path)
        for name in ("a.json", "b.json"):
            world.write(name, data)
        world.fate.act[turn] = partial(world.run, "b.json")
        world.run("a.json")
        assert ids(world) == ["1", "2"]
        assert world.counted() == {"a": 2}, turn


UNDATED = lines(line("named", at=None), line(None, "b", None), b'{"movie_id":"b"}')


@pytest.mark.parametrize("changed", [-50 * HOUR, -HOUR, MINUTE, 30 * HOUR])
@pytest.mark.parametrize("name", ["a.json", "copy.json.gz"])
def test_a_line_that_tells_no_time_is_the_same_like_however_its_file_is_touched(
    world, changed, name
):
    world.now += 60 * HOUR
    world.write("a.json", UNDATED)
    world.run("a.json")
    stood = world.rows()
    world.write(name, UNDATED, NOW + changed)

    assert world.run(name).ledger.totals.new == 0

    assert world.rows() == stood and world.counted() == {"a": 1, "b": 2}


def test_two_that_bring_the_same_lines_without_a_time_leave_each_once(tmp_path):
    """From two copies, which were changed on different days; one runs between any two calls of the
    other."""
    for turn in range(1, 200, every(8)):
        world = World(tmp_path)
        world.write("a.json", UNDATED, NOW - 40 * HOUR)
        world.write("b.json", UNDATED)
        world.fate.act[turn] = partial(world.run, "b.json")
        world.run("a.json")
        world.compact()
        assert world.counted() == {"a": 1, "b": 2}, turn
        assert len(ids(world)) == 3, turn
        if world.fate.act:
            break
    else:
        raise AssertionError("It was never at its end.")
