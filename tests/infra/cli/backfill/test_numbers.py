"""What a CSV file holds is compared with numbers as the number that it spells."""

import json

import pytest

from infra.cli.backfill import source_files, tabular
from tests.infra.cli.backfill.tables import lined

CSV = "movie_id,rating,code\na,4.5,007\nb,3,x\nc,4,\nd,,\n"


def kept(tmp_path, where, csv=CSV):
    path = tmp_path / "a.csv"
    path.write_text(csv)
    [source] = source_files.find([str(path)], lambda: None).sources
    chunks = lined(tabular.rows(source, path, {}, where, "ms", chunk_rows=2))
    return [json.loads(line) for chunk in chunks for line in chunk.data.splitlines()]


@pytest.mark.parametrize(
    ("where", "films"),
    [
        ("rating >= 4", "ac"),
        ("rating IS NULL", "d"),
        ("rating = '3'", "b"),
        ("movie_id = 'b' OR code = '007'", "ab"),
    ],
)
def test_a_column_of_numbers_can_be_compared_with_numbers(tmp_path, where, films):
    assert [row["movie_id"] for row in kept(tmp_path, where)] == list(films)


def test_what_is_kept_is_the_text_of_the_file(tmp_path):
    assert kept(tmp_path, "rating > 4")[0] == {"movie_id": "a", "rating": "4.5", "code": "007"}


def test_a_text_that_spells_no_number_is_neither_more_nor_less_than_one(tmp_path):
    assert kept(tmp_path, "code > 1 OR code <= 1") == []


def test_a_file_with_a_header_alone_has_no_rows(tmp_path):
    assert kept(tmp_path, "rating > 4", "movie_id,rating\n") == []
