"""The net likes of a backfill are added to each film once, and what films remember is removed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.backfill.counting import Counts, memory_name
from tests.fakes import refusal
from tests.infra.cli.backfill.world import TABLE, Crash, Fate, Table

NETS = st.dictionaries(st.sampled_from("abcdef"), st.integers(-3, 3), max_size=6)


def table(fate=None):
    fake = Table(fate or Fate())
    return fake, Counts(fake, TABLE)


def nonzero(net):
    return {film: likes for film, likes in net.items() if likes}


@given(NETS, NETS, st.integers(1, 30))
def test_each_backfill_is_added_once_however_often_it_is_cut_off(first, second, last):
    fate = Fate()
    fake, counts = table(fate)
    fate.last = last
    for number, net in ((1, first), (2, second)):
        try:
            counts.add(number, net)
        except Crash:
            fate.last = None
            counts.add(number, net)
    fate.last = None
    counts.add(1, first)
    counts.add(2, second)
    expected = {f: first.get(f, 0) + second.get(f, 0) for f in nonzero(first) | nonzero(second)}
    assert fake.likes() == expected


@given(NETS)
def test_what_comes_to_nothing_is_not_written(net):
    fake, counts = table()
    counts.add(1, net)
    assert fake.writes == len(nonzero(net)) and fake.likes() == nonzero(net)


def test_a_film_remembers_until_it_forgets():
    fake, counts = table()
    counts.add(7, {"a": 2, "b": -1})
    assert fake.items["a"] == {"likes": 2, memory_name(7): 2}
    counts.forget(7, ["a"])
    counts.forget(7, ["a"])
    assert fake.items == {"a": {"likes": 2}, "b": {"likes": -1, memory_name(7): -1}}
    counts.add(7, {"b": -1})
    assert fake.likes() == {"a": 2, "b": -1}


def test_what_the_stream_counted_stays():
    fake, counts = table()
    fake.items["a"] = {"likes": 5, "memory-shard": b"1"}
    counts.add(1, {"a": 2})
    assert fake.items["a"] == {"likes": 7, "memory-shard": b"1", memory_name(1): 2}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ProvisionedThroughputExceeded"])
def test_what_else_the_service_answers_is_raised(code):
    def refuse(*call):
        raise refusal(code)

    fake, counts = table(refuse)
    with pytest.raises(Exception, match=code):
        counts.add(1, {"a": 1})
    with pytest.raises(Exception, match=code):
        counts.forget(1, ["a"])
    assert fake.items == {}


def test_many_films_are_all_counted():
    fake, counts = table()
    net = {f"tt{n}": n for n in range(1, 200)}
    counts.add(1, net)
    assert fake.likes() == net
