"""RankTrends over days long past: the table holds what their totals say, whatever happens."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import day_totals
from tests.bucket import Objects
from tests.examples import examples
from tests.fakes import refusal
from transform.aws import trend_days
from transform.aws.buckets import Bucket
from transform.lake import keys
from transform.trends import days, rollups
from transform.trends.days import HOUR_MS, KEPT_DAYS, OVERLAP_MS

START = 20_000
"""An epoch day in which a past begins."""
NOW = (START + 1000) * 24 * HOUR_MS


class Crash(Exception):
    """The end of a process, anywhere."""


@pytest.fixture
def s3():
    fake = Objects()
    fake.now = NOW
    return fake


@pytest.fixture
def restate(s3):
    """Restate as of now; `most` are the days that there is time for."""

    def run(as_of=None, most=None):
        left = iter(range(10**6 if most is None else most + 1))  # one look before the first
        return trend_days.restate(
            Bucket(s3, "bucket"), as_of or s3.now, lambda: next(left, None) is not None
        )

    return run


def compacted(s3, day, films=None, chance=random, hours=None):
    """Have totals of a day, in some of its hours, as compaction writes them."""
    told = {
        day * 24 + hour: films
        or {f"tt{n}": (chance.randrange(1, 50), chance.randrange(3)) for n in range(9)}
        for hour in hours or chance.sample(range(24), 3)
    }
    s3.add(keys.totals(day), day_totals.encode(told))


def old_hours(s3, *some):
    """Have trends of an earlier version, an object an hour, of some days."""
    for day in some:
        for hour in range(day % 5):
            s3.add(f"{keys.trends_day(day)}hour-{hour:02}.parquet", b"of before")


def stated(s3):
    """Give the days of the table by all that lies under them."""
    return {
        keys.day_of(key) or key: body
        for key, body in s3.objects.items()
        if key.startswith(keys.TRENDS)
    }


def expected(s3):
    """Give each day's file as it is made by itself."""
    totals = {
        day: rollups.settled(day, body)
        for key, body in s3.objects.items()
        if key.startswith(keys.TOTALS) and (day := keys.day_of(key)) is not None
    }
    return {
        day: days.encode(days.table(day, [totals[d] for d in (day - 1, day) if d in totals]))
        for day in totals
    }


def test_old_days_are_what_they_would_be_were_they_recent(s3, restate):
    there = [*range(START, START + 40), *range(START + 300, START + 304)]
    for day in there:
        compacted(s3, day)
    s3.add(f"{keys.TOTALS}note.txt", b"no day's")
    s3.add(f"{keys.OLD_TOTALS}2026-01-31T12.parquet", b"an hour's, of an earlier version")
    told = restate()
    assert not told.more and told.keys == [keys.trends(day) for day in there]
    assert stated(s3) == expected(s3) and len(set(stated(s3).values())) == len(there)
    rows = pq.read_table(pa.BufferReader(stated(s3)[START + 20])).to_pylist()
    assert len(rows) == 27 and any(row["score"] for row in rows)


def test_days_that_are_still_remembered_are_left_to_who_does(s3, restate):
    last = NOW // HOUR_MS // 24 - KEPT_DAYS - 1
    for day in range(last - 1, last + 4):
        compacted(s3, day)
    assert restate().keys == [keys.trends(last - 1), keys.trends(last)]
    s3.objects = {k: v for k, v in s3.objects.items() if k.startswith(keys.TOTALS)}
    assert len(restate(as_of=NOW + 24 * HOUR_MS - 1).keys) == 2
    assert restate(as_of=NOW + 24 * HOUR_MS).keys[0] == keys.trends(last + 1)


def test_what_is_newer_than_all_it_rests_on_is_neither_read_nor_written(s3, restate):
    for day in range(START, START + 5):
        compacted(s3, day)
    calls = []
    s3.before = lambda call, key: calls.append(call)
    assert len(restate().keys) == 5  # missing
    s3.now += OVERLAP_MS + 1
    before = stated(s3)
    assert len(restate().keys) == 5  # may have been made of totals from before
    assert stated(s3) == before
    calls.clear()
    for _ in range(3):
        assert restate() == ([], False)
    assert set(calls) == {"list"}


def test_a_like_that_comes_late_restates_its_day_and_the_one_after_it(s3, restate):
    for day in range(START, START + 10):
        compacted(s3, day, hours=(0, 12, 23))  # an evening is the past of the morning after it
    restate()
    s3.now += OVERLAP_MS + 1
    restate()
    s3.now += HOUR_MS
    s3.writes.clear()
    before, reads = stated(s3), []
    compacted(s3, START + 4, {"late": (500, 0)}, hours=(12, 23))
    s3.before = lambda call, key: reads.append(key) if call == "get" else None
    again = [keys.trends(START + 4), keys.trends(START + 5)]
    assert restate().keys == again and sorted(s3.writes) == again
    assert sorted(reads) == [keys.totals(day) for day in range(START + 3, START + 6)]
    assert {d for d, body in stated(s3).items() if body != before[d]} == {START + 4, START + 5}
    assert stated(s3) == expected(s3)


def test_totals_are_read_once_but_where_they_are_the_past_of_a_next_chunk(s3, restate):
    there = range(START, START + 2 * trend_days.CHUNK_DAYS)
    for day in there:
        compacted(s3, day)
    reads = []
    s3.before = lambda call, key: reads.append(key) if call == "get" else None
    restate()
    assert sorted(set(reads)) == [keys.totals(day) for day in there]
    assert len(reads) == len(there) + 1


