"""What functions of dates and times have in common: units, types, the clock of a time of day."""

from queries.engine.trino.helpers import macro
from queries.engine.trino.times import DAY
from queries.engine.trino.typed import Typed

MILLISECONDS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
STAMPS = ("timestamp(p)", "timestamp(p) with time zone")
CLOCKS = ("time(p)", "time(p) with time zone")

macro("t_turned(a, b)", f"(((a + b % {DAY}) % {DAY} + {DAY}) % {DAY})")
macro("t_utc_time(x)", "t_turned((x).t, CAST((x).z AS BIGINT) * -60000000000000)")


def clock_of(value: Typed) -> str:
    """The picoseconds that a clock shows of a time of day."""
    return value.sql if value.type.name == "time" else f"({value.sql}).t"


def with_clock(value: Typed, clock: str) -> str:
    """A time of day that shows a clock, in the zone of another."""
    if value.type.name == "time":
        return clock
    return f"t_clocked({clock}, ({value.sql}).z)"
