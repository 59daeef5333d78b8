"""The table `movies` of a stage: loaded, looked up, and shown on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from infra.cli.traffic.simulate import films
from infra.stage import Stage, counts
from transform.aws.buckets import Bucket, Conflict
from transform.lake import movies
from transform.lake.movies import Movie

PAGE = "films.json"
"""What the page shows, in the site's bucket."""
SHOWN = 1_000
"""Films that the page shows at most: a browser has a card of each."""
EMPTY = "The table movies is empty; `lake movies load FILE --stage {stage}` brings in titles."
_TRIES = 5

Done = TypeVar("Done")


class Loaded(msgspec.Struct, frozen=True):
    """What a load came to: films the table has, and how they differ from those it had."""

    movies: int
    added: int
    changed: int
    removed: int


def held(stage: Stage) -> list[Movie]:
    """Give the films of the table, by id."""
    return _standing(_lake(stage))[0]


def titles(stage: Stage) -> dict[str, str]:
    """Give the titles of films by their ids."""
    return {movie.movie_id: movie.title for movie in held(stage)}


def load(stage: Stage, new: Iterable[Movie], *, replace: bool = False) -> Loaded:
    """Bring films into the table, in place of those of the same ids or, with `replace`, of all; and
    have the page show them. Films that it has already change nothing."""
    loaded = list(new)

    def put() -> Loaded:
        standing, body, etag = _standing(lake := _lake(stage))
        films = movies.merged([] if replace else standing, loaded)
        if (fresh := movies.encode(films)) != body:
            lake.put(movies.KEY, fresh, etag)
        return _difference(standing, films)

    done = _settled(put)
    publish(stage)
    return done


def publish(stage: Stage) -> int:
    """Have the page show the table's films: all, or those most liked. Gives how many there are."""
    site = Bucket(stage.client("s3"), stage.outputs.site_bucket)

    def put() -> int:
        # What stands first, then the films: so nobody's newer ones are replaced by older ones.
        body, etag = site.read(PAGE) or (b"", None)
        films = shown = held(stage)
        if len(films) > SHOWN:
            likes = counts(stage)
            shown = sorted(films, key=lambda film: -likes.get(film.movie_id, 0))[:SHOWN]
        if (fresh := msgspec.json.encode(shown)) != body:
            site.put(PAGE, fresh, etag, "application/json")
        return len(films)

    return _settled(put)


def stock(stage: Stage) -> None:
    """Give a table that is empty the films that made-up likes are of."""
    if not publish(stage):
        load(stage, (Movie(*film) for film in films()))


def told(loaded: Loaded) -> str:
    """Say what a load came to."""
    return (
        f"The table movies has {loaded.movies:,} films: {loaded.added:,} added, "
        f"{loaded.changed:,} changed, {loaded.removed:,} removed."
    )


def _lake(stage: Stage) -> Bucket:
    return Bucket(stage.client("s3"), stage.outputs.bucket)


def _standing(lake: Bucket) -> tuple[list[Movie], bytes, str | None]:
    body, etag = lake.read(movies.KEY) or (b"", None)
    return (movies.decode(body) if body else [], body, etag)


def _difference(before: Iterable[Movie], after: Iterable[Movie]) -> Loaded:
    old, new = ({movie.movie_id: movie for movie in some} for some in (before, after))
    same = old.keys() & new.keys()
    changed = sum(old[film] != new[film] for film in same)
    return Loaded(len(new), len(new) - len(same), changed, len(old) - len(same))


def _settled(put: Callable[[], Done]) -> Done:
    """Do it again where somebody else was at it meanwhile."""
    for _ in range(_TRIES - 1):
        try:
            return put()
        except Conflict:
            continue
    return put()
