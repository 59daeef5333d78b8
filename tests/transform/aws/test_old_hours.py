"""RankTrends over hours long past: the table holds what their totals say, whatever happens."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bucket import Objects
from tests.fakes import refusal
from transform.aws import old_hours
from transform.aws.buckets import Bucket
from transform.lake import keys
from transform.trends import closed_hours, rollups, scoring
from transform.trends.activity import PAST, hourly
from transform.trends.closed_hours import HOUR_MS, KEPT_HOURS, OVERLAP_MS

START = 480_000
"""An epoch hour in which a past begins."""
NOW = (START + 1000) * HOUR_MS


class Crash(Exception):
    """The end of a process, anywhere."""


@pytest.fixture
def s3():
    fake = Objects()
    fake.now = NOW
    return fake


@pytest.fixture
def restate(s3):
    """Restate as of now; `hours` are as many as there is time for."""

    def run(as_of=None, hours=None):
        left = iter(range(10**6 if hours is None else hours + 1))  # one look before the first
        return old_hours.restate(
            Bucket(s3, "bucket"), as_of or s3.now, lambda: next(left, None) is not None
        )

    return run


def compacted(s3, hour, films=None, chance=random):
    """Have totals of an hour, by film, as compaction writes them."""
    films = films or {f"tt{n}": (chance.randrange(1, 50), chance.randrange(3)) for n in range(9)}
    names = ("movie_id", "likes", "unlikes")
    columns = zip(*((film, *films[film]) for film in sorted(films)), strict=True)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(dict(zip(names, map(list, columns), strict=True))), sink)
    s3.add(keys.totals(hour), sink.getvalue().to_pybytes())


def stated(s3):
    return {
        keys.hour_of(key): body for key, body in s3.objects.items() if key.startswith(keys.TRENDS)
    }


def expected(s3):
    """Give each hour's file as it is made while the hour is recent: all at once, from ETags."""
    totals = {
        keys.hour_of(key): body
        for key, body in s3.objects.items()
        if key.startswith(keys.TOTALS) and not key.endswith(".txt")
    }
    hours = {}
    for hour in totals:
        past = [h for h in sorted(totals) if hour - KEPT_HOURS < h <= hour]
        activity = hourly((rollups.settled(h, totals[h]) for h in past), hour, KEPT_HOURS)
        hours[hour] = closed_hours.encode(scoring.hour_table(activity.since(0), hour))
    return hours


def test_old_hours_are_what_they_would_be_were_they_recent(s3, restate):
    hours = [*range(START, START + 30), *range(START + 300, START + 340)]
    for hour in hours:
        compacted(s3, hour)
    s3.add(f"{keys.TOTALS}note.txt", b"no hour's")
    told = restate()
    assert not told.more and told.keys == [keys.trends(hour) for hour in hours]
    assert stated(s3) == expected(s3) and len(set(stated(s3).values())) == len(hours)
    rows = pq.read_table(pa.BufferReader(stated(s3)[START + 20])).to_pylist()
    assert len(rows) == 9 and any(row["score"] for row in rows)


def test_hours_of_the_last_eight_days_are_left_to_who_remembers_them(s3, restate):
    last = NOW // HOUR_MS - KEPT_HOURS - 1
    for hour in range(last - 1, last + 4):
        compacted(s3, hour)
    assert restate().keys == [keys.trends(last - 1), keys.trends(last)]
    assert restate(as_of=NOW + HOUR_MS - 1).keys == [keys.trends(last - 1), keys.trends(last)]
    assert restate(as_of=NOW + HOUR_MS).keys[0] == keys.trends(last + 1)


def test_what_is_newer_than_all_it_rests_on_is_neither_read_nor_written(s3, restate):
    for hour in range(START, START + 5):
        compacted(s3, hour)
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


def test_a_like_that_comes_late_restates_its_hour_and_those_whose_past_it_is(s3, restate):
    for hour in range(START, START + 100):
        compacted(s3, hour)
    restate()
    s3.now += OVERLAP_MS + 1
    restate()
    s3.now += HOUR_MS
    s3.writes.clear()
    before, reads = stated(s3), set()
    compacted(s3, START + 40, {"late": (500, 0)})
    s3.before = lambda call, key: reads.add(key) if call == "get" else None
    again = [keys.trends(hour) for hour in range(START + 40, START + 40 + PAST + 1)]
    assert restate().keys == again and sorted(s3.writes) == again
    assert reads == {keys.totals(hour) for hour in range(START + 16, START + 65)}
    changed = {hour for hour, body in stated(s3).items() if body != before[hour]}
    assert START + 40 in changed and changed <= set(range(START + 40, START + 65))
    assert stated(s3) == expected(s3)


def test_an_hour_whose_totals_vanished_stays_as_it_is(s3, restate):
    for hour in range(START, START + 3):
        compacted(s3, hour)
    restate()
    before = stated(s3)
    del s3.objects[keys.totals(START + 1)]
    s3.now += OVERLAP_MS + 1
    assert restate().keys == [keys.trends(START), keys.trends(START + 2)]
    assert stated(s3)[START + 1] == before[START + 1]


@pytest.mark.parametrize("at_once", [1, 7, 200])
def test_runs_without_time_for_all_go_on_where_the_last_one_ended(
    s3, restate, at_once, monkeypatch
):
    monkeypatch.setattr(closed_hours, "CHUNK_HOURS", 10)
    hours = range(START, START + 50)
    for hour in hours:
        compacted(s3, hour)
    written, more = [], True
    while more:
        told, more = restate(hours=at_once)
        assert len(told) <= at_once
        written += told
        s3.now += 60_000
    assert sorted(written[:50]) == [keys.trends(hour) for hour in hours]  # before any once more
    assert stated(s3) == expected(s3)


def test_a_run_that_has_no_time_at_all_says_that_there_is_more(s3, restate):
    compacted(s3, START)
    assert restate(hours=-1) == ([], True) and stated(s3) == {}


@pytest.mark.parametrize("seed", range(10))
def test_any_changes_crashes_and_runs_at_once_end_in_what_the_totals_say(s3, restate, seed):
    """Between any two calls another run may be done, and totals may change; any call may fail, and
    a run take as long as its function may."""
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
    s3.before = before
    for _ in range(12):
        try:
            restate(hours=chance.choice([None, 3, 20]))
            compact()
        except Crash:
            pass
        s3.now += chance.choice([0, 1000, 60_000, 3_600_000])
    s3.before = lambda call, key: None
    s3.now += OVERLAP_MS + 1
    while restate(hours=20).more:
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


def test_what_a_service_refuses_is_raised_and_the_next_run_goes_on(s3, restate):
    for hour in range(START, START + 5):
        compacted(s3, hour)

    def refuse(call, key):
        if (call, key) == ("put", keys.trends(START + 2)):
            raise refusal("SlowDown")

    s3.before = refuse
    with pytest.raises(Exception, match="SlowDown"):
        restate()
    s3.before = lambda call, key: None
    assert not restate().more and stated(s3) == expected(s3)
