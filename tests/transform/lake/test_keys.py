"""Where hours rest, and which hour a key is of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.lake import keys

NOON = 1_769_860_800 // 3600  # 2026-01-31T12
HOURS = st.integers(0, 600_000)


def test_keys_are_those_of_the_tables_and_in_the_order_of_their_hours():
    assert keys.likes(NOON, 7) == "likes/day=2026-01-31/hour-12-07.parquet"
    assert keys.trends(NOON) == "trends/day=2026-01-31/hour-12.parquet"
    assert keys.totals(NOON) == "totals/hour=2026-01-31T12.parquet"
    assert keys.rollup(NOON) == "rollups/hour=2026-01-31T12.parquet"


@given(HOURS, st.integers(0, 63))
def test_a_key_tells_its_hour_and_bucket(hour, bucket):
    key = keys.likes(hour, bucket)
    assert keys.likes_place(key) == (hour, bucket) and key.startswith(keys.likes_prefix(hour))
    assert keys.hour_of(key) is None


@given(HOURS, HOURS, st.sampled_from([keys.trends, keys.totals, keys.rollup]))
def test_a_key_tells_its_hour_and_later_hours_have_later_keys(hour, other, of):
    assert keys.hour_of(of(hour)) == hour and keys.likes_place(of(hour)) is None
    assert (of(hour) < of(other)) == (hour < other)


@pytest.mark.parametrize(
    "key", ["likes/", "likes/day=2026-01-31/hour-12-7.parquet", "likes/day=2026-01-31/x",
            "likes/day=2026-1-31/hour-12-07.parquet", "raw/day=2026-01-31/hour-12-07.parquet",
            "likes/day=2026-01-31/hour-12-07.parquet.bak", "likes/day=2026-01-31/hour-12-x.parquet",
            "likes/day=2026-02-31/hour-12-00.parquet", "likes/day=2026-01-31/hour-12-²7.parquet",
            "trends/", "trends/day=2026-01-31/hour-24.parquet",
            "trends/day=2026-01-31/hour-1.parquet", "totals/hour=2026-01-31T12",
            "totals/hour=2026-02-30T12.parquet", "rollups/hour=2026-01-31T12.parquet.tmp"]
)  # fmt: skip
def test_other_keys_are_of_no_hour(key):
    assert keys.likes_place(key) is None and keys.hour_of(key) is None
