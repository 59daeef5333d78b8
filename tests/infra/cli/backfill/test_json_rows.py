"""Values of columns become those of an event, whatever type they have."""

import decimal
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.backfill.source_files import find
from infra.cli.backfill.tabular import rows
from tests.infra.cli.backfill.tables import lined, objects

MOMENT = datetime(2024, 1, 31, 12, 0, 0, 123_999)
MS = 1_706_702_400_123


@pytest.mark.parametrize(
    ("column", "unit", "expected"),
    [
        (pa.array([MOMENT], pa.timestamp("us")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("us", "America/New_York")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("ns")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("ns", "Asia/Kolkata")), "s", MS),
        (pa.array([MOMENT], pa.timestamp("ms")).cast(pa.timestamp("ms")), "ms", MS),
        (pa.array([date(2024, 1, 31)]), "s", 1_706_659_200_000),
        (pa.array([MS]), "ms", MS),
        (pa.array([MS // 1000], pa.int32()), "s", MS // 1000 * 1000),
        (pa.array([MS * 1000 + 999]), "us", MS),
        (pa.array([MS * 1_000_000 + 999_999]), "ns", MS),
        (pa.array([2**63 - 1]), "s", (2**63 - 1) * 1000),
        (pa.array([MS / 1000]), "s", MS),
        (pa.array([MS + 0.9]), "ms", MS),
        (pa.array([MS * 1000.0]), "us", MS),
        (pa.array([float("nan")]), "ms", None),
        (pa.array([float("inf")]), "ms", "inf"),
        (pa.array([decimal.Decimal(MS * 1_000_000)], pa.decimal128(38, 0)), "ns", MS),
        (pa.array([decimal.Decimal(MS) / 1000], pa.decimal128(18, 3)), "s", MS),
        (pa.array([str(MS)]), "ms", MS),
        (pa.array([f" {MS // 1000}\r"]), "s", MS // 1000 * 1000),
        (pa.array(["9" * 50]), "s", "9" * 50),
        (pa.array(["2024-01-31T12:00:00Z"]), "s", "2024-01-31T12:00:00Z"),
        (pa.array(["-5"]), "s", "-5"),
        (pa.array([None], pa.int64()), "s", None),
        (pa.array([True]), "s", True),
        (pa.array([[1]]), "s", [1]),
    ],
)
@pytest.mark.parametrize("name", ["liked_at", "likedAt"])
def test_times_become_epoch_milliseconds(ask, column, unit, expected, name):
    answer = objects(ask({"movie_id": ["a"], name: column}, unit=unit))

    assert answer == [{"movie_id": "a"} | ({} if expected is None else {name: expected})]


@given(st.integers(-(10**16), 10**16))
@settings(max_examples=30)
def test_a_whole_epoch_is_cut_to_milliseconds(tmp_path_factory, number):
    path = tmp_path_factory.mktemp("epochs") / "a.parquet"
    pq.write_table(pa.table({"movie_id": ["a"], "liked_at": [number]}), path)
    source = find([str(path)], lambda: None).sources[0]
    for unit, per_ms in {"ms": 1, "us": 1_000, "ns": 1_000_000}.items():
        assert objects(lined(rows(source, path, {}, None, unit)))[0]["liked_at"] == number // per_ms


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([42]), "42"),
        (pa.array([42.0]), "42"),
        (pa.array([42.5]), "42.5"),
        (pa.array([float("nan")]), None),
        (pa.array([decimal.Decimal("42.00")], pa.decimal128(10, 2)), "42"),
        (pa.array([decimal.Decimal("42.50")], pa.decimal128(10, 2)), "42.50"),
        (pa.array([2**64 - 1], pa.uint64()), str(2**64 - 1)),
        (pa.array([b"caf\xc3\xa9"]), "café"),
        (pa.array([b"\xff"]), "\\xFF"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array([True]), "true"),
        (pa.array(['"\\\n\0\u2028']), '"\\\n\0\u2028'),
        (pa.array([{"id": 1}]), {"id": 1}),
    ],
)
def test_what_an_event_has_as_text_is_text(ask, column, expected):
    answer = objects(ask({"movie_id": ["a"], "user_id": column, "eventId": column}))

    told = {} if expected is None else {"user_id": expected, "eventId": expected}
    assert answer == [{"movie_id": "a"} | told]


def test_all_else_has_its_json_type(ask):
    answer = ask(
        {
            "movie_id": ["a", None],
            "n": [1, None],
            "big": [2**53 + 1, None],
            "x": [1.5, float("nan")],
            "ok": [True, None],
            "film": [{"id": 1, "no": None}, None],
            "tags": [["x"], None],
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "day": [date(2024, 1, 31), None],
            "at": pa.array([datetime(2024, 1, 31, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "none": pa.nulls(2),
            "é\"'": ["q", None],
        }
    )

    assert objects(answer) == [
        {
            "movie_id": "a",
            "n": 1,
            "big": 2**53 + 1,
            "x": 1.5,
            "ok": True,
            "film": {"id": 1, "no": None},
            "tags": ["x"],
            "map": {"k": 1},
            "day": "2024-01-31",
            "at": "2024-01-31 00:00:00+00",
            "é\"'": "q",
        },
        {},
    ]
