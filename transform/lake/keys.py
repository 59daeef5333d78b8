"""Where an hour rests in each part of the lake; hours are counted from the epoch."""

from datetime import UTC, datetime

from glue import tables

LIKES = tables.read("likes").location
TRENDS = tables.read("trends").location
TOTALS = "totals/"
"""What the likes of each hour come to, film by film, once each like is known to be there once."""
ROLLUPS = "rollups/"
"""What was tracked of each hour, by film and minute."""

_LIKES = f"{LIKES}day=%Y-%m-%d/hour-%H-"
_TRENDS = f"{TRENDS}day=%Y-%m-%d/hour-%H.parquet"
_TOTALS = f"{TOTALS}hour=%Y-%m-%dT%H.parquet"
_ROLLUPS = f"{ROLLUPS}hour=%Y-%m-%dT%H.parquet"


def likes(hour: int, bucket: int) -> str:
    """Give where a bucket of an hour of the table `likes` rests."""
    return f"{likes_prefix(hour)}{bucket:02}.parquet"


def likes_prefix(hour: int) -> str:
    """Give what the keys of all buckets of an hour start with."""
    return _key(_LIKES, hour)


def likes_day(day: int) -> str:
    """Give what the keys of all hours of a day start with, counted from the epoch as well."""
    return likes_prefix(day * 24).rpartition("hour-")[0]


def likes_place(key: str) -> tuple[int, int] | None:
    """Give the hour and the bucket of a key; None where it is no bucket's."""
    stem, dash, bucket = key.removesuffix(".parquet").rpartition("-")
    hour = _hour(_LIKES, stem + dash)
    if hour is None or not bucket.isdecimal():
        return None
    return (hour, int(bucket)) if key == likes(hour, int(bucket)) else None


def trends(hour: int) -> str:
    """Give where an hour of the table `trends` rests."""
    return _key(_TRENDS, hour)


def totals(hour: int) -> str:
    """Give where the totals of an hour rest."""
    return _key(_TOTALS, hour)


def totals_day(day: int) -> str:
    """Give what the keys of the totals of a day's hours start with."""
    return totals(day * 24).removesuffix("00.parquet")


def rollup(hour: int) -> str:
    """Give where the rollup of an hour rests."""
    return _key(_ROLLUPS, hour)


def hour_of(key: str) -> int | None:
    """Give the hour of a key of trends, totals or a rollup; None where it is none of these."""
    found = (_hour(form, key) for form in (_TRENDS, _TOTALS, _ROLLUPS))
    return next((hour for hour in found if hour is not None), None)


def _key(form: str, hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime(form)


def _hour(form: str, key: str) -> int | None:
    try:
        moment = datetime.strptime(key, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    hour = int(moment.timestamp()) // 3600
    return hour if key == _key(form, hour) else None
