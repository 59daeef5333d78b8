"""What the arguments of the command ask for, and how backfills are listed."""

import pytest

from infra.cli.backfill import arguments
from infra.cli.backfill.ledger import Ledger, Request, Totals


def test_arguments_become_a_request(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mapped = ["movie_id=film.id", " liked_at = ts "]
    assert arguments.read(["a.json", "s3://b/c/"], mapped, "x > 1", "s") == Request(
        (str(tmp_path / "a.json"), "s3://b/c/"),
        {"movie_id": "film.id", "liked_at": "ts"},
        "x > 1",
        "s",
    )


@pytest.mark.parametrize(
    ("files", "mapped", "where", "told"),
    [
        ([], [], None, "at least one file"),
        (["a"], ["movie_id"], None, "FIELD=COLUMN"),
        (["a"], ["movie_id="], None, "FIELD=COLUMN"),
        (["a"], ["film=x"], None, "no field film"),
        (["a"], ["movie_id=x", "movie_id=y"], None, "named twice"),
        (["a"], [], "x; y", "no SQL condition"),
    ],
)
def test_what_makes_no_request_is_told(files, mapped, where, told):
    with pytest.raises(ValueError, match=told):
        arguments.read(files, mapped, where, "ms")


@pytest.mark.parametrize(("ended", "state"), [(None, "open"), (5, "done")])
def test_a_backfill_is_a_row(ended, state):
    totals = Totals(lines=10, likes=8, rejected=2, new=5)
    ledger = Ledger(3, Request(("/a", "s3://b/c")), 1_769_904_000_123, totals=totals, ended=ended)
    row = dict(zip(arguments.COLUMNS, arguments.row(ledger), strict=True))
    assert row == {"number": 3, "began": "2026-02-01 00:00:00", "state": state, "lines": 10,
                   "new": 5, "duplicates": 3, "rejected": 2, "files": "/a s3://b/c"}  # fmt: skip
