"""The rejected lines of some days, asked for in SQL."""

import gzip
import json
from datetime import datetime

import pytest

import queries
from infra.cli.replay import asking
from tests.queries.lake import Lake
from transform.lake import archive

DAYS = "2026-01-30", "2026-01-31"


@pytest.fixture
def ask(tmp_path):
    """Rejected lines of two days, and a way to ask."""
    lake = Lake(tmp_path)
    row = {name: None for name in archive.Rejected.__struct_fields__}
    for number, (day, reason, payload) in enumerate(
        [
            ("2026-01-30", "missing_movie_id", '{"source":" ios "}'),
            ("2026-01-31", "missing_movie_id", '{"source":"web"}'),
            ("2026-01-31", "not_json", "hello"),
            ("2026-01-29", "not_json", "{"),
        ]
    ):
        told = {
            "reason": reason,
            "detail": "Why.",
            "payload": payload,
            "payload_encoding": "utf-8",
            "received_at": f"{day} 12:00:00.{number:03}",
            "line": 1,
        }
        path = tmp_path / f"rejected/day={day}/{number}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps(row | told).encode() + b"\n"))

    def ask(question):
        sql, known = question
        return queries.run(sql, connection=lake.connection, **known).to_dict("records")

    return ask


def test_the_latest_rows_come_first_and_lines_without_json_have_no_source(ask):
    rows = ask(asking.rows(*DAYS, None, None, 50))
    assert [row["payload"] for row in rows] == ["hello", '{"source":"web"}', '{"source":" ios "}']
    [one] = ask(asking.rows(*DAYS, "missing_movie_id", "ios", 50))
    assert one["payload"] == '{"source":" ios "}' and "place" in one
    assert ask(asking.rows(*DAYS, None, "tv", 50)) == []


def test_reasons_are_explained(ask):
    found = asking.explained(ask(asking.reasons(*DAYS, None, None)))
    assert [row[:2] for row in found] == [("missing_movie_id", 2), ("not_json", 1)]
    assert found[0][asking.EXPLAINED.index("example")] == '{"source":" ios "}'
    assert all(row[asking.EXPLAINED.index("what_to_do")] for row in found)
    assert found[0][2:4] == ("2026-01-30 12:00:00", "2026-01-31 12:00:00")


def test_the_days_that_are_meant():
    today = datetime(2026, 1, 31, 9)
    one, other = datetime(2026, 1, 5), datetime(2026, 1, 9)
    assert asking.where(None, None, None, today) == DAYS
    assert asking.where(one, None, None, today) == ("2026-01-05", "2026-01-05")
    assert asking.where(None, one, None, today) == ("2026-01-05", "2026-01-31")
    assert asking.where(None, one, other, today) == ("2026-01-05", "2026-01-09")
    assert asking.where(None, None, other, today) == ("2026-01-08", "2026-01-09")
    with pytest.raises(ValueError, match="--day"):
        asking.where(one, one, None, today)
