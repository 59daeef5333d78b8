"""Times as other people's files write them."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.backfill import times
from transform.event import likes

TEN = 1_704_448_800_000  # 2024-01-05T10:00:00Z
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2024-01-05T10:00:00Z", TEN),
        ("2024-01-05T10:00:00+0000", TEN),
        ("2024-01-05 10:00:00 UTC", TEN),
        ("2024-01-05 10:00:00+00", TEN),
        ("2024-01-05 11:00:00 +01:00", TEN),
        ("2024-01-05 11:00:00.5 +0100", TEN + 500),
        ("2024-01-05T10:00Z", TEN),
        ("20240105T100000Z", TEN),
        ("2024-01-05", TEN - 10 * HOUR),
        ("2024-01-05T11:00:00+01:00[Europe/Berlin]", TEN),
        ("2024-01-05 11:00:00.000 Europe/Berlin", TEN),
        ("2024-01-05 10:00:00,123 GMT", TEN + 123),
        ("2024-01-05 10:00:00.123999 UTC", TEN + 123),
        (" 2024-01-05 10:00:00Z ", TEN),
        (TEN, TEN),
        (str(TEN), TEN),
        (f"{TEN}.0", TEN),
        (TEN + 0.9, TEN),
        ("1.7044488e12", TEN),
        (True, None),
        (None, None),
        ([], None),
        ("2024-13-05 10:00:00Z", None),
        ("2024-01-05 25:00:00Z", None),
        ("2024-01-05 10:00:00 Nowhere/City", None),
        ("2024-01-05 10:00:00 EST", None),
        ("yesterday", None),
        ("", None),
        (float("inf"), None),
        ("9" * 400, int("9" * 400)),
    ],
)
def test_a_time_is_read(told, expected):
    assert times.read(told, "ms", None) == expected


@pytest.mark.parametrize(
    ("unit", "number"), [("s", TEN // 1000), ("us", TEN * 1000), ("ns", TEN * 10**6)]
)
def test_numbers_and_texts_of_them_are_in_a_unit(unit, number):
    assert times.read(number, unit, None) == TEN
    assert times.read(str(number), unit, None) == TEN
    assert times.read(float(number), unit, None) == TEN
    assert times.read(f"{number}.0", unit, None) == TEN


def test_a_time_without_an_offset_needs_a_zone():
    with pytest.raises(times.WithoutOffset):
        times.read("2024-01-05 11:00:00", "ms", None)
    assert times.read("2024-01-05 11:00:00", "ms", "Europe/Berlin") == TEN
    assert times.read("2024-01-05 10:00:00", "ms", "UTC") == TEN
    assert times.read("2024-01-05", "ms", "Europe/Berlin") == TEN - 11 * HOUR
    assert times.read("2024-07-05 12:00:00", "ms", "Europe/Berlin") == 1_720_173_600_000


def test_clocks_that_are_put_back_and_forward():
    assert times.read("2024-10-27 02:30:00", "ms", "Europe/Berlin") == 1_729_989_000_000
    assert times.read("2024-03-31 02:30:00", "ms", "Europe/Berlin") == 1_711_848_600_000


def test_there_are_zones():
    assert times.is_zone("Europe/Berlin") and times.is_zone("utc")
    assert not times.is_zone("Berlin") and not times.is_zone("") and not times.is_zone("../x")


@given(st.datetimes(datetime(2010, 1, 2), datetime(2100, 1, 1)), st.integers(-14, 14))
def test_what_the_api_takes_is_read_alike(moment, hours):
    told = f"{moment.isoformat()}{hours:+03}:00"
    like = likes.parse(f'{{"movie_id":"m","liked_at":"{told}"}}'.encode(), 2**42, lambda: "e")
    assert times.read(told, "ms", None) == like.liked_at


@given(st.text() | st.floats() | st.integers(), st.sampled_from(["s", "ms", "us", "ns"]))
def test_anything_is_a_time_or_none(told, unit):
    found = times.read(told, unit, "UTC")
    assert found is None or isinstance(found, int)
