"""What a lake gives out comes back as the same rows."""

import io
import json
import string
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue import schema, tables
from infra.cli.backfill import formats, own_rows, source_files
from infra.cli.backfill.ledger import Request
from infra.cli.output import tables as output
from tests.examples import examples
from tests.infra.cli.backfill.world import NOW, lines

COLUMNS = [column.name for column in tables.read("likes").columns]
LATER = NOW + 10**9
words = st.text(string.ascii_letters + string.digits + "._:-", min_size=1, max_size=8)
texts = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8
)
moments = st.integers(1_262_304_000_000, NOW).map(
    lambda ms: datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None)
)
extras = st.dictionaries(
    words.filter(lambda name: "_" not in name and not name.endswith(("Id", "At", "source"))).map(
        lambda name: f"x{name}"
    ),
    st.none() | st.integers(-(2**53), 2**53) | texts | st.booleans() | st.lists(texts, max_size=2),
    min_size=1,
    max_size=3,
)
rows = st.fixed_dictionaries(
    {
        "event_id": texts,
        "movie_id": words | st.just("318.0") | st.just("0012"),
        "user_id": st.none() | texts,
        "action": st.sampled_from(["like", "unlike"]),
        "liked_at": moments,
        "received_at": moments,
        "source": st.none() | texts,
        "extra": st.none()
        | extras.map(lambda each: json.dumps(each, separators=(",", ":"), ensure_ascii=False)),
        "backfill": st.none() | st.integers(1, 9),
    }
)


def written(table, form, folder):
    path = folder / f"day=2024-01-05/likes.{form}"
    path.parent.mkdir(exist_ok=True)
    if form == "parquet":
        wanted = pa.schema([f for f in schema.arrow(tables.read("likes")) if f.name in COLUMNS])
        pq.write_table(pa.Table.from_pylist(table, wanted), path)
        return path
    out = io.StringIO()
    told = [[*(row[name] for name in COLUMNS), "2024-01-05"] for row in table]
    output.write([*COLUMNS, "day"], told, form, out)
    path.write_text(out.getvalue())
    return path


def read(path, folder):
    [source] = source_files.find([str(path)], lambda: None).sources
    found = []
    for part in formats.read(source, Request((str(path),)), None, LATER, LATER, 1, 0, folder):
        assert not part.bad
        found += part.rows.to_pylist()
    return [row | {"received_at": row["received_at"]} for row in found]


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
@given(table=st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row["event_id"]))
@settings(max_examples=examples(15), deadline=None)
def test_export_and_import_are_inverse(form, table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    found = read(written(table, form, folder), folder)

    def key(row):
        return row["event_id"]

    expected = [{name: row[name] for name in row if name != "backfill"} for row in table]
    assert sorted(found, key=key) == sorted(expected, key=key)


def test_rows_with_other_columns_are_not_ours():
    assert own_rows.are_ours([*COLUMNS, "day"])
    assert not own_rows.are_ours([*COLUMNS, "title"])
    assert not own_rows.are_ours(["event_id", "movie_id", "received_at"])
    assert not own_rows.is_ours(b"x")


def test_an_export_gives_the_same_lake(world):
    """A lake that takes in what another gave out holds its rows, but for the backfill's number."""
    text = "event_id,movie_id,user_id,action,liked_at,received_at,source,extra,backfill,day\n"
    text += "e-1,tt01,a,like,2024-01-01T10:00:00,2025-11-27T08:28:38.824000,,"
    text += '"{""a"":1}",11,2024-01-01\n'
    world.write("likes.csv", text.encode())
    world.write("none.jsonl", lines(b'{"movie_id":"m","liked_at":"2024-01-01T10:00:00Z"}'))
    outcome = world.run("likes.csv")
    assert outcome.ledger.totals.new == 1
    [row] = [row for held in world.rows().values() for row in held]
    assert (row.event_id, row.extra, row.backfill) == ("e-1", '{"a":1}', 1)
    assert row.received_at == 1_764_232_118_824
