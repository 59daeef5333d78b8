"""Rows become the Parquet that MiniStack makes of them, and what does not fit is left to it."""

import contextlib
import io
import json
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from ministack.services import firehose, glue

from glue import tables
from infra.local import conversion

COLUMNS = [{"Name": one.name, "Type": one.type} for one in tables.read("likes_raw").columns]
USUAL = {
    "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {"CaseInsensitive": True}}},
    "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
    "SchemaConfiguration": {"DatabaseName": "d", "TableName": "t"},
}
LIKE = {
    "event_id": "1",
    "movie_id": "tt0017136",
    "user_id": None,
    "action": "like",
    "liked_at": "2026-05-28 00:00:24.803",
    "received_at": "1960-01-01 23:59:59.001",
    "source": "",
    "extra": '{"a":"\u00e9\u0000"}',
}


@pytest.fixture
def both(monkeypatch):
    """Convert by MiniStack's own, and by ours with what it leaves to MiniStack."""
    monkeypatch.setitem(glue._tables, "d/t", {"StorageDescriptor": {"Columns": COLUMNS}})
    left = []

    def theirs(*given):
        left.append(given)
        return firehose._convert_to_parquet(*given)

    ours = SimpleNamespace(_convert_to_parquet=theirs, _json_documents=firehose._json_documents)
    conversion.install(ours, glue._tables)
    return firehose._convert_to_parquet, ours._convert_to_parquet, left


def lines(*rows):
    return "".join(json.dumps(row) for row in rows).encode()


def test_rows_are_those_that_ministack_makes(both):
    theirs, ours, left = both
    data = lines(LIKE, {**LIKE, "Movie_ID": "second", "place": "shard/7/0", "more": 1}, {})
    of_theirs, of_ours = (pq.read_table(io.BytesIO(make(USUAL, data))) for make in (theirs, ours))
    assert of_ours.to_pylist() == of_theirs.to_pylist() and of_ours.schema == of_theirs.schema
    assert of_ours["movie_id"].to_pylist() == ["tt0017136", "second", None] and not left


@pytest.mark.parametrize(
    "data",
    [
        lines({**LIKE, "liked_at": "yesterday"}),
        lines({**LIKE, "movie_id": 7}),
        lines({**LIKE, "liked_at": 7}),
        lines({**LIKE, "user_id": "\ud800"}),
        lines({**LIKE, "user_id": 2**70}),
        b"[]",
        b"no JSON",
        b"",
    ],
)
def test_what_does_not_fit_is_as_ministack_has_it(both, data):
    theirs, ours, _ = both
    told: list[object] = []
    for make in (theirs, ours):
        try:
            told.append(pq.read_table(io.BytesIO(make(USUAL, data))).to_pylist())
        except firehose._DeliveryError as error:
            told.append((error.code, error.message))
        except UnicodeEncodeError as error:
            told.append(str(error))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "other",
    [
        {"SchemaConfiguration": {"DatabaseName": "d", "TableName": "none"}},
        {"InputFormatConfiguration": {"Deserializer": {"HiveJsonSerDe": {}}}},
        {
            "InputFormatConfiguration": {
                "Deserializer": {"OpenXJsonSerDe": {"ColumnToJsonKeyMappings": {"a": "b"}}}
            }
        },
        {"OutputFormatConfiguration": {"Serializer": {"OrcSerDe": {}}}},
        {"OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "GZIP"}}}},
    ],
)
def test_settings_of_another_kind_are_left_to_ministack(both, other):
    _, ours, left = both
    given = {**USUAL, **other}
    with contextlib.suppress(firehose._DeliveryError):
        ours(given, lines(LIKE))
    assert left == [(given, lines(LIKE))]
