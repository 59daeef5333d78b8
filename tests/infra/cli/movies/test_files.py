"""Films are read from a file of any kind, whole or not at all, and what is wrong is named."""

import csv
import gzip
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.cli.movies import files
from infra.cli.movies.files import BadFile
from transform.lake.movies import Movie

FILMS = [Movie("tt2", 'He said "Hm, no"', 1999), Movie("tt1", "Ütöpia é"), Movie("a:b", "=1")]


def as_csv(path):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["movieId", " Title ", "genres", "YEAR"])
        writer.writerows([f.movie_id, f.title, "x", f.year] for f in FILMS)


def as_json(path):
    lines = [json.dumps({"movie_id": f.movie_id, "title": f.title, "year": f.year}) for f in FILMS]
    path.write_text("\ufeff" + "\n\n".join(lines))


def as_parquet(path):
    rows = [{"id": f.movie_id, "title": f.title, "year": f.year, "more": [1]} for f in FILMS]
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("write", [as_csv, as_json])
def test_lines_are_read_plain_and_zipped_whatever_the_file_is_called(tmp_path, write, zipped):
    path = tmp_path / "films"
    write(path)
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert files.read(path) == FILMS


def test_parquet_is_read(tmp_path):
    as_parquet(tmp_path / "films.csv")
    assert files.read(tmp_path / "films.csv") == FILMS


def test_a_film_that_stands_twice_and_is_the_same_is_one(tmp_path):
    (tmp_path / "f").write_text("id,title,year\na,A,1990\na, A ,1990.0\n")
    assert files.read(tmp_path / "f") == [Movie("a", "A", 1990)]


BAD = {
    "nothing": (b"", "there are no films in it."),
    "a header alone": (b"movie_id,title\n", "there are no films in it."),
    "no id": (b"tconst,title\ntt1,A\n", "line 2: there is no movie_id, movieId or id, but tconst"),
    "a title missing": (b"id,title\na,A\nb,\n", "line 3: title is a text"),
    "a bad id after lines": (b'id,title\na,"A\n\nA"\n\nb!,B\n', "line 6: movie_id is 1 to 64"),
    "a bad year": (b'{"id": "a", "title": "A", "year": 12}', "line 1: year is 1870 to 2100"),
    "too many values": (b"id,title\na,A,B\n", "line 2 has 3 values for 2 columns."),
    "a quote left open": (b'id,title\na,"A\n', "line 2 is no CSV"),
    "no UTF-8": (b"id,title\na,\xff\n", "line 2 is neither UTF-8 nor gzip"),
    "no JSON": (b'{"id": "a", "title": "A"}\n{"id": "b"', "line 2 is no JSON object"),
    "no object": (b'{"id": "a", "title": "A"}\n[1]', "line 2 is no JSON object"),
    "deep JSON": (b'{"id": ' + b"[" * 100_000, "line 1 is no JSON object"),
    "half a pair": (b'{"id": "a", "title": "\\ud800"}', "line 1 is no JSON object"),
    "two titles": (
        b"id,title,year\na,A,1990\nb,B,\na,Z,\n", 'a is "A" (1990) in line 2 and "Z" in line 4.'
    ),
    "half a Parquet file": (b"PAR1PAR1", "cannot be read: "),
    "half a zipped file": (gzip.compress(b"id,title\n" * 9)[:-9], "cannot be read: "),
}  # fmt: skip


@pytest.mark.parametrize(("body", "says"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_in_a_sentence(tmp_path, body, says):
    path = tmp_path / "films"
    path.write_bytes(body)
    with pytest.raises(BadFile) as refused:
        files.read(path)
    assert says in str(refused.value)
    assert re.fullmatch(rf"{path}(:| cannot) .*\.", str(refused.value))


def test_a_row_of_parquet_is_named_by_its_number(tmp_path):
    rows = [{"id": str(n), "title": None if n == 70_000 else "A"} for n in range(70_001)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "f")
    with pytest.raises(BadFile, match="row 70001: title is"):
        files.read(tmp_path / "f")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.text().map(lambda text: f"id,title,year\n{text}".encode()))
def test_any_bytes_are_films_or_are_refused(tmp_path, body):
    path = tmp_path / "films"
    path.write_bytes(body)
    try:
        assert files.read(path)
    except BadFile as error:
        assert str(error).startswith(str(path))