def test_a_day_whose_totals_vanished_stays_as_it_is(s3, restate):
    for day in range(START, START + 3):
        compacted(s3, day)
    restate()
    before = stated(s3)
    del s3.objects[keys.totals(START + 1)]
    s3.now += OVERLAP_MS + 1
    assert restate().keys == [keys.trends(START), keys.trends(START + 2)]
    assert stated(s3)[START + 1] == before[START + 1]


def test_a_day_of_which_nothing_is_left_is_written_as_that(s3, restate):
    s3.add(keys.totals(START), day_totals.encode({}))
    assert restate() == ([keys.trends(START)], False)
    s3.now += 2 * OVERLAP_MS
    restate()
    assert restate() == ([], False)


def test_hours_of_an_earlier_version_are_removed_once_their_day_stands(s3, restate):
    """A day without totals yet keeps them, and one that stands already loses them as well."""
    there = range(START, START + 10)
    old_hours(s3, *there)
    kept = stated(s3)
    assert restate() == ([], False) and stated(s3) == kept
    for day in there[:-1]:
        compacted(s3, day)
    order = []
    s3.after = lambda call, key: order.append((call, key)) if call != "list" else None
    restate()
    left = {key: body for key, body in kept.items() if key.startswith(keys.trends_day(there[-1]))}
    assert len(left) == 4 and stated(s3) == expected(s3) | left
    put = [key for call, key in order if call == "put"]
    for call, key in order:
        if call == "delete":
            whole = f"{key.rpartition('/')[0]}/whole.parquet"
            assert order.index(("put", whole)) < order.index((call, key)) and whole in put
    s3.now += OVERLAP_MS + 1
    restate()
    old_hours(s3, *there[:-1])  # by a last run of that version
    assert restate() == ([], False) and stated(s3) == expected(s3) | left


@pytest.mark.parametrize("at_once", [1, 7, 200])
def test_runs_without_time_for_all_go_on_where_the_last_one_ended(
    s3, restate, at_once, monkeypatch
):
    monkeypatch.setattr(trend_days, "CHUNK_DAYS", 10)
    there = range(START, START + 50)
    for day in there:
        compacted(s3, day)
    old_hours(s3, *there)
    written, more = [], True
    while more:
        told, more = restate(most=at_once)
        assert len(told) <= at_once
        written += told
        s3.now += 60_000
    assert sorted(written[:50]) == [keys.trends(day) for day in there]  # before any once more
    assert stated(s3) == expected(s3)


def test_a_run_that_has_no_time_at_all_says_that_there_is_more(s3, restate):
    compacted(s3, START)
    assert restate(most=-1) == ([], True) and stated(s3) == {}


@pytest.mark.parametrize("seed", range(examples(3)))
def test_any_changes_crashes_and_runs_at_once_end_in_what_the_totals_say(s3, restate, seed):
    """Between any two calls another run may be done, and totals may change; any call may fail, and
    a run take as long as its function may. A stage of an earlier version is brought over."""
    chance = random.Random(seed)
    inside = []

    def compact():
        compacted(s3, START + chance.randrange(40), chance=chance)

    def before(call, key):
        if chance.random() < 0.02:
            raise Crash
        if inside or chance.random() < 0.9:
            return
        inside.append(1)
        try:
            s3.now += chance.choice([0, 0, 1, 999])
            chance.choice([compact, restate, compact])()
        except Crash:
            pass
        finally:
            inside.clear()

    for _ in range(40):
        compact()
    old_hours(s3, *expected(s3))
    s3.before = before
    for _ in range(12):
        try:
            restate(most=chance.choice([None, 3, 20]))
            compact()
        except Crash:
            pass
        s3.now += chance.choice([0, 1000, 60_000, 3_600_000])
    s3.before = lambda call, key: None
    s3.now += OVERLAP_MS + 1
    while restate(most=20).more:
        s3.now += 60_000
    assert stated(s3) == expected(s3)
    s3.now += OVERLAP_MS + 1
    restate()
    assert restate() == ([], False)


def test_totals_that_change_between_the_reading_and_the_writing_are_not_lost(s3, restate):
    """The write is the last, but of what was there before: no time of it may hide that."""
    compacted(s3, START)

    def change(call, key):
        if call == "put":
            s3.now += 1000
            compacted(s3, START, {"late": (500, 0)})
            s3.now += 1000
            s3.before = lambda call, key: None

    s3.before = change
    restate()
    assert stated(s3) != expected(s3)
    s3.now += HOUR_MS
    assert restate().keys == [keys.trends(START)] and stated(s3) == expected(s3)


@pytest.mark.parametrize("call", ["put", "delete"])
def test_what_a_service_refuses_is_raised_and_the_next_run_goes_on(s3, restate, call):
    there = range(START, START + 5)
    for day in there:
        compacted(s3, day)
    old_hours(s3, *there)

    def refuse(called, key):
        if called == call and key.startswith(keys.trends_day(START + 2)):
            raise refusal("SlowDown")

    s3.before = refuse
    with pytest.raises(Exception, match="SlowDown"):
        restate()
    s3.before = lambda call, key: None
    assert not restate().more and stated(s3) == expected(s3)
