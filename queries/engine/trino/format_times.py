"""Dates and times by `format`: `%tY` and the like."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from queries.engine.errors import Refused
from queries.engine.trino import times
from queries.engine.trino.format_specifiers import Specifier, invalid
from queries.engine.trino.helpers import NotKnown, python
from queries.engine.trino.typed import Typed

_CLOCK, _CALENDAR = frozenset("HIklMSLNpRTr"), frozenset("BbhAaCYyjmdeDF")
_STRFTIME = {
    "H": "%H", "I": "%I", "k": "%-H", "l": "%-I", "M": "%M", "S": "%S", "L": "%g",
    "B": "%B", "b": "%b", "h": "%b", "A": "%A", "a": "%a", "Y": "%Y", "y": "%y", "j": "%j",
    "m": "%m", "d": "%d", "e": "%-d", "R": "%H:%M", "T": "%H:%M:%S", "r": "%I:%M:%S %p",
    "D": "%m/%d/%y", "F": "%Y-%m-%d",
}  # fmt: skip


def dated(spec: Specifier, value: Typed) -> str:
    """SQL of a date or a time as a text."""
    letter, name = spec.conversion[1], value.type.name
    if spec.flags.strip("-") or spec.precision is not None:
        raise spec.wrong(value.type)
    if name == "date" and letter in _CALENDAR:
        clock = f"CAST({value.sql} AS TIMESTAMP)"
    elif name == "time" and letter in _CLOCK:
        clock = f"make_timestamp({value.sql} // 1000000)"
    elif name == "timestamp" and letter in _CLOCK | _CALENDAR:
        clock = times.micros(value)
    elif name == "timestamp with time zone" and letter in _CLOCK | _CALENDAR | {"c"}:
        clock = times.micros(times.local(value))
    elif name not in ("date", "time", "timestamp", "timestamp with time zone"):
        raise spec.wrong(value.type)
    elif letter not in _CLOCK | _CALENDAR | set("cQsZz"):
        raise invalid(spec.form)
    elif name == "timestamp with time zone":
        raise spec.not_known()
    else:
        raise spec.wrong(value.type)
    if letter == "c":
        told = _full(value, clock)
    elif letter == "p":
        told = f"lower(strftime({clock}, '%p'))"
    elif letter in _STRFTIME:
        told = f"strftime({clock}, '{_STRFTIME[letter]}')"
    else:
        raise spec.not_known()
    return spec.shaped(f"CASE WHEN t_usual({clock}) THEN {told} END" if name != "time" else told)


# Zones whose short names Java and the zone database have in common.
_NAMED = frozenset(
    {
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/Phoenix",
        "Europe/London",
        "Europe/Paris",
        "Europe/Berlin",
        "Europe/Madrid",
        "Europe/Rome",
        "Europe/Vienna",
        "Europe/Athens",
        "Europe/Helsinki",
        "Asia/Tokyo",
    }
)


def _full(value: Typed, clock: str) -> str:
    zone = value.zone
    name = zone.strip("'")
    if zone[0] == "'" and name not in ("UTC", *_NAMED):
        raise Refused("The short name of this zone is not known here.")
    utc = times.micros(times.moment(value))
    short = zone if zone == "'UTC'" else f"t_zone_name({utc}, {zone})"
    return f"(strftime({clock}, '%a %b %d %H:%M:%S ') || {short} || strftime({clock}, ' %Y'))"


@python("t_zone_name(TIMESTAMP, VARCHAR)", "VARCHAR", pa.string(), refuses=True)
def _zone_name(moment: datetime, zone: str) -> str:
    if zone == "UTC":
        return zone
    if zone not in _NAMED:
        raise NotKnown("The short name of this zone is not known here")
    there = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    if there.dst() == timedelta(0) and there.year < 1970:
        raise NotKnown("The short name of a zone is not known before 1970")
    return str(there.tzname())
