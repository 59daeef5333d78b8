"""Tombstones are keyed hashes, and likes of whoever has one are anonymous."""

import hashlib
import hmac

import pyarrow as pa
import pytest

from tests import raw_likes
from tests.raw_likes import Row
from transform.lake import tombstones
from transform.lake.erasure import Texts
from transform.lake.tombstones import BadKey, Forgotten, Tombstones

KEY = bytes(range(32))
NOW = 1_769_860_800_000


def who(*users, texts=None):
    people = {tombstones.hashed(KEY, user): NOW for user in users}
    return Forgotten(KEY, people, texts)


def like(event_id, user, extra=None):
    return Row(event_id, "m", user, "like", NOW, NOW, None, extra)


def test_a_tombstone_is_an_hmac_of_the_id():
    told = hmac.new(KEY, "jürgen".encode(), hashlib.sha256).hexdigest()
    assert tombstones.hashed(KEY, "jürgen") == told
    with pytest.raises(BadKey, match="31 bytes"):
        tombstones.hashed(KEY[1:], "x")


def test_they_are_kept_as_json_and_the_first_time_stays():
    some = Tombstones().adding(["b", "a"], 1).adding(["a", "c"], 2)
    assert some.people == {"a": 1, "b": 1, "c": 2}
    assert tombstones.decode(tombstones.encode(some)) == some
    assert tombstones.encode(some) == tombstones.encode(Tombstones({"c": 2, "b": 1, "a": 1}))
    assert some.without(["a", "x"]).people == {"b": 1, "c": 2}


@pytest.mark.parametrize("coded", [False, True])
def test_likes_of_theirs_are_anonymous_in_their_order(coded):
    rows = [like("1", "ann"), like("2", "bob", '{"user":"ann"}'), like("3", None, '{"user":"ann"}'),
            like("4", "ann", '{"user":"ann","n":1}'), like("5", "bob")]  # fmt: skip
    table = pa.concat_tables([raw_likes.table(rows[:2]), raw_likes.table(rows[2:])])
    if coded:
        table = table.set_column(1, "movie_id", table["movie_id"].dictionary_encode())
    expected = [*rows]
    expected[0] = rows[0]._replace(user_id=None)
    expected[3] = rows[3]._replace(user_id=None, extra='{"user":null,"n":1}')
    told = who("ann", "carl").anonymous(table)
    assert told.schema == table.schema
    assert told.select(["event_id", "user_id", "extra"]).to_pylist() == [
        {"event_id": r.event_id, "user_id": r.user_id, "extra": r.extra} for r in expected
    ]
    others = who("ann", texts=Texts(["ann"])).anonymous(table)
    assert others["extra"].to_pylist() == [None, '{"user":null}', '{"user":null}',
                                           '{"user":null,"n":1}', None]  # fmt: skip


def test_where_nobody_is_forgotten_nothing_is_looked_at():
    table = raw_likes.table([like("1", "ann")])
    assert Forgotten().anonymous(table) is table and not Forgotten()
    assert who("bob").anonymous(table) is table
    empty = raw_likes.table([])
    assert who("bob").anonymous(empty) is empty
