"""Rows of CSV and Parquet files are told by columns, conditions and numbers, and how they break."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.cli.backfill.source_bytes import Unreadable
from infra.cli.backfill.source_files import SourceError, find
from infra.cli.backfill.tabular import rows
from tests.infra.cli.backfill.tables import lined, numbered


def test_columns_are_mapped_to_fields(ask):
    data = {
        "film": [{"id": 7, "name": "Heat"}],
        "Who": ["u"],
        "movie_id": ["gives way"],
        "a.b": [1],
    }

    answer = ask(data, movie_id="film.id", user_id="who", source="a.b")

    assert answer[0].data == (
        b'{"film":{"id":7,"name":"Heat"},"movie_id":"7","source":"1","user_id":"u"}\n'
    )


@pytest.mark.parametrize("fields", [{"movie_id": "nope"}, {"movie_id": "film.nope"}])
def test_a_column_that_is_not_there_is_told(ask, fields):
    with pytest.raises(SourceError) as error:
        ask({"film": [{"id": 7}], "who": ["u"]}, **fields)
    assert f"has no column {fields['movie_id']} to read movie_id from" in str(error.value)
    assert "Its columns are: film, who." in str(error.value)


@pytest.mark.parametrize("chunk_rows", [1, 7, 50_000])
def test_a_condition_keeps_rows_and_their_numbers(ask, chunk_rows):
    table = {"movie_id": list(range(20)), "film": [{"id": n % 3} for n in range(20)]}

    answer = ask(table, "film.id = 1 -- thirds", chunk_rows=chunk_rows)

    assert {number: each["movie_id"] for number, each in numbered(answer).items()} == {
        n + 1: str(n) for n in range(20) if n % 3 == 1
    }
    text = "movie_id,n\n" + "".join(f"{n},{n % 3}\n" for n in range(20))
    assert list(numbered(ask(text, "n = 1", chunk_rows=chunk_rows))) == [
        n + 2 for n in range(20) if n % 3 == 1
    ]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("nope = 1", "Its columns are: movie_id, who."),
        ("true) UNION ALL SELECT 1, '{}' WHERE (true", "is not one SQL condition"),
        ("sum(who) > 1", "cannot contain aggregates"),
        ("who = (SELECT content FROM read_text('/etc/hostname'))", "cannot be asked"),
        ("who::INTEGER = 1", "fails for"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_told(ask, where, told):
    with pytest.raises(SourceError) as error:
        ask({"movie_id": ["a"], "who": ["u"]}, where)
    assert told in str(error.value) and repr(where) in str(error.value)


def test_a_file_that_is_no_parquet_is_told(ask):
    with pytest.raises(Unreadable, match=r"likes.parquet cannot be read: it is no whole Parquet"):
        ask(b"PAR1 but nothing else", suffix=".parquet")


def test_of_a_parquet_file_that_is_broken_come_the_rows_before(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"movie_id": [f"tt{n}" for n in range(1_000)]})
    pq.write_table(table, path, row_group_size=500, compression="zstd", use_dictionary=False)
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    data[at : at + 300] = bytes(300)
    path.write_bytes(data)
    source = find([str(path)], lambda: None).sources[0]

    got = []
    with pytest.raises(Unreadable, match="cannot be read past line 500: it is no whole Parquet"):
        for chunk in lined(rows(source, path, {}, None, "ms", 100)):
            got.append(chunk)

    assert len(numbered(got)) == 500
    path.write_bytes(b"")
    with pytest.raises(Unreadable, match="it changed since it was found"):
        list(lined(rows(source, path, {}, None, "ms")))


def test_a_text_that_is_no_utf_8_is_told(ask):
    text = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    with pytest.raises(Unreadable, match="UTF"):
        ask({"movie_id": text})


def test_an_empty_table_gives_nothing(ask):
    assert ask({"movie_id": pa.array([], pa.string())}) == []
    assert ask("movie_id,user_id\n") == []


def test_wide_rows_come_fewer_at_a_time(ask):
    note = [str(n) * 500_000 for n in range(20, 40)]

    assert len(ask({"movie_id": ["a"] * 20, "note": note})) >= 2


@pytest.mark.parametrize("path", sorted(Path("tests/cases/broken").glob("*.parquet")), ids=str)
def test_a_broken_footer_is_told_and_ends_nothing(path):
    source = find([str(path)], lambda: None).sources[0]
    with pytest.raises(Unreadable, match="it is no whole Parquet file"):
        list(rows(source, path, {}, None, "ms"))
