"""Backfilled likes are likes to every question but those about how likes arrived."""

from datetime import datetime, timedelta

import pytest

import queries
from tests.queries.lake import Lake, like, plain

NOON = datetime(2026, 3, 1, 12)
SPAN = {"first_day": "2026-03-01", "last_day": "2026-03-01"}


@pytest.fixture
def mixed(lake: Lake) -> Lake:
    """Four likes of the stream, two in an hour from before there was a column; two backfilled."""
    hour = timedelta(hours=1)
    streamed = [like(n, NOON + (n % 2) * hour, received_at=NOON + hour) for n in range(4)]
    arrived = NOON + timedelta(days=40)
    filed = [like(n, NOON + hour, received_at=arrived, backfill=2) for n in (10, 11)]
    lake.put_likes([{"delivered_at": row["received_at"]} | row for row in streamed])
    lake.put_lake([*streamed, *filed])
    return lake


def test_they_are_counted_among_all_others(mixed: Lake) -> None:
    found = queries.run("likes_by_day", connection=mixed.connection, **SPAN)
    assert found["likes"].tolist() == [6]
    sql = "SELECT backfill, count(*) AS n FROM likes WHERE day = '2026-03-01' GROUP BY 1 ORDER BY 2"
    assert plain(queries.run(sql, connection=mixed.connection)) == [(2, 2), (None, 4)]


def test_they_are_not_missed_in_raw(mixed: Lake) -> None:
    assert plain(queries.run("raw_differs", connection=mixed.connection, **SPAN)) == []


def test_they_do_not_count_as_late(mixed: Lake) -> None:
    [row] = queries.run("arrival_lag", connection=mixed.connection, **SPAN).to_dict("records")
    assert (row["likes"], row["max_ms"]) == (4, 3_600_000)
