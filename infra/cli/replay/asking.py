"""The rejected lines of some days, as SQL: each, or by reason with what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

EXPLAINED = ("reason", "lines", "first", "last", "what_to_do", "detail", "example")
ADVICE = {
    "not_json": "The producer has to send JSON; what is JSON otherwise can be changed in a file.",
    "not_an_object": "The producer has to send an object a line.",
    "not_csv": "Mend the file, and backfill it again.",
    "empty": "Nothing is lost: the record or line holds nothing.",
    "missing_movie_id": "--map movie_id=FIELD where another field holds it, or --set movie_id=ID.",
    "bad_movie_id": "--map movie_id=FIELD, --set movie_id=ID, or change the lines in a file.",
    "bad_action": "--set action=like, or --set action= where nothing else is meant.",
    "bad_liked_at": "--map liked_at=FIELD, or --set liked_at= for the time of arrival.",
    "liked_at_ahead": "Replay it as it is once that time has come, or --set liked_at= for the time "
    "of arrival.",
    "liked_at_too_early": "--time-unit s where times are in seconds, or --set liked_at=.",
    "bad_event_id": "--map event_id=FIELD, or change the lines in a file.",
    "bad_user_id": "--map user_id=FIELD, or --set user_id=.",
    "bad_source": "--set source=, or --set source=NAME.",
    "extra_too_large": "--set FIELD= takes a field away that is too large.",
    "too_large": "--set FIELD= takes a field away that is too large.",
    "too_deep": "--set FIELD= takes a field away that is nested too deep.",
    "too_many_lines": "Replay it as it is: each line is read on its own.",
}
"""By reason, what `lake replay` can do about it."""


def where(
    day: datetime | None,
    since: datetime | None,
    until: datetime | None,
    today: datetime,
) -> tuple[str, str]:
    """Give the first and the last day of arrival that are meant: by default the last two.

    Raises `ValueError` where both a day and a range are named.
    """
    if day and (since or until):
        raise ValueError("Give --day, or --since and --until.")
    first = day or since or (until or today) - timedelta(days=1)
    last = day or until or today
    return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def _condition(
    first: str, last: str, reason: str | None, source: str | None
) -> tuple[str, dict[str, Any]]:
    known: dict[str, Any] = {"first": first, "last": last}
    sql = "day BETWEEN :first AND :last"
    if reason:
        known["reason"] = reason
        sql += " AND reason = :reason"
    if source:
        known["source"] = source
        sql += " AND trim(json_extract_scalar(payload, '$.source')) = :source"
    return sql, known


def rows(
    first: str, last: str, reason: str | None, source: str | None, limit: int
) -> tuple[str, dict[str, Any]]:
    """Give the question for the latest rows, and its parameters."""
    condition, known = _condition(first, last, reason, source)
    return (
        "SELECT received_at, reason, detail, payload, payload_encoding, shard_id, sequence_number, "
        f"record_id, file, line, place FROM rejected WHERE {condition} "
        f"ORDER BY received_at DESC, record_id, line LIMIT {limit}"
    ), known


def reasons(
    first: str, last: str, reason: str | None, source: str | None
) -> tuple[str, dict[str, Any]]:
    """Give the question for what there is of each reason, and its parameters."""
    condition, known = _condition(first, last, reason, source)
    return (
        "SELECT reason, count(*) AS lines, min(received_at) AS first, max(received_at) AS last, "
        f"min(detail) AS detail, min(payload) AS example FROM rejected WHERE {condition} "
        "GROUP BY reason ORDER BY lines DESC, reason"
    ), known


def explained(found: Iterable[Mapping[Any, Any]]) -> list[tuple[object, ...]]:
    """Give the answer to `reasons` as rows of `EXPLAINED`."""
    return [
        (
            row["reason"],
            row["lines"],
            f"{row['first']:%Y-%m-%d %H:%M:%S}",
            f"{row['last']:%Y-%m-%d %H:%M:%S}",
            ADVICE.get(row["reason"], ""),
            row["detail"],
            row["example"],
        )
        for row in found
    ]
