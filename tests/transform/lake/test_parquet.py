"""Likes as Parquet: the encodings that are meant, row groups that end where they should."""

import random
import tempfile
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import raw_likes
from tests.raw_likes import Row
from transform.event import event_ids
from transform.lake import parquet

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
ROWS = st.lists(
    st.builds(
        Row, TEXT, TEXT, st.none() | TEXT, st.sampled_from(["like", "unlike"]),
        st.integers(0, 2**42), st.integers(0, 2**42), st.none() | TEXT, st.none() | TEXT,
        st.none() | st.integers(1, 2**31 - 1),
    ),
    min_size=1, max_size=50,
)  # fmt: skip
ENCODINGS = {
    "event_id": "DELTA_LENGTH_BYTE_ARRAY",
    "movie_id": "RLE_DICTIONARY",
    "user_id": "DELTA_LENGTH_BYTE_ARRAY",
    "action": "RLE_DICTIONARY",
    "liked_at": "DELTA_BINARY_PACKED",
    "received_at": "PLAIN",
    "source": "RLE_DICTIONARY",
    "extra": "RLE_DICTIONARY",
    "backfill": "PLAIN",
}
TRINO_READS = {
    "BYTE_ARRAY": {"PLAIN", "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"},
    "INT32": {"PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED"},
    "INT64": {"PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED"},
}
"""By the decoders of its reader; definition levels are RLE."""


def many(count, extra=None):
    chance = random.Random(count)
    return of_the_lake(
        [
            Row(f"{chance.getrandbits(64):016x}", "tt1", "u", "like", n, n, None, extra)
            for n in range(count)
        ]
    )


def of_the_lake(rows):
    """Give rows with all columns that the lake has."""
    table = raw_likes.table(rows)
    for field in list(raw_likes.LAKE)[len(table.schema) :]:
        values = [getattr(row, field.name) for row in rows]
        table = table.append_column(field, pa.array(values, field.type))
    return table


def write(table, path, cuts=(), division=0):
    """Write a table, divided before these rows; gives where."""
    writer = parquet.Writer(path, division)
    for first, last in pairwise([0, *cuts, len(table)]):
        for batch in table.slice(first, last - first).combine_chunks().to_batches():
            writer.add(batch)
    writer.close()
    return path


def groups(path):
    metadata = pq.read_metadata(path)
    return [metadata.row_group(number) for number in range(metadata.num_row_groups)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parquet")


@given(ROWS)
def test_any_rows_are_read_as_they_were_by_pyarrow_polars_and_duckdb(folder, rows):
    path = folder / "any.parquet"
    table = of_the_lake(rows)
    write(table, path)
    assert raw_likes.decode(path) == [row._replace(place=None) for row in rows]
    assert pl.read_parquet(path).to_dicts() == table.to_pylist()
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
    assert found == [tuple(row.values()) for row in table.to_pylist()]


def test_each_column_has_its_encoding_and_athena_reads_it(tmp_path):
    write(many(3_000, '{"a":1}'), tmp_path / "a")
    [group] = groups(tmp_path / "a")
    for number in range(group.num_columns):
        column = group.column(number)
        assert column.compression == "ZSTD"
        assert ENCODINGS[column.path_in_schema] in column.encodings, column.path_in_schema
        assert set(column.encodings) - {"RLE"} <= TRINO_READS[column.physical_type]


def test_ids_that_begin_as_their_neighbours_are_held_without_their_beginnings(tmp_path):
    """Files of both are read by all, as whatever rows there are."""
    times = range(1_780_000_000_000, 1_780_086_400_000, 43_200)
    rows = [Row(event_ids.time_ordered(at), "tt1", "u", "like", at, at, None, None) for at in times]
    write(of_the_lake(rows), tmp_path / "ordered")
    write(many(len(rows)), tmp_path / "chance")
    for name, encoding, size in (
        ("ordered", "DELTA_BYTE_ARRAY", 11),
        ("chance", "DELTA_LENGTH_BYTE_ARRAY", 9),
    ):
        [group] = groups(tmp_path / name)
        ids = group.column(0)
        assert encoding in ids.encodings and ids.total_compressed_size < size * len(rows), name
    assert raw_likes.decode(tmp_path / "ordered") == [row._replace(place=None) for row in rows]
    with duckdb.connect() as connection:
        read = f"SELECT event_id FROM read_parquet('{tmp_path / 'ordered'}')"
        assert connection.execute(read).fetchall() == [(row.event_id,) for row in rows]
    assert pl.read_parquet(tmp_path / "ordered")["event_id"].to_list() == [r.event_id for r in rows]


def test_what_conditions_are_decided_by_has_statistics_and_nothing_is_kept_for_pyarrow(tmp_path):
    write(many(100), tmp_path / "a")
    [group] = groups(tmp_path / "a")
    told = {
        group.column(number).path_in_schema
        for number in range(group.num_columns)
        if group.column(number).statistics is not None
    }
    assert told == {"movie_id", "liked_at", "received_at"}
    assert pq.read_metadata(tmp_path / "a").metadata is None


def test_a_row_group_ends_at_its_rows_or_at_its_bytes(tmp_path):
    count = 2 * parquet.ROW_GROUP + 5
    write(many(count), tmp_path / "rows")
    assert [g.num_rows for g in groups(tmp_path / "rows")] == [*2 * [parquet.ROW_GROUP], 5]
    write(many(20_000, "x" * 4_000), tmp_path / "bytes")
    # 2,048 rows have 8.2 MB, so the fourth batch is the first to reach 24 MiB.
    assert [g.num_rows for g in groups(tmp_path / "bytes")] == [*2 * [4 * parquet.BATCH], 3_616]


def test_a_writer_is_small_until_a_row_group_is_full(tmp_path):
    batches = many(parquet.ROW_GROUP + 1).to_batches(parquet.ROW_GROUP - 1)
    writer = parquet.Writer(tmp_path / "a")
    writer.add(batches[0])
    assert writer.is_small and not (tmp_path / "a").exists()
    writer.add(batches[1])
    assert not writer.is_small
    writer.close()
    assert [g.num_rows for g in groups(tmp_path / "a")] == [parquet.ROW_GROUP, 1]


CHANCE = random.Random(9)
LONG = [
    Row(f"{n}", f"m{n // 99}", f"{CHANCE.random()}", "like", n, n, None,
        CHANCE.randbytes(CHANCE.choice([1, 50, 800])).hex())
    for n in range(9_000)
]  # fmt: skip
"""Its pages of `extra`, of 1 MB, end after rows that are no multiple of anything."""


@pytest.fixture(scope="module")
def long(folder):
    table = of_the_lake(LONG)
    write(table, folder / "whole")
    return table, (folder / "whole").read_bytes()


@given(st.lists(st.integers(0, len(LONG)), max_size=12).map(sorted))
def test_rows_have_the_same_bytes_however_they_are_divided(folder, long, cuts):
    """Empty batches among them."""
    table, whole = long
    write(table, folder / "divided", cuts)
    assert (folder / "divided").read_bytes() == whole


@given(ROWS, st.data())
def test_any_rows_have_the_same_bytes_however_they_are_divided(folder, rows, data):
    table = of_the_lake(rows)
    write(table, folder / "one")
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=9))
    write(table, folder / "more", sorted(cuts))
    assert (folder / "one").read_bytes() == (folder / "more").read_bytes()


