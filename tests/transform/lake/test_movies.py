"""Films as the table `movies` holds them: what is one, how more come there, and the same bytes."""

import io
import string

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue import schema, tables
from transform.lake import movies
from transform.lake.movies import InvalidMovie, Movie

films = st.builds(
    Movie,
    st.text(string.ascii_lowercase + "._:-", min_size=1, max_size=2),
    st.text(min_size=1).map(lambda text: " ".join(text.split())).filter(bool),
    st.none() | st.integers(1870, 2100),
)
tables_of_films = st.lists(films).map(lambda some: movies.merged((), some))
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()

GOOD = {
    "all of it": ({"movie_id": "tt1", "title": "M", "year": 1931}, Movie("tt1", "M", 1931)),
    "another name": ({"movieid": "tt1", "title": "M"}, Movie("tt1", "M")),
    "a short name": ({"id": "tt1", "title": "M", "year": None}, Movie("tt1", "M")),
    "the best name": ({"id": "1", "movie_id": "tt1", "title": "M"}, Movie("tt1", "M")),
    "a number for an id": ({"id": 7, "title": "M"}, Movie("7", "M")),
    "blanks": ({"id": " tt1\t", "title": " The\n  End ", "year": " "}, Movie("tt1", "The End")),
    "a year as text": ({"id": "a", "title": "M", "year": " 1931 "}, Movie("a", "M", 1931)),
    "a year of pandas": ({"id": "a", "title": "M", "year": "1931.0"}, Movie("a", "M", 1931)),
    "a float": ({"id": "a", "title": "M", "year": 1931.0}, Movie("a", "M", 1931)),
    "no number": ({"id": "a", "title": "M", "year": float("nan")}, Movie("a", "M")),
    "the first year": ({"id": "a", "title": "M", "year": 1870}, Movie("a", "M", 1870)),
    "the last year": ({"id": "a", "title": "M", "year": 2100}, Movie("a", "M", 2100)),
    "the longest title": ({"id": "a", "title": "M" * 500}, Movie("a", "M" * 500)),
    "what else there is": ({"id": "a", "title": "M", "genres": "x"}, Movie("a", "M")),
}
BAD = {
    "no id": ({"tconst": "tt1", "title": "M"}, "there is no movie_id, movieId or id, but tconst, "),
    "nothing": ({}, "but nothing"),
    "an empty id": ({"movie_id": "", "id": "tt1", "title": "M"}, "movie_id is 1 to 64 letters"),
    "no like's id": ({"id": "tt 1", "title": "M"}, "movie_id is 1 to 64 letters"),
    "a truth": ({"id": True, "title": "M"}, "movie_id is 1 to 64 letters"),
    "no title": ({"id": "tt1"}, "title is a text of 1 to 500 characters"),
    "a blank title": ({"id": "tt1", "title": "\u2003\n"}, "title is a text"),
    "a long title": ({"id": "tt1", "title": "M" * 501}, "title is a text"),
    "a number for a title": ({"id": "tt1", "title": 300}, "title is a text"),
    "a year too early": ({"id": "tt1", "title": "M", "year": 1869}, "year is 1870 to 2100"),
    "a year too late": ({"id": "tt1", "title": "M", "year": "2101"}, "year is 1870 to 2100"),
    "half a year": ({"id": "tt1", "title": "M", "year": 1931.5}, "year is"),
    "other digits": ({"id": "tt1", "title": "M", "year": "१९३१"}, "year is"),
    "no year": ({"id": "tt1", "title": "M", "year": "unknown"}, "year is"),
}


@pytest.mark.parametrize(("fields", "movie"), GOOD.values(), ids=GOOD)
def test_a_film_is_read(fields, movie):
    assert movies.parse(fields) == movie


@pytest.mark.parametrize(("fields", "says"), BAD.values(), ids=BAD)
def test_what_is_no_film_says_why(fields, says):
    with pytest.raises(InvalidMovie) as refused:
        movies.parse(fields)
    assert says in str(refused.value) and str(refused.value).endswith(".")


@given(st.dictionaries(st.sampled_from(sorted(movies.FIELDS)), values))
def test_any_fields_are_a_film_or_none(fields):
    try:
        movie = movies.parse(fields)
    except InvalidMovie:
        return
    assert movies.decode(movies.encode([movie])) == [movie]


@given(tables_of_films, st.lists(films))
def test_new_films_take_the_place_of_old_ones_and_no_other_changes(standing, new):
    found = movies.merged(standing, new)
    ids = [movie.movie_id for movie in found]
    assert ids == sorted({movie.movie_id for movie in (*standing, *new)})
    last = {movie.movie_id: movie for movie in new}
    old = {movie.movie_id: movie for movie in standing}
    assert all(movie == last.get(movie.movie_id, old.get(movie.movie_id)) for movie in found)
    assert movies.merged(found, new) == found


@given(tables_of_films)
def test_the_same_films_are_the_same_bytes_and_come_back(some):
    body = movies.encode(some)
    assert movies.decode(body) == some
    assert movies.encode(movies.decode(body)) == body


def test_the_object_is_the_table_s_compressed():
    file = pq.ParquetFile(io.BytesIO(movies.encode([Movie("tt1", "M", 1931), Movie("tt2", "N")])))
    assert file.schema_arrow.equals(schema.arrow(tables.read("movies")))
    assert file.metadata.row_group(0).column(1).compression == "ZSTD"
    assert movies.KEY == "movies/movies.parquet"


@pytest.mark.parametrize(
    ("text", "found"), [("", "ab"), ("LEON", "a"), ("1994 léon", "a"), ("tt", "ab"), ("none", "")]
)
def test_a_film_is_found_by_the_words_of_id_title_and_year(text, found):
    some = [Movie("tt-a", "Léon", 1994), Movie("tt-b", "Nobody Knows")]
    assert "".join(movie.movie_id[-1] for movie in movies.search(some, text)) == found
