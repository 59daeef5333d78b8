"""The table `movies` of a stage takes films whole, whoever else is at it; the page shows them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.movies import table
from infra.cli.movies.table import Loaded
from infra.cli.traffic.simulate import films
from infra.stage import Stage
from tests.bucket import Objects
from tests.stages import OUTPUTS
from transform.aws.buckets import Conflict
from transform.lake import movies
from transform.lake.movies import Movie

A, B, C = Movie("a", "Ä", 1990), Movie("b", "B"), Movie("c", "C", 2000)
PAGE = "films.json"


class Here(Stage, frozen=True):
    """A stage whose buckets are one, in memory."""

    s3: Any = None

    def client(self, service: str, **settings: Any) -> Any:
        """Give the bucket, for there is no other service."""
        assert service == "s3"
        return self.s3

    def shown(self) -> list[Movie]:
        """Give what the page shows."""
        return [Movie(**film) for film in json.loads(self.s3.objects[PAGE])]


def made(*standing: Movie) -> Here:
    stage = Here("local", OUTPUTS, s3=Objects())
    if standing:
        table.load(stage, standing)
    return stage


def test_an_empty_table_has_no_titles():
    stage = made()
    assert (table.held(stage), table.titles(stage), stage.s3.objects) == ([], {}, {})


def test_films_are_loaded_told_and_shown():
    stage = made()
    assert table.load(stage, [C, A]) == Loaded(2, 2, 0, 0)
    assert table.held(stage) == stage.shown() == [A, C]
    assert table.titles(stage) == {"a": "Ä", "c": "C"}
    assert stage.s3.kinds[PAGE] == "application/json"


def test_loaded_again_nothing_is_written():
    stage = made(A, B)
    before = list(stage.s3.writes)
    assert table.load(stage, [B]) == Loaded(2, 0, 0, 0)
    assert stage.s3.writes == before


@pytest.mark.parametrize(
    ("replace", "left", "came_to"),
    [(False, [A, B, C], Loaded(3, 1, 1, 0)), (True, [B, C], Loaded(2, 1, 1, 1))],
)
def test_a_load_merges_or_replaces(replace, left, came_to):
    stage = made(A, Movie("b", "Bee"))
    assert table.load(stage, [B, C], replace=replace) == came_to
    assert table.held(stage) == stage.shown() == left
    told = table.told(came_to)
    assert told.startswith(f"The table movies has {len(left)} films: 1 added, 1 changed, ")


@pytest.mark.parametrize("key", [movies.KEY, PAGE])
def test_who_loads_at_the_same_time_loses_nothing(key):
    """Somebody else comes between the reading and the writing of either object, each time once."""
    stage = made(A)
    others = iter([B])

    def between(call, at):
        if (call, at) == ("put", key) and (other := next(others, None)):
            table.load(stage, [other])

    stage.s3.before = between
    table.load(stage, [C])
    assert table.held(stage) == stage.shown() == [A, B, C]


def test_who_is_always_outdone_says_so():
    stage = made(A)
    stage.s3.before = lambda call, key: (
        stage.s3.add(movies.KEY, movies.encode([Movie("x", str(len(stage.s3.objects)))]))
        if call == "put" else None
    )  # fmt: skip
    stage.s3.after = lambda call, key: stage.s3.objects.update({f"n{len(stage.s3.objects)}": b""})
    with pytest.raises(Conflict):
        table.load(stage, [C])


@pytest.mark.parametrize("cut_off", [movies.KEY, PAGE])
def test_a_load_that_was_cut_off_is_made_up_for_by_the_next(cut_off):
    stage = made(A)

    def crash(call, key):
        if (call, key) == ("put", cut_off):
            raise KeyboardInterrupt

    stage.s3.before = crash
    with pytest.raises(KeyboardInterrupt):
        table.load(stage, [B])
    stage.s3.before = lambda call, key: None
    table.load(stage, [B])
    assert table.held(stage) == stage.shown() == [A, B]


def test_of_more_films_than_a_page_takes_those_most_liked_are_shown(monkeypatch):
    monkeypatch.setattr(table, "SHOWN", 2)
    monkeypatch.setattr(table, "counts", lambda stage: {"c": 9, "b": 1, "other": 50})
    stage = made(A, B, C)
    assert (stage.shown(), table.publish(stage)) == ([C, B], 3)


def test_only_an_empty_table_gets_the_films_of_made_up_likes():
    stage = made()
    table.stock(stage)
    assert table.titles(stage) == {film.movie_id: film.title for film in films()}
    assert stage.shown() == table.held(stage)
    stage = made(A)
    stage.s3.objects.pop(PAGE)
    table.stock(stage)
    assert table.held(stage) == stage.shown() == [A]


some = st.lists(st.builds(Movie, st.sampled_from("abc"), st.sampled_from("XY"), st.just(1990)))


@given(st.lists(st.tuples(some, st.booleans())))
def test_any_loads_leave_what_their_films_say(loads):
    stage, truth = made(), {}
    for loaded, replace in loads:
        before = dict(truth)
        truth = ({} if replace else truth) | {movie.movie_id: movie for movie in loaded}
        found = table.load(stage, loaded, replace=replace)
        assert table.held(stage) == stage.shown() == [truth[film] for film in sorted(truth)]
        assert found.movies == len(truth) == len(before) + found.added - found.removed
