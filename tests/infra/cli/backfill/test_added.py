"""What a backfill brought, by the lake's own word: its rows alone, in the days it touched."""

import random

import pytest

from infra.cli.backfill import added as module
from infra.cli.backfill.added import added
from tests import raw_likes
from tests.bucket import Objects
from tests.infra.cli.backfill.world import NOW, POWER, net
from tests.raw_likes import HOUR, Row
from transform.aws.buckets import Bucket
from transform.aws.lake_writer import opened
from transform.lake import keys
from transform.lake.division import WHOLE, Division

HERE = NOW // HOUR // 24


def like(number, day, backfill, movie_id="a", action="like"):
    at = day * 24 * HOUR
    return Row(f"{number}", movie_id, None, action, at, at, backfill=backfill)


def lake(rows, division=raw_likes.WHOLE_DAYS):
    s3 = Objects()
    for (day, name), held in raw_likes.days(rows, division).items():
        s3.add(keys.likes(day, name), raw_likes.encode(raw_likes.of_the_lake(held)))
    return s3


def ask(s3, touched, number):
    with opened(Bucket(s3, "raw-likes-bucket-test"), POWER) as days:
        return added(days, touched, number)


@pytest.mark.parametrize("files", [1, 2, 500])
@pytest.mark.parametrize("division", [Division(), Division(True, 3)])
def test_it_is_the_rows_with_its_number_in_the_days_it_touched(files, division, monkeypatch):
    monkeypatch.setattr(module, "FILES", files)
    chance = random.Random(files)
    rows = [
        like(n, HERE - chance.choice([0, 1, 13, 40]), chance.choice([None, 1, 2, 3]),
             chance.choice("abc"), chance.choice(["like", "unlike"]))
        for n in range(80)
    ]  # fmt: skip
    s3 = lake(rows, division)
    for touched in ([HERE], [HERE, HERE - 1], [HERE - 40, HERE], [HERE - 2], []):
        mine = [row for row in rows if row.backfill == 2 and row.liked_at // HOUR // 24 in touched]
        found = ask(s3, touched, 2)
        assert found.rows == len(mine)
        assert {film: likes for film, likes in found.net.items() if likes} == net(mine)
        assert found.net.keys() == {row.movie_id for row in mine}


def test_files_from_before_there_were_backfills_hold_none():
    s3 = lake([like(2, HERE - 1, 1)])
    s3.add(keys.likes(HERE, WHOLE), raw_likes.encode([like(1, HERE, None)]))
    assert ask(s3, [HERE, HERE - 1], 1) == (1, {"a": 1})


def test_what_is_left_over_of_a_change_of_division_is_not_counted_twice():
    s3 = lake([like(1, HERE, 1), like(2, HERE, 1)])
    for key, body in lake([like(1, HERE, 1)], Division(True)).objects.items():
        s3.add(key, body)
    assert ask(s3, [HERE], 1) == (2, {"a": 2})


def test_what_is_removed_after_it_was_listed_and_what_is_no_part_of_a_day_is_passed_over():
    s3 = lake([like(1, HERE, 1), like(2, HERE - 1, 1)])
    s3.add(f"{keys.likes_day(HERE)}other.parquet", b"no")

    def remove(call, key):
        if call == "get":
            s3.objects.pop(keys.likes(HERE, WHOLE), None)

    s3.before = remove
    assert ask(s3, [HERE, HERE - 1], 1) == (1, {"a": 1})
