"""How a day of the table `likes` is divided into objects, and what these are called.

A day that is not divided is one object, `whole.parquet`. Where a day has that, it is all of the
day, and whatever else lies beside it is left over of a change of division: so says whoever reads.
"""

import re

import msgspec

from glue import whole

WHOLE = whole.NAME
MAX_BUCKETS = 64
DAY_HOURS = 24
_PART = re.compile(r"(?:hour-(\d\d)(?:-(?=b)|(?=\.)))?(?:bucket-(\d\d)-of-(\d\d))?\.parquet")
_OLD = re.compile(r"hour-\d\d-\d\d\.parquet")  # as the version before called all objects


class Division(msgspec.Struct, frozen=True):
    """Into what a day is divided: hours of the event or not, and each of these into buckets by the
    MD5 of the event id.

    A place is a number for an object: `MAX_BUCKETS` times its epoch hour, and its bucket. That hour
    is the first of the day where a day is not divided into hours.

    `number` says how often the division was changed before. Each object names it, and so has
    another ETag than one of the same rows that somebody has listed who follows an earlier division:
    what he removes is never what others rely on.
    """

    by_hour: bool = False
    buckets: int = 1
    number: int = 0

    def is_like(self, other: "Division") -> bool:
        """Tell that days are divided as by another."""
        return (self.by_hour, self.buckets) == (other.by_hour, other.buckets)

    def after(self, other: "Division") -> "Division":
        """Give it as what follows another one, which stays if it is like it."""
        return (
            other if self.is_like(other) else Division(self.by_hour, self.buckets, other.number + 1)
        )

    @property
    def is_whole(self) -> bool:
        """Tell that a day is one object."""
        return not self.by_hour and self.buckets == 1

    @property
    def hours(self) -> int:
        """How many hours an object holds."""
        return 1 if self.by_hour else DAY_HOURS

    def name(self, place: int) -> str:
        """Give what the object of a place is called."""
        if self.is_whole:
            return WHOLE
        hour, bucket = divmod(place, MAX_BUCKETS)
        parts = [f"hour-{hour % DAY_HOURS:02}"] if self.by_hour else []
        if self.buckets > 1:
            parts.append(f"bucket-{bucket:02}-of-{self.buckets:02}")
        return "-".join(parts) + ".parquet"

    def hour_of(self, name: str) -> int | None:
        """Give the hour of the day of one of its objects (0 where it is not divided into hours);
        None for an object of another division."""
        found = _PART.fullmatch(name)
        if name == WHOLE or not found:
            return 0 if name == WHOLE and self.is_whole else None
        hour, bucket, of = (int(part) if part else None for part in found.groups())
        if (hour is not None) != self.by_hour or (of or 1) != self.buckets:
            return None
        there = (hour or 0) < DAY_HOURS and (bucket or 0) < self.buckets
        return hour or 0 if there and (self.buckets == 1) == (of is None) else None

    def __str__(self) -> str:
        """Give it as `parse` reads it."""
        named = "hour" if self.by_hour else "day"
        return f"{named}/{self.buckets}" if self.buckets > 1 else named


def parse(text: str) -> Division:
    """Give the division that "day", "hour", "day/4" or "hour/4" names; ValueError for any other."""
    found = re.fullmatch(r"(day|hour)(?:/(\d{1,2}))?", text)
    buckets = int(found[2] or 1) if found else 0
    if not found or not 1 <= buckets <= MAX_BUCKETS:
        raise ValueError(f"{text!r} is not day, hour, or one of them in up to 64 parts, as day/4.")
    return Division(found[1] == "hour", buckets)


def is_part(name: str) -> bool:
    """Tell that an object holds likes, in whatever division; others are left alone."""
    found = _PART.fullmatch(name)
    divided = found is not None and any(found.groups())
    return name == WHOLE or divided or bool(_OLD.fullmatch(name))