@given(st.lists(st.integers(0, 300), max_size=9).map(sorted))
def test_row_groups_end_at_the_same_rows_however_they_are_divided(folder, cuts):
    table = of_the_lake(LONG[:300])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "BATCH", 16)
        patch.setattr(parquet, "ROW_GROUP", 96)
        patch.setattr(parquet, "ROW_GROUP_TEXT", 30_000)
        write(table, folder / "whole groups")
        write(table, folder / "cut groups", cuts)
    found = [g.num_rows for g in groups(folder / "whole groups")]
    assert found == [g.num_rows for g in groups(folder / "cut groups")]
    assert sum(found) == 300 and len(set(found[:-1])) > 1 and max(found) <= 96
    assert not any(rows % 16 for rows in found[:-1])


def test_a_file_of_another_division_has_the_same_rows_and_is_not_the_same(tmp_path):
    ours, again, theirs, more = (
        write(many(rows), tmp_path / name, division=number)
        for name, rows, number in [("a", 900, 3), ("b", 900, 3), ("c", 900, 0), ("d", 901, 3)]
    )
    assert parquet.is_same(ours, again) and parquet.has_same_rows(ours, again)
    assert not parquet.is_same(ours, theirs) and parquet.has_same_rows(ours, theirs)
    assert not parquet.is_same(ours, more) and not parquet.has_same_rows(ours, more)
    assert pq.read_table(ours).equals(pq.read_table(theirs))


def test_no_rows_are_no_file(tmp_path):
    write(many(0), tmp_path / "a")
    writer = parquet.Writer(tmp_path / "a")
    writer.add(many(1).to_batches()[0].slice(0, 0))
    writer.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("column", ["source", "backfill"])
def test_a_batch_that_is_not_of_likes_is_refused(tmp_path, column):
    with pytest.raises(ValueError, match="schema"):
        write(many(1).drop_columns(column), tmp_path / "a")
    with pytest.raises(ValueError, match="schema"):
        write(many(1).set_column(0, "event_id", pa.array([7])), tmp_path / "b")


@given(ROWS, st.randoms(use_true_random=False))
def test_rows_with_dictionaries_have_the_bytes_of_plain_ones(rows, chance):
    """Whatever else is in the dictionaries, and in whatever order."""
    plain = of_the_lake(rows)
    coded = plain
    for at, name in enumerate(plain.column_names):
        if name in parquet.CODED:
            values = [*plain[name].unique().drop_null().to_pylist(), "", "unused"]
            values = sorted(set(values), key=lambda _: chance.random())
            codes = pa.array([v if v is None else values.index(v) for v in plain[name].to_pylist()])
            column = pa.DictionaryArray.from_arrays(codes.cast(pa.int32()), pa.array(values))
            coded = coded.set_column(at, name, column)
    with tempfile.TemporaryDirectory() as folder:
        write(plain, Path(folder) / "plain")
        write(coded, Path(folder) / "coded")
        assert (Path(folder) / "plain").read_bytes() == (Path(folder) / "coded").read_bytes()


def test_films_that_are_all_different_are_written_too(tmp_path):
    """More than a dictionary of Parquet may hold."""
    films = [f"{n:064}" for n in range(50_000)]
    given = many(50_000)
    given = given.set_column(1, "movie_id", pa.array(films))
    write(given, tmp_path / "a")
    assert pq.read_table(tmp_path / "a")["movie_id"].to_pylist() == films
