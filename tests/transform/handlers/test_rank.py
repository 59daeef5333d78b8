"""TrackTrends and RankTrends together: whatever happens, every like is in one hour once."""

import random
from collections import Counter
from datetime import UTC
from types import SimpleNamespace

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import aws, day_totals
from tests.bucket import Objects
from tests.examples import examples
from tests.fakes import refusal
from tests.trends_table import Faults, Outage, Table
from transform.event import likes
from transform.event.likes import Like
from transform.event.stream_records import Record
from transform.handlers import rank, track
from transform.lake import keys
from transform.trends import batch_sums, rollups
from transform.trends.leaderboards import Entry

HOUR = 3_600_000
NOW = 1_800_000_000_000 // HOUR * HOUR + 30 * 60_000
TODAY = NOW // HOUR // 24
CONTEXT = SimpleNamespace(**vars(aws.CONTEXT), get_remaining_time_in_millis=lambda: 300_000)


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = SimpleNamespace(time=lambda: NOW / 1000)
    monkeypatch.setattr(track, "time", clock)
    monkeypatch.setattr(rank, "time", clock)
    return clock


@pytest.fixture
def table(monkeypatch, faults):
    fake = Table(faults)
    monkeypatch.setenv("TRENDS_TABLE", "MovieTrendsTable-test")
    monkeypatch.setattr(track, "_dynamodb", lambda: fake)
    monkeypatch.setattr(rank, "_dynamodb", lambda: fake)
    monkeypatch.setattr(track, "_checkpoints", {})
    return fake


@pytest.fixture
def bucket(monkeypatch, faults):
    fake = Objects()
    fake.now = NOW

    def before(call, key):
        faults.before()
        if call == "get" and key not in fake.objects:
            raise refusal("AccessDenied")  # as who may not list is told

    fake.before, fake.after = before, lambda call, key: faults.after()
    monkeypatch.setattr(rank, "_s3", lambda: fake)
    monkeypatch.setattr(rank, "_kept", {})
    return fake


def record(sequence, *batch, shard="shardId-000000000000", arrived_at=NOW):
    data = b"\n".join(map(likes.line, batch))
    return Record(data, arrived_at, shard, str(sequence), "key")


def send(*records):
    track.handler(aws.kinesis(records), aws.CONTEXT)


def run(**event):
    return rank.handler(event, CONTEXT)


def board(table, window="1h"):
    item = table.items["leaderboard", window]
    return msgspec.json.decode(item["films"]["B"], type=list[Entry])


def minutes(bucket):
    """Give likes and unlikes by film and epoch minute, as the rollups have them."""
    found = Counter()
    for key, body in bucket.objects.items():
        if key.startswith(keys.ROLLUPS):
            first = keys.rollup_hour(key) * 60
            for row in pq.read_table(pa.BufferReader(body)).to_pylist():
                place = row["movie_id"], first + row["minute"]
                found[*place, "like"] += row["likes"]
                found[*place, "unlike"] += row["unlikes"]
    return +found


