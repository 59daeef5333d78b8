"""What a Parquet file comes to is known before it does, and is taken in pieces."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.cli.backfill import parquet_footer, unpacking
from infra.cli.backfill.source_bytes import Cut

TABLE = pa.table(
    {
        "movie_id": ["318", "296", "318", None],
        "tags": [["a", "bb"], [], None, ["a"]],
        "inner": [{"name": "x" * 9}, {"name": None}, None, {"name": "y"}],
        "number": [1, 2, 3, 4],
        "pairs": pa.array(
            [[("k", "v")], [], None, [("k", "w")]], pa.map_(pa.string(), pa.string())
        ),
    }
)


@pytest.fixture
def packed(tmp_path):
    """Write a table, and read it with its dictionaries."""

    def packed(table):
        path = tmp_path / "a.parquet"
        pq.write_table(table, path)
        with pq.ParquetFile(path) as file:
            coded = unpacking.dictionaries(parquet_footer.read(path, file))
        return coded, pq.ParquetFile(path, read_dictionary=coded).read()

    return packed


def test_dictionaries_become_what_they_stand_for_whatever_they_stand_in(packed, monkeypatch):
    coded, table = packed(TABLE)
    assert {"movie_id", "inner.name"} <= {*coded}
    [whole] = unpacking.pieces(table, TABLE.schema)
    assert whole.equals(TABLE)
    monkeypatch.setattr(unpacking.line_chunks, "LONGEST_LINE", 120)
    parts = list(unpacking.pieces(table, TABLE.schema))
    assert len(parts) > 1 and pa.concat_tables(parts).equals(TABLE)
    monkeypatch.setattr(unpacking.line_chunks, "LONGEST_LINE", 5)
    with pytest.raises(Cut, match="a row is longer"):
        list(unpacking.pieces(table, TABLE.schema))


def test_texts_count_as_often_as_they_stand_there(packed):
    _, once = packed(pa.table({"x": ["a" * 1_000]}))
    _, often = packed(pa.table({"x": ["a" * 1_000] * 500, "y": [["b" * 1_000]] * 500}))
    assert unpacking.unpacked(once) < 1_100
    assert 1_000_000 <= unpacking.unpacked(often) < 1_020_000
    _, part = packed(pa.table({"x": ["a" * 1_000] * 500}))
    assert unpacking.unpacked(part.slice(10, 5)) < 5_200
