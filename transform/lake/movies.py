"""Films by their ids: what may stand in the table `movies`, and its one object."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from glue import schema, tables
from transform.event import movie_ids
from transform.event.invalid import InvalidLike

_TABLE = tables.read("movies")
KEY = f"{_TABLE.location}movies.parquet"
LONGEST_TITLE = 500
YEARS = range(1870, 2101)
_IDS = ("movie_id", "movieid", "id")
FIELDS = {*_IDS, "title", "year"}
"""What is read of a row, by names in small letters."""
_YEAR = re.compile(r"([0-9]{4})(\.0)?")  # pandas makes floats of years where one is missing


class InvalidMovie(ValueError):
    """What is no film; the message says why in words."""


class Movie(msgspec.Struct, frozen=True):
    """A film, and what people call it."""

    movie_id: str
    title: str
    year: int | None = None

    def __str__(self) -> str:
        return f'"{self.title}"' if self.year is None else f'"{self.title}" ({self.year})'


def parse(fields: Mapping[str, Any]) -> Movie:
    """Give the film that fields tell, named as in `FIELDS`; raises `InvalidMovie`.

    Ids are those of likes; whole numbers are taken for their text, as tables of films have them.
    """
    return Movie(_movie_id(fields), _title(fields.get("title")), _year(fields.get("year")))


def merged(standing: Iterable[Movie], new: Iterable[Movie]) -> list[Movie]:
    """Give the films of both, those that are new in place of what stands of the same id."""
    films = {movie.movie_id: movie for several in (standing, new) for movie in several}
    return [films[movie_id] for movie_id in sorted(films)]


def encode(movies: Iterable[Movie]) -> bytes:
    """Give films as Parquet, in their order; the same films give the same bytes."""
    rows = pa.Table.from_pylist(
        [msgspec.structs.asdict(movie) for movie in movies], schema.arrow(_TABLE)
    )
    encodings = {column.name: column.encoding for column in _TABLE.columns if column.encoding}
    out = pa.BufferOutputStream()
    pq.write_table(
        rows, out, compression="zstd", use_dictionary=False, column_encoding=encodings,
        store_schema=False,
    )  # fmt: skip
    return out.getvalue().to_pybytes()


def decode(body: bytes) -> list[Movie]:
    """Give the films of such an object."""
    rows = pq.read_table(pa.BufferReader(body), columns=list(Movie.__struct_fields__))
    return [Movie(**row) for row in rows.to_pylist()]


def search(movies: Iterable[Movie], text: str) -> list[Movie]:
    """Give the films whose id, title and year hold each word of a text, accents or not."""
    words = _plain(text).split()
    return [
        movie
        for movie in movies
        if all(
            word in _plain(f"{movie.movie_id} {movie.title} {movie.year or ''}") for word in words
        )
    ]


def _movie_id(fields: Mapping[str, Any]) -> str:
    name = next((name for name in _IDS if name in fields), None)
    if name is None:
        told = ", ".join(map(str, fields)) or "nothing"
        raise InvalidMovie(f"there is no movie_id, movieId or id, but {told}.")
    value = fields[name]
    try:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return movie_ids.parse(str(value) if isinstance(value, str) or whole else "")
    except InvalidLike as error:
        raise InvalidMovie(error.detail) from None


def _title(value: Any) -> str:
    title = " ".join(value.split()) if isinstance(value, str) else ""
    if not title or len(title) > LONGEST_TITLE:
        raise InvalidMovie(f"title is a text of 1 to {LONGEST_TITLE} characters.")
    return title


def _year(value: Any) -> int | None:
    if value is None or value != value or (text := str(value).strip()) == "":
        return None
    found = _YEAR.fullmatch(text)
    if found is None or int(found[1]) not in YEARS:
        raise InvalidMovie(f"year is {YEARS.start} to {YEARS.stop - 1}, or nothing.")
    return int(found[1])


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
