"""A day is divided as it was said, and each object says of which division it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.lake import division
from transform.lake.division import MAX_BUCKETS, WHOLE, Division

DIVISIONS = st.builds(Division, st.booleans(), st.integers(1, MAX_BUCKETS))


@given(DIVISIONS, DIVISIONS, st.integers(0, 23), st.integers(0, MAX_BUCKETS - 1))
def test_an_object_belongs_to_the_division_that_named_it_and_to_no_other(one, other, hour, bucket):
    bucket, hour = bucket % one.buckets, hour if one.by_hour else 0
    name = one.name((480_000 + hour) * MAX_BUCKETS + bucket)
    assert division.is_part(name) and one.hour_of(name) == hour
    assert (other.hour_of(name) is None) == (one != other)
    assert (name == WHOLE) == one.is_whole


@given(DIVISIONS)
def test_it_is_said_as_it_is_read(one):
    assert division.parse(str(one)) == one


@pytest.mark.parametrize("text", ["", "days", "day/0", "day/65", "hour/", "hour/x", "day/-1", "4"])
def test_what_is_no_division_is_refused(text):
    with pytest.raises(ValueError, match="is not day, hour, or one of them"):
        division.parse(text)


def test_objects_of_an_earlier_version_are_of_no_division():
    for name in ("hour-12-00.parquet", "hour-12-63.parquet"):
        assert division.is_part(name)
        assert {Division(h, n).hour_of(name) for h in (True, False) for n in range(1, 65)} == {None}


@pytest.mark.parametrize(
    "name", [".parquet", "-.parquet", "hour-1.parquet", "hour-12", "hour-12-.parquet",
             "bucket-01.parquet", "hour-12-bucket-1-of-2.parquet", "notes.txt", "_whole.parquet"]
)  # fmt: skip
def test_other_objects_are_no_part_of_a_day(name):
    assert not division.is_part(name) and Division(True).hour_of(name) is None


def test_a_name_that_no_place_has_is_of_no_division():
    assert Division(False, 2).hour_of("bucket-02-of-02.parquet") is None
    assert Division(True).hour_of("hour-24.parquet") is None
