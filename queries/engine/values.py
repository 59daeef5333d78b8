"""The values a parameter can have, and how each is written in SQL."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from numbers import Integral, Real
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | date | datetime | None

_TODAY = re.compile(r"today(?:([+-])(\d{1,5}))?")
_EXPECTED = {
    "string": "text",
    "bigint": "a whole number of 64 bits",
    "double": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-01-31, today or today-6",
    "timestamp": "a time such as 2026-01-31T12:00:00Z",
}


class NotA(ValueError):
    """A value that is not of the type; the message says what was expected."""


def typed(value: object, kind: str, today: date) -> Value:
    """The value as one of the type `kind`, or `NotA`. Text is read as the type says.

    Times without an offset are taken as UTC, as every time in the lake is.
    """
    try:
        found = _typed(value, kind, today)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise NotA(_EXPECTED[kind])
    return found


def literal(value: object) -> str:
    """The value as a literal of Athena (and Trino), which no value can break out of; or `NotA`."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{_written(value)}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, Integral):
        number = int(value)
        if not -(2**63) <= number < 2**63:
            raise NotA(_EXPECTED["bigint"])
        # Brackets, so that "- :n" with a negative number cannot become the comment "--".
        return str(number) if number >= 0 else f"({number})"
    if isinstance(value, Real):
        if not math.isfinite(value):
            raise NotA("a finite number")
        return f"DOUBLE '{float(value)!r}'"
    raise NotA("text, a number, a date, a time, true, false or null")


def _typed(value: object, kind: str, today: date) -> Value:
    if kind == "string":
        return value if isinstance(value, str) else None
    if isinstance(value, str):
        return _read(value.strip(), kind, today)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date":
        is_date = isinstance(value, date) and not isinstance(value, datetime)
        return value if is_date else None  # type: ignore[return-value]
    if kind == "timestamp":
        return value if isinstance(value, datetime) else None
    if isinstance(value, bool):
        return None
    if kind == "bigint":
        return int(value) if isinstance(value, Integral) else None
    return float(value) if isinstance(value, Real) else None


def _read(text: str, kind: str, today: date) -> Value:
    match kind:
        case "bigint":
            return int(text)
        case "double":
            return float(text)
        case "boolean":
            return {"true": True, "false": False}.get(text.lower())
        case "date":
            relative = _TODAY.fullmatch(text)
            if relative is None:
                return date.fromisoformat(text)
            return today + timedelta(days=int((relative[1] or "") + (relative[2] or "0")))
        case _:
            return datetime.fromisoformat(text)


def _quoted(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise NotA("text without NUL and unpaired surrogates")
    return "'" + text.replace("'", "''") + "'"


def _written(moment: datetime) -> str:
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise NotA("a time between the years 1 and 9999") from None
    digits = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(sep=" ", timespec=digits)
