"""Where things rest in each part of the lake; hours and days are counted from the epoch."""

from datetime import UTC, datetime

from glue import tables
from transform.lake.division import WHOLE, is_part

LIKES = tables.read("likes").location
TOTALS = tables.read("likes_by_hour").location
REPEATS = tables.read("repeats").location
TRENDS = tables.read("trends").location
OLD_TOTALS = f"{TOTALS}hour="
"""What the keys of totals start with that an earlier version wrote, an object an hour."""
ROLLUPS = "rollups/"
"""What was tracked of each hour, by film and minute."""
BACKFILLS = "state/backfills/"
"""What is written down of each backfill."""
ADJUSTED = "adjusted/"
"""What the lake adjusts of counts, a month an object."""
IDS = "ids/"
"""What arrived lately, by the day or hour of arrival."""

UNDATED = "undated/"
"""Ids of backfilled lines that tell no time, as long as the lake stands."""

_DAY = "day=%Y-%m-%d/"
_ROLLUPS = f"{ROLLUPS}hour=%Y-%m-%dT%H.parquet"


def likes(day: int, name: str) -> str:
    """Give where an object of a day of the table `likes` rests, by its name."""
    return likes_day(day) + name


def likes_day(day: int) -> str:
    """Give what the keys of all objects of a day start with."""
    return LIKES + _time(day * 24).strftime(_DAY)


def likes_place(key: str) -> tuple[int, str] | None:
    """Give the day and the name of an object that holds likes; None for any other."""
    folder, _, name = key.rpartition("/")
    day = _day(LIKES, f"{folder}/")
    return (day, name) if day is not None and is_part(name) else None


def totals(day: int) -> str:
    """Give where a day of the table `likes_by_hour` rests."""
    return totals_day(day) + WHOLE


def totals_day(day: int) -> str:
    """Give what the keys of all objects of a day of totals start with."""
    return TOTALS + _time(day * 24).strftime(_DAY)


def repeats(day: int) -> str:
    """Give where a day of the table `repeats` rests."""
    return repeats_day(day) + WHOLE


def repeats_day(day: int) -> str:
    """Give what the keys of all objects of a day of repeats start with."""
    return REPEATS + _time(day * 24).strftime(_DAY)


def trends(day: int) -> str:
    """Give where a day of the table `trends` rests."""
    return trends_day(day) + WHOLE


def trends_day(day: int) -> str:
    """Give what the keys of all objects of a day of trends start with."""
    return TRENDS + _time(day * 24).strftime(_DAY)


def ids(arrived: int, by_hour: bool) -> str:
    """Give where the event ids rest that arrived at a time, in epoch milliseconds."""
    hour = arrived // 3_600_000
    return ids_day(arrived) + (f"hour-{hour % 24:02}.parquet" if by_hour else WHOLE)


def undated(part: int) -> str:
    """Give where the ids of a part of all lines rest that tell no time."""
    return f"{UNDATED}part-{part:02}.parquet"


def ids_day(arrived: int) -> str:
    """Give what the keys of all event ids start with that arrived on the day of that time."""
    return IDS + _time(arrived // 3_600_000).strftime(f"arrival_{_DAY}")


def adjusted(month: str) -> str:
    """Give where it rests what the days of a month, as 2026-01, adjust of counts."""
    return f"{ADJUSTED}month={month}.parquet"


def adjusted_month(key: str) -> str:
    """Give the month of what adjusts counts."""
    return key.removeprefix(f"{ADJUSTED}month=").removesuffix(".parquet")


def month(day: int) -> str:
    """Give the month of a day, as 2026-01."""
    return _time(day * 24).strftime("%Y-%m")


def day_of(key: str) -> int | None:
    """Give the day of a key of totals, repeats or trends; None where it is of none of them."""
    folder = key.removesuffix(WHOLE)
    found = (_day(place, folder) for place in (TOTALS, REPEATS, TRENDS) if folder != key)
    return next((day for day in found if day is not None), None)


def day_name(day: int) -> str:
    """Give an epoch day as 2026-01-31."""
    return _time(day * 24).strftime("%Y-%m-%d")


def rollup(hour: int) -> str:
    """Give where the rollup of an hour rests."""
    return _time(hour).strftime(_ROLLUPS)


def rollup_hour(key: str) -> int | None:
    """Give the hour of a rollup; None where it is none."""
    hour = _hour(_ROLLUPS, key)
    return hour if hour is not None and key == rollup(hour) else None


def _day(place: str, folder: str) -> int | None:
    hour = _hour(place + _DAY, folder)
    if hour is None or folder != place + _time(hour).strftime(_DAY):
        return None
    return hour // 24


def _time(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def _hour(form: str, text: str) -> int | None:
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) // 3600
