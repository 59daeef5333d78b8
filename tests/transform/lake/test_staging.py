"""What is staged is told by its ids as a query over its rows tells it."""

import random

import pytest

from tests import raw_likes
from tests.raw_likes import HOUR, Row
from transform.lake import duck, event_ids, raw_files, staging
from transform.lake.staging import Staging

NOON = 1_769_860_800_000


@pytest.mark.parametrize("held", [staging.HELD, 0])
@pytest.mark.parametrize("seed", range(4))
def test_ids_are_those_of_all_rows_copies_included(tmp_path, monkeypatch, seed, held):
    monkeypatch.setattr(staging, "HELD", held)
    chance = random.Random(seed)
    rows = [
        Row(
            f"e{chance.randrange(40)}",
            "m",
            user_id=None,
            action="like",
            liked_at=NOON + HOUR * chance.randrange(3),
            received_at=NOON,
            place=chance.choice([None, "a 1 0", "a 2 0"]),
        )
        for _ in range(60 * seed)
    ]
    path = tmp_path / "a.parquet"
    path.write_bytes(raw_likes.encode(rows))
    with duck.engine(tmp_path, 256, 1) as engine:
        staged = Staging(engine)
        raw_files.load(staged, [{"a": path}])
        with staged.session() as cursor:
            told = event_ids.of_rows(cursor, "staged")
        assert staged.ids().equals(told)
        assert len(told) == len({(row.event_id, row.liked_at, row.place) for row in rows})
