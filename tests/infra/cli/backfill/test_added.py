"""What a backfill brought, by the lake's own word: its rows alone, in the hours it touched."""

import random

import pyarrow as pa
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

HERE = NOW // HOUR


def like(number, hour, backfill, movie_id="a", action="like"):
    at = hour * HOUR
    return Row(f"{number}", movie_id, None, action, at, at, backfill=backfill)


def lake(rows, buckets=1):
    s3 = Objects()
    for (hour, bucket), held in raw_likes.hours(rows, buckets).items():
        s3.add(keys.likes(hour, bucket), raw_likes.encode(with_backfill(held)))
    return s3


def with_backfill(rows):
    """Give rows as the lake's files have them, which raw files do not."""
    field = raw_likes.LAKE.field("backfill")
    numbers = pa.array([row.backfill for row in rows], field.type)
    return raw_likes.table(rows).append_column(field, numbers)


def ask(s3, touched, number):
    with opened(Bucket(s3, "raw-likes-bucket-test"), POWER) as hours:
        return added(hours, touched, number)


@pytest.mark.parametrize("files", [1, 2, 500])
@pytest.mark.parametrize("buckets", [1, 3])
def test_it_is_the_rows_with_its_number_in_the_hours_it_touched(files, buckets, monkeypatch):
    monkeypatch.setattr(module, "FILES", files)
    chance = random.Random(files)
    rows = [
        like(n, HERE - chance.choice([0, 1, 13, 40]), chance.choice([None, 1, 2, 3]),
             chance.choice("abc"), chance.choice(["like", "unlike"]))
        for n in range(80)
    ]  # fmt: skip
    s3 = lake(rows, buckets)
    for touched in ([HERE], [HERE, HERE - 1], [HERE - 40, HERE], [HERE - 2], []):
        mine = [row for row in rows if row.backfill == 2 and row.liked_at // HOUR in touched]
        found = ask(s3, touched, 2)
        assert found.rows == len(mine)
        assert {film: likes for film, likes in found.net.items() if likes} == net(mine)
        assert found.net.keys() == {row.movie_id for row in mine}


def test_files_from_before_there_were_backfills_hold_none():
    s3 = Objects()
    s3.add(keys.likes(HERE, 0), raw_likes.encode([like(1, HERE, None)]))
    s3.add(keys.likes(HERE - 1, 0), raw_likes.encode(with_backfill([like(2, HERE - 1, 1)])))
    assert ask(s3, [HERE, HERE - 1], 1) == (1, {"a": 1})


def test_what_is_removed_after_it_was_listed_and_what_is_no_hour_is_passed_over():
    s3 = lake([like(1, HERE, 1), like(2, HERE - 1, 1)])
    s3.add(f"{keys.likes_day(HERE // 24)}other.parquet", b"no")

    def remove(call, key):
        if call == "get":
            s3.objects.pop(keys.likes(HERE, 0), None)

    s3.before = remove
    assert ask(s3, [HERE, HERE - 1], 1) == (1, {"a": 1})
