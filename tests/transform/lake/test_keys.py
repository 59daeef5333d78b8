"""Where days rest, and which day a key is of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.lake import keys

DAY = 1_769_860_800 // 86_400  # 2026-01-31
DAYS = st.integers(0, 25_000)


def test_keys_are_those_of_the_tables():
    assert keys.likes(DAY, "hour-12.parquet") == "likes/day=2026-01-31/hour-12.parquet"
    assert keys.trends(DAY) == "trends/day=2026-01-31/whole.parquet"
    assert keys.totals(DAY) == "totals/day=2026-01-31/whole.parquet"
    assert keys.rollup(DAY * 24 + 12) == "rollups/hour=2026-01-31T12.parquet"


@given(DAYS, DAYS, st.sampled_from([keys.trends, keys.totals]))
def test_a_key_tells_its_day_and_later_days_have_later_keys(day, other, of):
    assert keys.day_of(of(day)) == day and keys.likes_place(of(day)) is None
    assert (of(day) < of(other)) == (day < other)
    assert keys.likes_place(keys.likes(day, "whole.parquet")) == (day, "whole.parquet")
    assert of(day).startswith(keys.totals_day(day)) or of(day).startswith(keys.trends_day(day))
    assert keys.rollup_hour(keys.rollup(day)) == day and keys.rollup_hour(of(day)) is None


@pytest.mark.parametrize(
    "key", ["likes/", "likes/day=2026-01-31/hour-12-7.parquet", "likes/day=2026-01-31/x",
            "likes/day=2026-1-31/whole.parquet", "raw/day=2026-01-31/whole.parquet",
            "likes/day=2026-01-31/whole.parquet.bak", "likes/day=2026-01-31/hour-12-x.parquet",
            "likes/day=2026-02-31/whole.parquet", "likes/day=2026-01-31/more/whole.parquet",
            "trends/", "trends/day=2026-01-31/hour-12.parquet", "totals/hour=2026-01-31T12.parquet",
            "totals/day=2026-02-30/whole.parquet", "rollups/hour=2026-01-31T12.parquet.tmp",
            "rollups/hour=2026-01-31T1.parquet"]
)  # fmt: skip
def test_other_keys_are_of_no_day(key):
    assert keys.likes_place(key) is keys.day_of(key) is keys.rollup_hour(key) is None