def truth(records):
    return Counter(
        (like.movie_id, like.liked_at // 60_000, like.action)
        for one in records
        for like in map(likes_of, one.data.split(b"\n"))
        if like.liked_at >= one.arrived_at - 48 * HOUR
    )


def likes_of(line):
    return likes.parse(line, NOW, lambda: "none", 10**15)


def made_up(chance, shards, per_shard):
    """Give records: a few films, some likes late by hours, on a boundary, ahead, or too late."""
    found = {}
    for shard in shards:
        found[shard] = []
        for sequence in range(1, per_shard + 1):
            batch = []
            for _ in range(chance.randint(1, 4)):
                lag = chance.choice(
                    [0, chance.randrange(90_000), chance.randrange(50 * HOUR), -500_000,
                     NOW % HOUR, NOW % HOUR + 1, 48 * HOUR, 48 * HOUR + 1]
                )  # fmt: skip
                batch.append(Like("e", chance.choice("abc"), chance.choice(["like", "unlike"]),
                                  NOW - lag))  # fmt: skip
            found[shard].append(record(sequence, *batch, shard=shard))
    return found


@pytest.mark.parametrize("seed", range(examples(4)))
def test_any_delivery_crash_reshard_and_overlap_adds_every_like_once(
    seed, table, bucket, faults, monkeypatch
):
    """Lambda delivers at least once: batches come again, regrouped, from several processes at a
    time; any call to a service fails before or after it did its work; queries lag; runs overlap."""
    chance = random.Random(seed)
    shards = made_up(chance, [f"shardId-{number:012}" for number in range(3)], 15)
    shown = dict.fromkeys(list(shards)[:1], 0)  # the others come with a reshard
    processes = [{}, {}]
    faults.chance, faults.share = chance, 0.1
    monkeypatch.setattr(rank, "BATCHES", 4)
    if seed % 2:  # sums of many parts, and batches of several transactions
        monkeypatch.setattr(batch_sums, "MAX_PART_BYTES", 60)
        monkeypatch.setattr(batch_sums, "MAX_WRITE_BYTES", 150)
    while any(done < len(shards[shard]) for shard, done in shown.items()) or len(shown) < 3:
        if len(shown) < 3 and chance.random() < 0.1:
            shown[list(shards)[len(shown)]] = 0
        shard = chance.choice(list(shown))
        start = shown[shard]
        batch = shards[shard][start : start + chance.randint(1, 5)]
        monkeypatch.setattr(track, "_checkpoints", chance.choice([*processes, {}]))
        table.hidden = set(chance.sample(sorted(table.items), min(len(table.items), 3)))
        try:
            if batch:
                send(*batch)
                if chance.random() < 0.8:  # else whoever delivers never learns of it
                    shown[shard] = start + len(batch)
            if chance.random() < 0.3:
                run()
        except Outage:
            continue
        if chance.random() < 0.1:  # an invocation that was given up on, at last
            old = chance.randrange(start + 1)
            faults.share, share = 0, faults.share
            send(*shards[shard][old : old + 2]) if old < start else None
            faults.share = share
    faults.share = 0
    table.hidden = set()
    run(restate=True)
    everything = [one for records in shards.values() for one in records]
    assert minutes(bucket) == truth(everything)
    assert hours_of_table(bucket) == by_hour(truth(everything))
    before = dict(bucket.objects)
    run(restate=True)
    assert bucket.objects == before


def by_hour(found):
    sums = Counter()
    for (film, minute, action), n in found.items():
        if minute // 60 < NOW // HOUR:
            sums[film, minute // 60, action] += n
    return sums


def hours_of_table(bucket):
    sums = Counter()
    for key, body in bucket.objects.items():
        if key.startswith(keys.TRENDS):
            for row in pq.read_table(pa.BufferReader(body)).to_pylist():
                sums[row["movie_id"], hour_of(row), "like"] += row["likes"]
                sums[row["movie_id"], hour_of(row), "unlike"] += row["unlikes"]
    return +sums


def hour_of(row):
    return int(row["hour"].replace(tzinfo=UTC).timestamp()) // 3600


def liked(film, *ages_ms, action="like"):
    return [Like("e", film, action, NOW - age) for age in ages_ms]


def test_the_sums_of_a_batch_are_one_write_of_few_units(table, bucket):
    batch = [Like("e", f"tt{n % 400:07}", "like", NOW - n % 60_000) for n in range(1000)]
    send(*(record(n, like) for n, like in enumerate(batch, 1)))
    assert {pk for pk, _ in table.items} == {"batch#shardId-000000000000", "checkpoint"}
    assert len(table.items) == 2 and table.units <= 10


def test_a_batch_that_came_before_is_not_written_again(table, bucket, monkeypatch):
    batch = [record(1, *liked("a", 0)), record(2, *liked("a", 1))]
    send(*batch)
    before, units = dict(table.items), table.units
    send(*batch)
    monkeypatch.setattr(track, "_checkpoints", {})
    send(*batch)  # to a process that knows nothing
    assert (table.items, table.units) == (before, units)
    monkeypatch.setattr(track, "_checkpoints", {})
    send(*batch, record(3, *liked("b", 0)))
    run()
    assert minutes(bucket).total() == 3


def test_a_table_that_lost_its_checkpoint_starts_it_anew(table, bucket):
    send(record(1, *liked("a", 0)))
    table.items.clear()
    send(record(2, *liked("a", 0)))
    run()
    assert minutes(bucket).total() == 1


def test_what_is_no_like_is_passed_over_and_what_is_too_late_is_measured(table, bucket, measured):
    late = Like("e", "late", "like", NOW - 48 * HOUR - 1)
    kept = Like("e", "kept", "like", NOW - 48 * HOUR)
    whole = record(1, late, kept)
    send(Record(b"no json\n" + whole.data, NOW, "shardId-000000000000", "1", "key"))
    assert measured("LikesTracked") == 1
    assert measured("LikesTooLateForTrends") == 1
    run()
    assert [key[0] for key in minutes(bucket)] == ["kept"]


def test_a_service_that_says_no_is_raised_so_that_the_batch_comes_again(table, faults):
    faults.chance, faults.share = random.Random(1), 2
    with pytest.raises(Outage):
        send(record(1, *liked("a", 0)))


def test_a_leaderboard_tells_likes_unlikes_and_the_rank_before(table, bucket):
    send(record(1, *liked("a", *range(30)), *liked("b", *range(20)),
                *liked("b", 0, action="unlike"), *liked("old", 2 * HOUR)))  # fmt: skip
    run(as_of=NOW)
    assert [(e.movie_id, e.rank, e.previous_rank, e.likes, e.unlikes) for e in board(table)] == [
        ("a", 1, None, 30, 0), ("b", 2, None, 20, 1)]  # fmt: skip
    assert [e.movie_id for e in board(table, "24h")] == ["a", "b", "old"]
    send(record(2, *liked("b", *range(40)), *liked("new", *range(100))))
    run(as_of=NOW + 1)
    told = [(e.movie_id, e.rank, e.previous_rank) for e in board(table)]
    assert told == [("new", 1, None), ("b", 2, 2), ("a", 3, 1)]
    run(as_of=NOW + 1)  # the same run again
    assert [(e.movie_id, e.rank, e.previous_rank) for e in board(table)] == told
    run(as_of=NOW)  # an older one, overtaken
    assert table.items["leaderboard", "1h"]["as_of"]["N"] == str(NOW + 1)


def test_without_a_like_there_are_empty_leaderboards(table, bucket):
    assert run(as_of=NOW) == {"as_of": NOW, "batches": 0, "days_stated": [], "more": False}
    assert board(table) == board(table, "15m") == board(table, "24h") == []


def test_a_like_ahead_of_time_waits_for_its_minute(table, bucket):
    send(record(1, *liked("ahead", -600_000)))
    run(as_of=NOW)
    assert board(table, "15m") == []
    run(as_of=NOW + 600_000)
    assert [e.movie_id for e in board(table, "15m")] == ["ahead"]


def test_a_leaderboard_looks_back_two_days(table, bucket):
    oldest = 2879 * 60_000
    send(record(1, *liked("a", *[0] * 200, *[oldest] * 20)))
    run(as_of=NOW)
    assert board(table, "24h")[0].score > 10


def rows(bucket, day):
    """Give likes, unlikes and rank by epoch hour and film, as a day of the table has them."""
    read = pq.read_table(pa.BufferReader(bucket.objects[keys.trends(day)])).to_pylist()
    return {
        (hour_of(row), row["movie_id"]): (row["likes"], row["unlikes"], row["rank"]) for row in read
    }


def test_a_closed_hour_is_stated_once_and_again_at_most_every_ten_minutes_if_it_changed(
    table, bucket
):
    closed = NOW // HOUR * HOUR - 1
    send(record(1, Like("e", "a", "like", closed), Like("e", "a", "like", closed + 1)))
    key = keys.trends(TODAY)
    assert run(as_of=NOW)["days_stated"] == [key]
    assert run(as_of=NOW + 600_000)["days_stated"] == []
    send(record(2, Like("e", "b", "unlike", closed)))
    assert run(as_of=NOW + 599_999)["days_stated"] == []
    assert run(as_of=NOW + 600_000)["days_stated"] == [key]
    hour = closed // HOUR
    assert rows(bucket, TODAY) == {(hour, "a"): (1, 0, 1), (hour, "b"): (0, 1, 2)}


def test_an_hour_is_stated_as_soon_as_it_closes(table, bucket):
    this = NOW // HOUR
    send(record(1, *liked("a", 0, HOUR)))
    run(as_of=(this + 1) * HOUR - 1)
    assert rows(bucket, TODAY) == {(this - 1, "a"): (1, 0, 1)}
    assert run(as_of=(this + 1) * HOUR)["days_stated"] == [keys.trends(TODAY)]
    assert rows(bucket, TODAY) == {(h, "a"): (1, 0, 1) for h in (this - 1, this)}
    midnight = (TODAY + 1) * 24 * HOUR
    run(as_of=midnight - 1)
    assert run(as_of=midnight)["days_stated"] == [keys.trends(TODAY)]
    assert run(as_of=midnight + HOUR)["days_stated"] == []


def test_an_hour_that_compaction_settled_is_stated_from_its_totals(table, bucket):
    """What stands on the stream twice is counted twice, until it is known to be one like; other
    hours of the day are told from what was tracked."""
    closed = NOW // HOUR - 1
    at = NOW - closed * HOUR
    send(record(1, *liked("twice", at, at), *liked("once", at), *liked("tracked", at + HOUR)))
    run(as_of=NOW)
    tracked = {(closed - 1, "tracked"): (1, 0, 1)}
    assert rows(bucket, TODAY) == tracked | {
        (closed, "twice"): (2, 0, 1),
        (closed, "once"): (1, 0, 2),
    }
    hours = {
        closed: {"once": (1, 0), "twice": (1, 0), "very late": (3, 1)},
        closed + 1: {"open": (1, 0)},
    }
    bucket.add(keys.totals(TODAY), day_totals.encode(hours))
    day_before = closed - 24
    bucket.add(keys.totals(TODAY - 1), day_totals.encode({day_before: {"only there": (1, 0)}}))
    told = run(restate=True, as_of=NOW)["days_stated"]
    assert told == [keys.trends(TODAY - 1), keys.trends(TODAY)]
    assert rows(bucket, TODAY) == tracked | {
        (closed, "very late"): (3, 1, 1),
        (closed, "once"): (1, 0, 2),
        (closed, "twice"): (1, 0, 3),
    }
    assert rows(bucket, TODAY - 1) == {(day_before, "only there"): (1, 0, 1)}
    assert run(restate=True, as_of=NOW)["days_stated"] == []
    boards = {e.movie_id for e in board(table, "24h")}
    assert boards == {"twice", "once", "tracked"}  # as they were


def test_old_days_are_restated_when_it_is_said_and_once_an_hour(table, bucket, measured):
    old = TODAY - 20

    def add(day, films):
        bucket.add(keys.totals(day), day_totals.encode({day * 24 + 1: films}))

    for day in (TODAY, old):
        add(day, {"a": (day % 7, 1)})
    assert run(as_of=NOW)["days_stated"] == [keys.trends(TODAY)]
    on_the_hour = NOW // HOUR * HOUR + HOUR
    assert run(as_of=on_the_hour - 1)["days_stated"] == []
    assert keys.trends(old) not in run(as_of=on_the_hour + 60_000)["days_stated"]
    assert keys.trends(old) in run(as_of=on_the_hour + 59_999)["days_stated"]
    for day in (TODAY, old):
        assert rows(bucket, day) == {(day * 24 + 1, "a"): (day % 7, 1, 1)}
    bucket.now += 2 * HOUR
    add(old, {"b": (1, 0)})
    told = run(as_of=NOW, restate=True)
    assert keys.trends(old) in told["days_stated"] and not told["more"]
    assert measured("DaysStated") == 5
    # Written so soon after the change that it may be of what was there before.
    assert run(as_of=NOW, restate=True)["days_stated"] == []
    assert keys.trends(old) in run(as_of=on_the_hour, restate=True)["days_stated"]


def test_old_days_for_which_there_is_no_time_are_left_to_the_next_run(table, bucket):
    old = TODAY - 20
    bucket.add(keys.totals(old), day_totals.encode({old * 24: {"a": (1, 0)}}))
    hurried = SimpleNamespace(**vars(aws.CONTEXT), get_remaining_time_in_millis=lambda: 60_000)
    assert rank.handler({"restate": True}, hurried)["more"]
    told = run(restate=True)
    assert told["days_stated"] == [keys.trends(old)] and not told["more"]


@pytest.mark.parametrize("seed", range(examples(2)))
def test_what_an_earlier_version_wrote_by_hours_is_brought_over_whatever_fails(
    seed, table, bucket, faults
):
    """Its memory is of hours; its files lie in days that are recent, or long past."""
    hour = NOW // HOUR - 3
    table.items["stated", str(hour)] = {
        "pk": {"S": "stated"},
        "sk": {"S": str(hour)},
        "source": {"S": "of before"},
        "stated_at": {"N": str(NOW)},
    }
    send(record(1, *liked("a", *range(HOUR, 47 * HOUR, HOUR))))
    for day in (TODAY - 30, TODAY):
        bucket.add(keys.totals(day), day_totals.encode({day * 24 + 2: {"b": (2, 1)}}))
    there = [TODAY - 30, TODAY - 2, TODAY - 1, TODAY]
    for day in there:
        for part in ("hour-02", "hour-05"):
            bucket.add(f"{keys.trends_day(day)}{part}.parquet", b"of before")
    faults.chance, faults.share = random.Random(seed), 0.05
    for _ in range(20):
        try:
            run(restate=True)
        except Outage:
            continue
    faults.share = 0
    assert run(restate=True)["more"] is False
    under = {key for key in bucket.objects if key.startswith(keys.TRENDS)}
    assert under == {keys.trends(day) for day in there}
    assert rows(bucket, TODAY - 30) == {((TODAY - 30) * 24 + 2, "b"): (2, 1, 1)}
    assert rows(bucket, TODAY)[TODAY * 24 + 2, "b"] == (2, 1, 1)
    assert len(hours_of_table(bucket)) == 46 - 1 + 4
    assert run(restate=True)["days_stated"] == []


def test_the_same_likes_give_the_same_bytes_however_they_came(table, bucket, monkeypatch):
    chance = random.Random(5)
    [records] = made_up(chance, ["shardId-000000000000"], 60).values()
    for one in records:
        send(one)
        if chance.random() < 0.2:
            run(restate=True)
    run(restate=True)
    first = {k: v for k, v in bucket.objects.items() if k.startswith(keys.TRENDS)}
    assert len(first) == 3 and sum(map(len, first.values())) > 3000
    for items in (table.items, bucket.objects, track._checkpoints, rank._kept):
        items.clear()
    lines = [likes_of(line) for one in records for line in one.data.split(b"\n")]
    chance.shuffle(lines)
    send(record(1, *lines))
    run()
    assert {k: v for k, v in bucket.objects.items() if k.startswith(keys.TRENDS)} == first


def test_sums_that_expired_unread_are_measured_and_the_rest_goes_on(
    table, bucket, clock, measured, monkeypatch
):
    for sequence in (1, 2, 3):
        send(record(sequence, *liked("a", 0)))
    run()
    for sequence in (4, 5):
        send(record(sequence, *liked("a", 0)))
    [lost] = [key for key in table.items if key[1].startswith("4".zfill(56))]
    table.hidden = {lost}
    assert run()["batches"] == 0  # it may show yet
    monkeypatch.setattr(rank, "time", SimpleNamespace(time=lambda: NOW / 1000 + rank.LOST_S + 1))
    assert run()["batches"] == 1
    assert measured("TrendSumsMissing") == 1
    assert minutes(bucket).total() == 4


def test_a_run_that_has_no_time_left_leaves_the_rest_to_the_next(table, bucket, monkeypatch):
    monkeypatch.setattr(rank, "BATCHES", 2)
    for sequence in range(1, 6):
        send(record(sequence, *liked("a", 0)))
    hurried = SimpleNamespace(**vars(aws.CONTEXT), get_remaining_time_in_millis=lambda: 59_999)
    assert [rank.handler({}, hurried)["batches"] for _ in range(4)] == [2, 2, 1, 0]
    assert minutes(bucket).total() == 5


def test_an_hour_that_others_change_for_ever_is_given_up(table, bucket, monkeypatch):
    send(record(1, *liked("a", 0)))
    run()
    send(record(2, *liked("a", 0)))
    monkeypatch.setattr(rank, "_get", lambda hour: (rollups.empty(hour), '"other"'))
    with pytest.raises(RuntimeError, match="changed by others 5 times"):
        run()
